-- Which sessions are open is asked at every sign of life.
create index voice_sessions_open on voice_sessions (run_id) where ended_at is null;
