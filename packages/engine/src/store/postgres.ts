/** PostgreSQL: a bounded pool of connections, each made when it is needed and again when it was lost. */
import postgres from "postgres";
import { type Connection, type Database, type Parameter, type Row, SqlError } from "./database.ts";
import { placeOf, splitSocket } from "./postgres-address.ts";

/** Calls write through one; the others are for reading. A server has 100 by default, for all its clients. */
const MOST_CONNECTIONS = 8;

const CONNECT_S = 10;

/** Behind a network that swallows packets nothing ever comes back. */
const ANSWER_MS = 15_000;

/** Migrations, one's own and those of the engine that was first. */
const TRANSACTION_MS = 120_000;

/** Then connections that still wait for an answer are cut. */
const CLOSE_S = 1;

/** SQLSTATE classes after which a connection is of no use: its way, its login, its database, its rights, the server's end. */
const lostClasses: ReadonlySet<string> = new Set(["08", "25", "28", "3D", "57"]);

/** Opens the database that `DATABASE_URL` names; rejects where it cannot be reached. */
export async function openPostgres(address: string): Promise<Database> {
  const server = new Server(address);
  try {
    await server.query("select 1");
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

type Statements = Pick<postgres.Sql, "unsafe">;

class Server implements Database {
  readonly #sql: postgres.Sql;
  readonly #place: string;

  constructor(given: string) {
    const { address, folder } = splitSocket(given);
    this.#place = placeOf(given);
    this.#sql = postgres(address, {
      ...(folder === undefined ? {} : { host: folder }),
      max: MOST_CONNECTIONS,
      connect_timeout: CONNECT_S,
      connection: { application_name: "parley" },
      fetch_types: false,
      onnotice: () => {},
      // Values for jsonb are JSON already.
      types: { json: { to: 114, from: [114, 3802], serialize: String, parse: (text: string): unknown => JSON.parse(text) } },
    });
  }

  async query(sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> {
    return await this.#within(ANSWER_MS, this.#connection(this.#sql).query(sql, parameters));
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    let outcome: { readonly result: T } | { readonly error: unknown } | undefined;
    const working = this.#sql
      .begin(async (sql) => {
        try {
          outcome = { result: await work(this.#connection(sql)) };
        } catch (error) {
          outcome = { error };
          throw error;
        }
      })
      .catch((error: unknown) => {
        throw outcome !== undefined && "error" in outcome ? outcome.error : this.#failure(error);
      });
    await this.#within(TRANSACTION_MS, working);
    if (outcome === undefined || "error" in outcome) throw new Error("a transaction ended without its work");
    return outcome.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end({ timeout: CLOSE_S });
  }

  #connection(sql: Statements): Connection {
    return {
      query: async (text, parameters = []) => {
        try {
          return [...(await sql.unsafe<Row[]>(text, [...parameters], { prepare: true }))];
        } catch (error) {
          throw this.#failure(error);
        }
      },
      run: async (text) => {
        try {
          await sql.unsafe(text);
        } catch (error) {
          throw this.#failure(error);
        }
      },
    };
  }

  async #within<T>(ms: number, work: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(this.#failure(`no answer within ${ms / 1000} s`)), ms);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Without what the library adds to its errors: statements and their values are what people said. */
  #failure(error: unknown): Error {
    if (error instanceof postgres.PostgresError && !lostClasses.has(error.code.slice(0, 2))) return new SqlError(error.message, error.code);
    return new Error(`PostgreSQL at ${this.#place}: ${reasonOf(error)}`);
  }
}

/** A name with several addresses fails with an error for each and no text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
