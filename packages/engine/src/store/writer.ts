/** Writes on behalf of calls, one after the other, off the audio path: nobody waits, and a lost write is remembered. */
import { type Database, type Parameter, SqlError } from "./database.ts";

export interface Write {
  /** Whose record it belongs to. */
  readonly agentId: string;
  readonly sql: string;
  readonly parameters: readonly Parameter[];
}

export interface WriterOptions {
  readonly open: () => Promise<Database>;
  /** Waits before the next attempt; rejects when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onProblem: (problem: string, error: unknown) => void;
}

/** Writes that wait; beyond it the newest is lost and its call marked. About an hour of eight calls. */
const LONGEST_QUEUE = 20_000;

const MARK = "update agents set complete = false where agent_id = $1";

/** The problem of a database that has not been opened yet. */
const OPENING = "database";

/** Between attempts to open or to write to a database that fails, in milliseconds. */
const RETRY_MS = 5000;

/** Calls whose marks wait for the database to work again. */
const MOST_MARKS = 100_000;

export class Writer implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #queue: Write[] = [];
  readonly #incomplete = new Set<string>();
  readonly #abort = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #loop: Promise<void>;
  #database: Database | undefined;
  #problem: string | undefined = OPENING;
  #wake = Promise.withResolvers<void>();
  #idle = Promise.withResolvers<void>();
  #closing = false;
  /** Writes handed over, and those of them that are done with, since the start. */
  #pushed = 0;
  #done = 0;
  #doubt: Error | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Why records are not written at the moment; undefined: they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when the database has been opened for the first time. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Undefined: not open. */
  get database(): Database | undefined {
    return this.#database;
  }

  push(write: Write): void {
    if (this.#queue.length >= LONGEST_QUEUE) this.#mark(write.agentId);
    else {
      this.#queue.push(write);
      this.#pushed += 1;
    }
    this.#wake.resolve();
  }

  /** Resolves when everything handed over so far is written, or the database fails. */
  async settled(): Promise<void> {
    const last = this.#pushed;
    while (this.#done < last && this.#problem === undefined) await this.#idle.promise;
  }

  /** Somebody who reads has found the database gone: it is opened again. */
  doubt(database: Database, failure: Error): void {
    if (database !== this.#database) return;
    this.#doubt = failure;
    this.#wake.resolve();
  }

  /** Writes what waits, then closes the database. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#wake.resolve();
    // A database that is only opening may still take what waits; one that fails is not waited for.
    if (this.#problem !== undefined && this.#problem !== OPENING) this.#abort.abort();
    await this.#loop;
    if (this.#queue.length > 0) this.#options.onProblem(`${this.#queue.length} records were not written before the end`, undefined);
    await this.#database?.[Symbol.asyncDispose]();
    this.#database = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        this.#trust();
        this.#database ??= await this.#options.open();
        await this.#drain(this.#database);
        this.#problem = undefined;
        this.#opened.resolve();
        if (this.#closing) return;
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      } catch (error) {
        await this.#suffer(error);
        if (this.#closing) return;
      }
    }
  }

  /** Throws what a reader has found. */
  #trust(): void {
    const failure = this.#doubt;
    this.#doubt = undefined;
    if (failure !== undefined) throw failure;
  }

  async #drain(database: Database): Promise<void> {
    for (let write = this.#queue[0]; write !== undefined; write = this.#queue[0]) {
      try {
        await database.query(write.sql, write.parameters);
      } catch (error) {
        // A fault of the database is none of the write's: it waits.
        if (!(error instanceof SqlError && error.isOfStatement)) throw error;
        await database.query(MARK, [write.agentId]);
        this.#options.onProblem(`a record of agent ${write.agentId} was not written`, error);
      }
      this.#queue.shift();
      this.#done += 1;
      this.#tell();
    }
    for (const agentId of this.#incomplete) {
      await database.query(MARK, [agentId]);
      this.#incomplete.delete(agentId);
    }
  }

  /** Whoever waits for writes looks again. */
  #tell(): void {
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  /** What waits goes on waiting, and the database has time to recover; one that cannot even answer is opened again. */
  async #suffer(failure: unknown): Promise<void> {
    this.#doubt = undefined;
    const known = this.#problem !== undefined && this.#problem !== OPENING;
    this.#problem = `database: ${failure instanceof Error ? failure.message : String(failure)}`;
    if (!known) this.#options.onProblem(this.#problem, failure);
    if (!(failure instanceof SqlError)) {
      await this.#database?.[Symbol.asyncDispose]();
      this.#database = undefined;
    }
    this.#tell();
    if (!this.#closing) await this.#options.pause(RETRY_MS, this.#abort.signal).catch(() => {});
  }

  #mark(agentId: string): void {
    if (this.#incomplete.size < MOST_MARKS) this.#incomplete.add(agentId);
  }
}
