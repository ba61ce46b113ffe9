import { expect, test } from "vitest";
import { AppError } from "../errors.ts";
import type { AgentLog, AgentRecord } from "./agents.ts";
import { joinBody, openDoor, project } from "../api/rest/door-stage.ts";

test("draining waits for the calls that run, and no longer", async () => {
  const { agents, call, sessions } = openDoor();
  const first = String((await call("POST", "join", joinBody("one"))).body?.["agent_id"]);
  await call("POST", "join", joinBody("two"));
  let drained = false;
  const draining = agents.drain(new AbortController().signal).then(() => (drained = true));

  sessions[0]?.end("STOPPED", "Idle for too long");
  await agents.gone(first);
  expect(drained).toBe(false);
  sessions[1]?.end("STOPPED", "Idle for too long");
  await draining;
  expect(agents.running).toBe(0);
});

test("draining ends when its time is over: the calls that still run are let go", async () => {
  const { agents, call, log } = openDoor();
  await call("POST", "join", joinBody("one"));
  const patience = new AbortController();
  const draining = agents.drain(patience.signal);
  patience.abort();
  await draining;
  expect([...log.records.values()].map(({ state }) => state)).toEqual(["STOPPED"]);
});

test("a bug in what follows a conversation ends that agent alone, and is told", async () => {
  const { agents, sessions, bugs, call } = openDoor();
  const config = { ...(await configOf(call, sessions)) };
  const { agent } = await agents.start({
    project,
    name: "unlucky",
    channel: "c",
    uid: "1",
    labels: {},
    config,
    open: () => Promise.reject(new Error("not opened")),
    onEvent: () => {
      throw new TypeError("bug");
    },
  });
  sessions[1]?.end("STOPPED", "OK", [{ type: "state", at: 0, state: "idle", turnId: 0 }]);
  await agents.gone(agent.agentId);

  expect(bugs).toEqual([new TypeError("bug")]);
  expect(agents.running).toBe(1);
});

/** Records that other engines share, with this claim of a name. */
function sharedLog(claim: AgentLog["claim"]): AgentLog & { readonly saved: AgentRecord[] } {
  const saved: AgentRecord[] = [];
  return {
    saved,
    claim,
    save: (record) => void saved.push(record),
    find: async (agentId) => saved.findLast((record) => record.agentId === agentId),
    list: async () => ({ agents: [], next: "", total: 0 }),
    turns: async () => [],
    deleteCall: async () => {},
  };
}

test("while the records cannot be asked, names are the engine's own, and calls begin", async () => {
  const shared = sharedLog(() => Promise.reject(new AppError("not-ready", "the database is away")));
  const { call } = openDoor({ shared });
  expect(await call("POST", "join", joinBody("one"))).toMatchObject({ status: 200 });
  expect(shared.saved.map(({ state }) => state)).toEqual(["STARTING", "RUNNING"]);
  expect(await call("POST", "join", joinBody("one"))).toMatchObject({ status: 409 });
});

test("records that do not answer are waited for, but not for long", async () => {
  const asking = Promise.withResolvers<void>();
  const shared = sharedLog(async () => {
    asking.resolve();
    return await new Promise(() => {});
  });
  const { call, clock } = openDoor({ shared });
  const joined = call("POST", "join", joinBody("one"));
  await asking.promise;
  clock.moveBy(3000);
  expect(await joined).toMatchObject({ status: 200 });
});

test("everybody who asks while another engine is asked is told who has the name there, and it is free here", async () => {
  const answer = Promise.withResolvers<AgentRecord | undefined>();
  const answers = [answer.promise, Promise.resolve(undefined)];
  const { call, agents, recipes } = openDoor({ shared: sharedLog(async () => await answers.shift()) });
  const asked = [call("POST", "join", joinBody("one")), call("POST", "join", joinBody("one"))];
  const other = await openDoor().call("POST", "join", joinBody("one"));
  const agentId = String(other.body?.["agent_id"]);
  answer.resolve({ ...exited, agentId, name: "one", state: "RUNNING", stoppedAt: 0 });
  for (const told of await Promise.all(asked)) expect(told).toMatchObject({ status: 409, body: { agent_id: agentId, status: "RUNNING" } });
  expect(agents.running).toBe(0);
  expect(recipes.size).toBe(0);
  expect(await call("POST", "join", joinBody("one"))).toMatchObject({ status: 200 });
});

test("an agent whose name is asked for when the engine ends is waited for, and let go", async () => {
  const answer = Promise.withResolvers<undefined>();
  const asking = Promise.withResolvers<void>();
  const shared = sharedLog(async () => {
    asking.resolve();
    return await answer.promise;
  });
  const { call, agents } = openDoor({ shared });
  const asked = call("POST", "join", joinBody("one"));
  await asking.promise;
  const ended = agents[Symbol.asyncDispose]();
  answer.resolve(undefined);
  await ended;
  await asked;
  expect(agents.running).toBe(0);
  expect(shared.saved.at(-1)).toMatchObject({ state: "STOPPED" });
});

const exited: AgentRecord = {
  agentId: "",
  appId: project.appId,
  name: "",
  channel: "room",
  uid: "1",
  labels: {},
  state: "STOPPED",
  message: "",
  createdAt: 1_737_111_452_000,
  startedAt: 1_737_111_452_000,
  stoppedAt: 1_737_111_452_000,
};

async function configOf(call: ReturnType<typeof openDoor>["call"], sessions: ReturnType<typeof openDoor>["sessions"]) {
  await call("POST", "join", joinBody("bystander"));
  const [session] = sessions;
  if (session === undefined) throw new Error("no session was started");
  return session.request.config;
}
