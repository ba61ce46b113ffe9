import { expect, onTestFinished, test } from "vitest";
import pino from "pino";
import { AppError } from "../../errors.ts";
import { buildToken } from "../../projects/tokens.ts";
import type { AgentRecord } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import { Projects } from "../../projects/projects.ts";
import type { Past } from "../../store/call-log.ts";
import type { LostAgent } from "../../store/recipes.ts";
import { appId, certificate, type DoorOptions, joinBody, openDoor, project, styles, vendors } from "./door-stage.ts";
import { readJoin } from "./recipe.ts";
import { Recovery, type RecoveryOptions } from "./recovery.ts";

const nothing: Past = { entries: [], turns: [] };
const offer = { vendors, styles, firstUserTimeoutS: 600 };

/** An agent as a killed engine leaves it behind. */
async function lose({
  name = "helper",
  properties = {},
  update = undefined as Record<string, unknown> | undefined,
} = {}): Promise<LostAgent> {
  const { call, log, recipes } = openDoor();
  const joined = await call("POST", "join", joinBody(name, properties));
  const agentId = String(joined.body?.["agent_id"]);
  if (update !== undefined) expect(await call("POST", `agents/${agentId}/update`, { properties: update })).toMatchObject({ status: 200 });
  const agent = log.records.get(agentId);
  if (agent === undefined) throw new Error(`no agent: ${JSON.stringify(joined)}`);
  return { agent: { ...agent, state: "RECOVERING" }, recipe: JSON.parse(JSON.stringify(recipes.get(agentId))), turn: 0 };
}

interface Restart {
  readonly past?: Past;
  readonly configured?: readonly Project[];
}

/** The next start of the engine. */
function restart(
  lost: readonly LostAgent[],
  { past = nothing, configured = [project], ...change }: Partial<Omit<RecoveryOptions, "projects">> & DoorOptions & Restart = {},
) {
  const door = openDoor({ ...change, projects: configured });
  for (const { agent } of lost) door.log.records.set(agent.agentId, agent);
  const attempts: string[] = [];
  const steady: string[] = [];
  const restored: string[] = [];
  const loaded = Promise.withResolvers<void>();
  const recovery = new Recovery({
    agents: door.agents,
    recipes: {
      lost: async () => [...lost],
      attempt: async (agentId) => void attempts.push(agentId),
      steady: (agentId) => steady.push(agentId),
    },
    store: { opened: Promise.resolve(), entries: async () => [...past.entries], turns: async () => [...past.turns] },
    readers: { join: readJoin(offer) },
    styles,
    restore: door.starter.restore,
    onRestored: ({ agent }) => restored.push(agent.agentId),
    ready: loaded.promise,
    pause: door.clock.pause,
    log: pino({ level: "silent" }),
    ...change,
    projects: new Projects({ projects: configured, now: door.clock.now }),
  });
  onTestFinished(async () => await recovery[Symbol.asyncDispose]());
  const get = async ({ agent: { agentId } }: LostAgent) => (await door.call("GET", `agents/${agentId}`)).body;
  return { ...door, recovery, attempts, steady, restored, get, load: loaded.resolve };
}

const failedWith = (text: string) => ({ status: "FAILED", message: `agent exits with reason: The agent could not be restored: ${text}` });

test("until it is restored a lost agent is RECOVERING: it is found and listed, has its name, and takes no orders", async () => {
  const lost = await lose();
  const { recovery, call, get, load } = restart([lost]);
  await recovery.known;
  const { agentId } = lost.agent;
  expect(await get(lost)).toMatchObject({ status: "RECOVERING", agent_id: agentId, name: "helper", stop_ts: 0 });
  expect((await call("GET", "agents?state=5")).body).toMatchObject({
    data: { count: 1, list: [{ agent_id: agentId, status: "RECOVERING" }] },
  });
  expect((await call("GET", "agents")).body).toMatchObject({ data: { count: 0 } });
  expect(await call("POST", "join", joinBody("helper"))).toMatchObject({ status: 409, body: { agent_id: agentId, status: "RECOVERING" } });
  for (const order of ["speak", "think", "update", "interrupt"] as const) {
    const body = order === "update" ? { properties: {} } : { text: "hello" };
    expect(await call("POST", `agents/${agentId}/${order}`, body)).toMatchObject({ status: 404 });
  }
  expect(await call("DELETE", `agents/${agentId}`)).toMatchObject({ status: 409 });
  load();
  await expect.poll(async () => await get(lost)).toMatchObject({ status: "RUNNING", start_ts: Math.floor(lost.agent.startedAt / 1000) });
});

