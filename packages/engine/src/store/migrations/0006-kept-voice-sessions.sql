-- What it takes to go on with a Voice Agent session in another process; the rows go when the session ends.

create table kept_voice_sessions (
  session_id text primary key references voice_sessions on delete cascade,
  app_id text not null,
  -- which run of which engine holds it, and how often it changed hands: what an earlier holder still writes does not count
  run_id text not null,
  engine_id text not null,
  claim integer not null default 1,
  -- Unix milliseconds: its longest time is over then
  ends_at bigint not null,
  -- when its engine last held it for certain, by the clock of the database
  seen_at timestamptz not null default now(),
  -- when that engine was started again since; null: it was not
  adopted_at timestamptz,
  -- what changes all the time: encrypted
  state text not null
);

-- A row is written twice a second: a new version finds room on the page of the old one, and none lies outside. Nothing
-- that changes has an index.
alter table kept_voice_sessions alter column state set storage main;
alter table kept_voice_sessions set (fillfactor = 40);

-- What grows or rarely changes: the configuration, each memory, each turn.
create table kept_voice_parts (
  session_id text not null references kept_voice_sessions on delete cascade,
  kind text not null,
  number integer not null,
  -- encrypted
  sealed text not null,
  primary key (session_id, kind, number)
);
