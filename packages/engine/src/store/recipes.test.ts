import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import type { AgentRecord } from "../projects/agents.ts";
import { Recipes } from "./recipes.ts";
import { Store } from "./store.ts";
import { sharedDatabase, testDatabases } from "./test-databases.ts";
import { Vault } from "./vault.ts";

const now = 1_737_000_000_000;
const secret = "sk-very-secret";

describe.each(testDatabases)("$name", ({ make }) => {
  const database = sharedDatabase(make);
  let count = 0;
  let engineId = "";
  beforeEach(() => {
    count += 1;
    engineId = `engine ${count}`;
  });

  const vault = new Vault(randomBytes(32));

  /** A run of this test's engine, or of another; nothing ends an earlier one, as when it was killed. */
  async function run({ engine = engineId, restoreWithinS = 300, key = vault } = {}) {
    let attend = () => {};
    const store = new Store({
      open: async () => ({
        query: async (sql, parameters) => await database.query(sql, parameters),
        transaction: async (work) => await database.transaction(work),
        async [Symbol.asyncDispose]() {},
      }),
      engineId: engine,
      keepTranscripts: true,
      retentionDays: 7,
      restoreWithinS,
      now: () => now,
      pause: async (ms, signal) =>
        await new Promise((resolve, reject) => {
          if (ms === 20_000) attend = () => resolve();
          signal.addEventListener("abort", () => reject(new Error("aborted")));
        }),
      onProblem: (problem, error) => {
        throw new Error(problem, { cause: error });
      },
    });
    await store.opened;
    return { store, recipes: new Recipes(store, key), attend: () => attend() };
  }

  const record = (state: AgentRecord["state"] = "RUNNING"): AgentRecord => ({
    agentId: `AGENT${count}`,
    appId: `app${count}`,
    name: "helper",
    channel: "room",
    uid: "1",
    labels: { shop: "7" },
    state,
    message: "",
    createdAt: now - 1000,
    startedAt: state === "STARTING" ? 0 : now - 900,
    stoppedAt: 0,
  });

  /** An engine that is killed while it holds an agent. */
  async function killed(agent = record()) {
    const { store, recipes } = await run();
    store.save(agent);
    recipes.keep(agent.agentId, { door: "join", body: { api_key: secret } });
    const follow = recipes.follow(agent.agentId);
    for (const turnId of [1, 2, 2]) follow({ type: "turn-start", at: 0, turnId, uid: "7" });
    await store.settled();
    return agent;
  }

  const silentFor = async (seconds: number, engine = engineId) =>
    await database.query("update engines set seen_at = now() - $2::double precision * interval '1 second' where engine_id = $1", [
      engine,
      seconds,
    ]);

  test.each(["RUNNING", "STARTING"] as const)(
    "a killed engine's %s agent is RECOVERING at its next start, with what it takes to start it",
    async (state) => {
      const agent = await killed(record(state));
      const { store, recipes } = await run();
      expect(await store.find(agent.agentId)).toEqual({ ...agent, state: "RECOVERING" });
      const lost = await recipes.lost();
      expect(lost).toEqual([{ agent: { ...agent, state: "RECOVERING" }, turn: 2, recipe: { door: "join", body: { api_key: secret } } }]);
      const filter = { appId: agent.appId, from: 0, to: now, limit: 10 };
      expect(await store.list({ ...filter, states: ["RECOVERING"] })).toMatchObject({ total: 1 });
    },
  );

  test("nothing of a request is in the database in clear, and nothing at all once the agent has exited", async () => {
    const agent = await killed();
    const rows = async () => await database.query("select * from recipes where agent_id = $1", [agent.agentId]);
    expect(JSON.stringify(await rows())).not.toContain(secret);
    const { store } = await run();
    store.save({ ...agent, state: "STOPPED", message: "OK", stoppedAt: now });
    await store.settled();
    expect(await rows()).toEqual([]);
  });

  test("a request that was sealed with another key is told to be unreadable", async () => {
    await killed();
    const { recipes } = await run({ key: new Vault(randomBytes(32)) });
    expect(await recipes.lost()).toMatchObject([{ recipe: undefined }]);
  });

  test("an agent that was leaving has left", async () => {
    const agent = await killed(record());
    const { store } = await run({ engine: "a stranger" });
    store.save({ ...agent, state: "STOPPING" });
    await store.settled();
    const next = await run();
    expect(await next.store.find(agent.agentId)).toMatchObject({ state: "STOPPED", message: "OK", stoppedAt: now });
    expect(await next.recipes.lost()).toEqual([]);
  });

  test("too late for the engine's setting, it has FAILED", async () => {
    const agent = await killed();
    await silentFor(301);
    const { store } = await run();
    expect(await store.find(agent.agentId)).toMatchObject({
      state: "FAILED",
      message: "The engine was away too long for the agent to be restored",
    });
  });

  test("an engine that is to restore nobody ends its agents as before", async () => {
    const agent = await killed();
    const { store } = await run({ restoreWithinS: 0 });
    expect(await store.find(agent.agentId)).toMatchObject({ state: "FAILED", message: "The engine stopped while the agent was running" });
  });

  test("an agent whose restorations the engine does not survive is given up after three; a steady one starts anew", async () => {
    const agent = await killed();
    for (let attempt = 0; attempt < 2; attempt += 1) await (await run()).recipes.attempt(agent.agentId);
    const steady = await run();
    steady.recipes.steady(agent.agentId);
    await steady.store.settled();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const { recipes } = await run();
      expect(await recipes.lost()).toHaveLength(1);
      await recipes.attempt(agent.agentId);
    }
    const { store, recipes } = await run();
    expect(await store.find(agent.agentId)).toMatchObject({
      state: "FAILED",
      message: "The engine stopped 3 times soon after the agent was restored",
    });
    expect(await recipes.lost()).toEqual([]);
    await expect(recipes.attempt(agent.agentId)).rejects.toMatchObject({ code: "agent-not-found" });
  });

  test("the time to restore counts from the first loss, however often the engine starts meanwhile", async () => {
    const agent = await killed();
    await silentFor(200);
    await run();
    await database.query("update recipes set lost_at = lost_at - interval '150 seconds' where agent_id = $1", [agent.agentId]);
    const { store } = await run();
    expect(await store.find(agent.agentId)).toMatchObject({ state: "FAILED" });
  });

  test("an agent of another engine that died waits for that engine, as RECOVERING, and has FAILED when that stays away", async () => {
    const agent = await killed();
    await silentFor(61);
    const other = await run({ engine: `other of ${engineId}` });
    expect(await other.store.find(agent.agentId)).toMatchObject({ state: "RECOVERING", stoppedAt: 0 });
    expect(await other.recipes.lost()).toEqual([]);
    // Its own engine restores it, also now.
    expect(await (await run()).recipes.lost()).toMatchObject([{ agent: { agentId: agent.agentId } }]);

    const second = await killed({ ...record(), agentId: `SECOND${count}` });
    await silentFor(61);
    other.attend();
    await expect.poll(async () => await other.store.find(second.agentId)).toMatchObject({ state: "RECOVERING" });
    await silentFor(301);
    await database.query("update recipes set lost_at = now() - interval '301 seconds' where agent_id = $1", [second.agentId]);
    other.attend();
    await expect.poll(async () => await other.store.find(second.agentId)).toMatchObject({ state: "FAILED", stoppedAt: now });
    expect(await database.query("select 1 from recipes where agent_id = $1", [second.agentId])).toEqual([]);
  });

  test("an engine that stood still for a minute and lives records its agents as running again", async () => {
    const { store, recipes, attend } = await run();
    const agent = record();
    store.save(agent);
    recipes.keep(agent.agentId, {});
    await store.settled();
    await silentFor(61);
    const other = await run({ engine: `other of ${engineId}` });
    expect(await other.store.find(agent.agentId)).toMatchObject({ state: "RECOVERING" });
    attend();
    await expect.poll(async () => await other.store.find(agent.agentId)).toEqual(agent);
    await store.settled();
    expect(await database.query("select lost_at from recipes where agent_id = $1", [agent.agentId])).toEqual([{ lost_at: null }]);
  });
});