test("it comes back as who it was: record, config, memory, turns; what was updated stays updated", async () => {
  const update = { llm: { system_messages: [{ role: "system", content: "Shout, {{who}}." }] } };
  const first = await lose({ properties: { labels: { shop: "7" }, llm: { style: "local", template_variables: { who: "Ann" } } }, update });
  const past: Past = {
    entries: [
      { number: 1, turnId: 1, role: "assistant", content: "Welcome.", source: "greeting", uid: "", interrupted: false, at: 1000 },
      { number: 2, turnId: 3, role: "user", content: "And now?", source: "asr", uid: "5", interrupted: false, at: 3000 },
      {
        number: 3,
        turnId: 2,
        role: "assistant",
        content: "Well, it",
        original: "Well, it is late.",
        source: "llm",
        uid: "",
        interrupted: true,
        at: 2500,
      },
      { number: 4, turnId: 3, role: "assistant", content: "", source: "llm", uid: "", interrupted: true, original: "Late.", at: 4000 },
    ],
    turns: [
      { turnId: 1, start: { type: "greeting", nth: 1 }, startedAt: 900, end: { type: "ok", playedMs: 100 }, endedAt: 1000, metrics: {} },
    ],
  };
  const { sessions, load, recipes, get, attempts, restored, steady, clock, call, places } = restart([{ ...first, turn: 4 }], { past });
  const { agentId } = first.agent;
  load();
  await expect.poll(async () => await get(first)).toMatchObject({ status: "RUNNING" });
  const [session] = sessions;
  expect(places).toEqual([{ appId, channel: "room", uid: "1001", remoteUids: ["*"] }]);
  expect(session?.request.config.systemMessages).toEqual([]);
  expect(session?.changes).toMatchObject([{ systemMessages: [{ role: "system", content: "Shout, Ann." }] }]);
  expect(session?.request.restored).toMatchObject({ turn: 4, greeted: true });
  expect(session?.request.restored?.history.map(({ turnId, content, original, uid }) => [turnId, content, original, uid])).toEqual([
    [1, "Welcome.", undefined, undefined],
    [2, "Well, it", "Well, it is late.", undefined],
    [3, "And now?", undefined, "5"],
  ]);
  expect(attempts).toEqual([agentId]);
  expect(restored).toEqual([agentId]);
  expect((await call("GET", `agents/${agentId}/turns`)).body).toMatchObject({ total_turn_count: 1 });
  // A second restart finds the same.
  expect(recipes.get(agentId)).toEqual(first.recipe);

  expect(steady).toEqual([]);
  clock.moveBy(60_000);
  await expect.poll(() => steady).toEqual([agentId]);
});

test("of updates the newest value of each field counts, whole", async () => {
  const { call, recipes } = openDoor();
  const { body } = await call("POST", "join", joinBody("a", { llm: { style: "local" } }));
  const agentId = String(body?.["agent_id"]);
  const update = async (properties: object) => await call("POST", `agents/${agentId}/update`, { properties });
  await update({ llm: { system_messages: [{ role: "system", content: "one" }], params: { model: "a", top_p: 1 } } });
  await update({ llm: { params: { model: "b" } } });
  await update({ llm: { system_messages: [{ role: "system", content: "two" }] }, token: null });
  expect(recipes.get(agentId)?.update).toEqual({
    properties: { llm: { system_messages: [{ role: "system", content: "two" }], params: { model: "b" } } },
  });
});

