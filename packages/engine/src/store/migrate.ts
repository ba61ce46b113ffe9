/** Brings a database to the schema of this version: plain SQL files, in the order of their names, each once. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Database } from "./database.ts";

/** The same folder from the source and from `dist`. */
const folder = fileURLToPath(new URL("../../src/store/migrations/", import.meta.url));

export async function migrate(database: Database, now: number): Promise<void> {
  await database.query("create table if not exists migrations (name text primary key, applied_at bigint not null)");
  const applied = new Set((await database.query("select name from migrations")).map((row) => row["name"]));
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()) {
    if (applied.has(name)) continue;
    const sql = readFileSync(path.join(folder, name), "utf8");
    await database.run(`${sql}\n;insert into migrations (name, applied_at) values ('${name}', ${Math.floor(now)});`);
  }
}
