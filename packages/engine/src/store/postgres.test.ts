import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AgentRecord } from "../projects/agents.ts";
import { migrate } from "./migrate.ts";
import { openPostgres } from "./postgres.ts";
import { isPostgresAddress, placeOf } from "./postgres-address.ts";
import { Store } from "./store.ts";
import { makePostgres, testServers } from "./test-databases.ts";

test.each([
  ["postgres://parley:secret@db.example:5433/calls?sslmode=require", "db.example:5433/calls"],
  ["postgresql://parley:p@ss?word@db.example/calls", "db.example/calls"],
  ["postgres://localhost/calls", "localhost/calls"],
  ["postgres:///calls?host=/run/postgresql", "/run/postgresql/calls"],
])("%s is an address, shown as %s", (address, place) => {
  expect(isPostgresAddress(address)).toBe(true);
  expect(placeOf(address)).toBe(place);
});

test.each([
  "mysql://db.example/calls",
  "db.example/calls",
  "postgres://db.example:port/calls",
  "postgres://one.example:1,two.example:2/calls",
])("%s is no address", (address) => {
  expect(isPostgresAddress(address)).toBe(false);
});

test("a server that cannot be reached is named, without the password", async () => {
  const way = await openWay({ host: "127.0.0.1", port: 1 });
  await way.close();
  const opening = openPostgres(`postgres://me:secret@127.0.0.1:${way.port}/calls`);
  await expect(opening).rejects.toThrow(new Error(`PostgreSQL at 127.0.0.1:${way.port}/calls: connect ECONNREFUSED 127.0.0.1:${way.port}`));
});

