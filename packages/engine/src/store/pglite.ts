/** The embedded database: PGlite in a thread of its own, in a folder of its own. */
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { type Connection, type Database, type Parameter, type Row, SqlError } from "./database.ts";

export type Job =
  | { readonly type: "query"; readonly id: number; readonly sql: string; readonly parameters: readonly Parameter[] }
  | { readonly type: "run"; readonly id: number; readonly sql: string }
  | { readonly type: "close"; readonly id: number };
export type Answer =
  | { readonly id: number; readonly rows: readonly Row[] }
  | { readonly id: number; readonly error: string; readonly sqlState?: string };

/** Without an id: the thread gives one. */
type Request =
  | { readonly type: "query"; readonly sql: string; readonly parameters: readonly Parameter[] }
  | { readonly type: "run"; readonly sql: string }
  | { readonly type: "close" };

/** Job 0 is the opening itself. */
const OPENING = 0;

/** Opens the database in `folder`, made there if there is none. */
export async function openPglite(folder: string): Promise<Database> {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path.join(folder, "PG_VERSION"))) {
    // Making a database takes 500 MB that WASM never gives back: a thread of its own makes it and ends.
    const maker = new Thread(folder);
    await maker.opened;
    await maker[Symbol.asyncDispose]();
  }
  const thread = new Thread(folder);
  await thread.opened;
  return thread;
}

class Thread implements Database {
  readonly opened: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly Row[]>>();
  readonly #ended: Promise<void>;
  readonly #connection: Connection = {
    query: async (sql, parameters = []) => await this.#ask({ type: "query", sql, parameters }),
    run: async (sql) => void (await this.#ask({ type: "run", sql })),
  };
  #count = OPENING;
  #gone: Error | undefined;
  /** There is one connection: a statement waits until the transaction before it is over. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    // The same file before and after compilation.
    const file = import.meta.url.endsWith(".ts") ? "./pglite-worker.ts" : "./pglite-worker.js";
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: { folder }, name: "database" });
    const opening = Promise.withResolvers<readonly Row[]>();
    this.#waiting.set(OPENING, opening);
    this.opened = opening.promise;
    this.#worker.on("message", (answer: Answer) => {
      const job = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ("error" in answer)
        job?.reject(answer.sqlState === undefined ? new Error(answer.error) : new SqlError(answer.error, answer.sqlState));
      else job?.resolve(answer.rows);
    });
    this.#worker.on("error", (error) => this.#lose(new Error("the database's thread failed", { cause: error })));
    this.#ended = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#lose(new Error("the database's thread has ended"));
        resolve();
      });
    });
  }

  async query(sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return await this.#alone(async () => await this.#connection.query(sql, parameters));
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return await this.#alone(async () => {
      await this.#connection.run("begin");
      try {
        const result = await work(this.#connection);
        await this.#connection.run("commit");
        return result;
      } catch (error) {
        // A thread that is gone has rolled back by itself; the first error says why.
        await this.#connection.run("rollback").catch(() => {});
        throw error;
      }
    });
  }

  async vacuum(): Promise<void> {
    await this.#alone(async () => await this.#connection.run("vacuum"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A database that cannot close any more is left as it is: it recovers when it is opened again.
    await this.#alone(async () => await this.#ask({ type: "close" })).catch(() => []);
    await this.#worker.terminate();
    await this.#ended;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return await result;
  }

  async #ask(request: Request): Promise<readonly Row[]> {
    if (this.#gone !== undefined) throw this.#gone;
    this.#count += 1;
    const job = Promise.withResolvers<readonly Row[]>();
    this.#waiting.set(this.#count, job);
    this.#worker.postMessage({ ...request, id: this.#count } satisfies Job);
    return await job.promise;
  }

  #lose(error: Error): void {
    this.#gone ??= error;
    for (const job of this.#waiting.values()) job.reject(this.#gone);
    this.#waiting.clear();
  }
}
