import { createResampler } from "@parley/media";
import { type ChatFailure, type ChatSimulator, startChatSimulator } from "@parley/simulators";
import { expect, onTestFinished, test } from "vitest";
import type { Project } from "../../projects/project.ts";
import { Channels } from "../../rtc/channel.ts";
import { Sessions } from "../../session/sessions.ts";
import { openChannelTransport } from "../../transports/channel.ts";
import { checkLlm } from "../../vendors/check-llm.ts";
import { openVendors } from "../../vendors/index.ts";
import { Network } from "../../vendors/network.ts";
import { appId, joinBody, openDoor, project, vendors } from "./door-stage.ts";

type Door = ReturnType<typeof openDoor>;
type Answer = Awaited<ReturnType<Door["call"]>>;

const join = async (door: Door, body: unknown = joinBody(), headers: Record<string, string> = {}) =>
  await door.call("POST", "join", body, headers);

const openAs = (change: Partial<Project>): Door => openDoor({ projects: [{ ...project, ...change }] });

/** A door whose agents truly enter a channel, once their language model, a server on loopback, has said a word. */
async function openChecked(failure?: ChatFailure, startDeadline?: (chat: ChatSimulator) => AbortSignal, gate?: Promise<void>) {
  const chat = await startChatSimulator(failure === undefined ? {} : { failure });
  const network = new Network({ allowLoopback: true, proxies: {} });
  const choice = openVendors({ network, vendors });
  const conversations = new Sessions({
    vendors: choice,
    openVad: () => fail(new Error("nobody speaks here")),
    resample: createResampler,
    readMessage: () => ({ type: "invalid", message: "nobody writes here" }),
  });
  const channels = new Channels();
  const door = openDoor({
    projects: [{ ...project, checkLlm: true }],
    conversations,
    openChannel: (place) => async (clock, signal) => {
      await gate;
      return await openChannelTransport({ channels, ...place })(clock, signal);
    },
    checkLlm: async (chosen, signal) => await checkLlm(choice.openLlm(chosen), signal),
    ...(startDeadline === undefined ? {} : { startDeadline: () => startDeadline(chat) }),
  });
  onTestFinished(async () => {
    await conversations[Symbol.asyncDispose]();
    await door.agents[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await chat.close();
  });
  const members = () => channels.open(appId, "room").members;
  return { door, chat, members, join: async () => await join(door, joinBody("agent", { llm: { url: chat.url, params: { model: "m" } } })) };
}

/** Aborted when the language model has been asked. */
function onceAsked(chat: ChatSimulator): AbortSignal {
  const deadline = new AbortController();
  void chat.request(0).then(() => deadline.abort());
  return deadline.signal;
}

/** Each status with its reason, and what provokes it. */
const provoked: [number, string, () => Promise<Answer>][] = [
  [400, "InvalidRequestBody", async () => await join(openDoor(), "{")],
  [400, "MissingRequiredField", async () => await join(openDoor(), { name: "a" })],
  [400, "InvalidFieldValue", async () => await join(openDoor(), joinBody("a", { idle_timeout: -1 }))],
  [401, "InvalidPermission", async () => await join(openDoor(), joinBody(), { authorization: "Basic eDp5" })],
  [
    403,
    "InvalidPermission",
    async () => {
      const other = { ...project, appId: "f".repeat(32), customers: [] };
      return await openDoor({ projects: [project, other] }).call("POST", `/v2/projects/${other.appId}/join`, joinBody());
    },
  ],
  [403, "AccountSuspended", async () => await openAs({ suspended: true }).call("GET", "agents")],
  [403, "ServiceNotEnabled", async () => await join(openAs({ services: new Set(["channels"]) }))],
  [404, "TaskNotFound", async () => await openDoor().call("GET", `agents/${"A".repeat(32)}`)],
  [404, "NotImplemented", async () => await openDoor().call("GET", "nothing")],
  [
    409,
    "TaskConflict",
    async () => {
      const door = openDoor();
      await join(door);
      return await join(door);
    },
  ],
  [413, "InvalidRequestBody", async () => await join(openDoor(), JSON.stringify({ name: "x".repeat(10 * 1024 * 1024) }))],
  [422, "ResourceQuotaLimitExceeded", async () => await join(openDoor({ projects: [{ ...project, limits: { agents: 0 } }] }))],
  [
    429,
    "ConcurrencyLimitExceeded",
    async () => {
      const door = openDoor({ projects: [{ ...project, limits: { requestsPerSecond: 1 } }] });
      await door.call("GET", "agents");
      return await door.call("GET", "agents");
    },
  ],
  [500, "InternalError", async () => await join(openDoor({ fail: () => fail(new Error("a bug: xyzzy")) }))],
  [502, "ServiceUnavailable", async () => await (await openChecked({ type: "status", status: 500 })).join()],
  [502, "ServiceUnavailable", async () => await (await openChecked({ type: "malformed" })).join()],
  [
    503,
    "ServiceUnavailable",
    async () => {
      const door = openDoor();
      await door.agents.drain(AbortSignal.abort());
      return await join(door);
    },
  ],
  [503, "ResourceAllocationFailed", async () => await join(openDoor({ embeddedCalls: undefined }))],
  [504, "TaskOperationTimeout", async () => await (await openChecked({ type: "hang" }, onceAsked)).join()],
];

function fail(error: Error): never {
  throw error;
}

test.each(provoked)("%i %s", async (status, reason, provoke) => {
  const answer = await provoke();
  expect(answer).toMatchObject({ status, body: { reason, detail: expect.any(String) } });
  expect(answer.body?.["detail"]).not.toContain("xyzzy");
  // Who tries again by itself is told when.
  expect(answer.headers["retry-after"]).toEqual(status === 429 || status === 503 ? expect.stringMatching(/^[1-9]\d*$/) : undefined);
});

test("an agent that could not start is FAILED, and its name is free", async () => {
  const { door, chat, join: joinAgain } = await openChecked();
  await chat.close();
  expect(await joinAgain()).toMatchObject({
    status: 502,
    body: { detail: expect.stringContaining(`127.0.0.1:${chat.port} cannot be reached`) },
  });
  expect([...door.log.records.values()]).toMatchObject([{ appId, state: "FAILED", message: expect.stringContaining("cannot be reached") }]);
  expect(door.agents.running).toBe(0);
  expect(await joinAgain()).toMatchObject({ status: 502 });
});

test("with check_llm a model that answers is asked one thing, and the agent is in its channel", async () => {
  const { chat, join: joinChecked } = await openChecked();
  expect(await joinChecked()).toMatchObject({ status: 200, body: { status: "RUNNING" } });
  expect(chat.requests).toMatchObject([{ body: { model: "m", messages: [{ role: "user", content: "Say yes." }] } }]);
});

test("an agent that is given up at its deadline does not come into the channel later, and its name is free", async () => {
  const gate = Promise.withResolvers<void>();
  const { door, members, join: joinGated } = await openChecked(undefined, onceAsked, gate.promise);
  expect(await joinGated()).toMatchObject({ status: 504, body: { reason: "TaskOperationTimeout" } });
  gate.resolve();
  expect(await joinGated()).toMatchObject({ status: 504 });
  await door.agents.drain(AbortSignal.abort());
  expect(members()).toEqual([]);
  expect([...door.log.records.values()].map(({ state }) => state)).toEqual(["FAILED", "FAILED"]);
});

test("what an operator has closed tells nothing to who has no credentials", async () => {
  const door = openAs({ suspended: true });
  expect(await door.call("GET", "agents", undefined, { authorization: "Basic eDp5" })).toMatchObject({ status: 401 });
});
