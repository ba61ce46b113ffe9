import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import type { AgentRecord } from "../projects/agents.ts";
import { SqlError } from "./database.ts";
import { Store, type StoreOptions } from "./store.ts";
import { sharedDatabase, testDatabases } from "./test-databases.ts";

describe.each(testDatabases)("$name", ({ make }) => {
  /** Each test has agents of its own. */
  const database = sharedDatabase(make);

  const now = 1_737_000_000_000;
  const options = (change: Partial<StoreOptions> = {}): StoreOptions => ({
    open: async () => database,
    engineId: "engine",
    keepTranscripts: true,
    retentionDays: 7,
    restoreWithinS: 300,
    now: () => now,
    pause: async (_ms, signal) => await wait(3_600_000, undefined, { signal }),
    onProblem: () => {},
    ...change,
  });
  const openStore = async (given: StoreOptions): Promise<Store> => {
    const store = new Store(given);
    await store.opened;
    return store;
  };
  let count = 0;
  const record = (change: Partial<AgentRecord> = {}): AgentRecord => {
    count += 1;
    return {
      agentId: `AGENT${String(count).padStart(4, "0")}`,
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
      ...change,
    };
  };

  test("what holds a NUL is looked for without it, as it was written", async () => {
    await using store = await openStore(options());
    const kept = record({ channel: "nul", state: "STOPPED" });
    store.save({ ...kept, channel: "n\0ul" });
    expect(await store.find(`${kept.agentId}\0`)).toMatchObject({ channel: "nul" });
    const filter = {
      appId: "app",
      channel: "nul\0",
      from: 0,
      to: now,
      states: ["STOPPED" as const],
      limit: 5,
      cursor: `\0${kept.agentId}`,
    };
    expect(await store.list(filter)).toMatchObject({ total: 1, agents: [{ agentId: kept.agentId }] });
  });

  test("labels and errors may hold what PostgreSQL's JSON does not, and what only looks like it", async () => {
    const problems: string[] = [];
    await using store = await openStore(options({ onProblem: (problem) => void problems.push(problem) }));
    const agent = record({ labels: { looks: "\\u0000", half: "\ud800", nul: "a\0b" } });
    store.save(agent);
    const tell = store.follow(agent.agentId, now);
    tell({ type: "turn-end", at: 0, turnId: 1, uid: "7", text: "hello", startMs: 0, endMs: 0, by: "text" });
    tell({ type: "error", at: 1, turnId: 1, module: "llm", code: 502, message: "said \\u0000 and \udfff", remedy: "", cause: undefined });
    tell({ type: "reply-end", at: 2, turnId: 1, reply: 1, text: "", playedMs: 0 });
    expect(await store.find(agent.agentId)).toMatchObject({ labels: { looks: "\\u0000", half: "\ufffd", nul: "ab" } });
    expect(await store.turns(agent.agentId)).toMatchObject([{ end: { type: "error", details: "said \\u0000 and \ufffd" } }]);
    expect(problems).toEqual([]);
  });

  test("an agent is found as it was last saved", async () => {
    await using store = await openStore(options());
    const agent = record();
    store.save(agent);
    store.save({ ...agent, state: "STOPPED", message: "OK", stoppedAt: now + 5 });
    expect(await store.find(agent.agentId)).toEqual({ ...agent, state: "STOPPED", message: "OK", stoppedAt: now + 5 });
    expect(await store.find("NOBODY")).toBeUndefined();
  });

  test("agents are listed newest first, by project, channel, time and state, page by page", async () => {
    await using store = await openStore(options());
    const agents = Array.from({ length: 5 }, (_, index) =>
      record({ appId: "pages", createdAt: now + Math.floor(index / 2), state: "STOPPED", channel: index === 0 ? "other" : "room" }),
    );
    for (const agent of agents) store.save(agent);
    const filter = { appId: "pages", from: now, to: now + 10, states: ["STOPPED", "FAILED"] as const, limit: 2 };
    const [a, b, c, d, e] = agents.map(({ agentId }) => agentId);

    const first = await store.list(filter);
    expect(first).toMatchObject({ next: d, total: 5 });
    expect(first.agents.map(({ agentId }) => agentId)).toEqual([e, c]);
    const second = await store.list({ ...filter, cursor: first.next });
    expect(second.agents.map(({ agentId }) => agentId)).toEqual([d, a]);
    const third = await store.list({ ...filter, cursor: second.next });
    expect(third).toMatchObject({ next: "", agents: [{ agentId: b }] });
    expect(await store.list({ ...filter, channel: "other" })).toMatchObject({ total: 1, agents: [{ agentId: a }] });
    expect(await store.list({ ...filter, states: ["RUNNING"] })).toMatchObject({ total: 0 });
    expect(await store.list({ ...filter, appId: "stranger" })).toMatchObject({ total: 0 });
    expect(await store.list({ ...filter, from: now + 1 })).toMatchObject({ total: 3 });
  });

  test("what was heard is kept in order, with interruptions marked, and can be deleted by call", async () => {
    await using store = await openStore(options());
    const agent = record();
    store.save(agent);
    const keep = store.follow(agent.agentId, now);
    keep({ type: "turn-end", at: 1000, turnId: 1, uid: "7", text: "count\0 to ten", startMs: 0, endMs: 900, by: "voice" });
    keep({ type: "reply-start", at: 1500, turnId: 1, reply: 1, source: "llm", latencyMs: 600.4 });
    keep({ type: "reply-interrupted", at: 2000, turnId: 1, reply: 1, heard: "one two", text: "one two three", cause: "start_of_speech" });

    expect(await store.entries(agent.agentId)).toEqual([
      { number: 1, turnId: 1, role: "user", content: "count to ten", source: "asr", uid: "7", interrupted: false, at: now + 1000 },
      {
        number: 2,
        turnId: 1,
        role: "assistant",
        content: "one two",
        source: "llm",
        uid: "",
        interrupted: true,
        original: "one two three",
        at: now + 2000,
      },
    ]);
    expect(await store.turns(agent.agentId)).toMatchObject([
      { turnId: 1, start: { type: "voice" }, end: { type: "interrupted", cause: "start_of_speech" }, metrics: { e2eMs: 600 } },
    ]);
    await store.deleteCall(agent.agentId);
    expect(await store.entries(agent.agentId)).toEqual([]);
    expect(await store.find(agent.agentId)).toBeUndefined();
  });

  test("what people say is not kept where that is switched off; turns and their figures are", async () => {
    await using store = await openStore(options({ keepTranscripts: false }));
    const agent = record();
    store.save(agent);
    const keep = store.follow(agent.agentId, now);
    keep({ type: "turn-end", at: 1000, turnId: 1, uid: "7", text: "a secret", startMs: 0, endMs: 900, by: "voice" });
    keep({ type: "reply-end", at: 2000, turnId: 1, reply: 1, text: "I keep it", playedMs: 500 });
    expect(await store.entries(agent.agentId)).toEqual([]);
    expect(await database.query("select turn_id from turns where agent_id = $1", [agent.agentId])).toEqual([{ turn_id: 1 }]);
  });

  test("what a vendor says of a failed answer is not kept where words are not; what we say of it is", async () => {
    await using store = await openStore(options({ keepTranscripts: false }));
    const agent = record();
    store.save(agent);
    const keep = store.follow(agent.agentId, now);
    const cause = new AppError("vendor-failed", 'llm at llm.example:443 answered with status 400: not "a secret"', {
      own: "llm at llm.example:443 answered with status 400",
    });
    for (const [turnId, error] of [cause, new Error("a secret is no JSON")].entries()) {
      keep({ type: "turn-end", at: 1000, turnId, uid: "7", text: "a word", startMs: 0, endMs: 900, by: "voice" });
      const { message } = error;
      keep({ type: "error", at: 1500, turnId, module: "llm", code: 400, message, remedy: "", cause: error });
      keep({ type: "reply-end", at: 2000, turnId, reply: 1, text: "", playedMs: 0 });
    }
    const turns = await store.turns(agent.agentId);
    expect(JSON.stringify(turns)).not.toContain("secret");
    expect(turns[0]?.end).toMatchObject({ details: cause.own });
  });

  test("records older than the retention go", async () => {
    let hourLater = () => {};
    await using store = await openStore(
      options({
        pause: async (ms, signal) =>
          await new Promise((resolve, reject) => {
            if (ms === 3_600_000) hourLater = () => resolve();
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          }),
      }),
    );
    const old = record({ createdAt: now - 8 * 24 * 3600 * 1000, state: "STOPPED", stoppedAt: 1 });
    const young = record({ createdAt: now - 6 * 24 * 3600 * 1000, state: "STOPPED", stoppedAt: 1 });
    store.save(old);
    store.save(young);
    await store.settled();
    hourLater();
    await expect.poll(async () => await store.find(old.agentId)).toBeUndefined();
    expect(await store.find(young.agentId)).toBeDefined();
  });

  test("agents that a killed engine has left behind are FAILED after the next start", async () => {
    const left = record({ createdAt: now - 10_000 });
    {
      await using store = new Store(options()); // Closing waits for the opening, and for what was saved before it.
      store.save(left);
    }
    // The second store starts after the first has written.
    await using store = await openStore(options());
    expect(await store.find(left.agentId)).toMatchObject({
      state: "FAILED",
      message: "The engine stopped while the agent was running",
      stoppedAt: now,
    });
    const running = record();
    store.save(running);
    expect(await store.find(running.agentId)).toMatchObject({ state: "RUNNING" });
  });

  test.each([
    ["is full", () => new SqlError("could not extend file: No space left on device", "53100"), 1],
    ["is gone", () => new Error("the database's thread has ended"), 2],
  ])("a database that %s is told, loses nothing that waits, and is used again", async (_name, failure, timesOpened) => {
    const problems: string[] = [];
    let broken = false;
    let retry = () => {};
    let opened = 0;
    await using store = await openStore(
      options({
        onProblem: (problem) => problems.push(problem),
        pause: async (ms, signal) =>
          await new Promise((resolve, reject) => {
            if (ms === 5000) retry = () => resolve();
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          }),
        open: async () => {
          opened += 1;
          const real = database;
          return {
            ...real,
            query: async (sql, parameters) => {
              if (broken) throw failure();
              return await real.query(sql, parameters);
            },
          };
        },
      }),
    );
    expect(store.problem).toBeUndefined();

    broken = true;
    const agent = record();
    store.save(agent);
    await expect.poll(() => store.problem).toBe(`database: ${failure().message}`);
    await expect(store.find(agent.agentId)).rejects.toMatchObject({ code: "not-ready" });
    expect(problems).toEqual([`database: ${failure().message}`]);

    broken = false;
    retry();
    await expect.poll(() => store.problem).toBeUndefined();
    expect(await store.find(agent.agentId)).toEqual(agent);
    expect(opened).toBe(timesOpened);
  });

  test("a write that can never succeed is lost alone, and its call is marked incomplete", async () => {
    const problems: string[] = [];
    await using store = await openStore(options({ onProblem: (problem) => problems.push(problem) }));
    const agent = record();
    store.save(agent);
    const keep = store.follow(agent.agentId, now);
    keep({ type: "turn-end", at: Number.NaN, turnId: 1, uid: "7", text: "impossible", startMs: 0, endMs: 900, by: "voice" });
    keep({ type: "turn-end", at: 5, turnId: 2, uid: "7", text: "possible", startMs: 0, endMs: 900, by: "voice" });
    expect((await store.entries(agent.agentId)).map(({ content }) => content)).toEqual(["possible"]);
    expect(await database.query("select complete from agents where agent_id = $1", [agent.agentId])).toEqual([{ complete: false }]);
    expect(problems).toEqual([`a record of agent ${agent.agentId} was not written`]);
    expect(store.problem).toBeUndefined();
  });

  test("a transaction happens whole or not at all, and others wait for its end", async () => {
    await using _store = await openStore(options());
    const agent = (id: string) =>
      `insert into agents (agent_id, app_id, name, channel, uid, state, created_at) values ('${id}', 'app', 'n', 'c', '1', 'STOPPED', 1)`;
    const failing = database.transaction(async (connection) => {
      await connection.query(agent("HALF"));
      await connection.run(`${agent("HALF2")}; ${agent("HALF")}`);
    });
    await expect(failing).rejects.toMatchObject({ sqlState: "23505" });
    const [counted, kept] = await Promise.all([
      database.transaction(async (connection) => {
        await connection.query(agent("WHOLE"));
        return await connection.query("select agent_id from agents where agent_id in ('HALF', 'HALF2', 'WHOLE')");
      }),
      database.query("select 1 as one"),
    ]);
    expect(counted).toEqual([{ agent_id: "WHOLE" }]);
    expect(kept).toEqual([{ one: 1 }]);
    await expect(database.transaction(async () => await Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(await database.query("select count(*)::integer as count from agents where agent_id = 'WHOLE'")).toEqual([{ count: 1 }]);
  });

  test("another engine's agents run on until it gives no sign of life, and again when it does", async () => {
    const attending = (engineId: string) => {
      let attend = () => {};
      const given = options({
        engineId,
        pause: async (ms, signal) =>
          await new Promise((resolve, reject) => {
            if (ms === 20_000) attend = () => resolve();
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          }),
      });
      // The engine pauses from its start on.
      return { given, attend: () => attend() };
    };
    const [first, second] = [attending("first"), attending("second")];
    await using one = await openStore(first.given);
    const agent = record();
    one.save(agent);
    await one.settled();
    await using two = await openStore(second.given);
    expect(await two.find(agent.agentId)).toEqual(agent);

    await database.query("update engines set seen_at = now() - interval '61 seconds' where engine_id = 'first'");
    second.attend();
    await expect.poll(async () => await two.find(agent.agentId)).toMatchObject({ state: "FAILED", stoppedAt: now });
    first.attend();
    await expect.poll(async () => await two.find(agent.agentId)).toEqual(agent);
  });
});
