-- What the REST beside the Voice Agent socket keeps. Times are Unix milliseconds.

-- Agents that sessions refer to by id.
create table voice_agents (
  agent_id text primary key,
  app_id text not null,
  name text not null,
  -- without secrets
  settings jsonb not null,
  -- JSON of the secrets, encrypted; empty: there are none
  secrets text not null default '',
  created_at bigint not null,
  updated_at bigint not null
);

create index voice_agents_by_project on voice_agents (app_id, created_at desc, agent_id desc);

create table voice_sessions (
  session_id text primary key,
  app_id text not null,
  -- null: its configuration came inline; the agent may be deleted since
  agent_id text,
  -- which run of which engine holds it
  run_id text not null,
  -- null: it is open
  close_reason text,
  created_at bigint not null,
  -- null: it is open
  ended_at bigint,
  duration_ms bigint,
  -- of the user's audio
  audio_ms bigint,
  -- as the client was last told, without secrets
  config jsonb not null,
  -- null: it is open, or its engine died
  timeline jsonb
);

create index voice_sessions_by_project on voice_sessions (app_id, created_at desc, session_id desc);
create index voice_sessions_by_age on voice_sessions (created_at);
create index voice_sessions_by_run on voice_sessions (run_id) where ended_at is null;

-- Temporary tokens that have opened their session.
create table voice_tokens (
  nonce text primary key,
  -- when the token has expired anyway
  forget_at bigint not null
);

-- Whom a client wants to be told.
create table voice_subscriptions (
  subscription_id text primary key,
  app_id text not null,
  url text not null,
  -- names, separated by commas
  events text not null,
  -- null: sessions of all agents
  agent_id text,
  enabled boolean not null,
  -- encrypted
  secret text not null,
  created_at bigint not null,
  updated_at bigint not null
);

create index voice_subscriptions_by_project on voice_subscriptions (app_id, created_at desc, subscription_id desc);
