/** Databases for tests: the embedded one, and PostgreSQL where `TEST_DATABASE_URL` names a server that lets us make databases. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
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
