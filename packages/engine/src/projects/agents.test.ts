import { expect, test } from "vitest";
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

async function configOf(call: ReturnType<typeof openDoor>["call"], sessions: ReturnType<typeof openDoor>["sessions"]) {
  await call("POST", "join", joinBody("bystander"));
  const [session] = sessions;
  if (session === undefined) throw new Error("no session was started");
  return session.request.config;
}