test("a project that has gone, an unreadable request, and a name that somebody has end an agent, each with its reason", async () => {
  const [lost, unreadable, foreign] = [await lose({ name: "a" }), await lose({ name: "b" }), await lose({ name: "c" })];
  const gone = restart([lost], { configured: [] });
  gone.load();
  await expect
    .poll(() => gone.log.records.get(lost.agent.agentId))
    .toMatchObject({
      state: "FAILED",
      message: `The agent could not be restored: project ${appId} is not configured any more`,
    });

  const { load, get } = restart([
    { ...unreadable, recipe: undefined },
    { ...foreign, recipe: { door: "of another version", body: {} } },
  ]);
  load();
  await expect
    .poll(async () => await get(unreadable))
    .toMatchObject({ status: "FAILED", message: expect.stringContaining("cannot be read") });
  await expect.poll(async () => await get(foreign)).toMatchObject(failedWith("what it was asked to be cannot be read"));
});

test("a vendor that this engine does not have any more ends the agent, and says which", async () => {
  const lost = await lose({ properties: { tts: { vendor: "microsoft", params: { key: "sk-x", region: "r", voice_name: "v" } } } });
  const { load, get } = restart([lost], {
    readers: { join: readJoin({ ...offer, vendors: vendors.filter(({ name }) => name === "local") }) },
  });
  load();
  await expect
    .poll(async () => await get(lost))
    .toMatchObject({ status: "FAILED", message: expect.stringContaining('properties.tts.vendor: "microsoft"') });
  expect(JSON.stringify(await get(lost))).not.toContain("sk-x");
});

test("where there is no room for all, the first come back and the others say why they do not", async () => {
  const all = [await lose({ name: "a" }), await lose({ name: "b" }), await lose({ name: "c" })];
  const { load, get, agents } = restart(all, { embeddedCalls: 2 });
  load();
  await expect
    .poll(async () => (await Promise.all(all.map(get))).map((body) => body?.["status"]))
    .toEqual(["RUNNING", "RUNNING", "FAILED"]);
  expect(await get(all[2]!)).toMatchObject(failedWith("this machine holds 2 calls with embedded speech at once, and 2 are running"));
  expect(agents.running).toBe(2);
});

test("a place in the channel that is taken ends the agent, and frees its name", async () => {
  const lost = await lose();
  let starts = 0;
  const fail = (): never => {
    starts += 1;
    throw new Error("uid 1001 is in channel room already");
  };
  const { load, get, agents } = restart([lost], { fail });
  load();
  await expect.poll(async () => await get(lost)).toMatchObject({ status: "FAILED" });
  expect(starts).toBe(1);
  expect(agents.running).toBe(0);
});

test("an agent that is let go before it is restored has STOPPED, and is not restored", async () => {
  const lost = await lose();
  const { recovery, load, get, call, sessions } = restart([lost]);
  await recovery.known;
  expect(await call("POST", `agents/${lost.agent.agentId}/leave`)).toMatchObject({ status: 200 });
  load();
  await recovery[Symbol.asyncDispose]();
  expect(await get(lost)).toMatchObject({ status: "STOPPED", message: "agent exits with reason: OK" });
  expect(sessions).toEqual([]);
});

test.each([
  ["there is", async () => {}],
  ["is gone with it", async () => await Promise.reject(new AppError("agent-not-found", "what it takes to start it again is gone"))],
])(
  "an agent that is let go and deleted while it is being restored stays so, and nothing is told of it: its recipe %s",
  async (_what, count) => {
    const token = buildToken({ appId, certificate, channel: "room", uid: "1001", expireSeconds: 600, now: 1_737_111_452_000 });
    const lost = await lose({ properties: { token } });
    const { agentId } = lost.agent;
    const beginning = Promise.withResolvers<void>();
    const counted = Promise.withResolvers<void>();
    const logged: string[] = [];
    const { recovery, load, call, sessions, recipes, tokens, restored } = restart([lost], {
      recipes: {
        lost: async () => [lost],
        attempt: async () => {
          beginning.resolve();
          await counted.promise;
          await count();
        },
        steady: () => {},
      },
      log: pino({ level: "info" }, { write: (line: string) => void logged.push(line) }),
    });
    load();
    await beginning.promise;
    expect(await call("DELETE", `agents/${agentId}`)).toMatchObject({ status: 409 });
    expect(await call("POST", `agents/${agentId}/leave`)).toMatchObject({ status: 200 });
    expect(await call("DELETE", `agents/${agentId}`)).toMatchObject({ status: 200 });
    counted.resolve();
    await recovery[Symbol.asyncDispose]();
    expect(await call("GET", `agents/${agentId}`)).toMatchObject({ status: 404 });
    expect([sessions, restored, tokens, [...recipes.keys()]]).toEqual([[], [], [], []]);
    expect(logged).toEqual([]);
  },
);

