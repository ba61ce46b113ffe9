/** PostgreSQL: a bounded pool of connections, each made when it is needed and again when it was lost. */
import { setTimeout as pause } from "node:timers/promises";
import { DatabaseError, Pool, type PoolClient } from "pg";
import { type Connection, type Database, type Parameter, type Row, SqlError } from "./database.ts";
import { placeOf } from "./postgres-address.ts";
import { Notices } from "./postgres-notices.ts";

/** Calls write through one; the others are for reading. A server has 100 by default, for all its clients. */
const MOST_CONNECTIONS = 8;

const CONNECT_MS = 10_000;

/** Behind a network that swallows packets nothing ever comes back. */
const ANSWER_MS = 15_000;

/** A statement in a transaction may wait for another engine's migrations. */
const ANSWER_IN_TRANSACTION_MS = 120_000;

/** Then connections that still wait for an answer are left to their own limits. */
const CLOSE_MS = 1000;

/** SQLSTATE classes after which a connection is of no use: its way, its login, its database, its rights, the server's end. */
const lostClasses: ReadonlySet<string> = new Set(["08", "25", "28", "3D", "57"]);

/** Opens the database that `DATABASE_URL` names; rejects where it cannot be reached. An answer takes `answerMs` at most. */
export async function openPostgres(address: string, answerMs: number = ANSWER_MS): Promise<Database> {
  const server = new Server(address, answerMs);
  try {
    await server.query("select 1");
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

class Server implements Database {
  readonly #pool: Pool;
  readonly #address: string;
  readonly #notices: Notices[] = [];
  readonly #place: string;
  readonly #answerMs: number;
  #closed: Promise<void> | undefined;

  constructor(address: string, answerMs: number) {
    this.#address = address;
    this.#place = placeOf(address);
    this.#answerMs = answerMs;
    this.#pool = new Pool({
      connectionString: address,
      application_name: "parley",
      max: MOST_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    // Who waits on a connection that breaks is told by its statement; one that breaks at rest is missed by nobody.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
    this.#pool.on("error", () => {});
  }

  async query(text: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return await this.#ask(this.#pool, this.#answerMs, text, parameters);
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    try {
      const run = async (text: string): Promise<void> => void (await this.#ask(client, ANSWER_IN_TRANSACTION_MS, text));
      await run("begin");
      const result = await work({
        query: async (text, parameters) => await this.#ask(client, ANSWER_IN_TRANSACTION_MS, text, parameters),
        run,
      });
      await run("commit");
      client.release();
      return result;
    } catch (error) {
      // The server takes back what a connection has not committed when that ends.
      client.release(true);
      throw error;
    }
  }

  listen(channel: string, onNotice: (text: string) => void): void {
    if (this.#closed === undefined) this.#notices.push(new Notices(this.#address, channel, onNotice));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= Promise.race([this.#close(), pause(CLOSE_MS, undefined, { ref: false })]);
    await this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#pool.end(), ...this.#notices.map(async (notices) => await notices[Symbol.asyncDispose]())]);
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Without parameters there may be several statements. */
  async #ask(asked: Pool | PoolClient, limitMs: number, text: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    // A variable, since the types do not know of `query_timeout` here.
    const statement = { text, query_timeout: limitMs, ...(parameters.length === 0 ? {} : { values: [...parameters] }) };
    try {
      return (await asked.query<Row>(statement)).rows;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Without what the library adds to its errors: details of a row are what people said. */
  #failure(error: unknown): Error {
    if (error instanceof DatabaseError && error.code !== undefined && !lostClasses.has(error.code.slice(0, 2)))
      return new SqlError(error.message, error.code);
    return new Error(`PostgreSQL at ${this.#place}: ${reasonOf(error)}`);
  }
}

/** A name with several addresses fails with an error for each and no text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
