-- What is told to webhooks, and whether it has arrived; and of each turn all that is known. Times are Unix milliseconds; 0: not yet.

create table webhooks (
  -- the same in each attempt
  notice_id text not null,
  url text not null,
  app_id text not null,
  agent_id text not null references agents on delete cascade,
  event_type integer not null,
  -- JSON
  payload text not null,
  created_at bigint not null,
  -- when the next attempt is due
  next_at bigint not null,
  -- which engine is at it; empty: none
  claimed_by text not null default '',
  -- those that have come to an end
  attempts integer not null default 0,
  -- of the last attempt's answer; 0: there was none
  status integer not null default 0,
  -- why the last attempt failed; empty: it did not
  problem text not null default '',
  delivered_at bigint not null default 0,
  given_up_at bigint not null default 0,
  primary key (notice_id, url)
);

create index webhooks_due on webhooks (app_id, url, next_at) where delivered_at = 0 and given_up_at = 0;
create index webhooks_by_agent on webhooks (agent_id);

-- Calls whose end is not told yet.
create table webhook_calls (
  agent_id text primary key references agents on delete cascade,
  -- most entries of the history that is sent
  max_history integer not null
);

delete from turns;
alter table turns drop column start_type;
alter table turns drop column started_at;
alter table turns drop column end_type;
alter table turns drop column ended_at;
alter table turns drop column caused_by;
alter table turns drop column latency_ms;
alter table turns drop column metrics;
alter table turns add column record jsonb not null;
