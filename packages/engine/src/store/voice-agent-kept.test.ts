import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { migrate } from "./migrate.ts";
import { openPglite } from "./pglite.ts";
import { testDatabases } from "./test-databases.ts";
import { KeptRows } from "./voice-agent-kept.ts";

test("a state that is written again and again takes no more room in the embedded database", { timeout: 60_000 }, async () => {
  await using made = await testDatabases[0]?.make();
  await using database = await openPglite(made?.address ?? "");
  await migrate(database, 0);
  await database.query("insert into voice_sessions (session_id, app_id, run_id, created_at, config) values ('s', 'a', 'r', 0, '{}')");
  const writes: Promise<unknown>[] = [];
  const rows = new KeptRows(
    {
      runId: "r",
      write: (_id, sql, parameters) => void writes.push(database.query(sql, parameters)),
      query: async (sql, parameters) => await database.query(sql, parameters),
      queryAlone: async (_lock, sql, parameters) => await database.query(sql, parameters),
    },
    "engine",
  );
  rows.open({ id: "s", appId: "a", claim: 1, endsAt: 0, state: "" });
  const state = () => randomBytes(2200).toString("base64");
  const size = async () => {
    await Promise.all(writes.splice(0));
    const [row] = await database.query("select pg_total_relation_size('kept_voice_sessions') as size");
    return Number(row?.["size"]);
  };
  for (let time = 0; time < 100; time += 1) rows.save({ id: "s", claim: 1 }, state());
  const first = await size();
  for (let time = 0; time < 400; time += 1) rows.save({ id: "s", claim: 1 }, state());
  expect(await size()).toBeLessThanOrEqual(first + 16 * 1024);
  await database.vacuum?.();
  expect(await rows.find("s")).toMatchObject({ claim: 1 });
});
