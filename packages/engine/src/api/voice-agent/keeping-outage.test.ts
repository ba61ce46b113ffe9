import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../session/virtual-clock.ts";
import type { Database } from "../../store/database.ts";
import { AppError } from "../../errors.ts";
import { makePostgres, testServers } from "../../store/test-databases.ts";
import { KeptRows } from "../../store/voice-agent-kept.ts";
import { Keeping } from "./keeping.ts";
import { openEngine, sharedProject, useDatabase } from "./keeping-stage.ts";

const mine = { project: sharedProject };
const poll = { timeout: 10_000, interval: 5 };

describe.each(testServers)("engines that live while the database is away, on PostgreSQL", (server) => {
  let database: Database;
  useDatabase(
    async () => await makePostgres(server),
    (opened) => (database = opened),
  );

  const silentFor = async (interval: string): Promise<void> => {
    await database.query(`update kept_voice_sessions set seen_at = now() - interval '${interval}', adopted_at = null`);
  };
  const endsOf = async (id: string | undefined) =>
    await database.query("select close_reason from voice_sessions where session_id = $1", [id ?? ""]);

  test("a call whose engine alone was cut off goes on, and is known to all again", async () => {
    const clock = new VirtualClock();
    const own = mayBeAway(database);
    await using first = await openEngine({ database: own.database, clock, engineId: "cut-off", name: "c1x", agent: ["still here"] });
    const client = await first.stage.begin({ greeting: "Hi", system_prompt: "Count." }, mine);
    await clock.moveTo(2000);
    await first.store.settled();
    own.away = true;
    await using second = await openEngine({ database, clock, engineId: "other", name: "o1x" });
    const later = async (): Promise<void> => await clock.moveTo(clock.now() + 5000);
    const changes = async () => {
      await silentFor("1 minute");
      await later();
      return second.changes;
    };
    // To the others it is dead.
    await expect.poll(changes, poll).toEqual([`completed ${client.sessionId}`]);
    await second.store.settled();
    expect(await endsOf(client.sessionId)).toEqual([{ close_reason: "error" }]);
    client.send({ type: "reply.create" });
    await clock.moveTo(clock.now() + 3000);
    expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["Hi", "still here"]);

    own.away = false;
    const ends = async () => {
      await later();
      return await endsOf(client.sessionId);
    };
    await expect.poll(ends, poll).toEqual([{ close_reason: null }]);
    await later();
    expect(client.socket.closed).toBeUndefined();
    expect(first.stage.sessions.size).toBe(1);
    await first.kill();
    const back = second.stage.connect(mine);
    back.send({ type: "session.resume", session_id: client.sessionId });
    await expect.poll(() => back.only("session.ready").length, poll).toBe(1);
    back.talk();
    back.send({ type: "reply.create" });
    await clock.moveTo(clock.now() + 3000);
    expect(second.stage.asked[0]?.map(({ content }) => content)).toEqual(["Count.", "Hi", "still here"]);
    back.send({ type: "session.end" });
    await second.stage.sessions.idle(AbortSignal.timeout(10_000));
    await second.store.settled();
    expect(await second.records.timeline(sharedProject.appId, client.sessionId ?? "")).toMatchObject({
      turns: [{ agent_text: "Hi" }, { agent_text: "still here" }, {}],
    });
  });

  test("a client that sends without end does not fill the queue of writes, and its last word is laid down all the same", async () => {
    const clock = new VirtualClock();
    let gate = Promise.resolve();
    const slow: Database = {
      ...mayBeAway(database).database,
      query: async (sql, parameters) => {
        await gate;
        return await database.query(sql, parameters);
      },
    };
    await using engine = await openEngine({ database: slow, clock, engineId: "flooded", name: "f1x" });
    const client = await engine.stage.begin({}, mine);
    await engine.store.settled();
    const opened = Promise.withResolvers<void>();
    gate = opened.promise;
    for (let time = 0; time < 1000; time += 1) {
      client.send({ type: "reply.cancel" });
      await Promise.resolve();
    }
    client.send({ type: "conversation.message", role: "user", content: "the last word" });
    await clock.moveTo(3000);
    const { waiting } = engine.store;
    opened.resolve();
    await engine.store.settled();
    await clock.moveTo(4000);
    await engine.store.settled();
    expect(waiting).toBeLessThan(300);
    const claimed = await engine.keeping.claim(client.sessionId ?? "", undefined, sharedProject, () => undefined);
    expect(claimed.ok && claimed.kept.remembered.memories).toMatchObject([{ entry: { content: "the last word" } }]);
  });

  test("after a database was away for all, nobody's sessions are ended before their engine has had time to come back to it", async () => {
    const clock = new VirtualClock();
    const [one, two] = [mayBeAway(database), mayBeAway(database)];
    await using first = await openEngine({ database: one.database, clock, engineId: "slow", name: "s1x" });
    await using second = await openEngine({ database: two.database, clock, engineId: "quick", name: "q1x" });
    const client = await first.stage.begin({}, mine);
    // Long enough for both to trust it.
    for (let step = 0; step < 10; step += 1) await look(clock, database);
    one.away = two.away = true;
    await clock.moveTo(clock.now() + 60_000);
    await silentFor("1 minute");
    const early = second.stage.connect(mine);
    early.send({ type: "session.resume", session_id: client.sessionId });
    await expect.poll(() => early.only("session.error"), poll).toMatchObject([{ code: "at_capacity" }]);
    two.away = false;
    for (let step = 0; step < 4; step += 1) await look(clock, database);
    one.away = false;
    const seen = async () => {
      await look(clock, database);
      return await database.query("select 1 from kept_voice_sessions where seen_at > now() - interval '50 seconds'");
    };
    await expect.poll(seen, poll).toHaveLength(1);
    expect([...first.changes, ...second.changes]).toEqual([`started ${client.sessionId}`]);
    expect(client.socket.closed).toBeUndefined();
    expect(first.stage.sessions.size).toBe(1);
  });
});

