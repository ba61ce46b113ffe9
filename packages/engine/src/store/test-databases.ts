/** Databases for tests: the embedded one, and PostgreSQL where `TEST_DATABASE_URL` names a server that lets us make databases. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll } from "vitest";
import type { Database } from "./database.ts";
import { openPglite } from "./pglite.ts";
import { openPostgres } from "./postgres.ts";

/** An empty database that nobody else uses; disposing drops it. */
export interface TestDatabase extends AsyncDisposable {
  /** What `open` takes. */
  readonly address: string;
  open(address: string): Promise<Database>;
}

const server = process.env["TEST_DATABASE_URL"];

/** Empty: tests run on the embedded database alone. */
export const testServers: readonly string[] = server === undefined || server === "" ? [] : [server];

export const testDatabases: readonly { readonly name: string; make(): Promise<TestDatabase> }[] = [
  { name: "PGlite", make: makePglite },
  ...testServers.map((address) => ({ name: "PostgreSQL", make: async () => await makePostgres(address) })),
];

/** One database for all tests beside the call, made before them and dropped after them. Disposing it does nothing: engines come and go on it. */
export function sharedDatabase(make: () => Promise<TestDatabase> = makePglite): Database {
  let made: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    made = await make();
    database = await made.open(made.address);
  }, 60_000);
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });
  return {
    query: async (sql, parameters) => await database.query(sql, parameters),
    transaction: async (work) => await database.transaction(work),
    async [Symbol.asyncDispose]() {},
  };
}

async function makePglite(): Promise<TestDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), "parley-store-"));
  return await Promise.resolve({
    address: path.join(folder, "database"),
    open: openPglite,
    async [Symbol.asyncDispose]() {
      await Promise.resolve(rmSync(folder, { recursive: true }));
    },
  });
}

export async function makePostgres(server: string): Promise<TestDatabase> {
  const name = `parley_${randomUUID().replaceAll("-", "")}`;
  await tell(server, `create database ${name}`);
  const address = new URL(server);
  address.pathname = `/${name}`;
  return {
    address: address.href,
    open: openPostgres,
    [Symbol.asyncDispose]: async () => await tell(server, `drop database ${name} with (force)`),
  };
}

/** As the server's administrator. */
async function tell(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}
