-- Engines that share this database, one row for each run that gives signs of life, by the clock of the database.

create table engines (
  run_id text primary key,
  -- the same in each run of the same engine
  engine_id text not null,
  seen_at timestamptz not null default now()
);

-- whose agent it is
alter table agents add column run_id text not null default '';

create index agents_by_run on agents (run_id) where stopped_at = 0;
