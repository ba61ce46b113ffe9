-- Of the agents of a project that have not exited, each name belongs to one, whichever engine has it.
-- False: it was started while the database could not be asked, or was taken for dead in between.
alter table agents add column claimed boolean not null default false;
create unique index agents_by_name on agents (app_id, name) where stopped_at = 0 and claimed;
