/** Brings a database to the schema of this version: plain SQL files, in the order of their names, each once. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Database } from "./database.ts";

/** The same folder from the source and from `dist`. */
const folder = fileURLToPath(new URL("../../src/store/migrations/", import.meta.url));

/** Of the advisory lock (PostgreSQL, 13.3.5) that one engine at a time holds while it migrates: "parley" in ASCII. */
const LOCK = 0x7061726c6579;

/** Those of this version, in order. */
export function migrationNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .toSorted();
}

/** Those that a database has had; none: it is empty, or not ours. */
export async function appliedMigrations(database: Pick<Database, "query">): Promise<string[]> {
  const [table] = await database.query("select to_regclass('migrations') is not null as there");
  if (table?.["there"] !== true) return [];
  return (await database.query("select name from migrations order by name")).map((row) => String(row["name"]));
}

/** All or nothing; engines that start at once on the same database wait for the first. */
export async function migrate(database: Database, now: number): Promise<void> {
  await database.transaction(async (connection) => {
    await connection.query("select pg_advisory_xact_lock($1)", [LOCK]);
    await connection.run("create table if not exists migrations (name text primary key, applied_at bigint not null)");
    const applied = new Set((await connection.query("select name from migrations")).map((row) => row["name"]));
    for (const name of migrationNames()) {
      if (applied.has(name)) continue;
      await connection.run(readFileSync(path.join(folder, name), "utf8"));
      await connection.query("insert into migrations (name, applied_at) values ($1, $2)", [name, Math.floor(now)]);
    }
  });
}
