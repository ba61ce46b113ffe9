/** Stores of several engines on one database, for tests. */
import type { Database } from "./database.ts";
import { Store } from "./store.ts";

const waiting = async (_ms: number, signal: AbortSignal): Promise<void> =>
  await new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")));
  });

/** An engine's store on a database that others use, too. Its time stands still; what it cannot write is an error of the test. */
export function openStore(database: Database, engineId: string): Store {
  return new Store({
    open: async () => ({
      query: async (sql, parameters) => await database.query(sql, parameters),
      transaction: async (work) => await database.transaction(work),
      async [Symbol.asyncDispose]() {},
    }),
    engineId,
    keepTranscripts: true,
    retentionDays: 7,
    restoreWithinS: 300,
    now: () => 1_737_111_452_000,
    pause: waiting,
    onProblem: (problem, error) => {
      throw new Error(problem, { cause: error });
    },
  });
}
