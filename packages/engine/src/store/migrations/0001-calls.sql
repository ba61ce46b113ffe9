-- Agents, what was said to and by them, and their turns. Times are Unix milliseconds; 0: not yet.

create table agents (
  agent_id text primary key,
  app_id text not null,
  name text not null,
  channel text not null,
  uid text not null,
  labels jsonb not null default '{}',
  state text not null,
  message text not null default '',
  created_at bigint not null,
  started_at bigint not null default 0,
  stopped_at bigint not null default 0,
  -- false: some writes of this call were lost
  complete boolean not null default true
);

create index agents_by_project on agents (app_id, created_at desc, agent_id);
create index agents_by_age on agents (created_at);

create table entries (
  agent_id text not null references agents on delete cascade,
  number integer not null,
  turn_id integer not null,
  role text not null,
  -- what was heard
  content text not null,
  source text not null,
  uid text not null default '',
  interrupted boolean not null default false,
  -- what would have been said
  original text,
  at bigint not null,
  primary key (agent_id, number)
);

create table turns (
  agent_id text not null references agents on delete cascade,
  turn_id integer not null,
  start_type text not null,
  started_at bigint not null,
  end_type text not null,
  ended_at bigint not null,
  -- what ended it early; empty: nothing
  caused_by text not null default '',
  -- end of speech to first sound; null: nobody had spoken
  latency_ms integer,
  metrics jsonb not null default '{}',
  primary key (agent_id, turn_id)
);
