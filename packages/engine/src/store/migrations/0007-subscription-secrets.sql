-- How often the secret of a webhook subscription was set.
alter table voice_subscriptions add column secret_version integer not null default 1;