test("a database that is away when the models are loaded is asked again every five seconds", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const query = async (): Promise<never> => {
    asked += 1;
    // Who asks without a pause is not answered for ever, so that this test can fail.
    throw await (asked > 100 ? new Promise<never>(() => {}) : Promise.resolve(new AppError("not-ready", "the database is away")));
  };
  await using _keeping = new Keeping({
    rows: new KeptRows({ runId: "run", write: () => {}, query, queryAlone: query }, "engine"),
    secrets: { of: () => Buffer.alloc(32) },
    findProject: () => undefined,
    store: { opened: Promise.resolve(), waiting: 0, listen: () => {} },
    engineId: "engine",
    shared: true,
    keepTranscripts: true,
    graceMs: 30_000,
    sessionLog: { ended: () => {} },
    ready: Promise.resolve(),
    now: () => clock.now(),
    pause: async (ms, signal) => await clock.sleep(ms, signal),
    log: pino({ level: "silent" }),
  });
  await clock.moveTo(20_500);
  // Once more as soon as it knows that they are.
  expect(asked).toBe(6);
});

/** Five seconds in which whatever engines ask is answered. */
async function look(clock: VirtualClock, database: Database): Promise<void> {
  await clock.moveTo(clock.now() + 5000);
  for (let time = 0; time < 5; time += 1) await database.query("select 1");
}

/** A way to the database that can be cut. */
function mayBeAway(database: Database): { readonly database: Database; away: boolean } {
  const way = {
    away: false,
    database: {
      query: async (sql: string, parameters?: Parameters<Database["query"]>[1]) => {
        if (way.away) throw new Error("connection refused");
        return await database.query(sql, parameters);
      },
      transaction: async <T>(work: Parameters<typeof database.transaction<T>>[0]) => {
        if (way.away) throw new Error("connection refused");
        return await database.transaction(work);
      },
      ...(database.listen === undefined ? {} : { listen: database.listen.bind(database) }),
      async [Symbol.asyncDispose]() {},
    },
  };
  return way;
}
