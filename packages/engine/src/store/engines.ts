/** Engines on one database watch each other: what a dead one has left as running is told truthfully by those who live. */
import type { Database } from "./database.ts";

/** Without a sign of life for so long an engine is dead. */
export const LEASE_MS = 60_000;

/** Of an advisory lock: "engine" in ASCII. */
const LOCK = 0x656e67696e65;

/**
 * Gives a sign of life, and ends the records of agents whose engine is dead: it was silent for too long, or it is this
 * very engine in an earlier run. False: this run was not known, or was itself taken for dead.
 */
export async function attend(
  database: Database,
  { engineId, runId, now }: { readonly engineId: string; readonly runId: string; readonly now: number },
): Promise<boolean> {
  return await database.transaction(async (connection) => {
    // One at a time, so that none waits for rows that another holds.
    await connection.query("select pg_advisory_xact_lock($1)", [LOCK]);
    const [own] = await connection.query("update engines set seen_at = now() where run_id = $1 returning run_id", [runId]);
    if (own === undefined) await connection.query("insert into engines (run_id, engine_id) values ($1, $2)", [runId, engineId]);
    await connection.query(
      "delete from engines where run_id <> $1 and (engine_id = $2 or seen_at < now() - $3::double precision * interval '1 millisecond')",
      [runId, engineId, LEASE_MS],
    );
    await connection.query(
      `update agents set state = 'FAILED', message = 'The engine stopped while the agent was running', stopped_at = $1, complete = false
       where stopped_at = 0 and run_id not in (select run_id from engines)`,
      [now],
    );
    return own !== undefined;
  });
}
