/** Looks at the database that calls would be recorded in, and changes nothing there. */
import path from "node:path";
import { z } from "zod";
import type { Config } from "../../config.ts";
import { SqlError } from "../../store/database.ts";
import { appliedMigrations, migrationNames } from "../../store/migrate.ts";
import { placeOf } from "../../store/postgres-address.ts";
import { openPostgres } from "../../store/postgres.ts";
import type { Finding } from "./checks.ts";

const name = "database";

/** The oldest that its makers still look after when this was written (postgresql.org/support/versioning). */
const OLDEST_SERVER = 14;

/** An answer that takes longer is none, in milliseconds. */
const ANSWER_MS = 5000;

const Facts = z.object({ version: z.string(), number: z.coerce.number(), may_create: z.boolean() });

export async function database({ databaseUrl, dataDir }: Config): Promise<Finding> {
  if (databaseUrl === undefined) return { name, status: "ok", detail: `embedded, in ${path.join(dataDir, "database")}` };
  const place = placeOf(databaseUrl);
  try {
    await using server = await openPostgres(databaseUrl, ANSWER_MS);
    const [row] = await server.query(
      `select current_setting('server_version') as version, current_setting('server_version_num') as number,
         has_schema_privilege(current_schema(), 'create') as may_create`,
    );
    const { version, number, may_create: mayCreate } = Facts.parse(row);
    const detail = `PostgreSQL ${version} at ${place}`;
    if (number < OLDEST_SERVER * 10_000)
      return { name, status: "warning", detail, remedy: `Use PostgreSQL ${OLDEST_SERVER} or newer: nobody repairs older ones.` };
    const applied = await appliedMigrations(server);
    const ours = migrationNames();
    const unknown = applied.filter((one) => !ours.includes(one));
    if (unknown.length > 0) {
      return {
        name,
        status: "failed",
        detail: `${detail} belongs to a newer Parley: it has ${unknown.join(", ")}`,
        remedy: "Use that version here, too, or another database.",
      };
    }
    const missing = ours.length - applied.length;
    if (missing === 0) return { name, status: "ok", detail: `${detail}, its tables are of this version` };
    const coming = `${detail}, ${applied.length === 0 ? "still empty" : `${missing} of ${ours.length} migrations to come at the next start`}`;
    if (mayCreate) return { name, status: "ok", detail: coming };
    return {
      name,
      status: "failed",
      detail: `${coming}, and this user may not make tables`,
      remedy: "grant create on schema public to that user, or name another in DATABASE_URL.",
    };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return {
      name,
      status: "failed",
      detail: error instanceof SqlError ? `PostgreSQL at ${place}: ${said}` : said,
      remedy: "Look at DATABASE_URL (postgres://user:password@host:5432/database), and whether the server runs and lets this machine in.",
    };
  }
}