test("an engine that is told to end before it has restored an agent lets it go", async () => {
  const lost = await lose();
  const { recovery, load, log, agents, sessions } = restart([lost]);
  await recovery.known;
  await agents.drain(new AbortController().signal);
  load();
  await recovery[Symbol.asyncDispose]();
  expect(log.records.get(lost.agent.agentId)).toMatchObject({ state: "STOPPED", message: "OK" });
  expect(sessions).toEqual([]);
});

test("a new agent that got the name while the lost one was not known yet keeps it", async () => {
  const lost = await lose();
  const found = Promise.withResolvers<LostAgent[]>();
  const { recovery, call, log } = restart([lost], {
    recipes: { lost: async () => await found.promise, attempt: async () => {}, steady: () => {} },
  });
  const joined = await call("POST", "join", joinBody("helper"));
  expect(joined.status).toBe(200);
  found.resolve([lost]);
  await recovery.known;
  expect(log.records.get(lost.agent.agentId)).toMatchObject({ state: "FAILED", message: expect.stringContaining("has its name") });
  expect(await call("POST", "join", joinBody("helper"))).toMatchObject({ status: 409, body: { agent_id: joined.body?.["agent_id"] } });
});

test("a database that fails when it is asked for lost agents is asked again", async () => {
  const lost = await lose();
  let asked = 0;
  const { clock, get, load } = restart([lost], {
    recipes: {
      lost: async () => {
        asked += 1;
        if (asked === 1) throw new Error("gone");
        return await Promise.resolve([lost]);
      },
      attempt: async () => {},
      steady: () => {},
    },
  });
  load();
  await expect.poll(() => asked).toBe(1);
  clock.moveBy(5000);
  await expect.poll(async () => (await get(lost))?.["status"]).toBe("RUNNING");
});

test("the life of an agent is limited from its creation on, over restarts", async () => {
  const limited = { ...project, limits: { agentLifetimeS: 100 } };
  const { agents, call, clock, log } = openDoor({ projects: [limited] });
  const { body } = await call("POST", "join", joinBody());
  const agentId = String(body?.["agent_id"]);
  const agent = (): AgentRecord | undefined => log.records.get(agentId);
  clock.moveBy(99_999);
  expect(agent()).toMatchObject({ state: "RUNNING" });
  clock.moveBy(1);
  await agents.gone(agentId);
  await expect.poll(() => agent()).toMatchObject({ state: "STOPPED", message: "Task lifetime limit exceeded" });

  const lost = await lose();
  const next = restart([lost], { configured: [limited] });
  next.load();
  await expect.poll(async () => (await next.get(lost))?.["status"]).toBe("RUNNING");
  next.clock.moveBy(lost.agent.createdAt + 100_000 - next.clock.now());
  await expect
    .poll(() => next.log.records.get(lost.agent.agentId))
    .toMatchObject({ state: "STOPPED", message: "Task lifetime limit exceeded" });
});

test("the end of a token is told when the agent starts, with a later token anew; empty ones have none", async () => {
  const { call, tokens, clock } = openDoor();
  const token = (seconds: number) =>
    buildToken({ appId, certificate, channel: "room", uid: "1001", expireSeconds: seconds, now: clock.now() });
  const { body } = await call("POST", "join", joinBody("a", { token: token(100) }));
  const agentId = String(body?.["agent_id"]);
  await call("POST", `agents/${agentId}/update`, { properties: { token: token(200) } });
  await call("POST", `agents/${agentId}/update`, { properties: { llm: { system_messages: [] } } });
  await call("POST", "join", joinBody("b", { agent_rtc_uid: "1002" }));
  expect(tokens).toEqual([
    { agentId, expiresAt: clock.now() + 100_000 },
    { agentId, expiresAt: clock.now() + 200_000 },
  ]);
});
