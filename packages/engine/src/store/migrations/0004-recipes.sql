-- What it takes to start an agent again when its engine was killed; the row goes when the agent exits.

create table recipes (
  agent_id text primary key references agents on delete cascade,
  -- how to ask for it again, with vendors' keys: encrypted, the key lies in the engine's data folder
  sealed text not null,
  -- the newest turn that has begun
  turn integer not null default 0,
  -- restorations since it last ran for a while
  attempts integer not null default 0,
  -- when its engine was last alive, by the clock of the database; null: it is
  lost_at timestamptz
);

-- Webhooks that were tested as they are set up now, and those tests, which belong to no agent.
create table webhook_settings (
  app_id text not null,
  url text not null,
  -- of its events and its secret
  fingerprint text not null,
  primary key (app_id, url)
);

alter table webhooks alter column agent_id drop not null;
