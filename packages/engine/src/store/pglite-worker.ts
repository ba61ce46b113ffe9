/** The thread of the embedded database: PGlite is synchronous WASM, and audio may not wait for it. */
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { z } from "zod";
import type { Answer, Job } from "./pglite.ts";

/** Little memory serves a few records a second: 290 MB resident, against 455 with the defaults. */
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=4MB", "-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB"];

const port = parentPort;
if (port === null) throw new Error("pglite-worker.ts runs as a worker thread only");

const { folder } = z.object({ folder: z.string() }).parse(workerData);
const database = PGlite.create(folder, { startParams });
const answer = (message: Answer): void => port.postMessage(message);

database.then(
  () => answer({ id: 0, rows: [] }),
  (error: unknown) => answer({ id: 0, ...describe(error) }),
);

port.on("message", (job: Job) => {
  void perform(job).then(answer, (error: unknown) => answer({ id: job.id, ...describe(error) }));
});

async function perform(job: Job): Promise<Answer> {
  const db = await database;
  switch (job.type) {
    case "query":
      return { id: job.id, rows: (await db.query<Record<string, unknown>>(job.sql, [...job.parameters])).rows };
    case "run":
      await db.exec(job.sql);
      return { id: job.id, rows: [] };
    case "close":
      await db.close();
      return { id: job.id, rows: [] };
  }
}

function describe(error: unknown): { error: string; sqlState?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  return "code" in error && typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)
    ? { error: error.message, sqlState: error.code }
    : { error: error.message };
}