describe.each(testServers)("PostgreSQL", (server) => {
  test("engines that start at once on an empty database make it once", async () => {
    await using made = await makePostgres(server);
    const databases = await Promise.all([1, 2, 3, 4].map(async () => await made.open(made.address)));
    await Promise.all(databases.map(async (database) => await migrate(database, 5)));
    const [first] = databases;
    const applied = (await first?.query("select name from migrations order by name")) ?? [];
    expect(applied.length).toBeGreaterThan(1);
    expect(new Set(applied.map((row) => row["name"])).size).toBe(applied.length);
    await Promise.all(databases.map(async (database) => await database[Symbol.asyncDispose]()));
  });

  test("a password that is wrong is said, and where", async () => {
    await using made = await makePostgres(server);
    const address = new URL(made.address);
    address.username = "nobody";
    await expect(openPostgres(address.href)).rejects.toThrow(`PostgreSQL at ${placeOf(made.address)}: role "nobody" does not exist`);
  });

  test("records wait for a server that is not there yet, and survive the loss of every connection, each once", async () => {
    await using made = await makePostgres(server);
    const way = await openWay(targetOf(made.address));
    await way.close();
    const { store, problems, retry } = openStore(way.through(made.address));
    await using _store = store;
    const before = record("BEFORE");
    store.save(before);
    await expect.poll(() => store.problem).toMatch(/^database: PostgreSQL at 127\.0\.0\.1:\d+\/\w+: connect ECONNREFUSED/);
    await expect(store.find(before.agentId)).rejects.toMatchObject({ code: "not-ready" });

    await way.open();
    retry();
    await store.opened;
    expect(await store.find(before.agentId)).toEqual(before);

    await way.close();
    // Nothing is written: who reads is the first to find out.
    await expect(store.find(before.agentId)).rejects.toMatchObject({ code: "not-ready" });
    await expect.poll(() => store.problem).toMatch(/^database: PostgreSQL at/);
    const keep = store.follow(before.agentId, now);
    for (let turnId = 1; turnId <= 20; turnId += 1)
      keep({ type: "reply-end", at: turnId, turnId, reply: turnId, text: `${turnId}`, playedMs: 1 });
    await way.open();
    retry();
    await expect.poll(() => store.problem).toBeUndefined();

    // Cut while it writes: what was written and not confirmed is not written twice, nor taken for a fault.
    for (let turnId = 21; turnId <= 400; turnId += 1) {
      keep({ type: "reply-end", at: turnId, turnId, reply: turnId, text: `${turnId}`, playedMs: 1 });
      if (turnId % 40 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        way.cut();
      }
    }
    await expect
      .poll(
        () => {
          retry();
          return store.problem === undefined && store.waiting === 0;
        },
        { timeout: 10_000 },
      )
      .toBe(true);
    const entries = await store.entries(before.agentId);
    expect(entries.map(({ content }) => content)).toEqual(Array.from({ length: 400 }, (_, index) => `${index + 1}`));
    await using reader = await openPostgres(made.address);
    expect(await reader.query("select complete from agents")).toEqual([{ complete: true }]);
    expect(problems.filter((problem) => !problem.startsWith("database: PostgreSQL at"))).toEqual([]);
  });

  test("a transaction whose connection is cut fails and leaves nothing", async () => {
    await using made = await makePostgres(server);
    const way = await openWay(targetOf(made.address));
    await using database = await openPostgres(way.through(made.address));
    await database.query("create table notes (text text)");
    const cut = database.transaction(async (connection) => {
      await connection.query("insert into notes values ($1)", ["half"]);
      way.cut();
      await connection.query("insert into notes values ($1)", ["whole"]);
    });
    await expect(cut).rejects.toThrow(/^PostgreSQL at 127\.0\.0\.1:\d+\/\w+: /);
    expect(await database.query("select * from notes")).toEqual([]);
  });

  test("a server that no longer answers is given up, and asked again on a way of its own", async () => {
    await using made = await makePostgres(server);
    const way = await openWay(targetOf(made.address));
    await using database = await openPostgres(way.through(made.address), 100);
    way.hold();
    await expect(database.query("select 1")).rejects.toThrow(/^PostgreSQL at 127\.0\.0\.1:\d+\/\w+: Query read timeout$/);
    expect(await database.query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("an engine holds few connections, however much it asks at once", async () => {
    await using made = await makePostgres(server);
    await using database = await openPostgres(made.address);
    const counts = await Promise.all(
      Array.from(
        { length: 50 },
        async () => await database.query("select count(*)::integer as count from pg_stat_activity where datname = current_database()"),
      ),
    );
    expect(Math.max(...counts.map(([row]) => Number(row?.["count"])))).toBeLessThanOrEqual(8);
  });
});

const now = 1_737_000_000_000;

function record(agentId: string): AgentRecord {
  return {
    agentId,
    appId: "app",
    name: "n",
    channel: "room",
    uid: "1",
    labels: { a: "b" },
    state: "RUNNING",
    message: "",
    createdAt: now,
    startedAt: now,
    stoppedAt: 0,
  };
}

/** `retry` ends the pause after a failure. */
function openStore(address: string) {
  const problems: string[] = [];
  let retry = (): void => {};
  const store = new Store({
    open: async () => await openPostgres(address),
    engineId: "engine",
    keepTranscripts: true,
    retentionDays: 7,
    restoreWithinS: 300,
    now: () => now,
    pause: async (ms, signal) => {
      const retried = new Promise<void>((resolve) => {
        if (ms === 5000) retry = resolve;
      });
      await Promise.race([retried, wait(3_600_000, undefined, { signal, ref: false })]);
    },
    onProblem: (problem) => problems.push(problem),
  });
  return { store, problems, retry: () => retry() };
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function targetOf(address: string): Target {
  const { hostname, port } = new URL(address);
  return { host: hostname, port: port === "" ? 5432 : Number(port) };
}

/** A way to a server that a test closes, cuts and opens again; always under the same port. */
async function openWay(target: Target) {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const hold = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  const open = async (): Promise<void> => {
    server = createServer((near) => {
      const far = createConnection(target.port, target.host);
      keep(near).pipe(keep(far)).pipe(near);
      near.on("close", () => far.destroy());
      far.on("close", () => near.destroy());
    }).listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) port = address.port;
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    const closed = once(closing, "close");
    closing.close();
    cut();
    await closed;
  };
  await open();
  onTestFinished(close);
  return {
    open,
    close,
    cut,
    /** What is connected stays so, and nothing passes. */
    hold,
    port,
    through: (address: string): string => {
      const url = new URL(address);
      url.hostname = "127.0.0.1";
      url.port = String(port);
      return url.href;
    },
  };
}
