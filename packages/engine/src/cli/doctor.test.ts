import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { migrate } from "../store/migrate.ts";
import { makePostgres, testServers } from "../store/test-databases.ts";
import { doctor } from "./doctor.ts";
import { checksFor, type Finding } from "./doctor/checks.ts";
import { FakeTerminal } from "./fake-terminal.ts";

async function examine(
  env: Record<string, string>,
): Promise<{ code: number; report: { ok: boolean; checks: { name: string; status: string; detail: string; remedy?: string }[] } }> {
  const terminal = new FakeTerminal(env);
  const code = await doctor.run(["--json"], terminal);
  return { code, report: JSON.parse(terminal.lines.join("")) };
}

test("this machine can hold calls, and the credentials are made at the first start", async () => {
  const { code, report } = await examine({ PORT: "0", PARLEY_RTC__UDP_PORT: "0" });
  expect(report.checks.filter(({ status }) => status === "failed")).toEqual([]);
  expect(code).toBe(0);
  expect(report.checks.find(({ name }) => name === "cpu")?.detail).toMatch(/\d+ calls with everything embedded/);
  expect(report.checks.find(({ name }) => name === "credentials")?.detail).toMatch(/npm start/);
});

/** The first finding of that name; what comes after it is not looked at. */
async function finding(name: string, env: Record<string, string>): Promise<Finding> {
  for (const check of checksFor(new FakeTerminal(env))) {
    const found = await check();
    if (found.name === name) return found;
  }
  throw new Error(`nothing is called ${name}`);
}

test("a taken port fails with the way out", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const remedy = expect.stringContaining(`PORT=${port + 1}`);
  expect(await finding("http port", { PORT: String(port) })).toMatchObject({ status: "failed", remedy });
  server.close();
});

test("a media port that was asked for and is taken fails; the usual one gives way to the next on loopback", async () => {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  const remedy = expect.stringContaining(`PARLEY_RTC__UDP_PORT=${port + 1}`);
  expect(await finding("media port", { PORT: "0", PARLEY_RTC__UDP_PORT: String(port) })).toMatchObject({ status: "failed", remedy });
  socket.close();
  expect(await finding("media port", { PORT: "0" })).toMatchObject({ status: "ok" });
});

test("a database that cannot be reached fails, without its password; the embedded one needs nothing", async () => {
  const found = await finding("database", { PORT: "0", DATABASE_URL: "postgres://parley:hush-hush@127.0.0.1:1/calls" });
  expect(found).toMatchObject({
    status: "failed",
    detail: expect.stringContaining("127.0.0.1:1"),
    remedy: expect.stringContaining("DATABASE_URL"),
  });
  expect(JSON.stringify(found)).not.toContain("hush-hush");
  expect(await finding("database", { PORT: "0" })).toMatchObject({ status: "ok", detail: expect.stringContaining("embedded") });
});

describe.each(testServers.map((server) => ({ name: "PostgreSQL", server })))("$name", ({ server }) => {
  test("a database is told by its server's version, and by what its tables lack", async () => {
    await using made = await makePostgres(server);
    const env = { PORT: "0", DATABASE_URL: made.address };
    expect(await finding("database", env)).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(/^PostgreSQL \d+.* at .*, still empty$/),
    });
    {
      await using database = await made.open(made.address);
      await migrate(database, 1);
      expect(await finding("database", env)).toMatchObject({
        status: "ok",
        detail: expect.stringContaining("its tables are of this version"),
      });
      await database.query("delete from migrations where name = '0002-engines.sql'");
      expect(await finding("database", env)).toMatchObject({ status: "ok", detail: expect.stringMatching(/1 of \d+ migrations to come/) });
      await database.query("insert into migrations (name, applied_at) values ('9999-later.sql', 1)");
      expect(await finding("database", env)).toMatchObject({ status: "failed", detail: expect.stringContaining("9999-later.sql") });
    }
  });
});

test("a configuration that cannot be used is named, and nothing else is guessed", async () => {
  const { code, report } = await examine({ PARLEY_RTC__UPD_PORT: "5" });
  expect(code).toBe(1);
  expect(report.checks.at(-1)).toMatchObject({ name: "configuration", detail: expect.stringContaining("PARLEY_RTC__UDP_PORT") });
});
