/** Engines on one database watch each other: what a dead one has left as running is told truthfully by those who live. */
import type { Database } from "./database.ts";

/** Without a sign of life for so long an engine is dead. */
export const LEASE_MS = 60_000;

/** Restorations of one agent, none of which the engine outlived for long. */
const MOST_RESTORATIONS = 3;

/** Of an advisory lock: "engine" in ASCII. */
const LOCK = 0x656e67696e65;

export interface Identity {
  readonly engineId: string;
  readonly runId: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** After so long without its engine an agent is not restored any more; 0: never is it. */
  readonly restoreWithinMs: number;
}

/** Milliseconds as an interval of SQL. */
const ms = (parameter: string): string => `(${parameter}::double precision * interval '1 millisecond')`;

/**
 * Gives a sign of life, and looks after agents whose engine is dead: it was silent for too long, or it is this very
 * engine in an earlier run. Those that can be restored are RECOVERING: the own ones belong to this run from then on,
 * others wait for their engine, which alone can open their recipes. The rest have ended.
 * False: this run was not known, or was itself taken for dead.
 */
export async function attend(database: Database, { engineId, runId, now, restoreWithinMs }: Identity): Promise<boolean> {
  return await database.transaction(async (connection) => {
    // One at a time, so that none waits for rows that another holds.
    await connection.query("select pg_advisory_xact_lock($1)", [LOCK]);
    const [own] = await connection.query(
      `with before as (select seen_at from engines where run_id = $1)
       update engines set seen_at = now() from before where run_id = $1 returning before.seen_at >= now() - ${ms("$2")} as alive`,
      [runId, LEASE_MS],
    );
    if (own === undefined) await connection.query("insert into engines (run_id, engine_id) values ($1, $2)", [runId, engineId]);

    const dead = `e.run_id <> $1 and (e.engine_id = $2 or e.seen_at < now() - ${ms("$3")})`;
    const identity = [runId, engineId, LEASE_MS];
    await connection.query(
      `update recipes r set lost_at = e.seen_at from agents a, engines e
       where a.agent_id = r.agent_id and e.run_id = a.run_id and a.stopped_at = 0 and r.lost_at is null and ${dead}`,
      identity,
    );
    await connection.query(
      `update agents a set state = 'RECOVERING', run_id = case when e.engine_id = $2 then $1 else a.run_id end from recipes r, engines e
       where r.agent_id = a.agent_id and e.run_id = a.run_id and a.stopped_at = 0 and a.state <> 'STOPPING' and ${dead}
         and r.attempts < $4 and r.lost_at > now() - ${ms("$5")}`,
      [...identity, MOST_RESTORATIONS, restoreWithinMs],
    );
    await connection.query(
      `update agents a set stopped_at = $4, complete = false,
         state = case when a.state = 'STOPPING' then 'STOPPED' else 'FAILED' end,
         message = case when a.state = 'STOPPING' then 'OK'
           else coalesce((select case when r.attempts >= $5 then 'The engine stopped ' || r.attempts || ' times soon after the agent was restored'
               when $6 = 0 then null else 'The engine was away too long for the agent to be restored' end from recipes r where r.agent_id = a.agent_id),
             'The engine stopped while the agent was running') end
       where a.stopped_at = 0 and not exists (select 1 from engines e where e.run_id = a.run_id and not (${dead}))
         and not (a.state = 'RECOVERING' and exists (select 1 from recipes r, engines e where r.agent_id = a.agent_id and e.run_id = a.run_id
           and e.engine_id <> $2 and r.attempts < $5 and r.lost_at > now() - ${ms("$6")}))`,
      [...identity, now, MOST_RESTORATIONS, restoreWithinMs],
    );
    await connection.query("delete from recipes r using agents a where a.agent_id = r.agent_id and a.stopped_at > 0");
    // A run is known for as long as an agent waits for its engine.
    await connection.query(
      `delete from engines e where ${dead} and not exists (select 1 from agents a where a.run_id = e.run_id and a.stopped_at = 0)`,
      identity,
    );
    // Nobody can go on with a session of the Voice Agent door whose run is not known any more, unless it is kept for that.
    // It ended when it was last seen, as far as anybody knows: when it began.
    await connection.query(
      `update voice_sessions set close_reason = 'error', ended_at = created_at
       where ended_at is null and run_id not in (select run_id from engines) and session_id not in (select session_id from kept_voice_sessions)`,
    );
    return own?.["alive"] === true;
  });
}
