import { expect, test } from "vitest";
import { AppError } from "../../errors.ts";
import { appId, joinBody, openDoor, project } from "./door-stage.ts";

type Door = ReturnType<typeof openDoor>;
type Answer = Awaited<ReturnType<Door["call"]>>;

const join = async (door: Door, body: unknown = joinBody(), headers: Record<string, string> = {}) =>
  await door.call("POST", "join", body, headers);

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
  [502, "ServiceUnavailable", async () => await join(openDoor({ fail: () => fail(new AppError("vendor-unreachable", "tts at x:1")) }))],
  [
    503,
    "ServiceUnavailable",
    async () => {
      const door = openDoor();
      await door.agents.drain(AbortSignal.abort());
      return await join(door);
    },
  ],
];

function fail(error: Error): never {
  throw error;
}

test.each(provoked)("%i %s", async (status, reason, provoke) => {
  const answer = await provoke();
  expect(answer).toMatchObject({ status, body: { reason, detail: expect.any(String) } });
  expect(answer.body?.["detail"]).not.toContain("xyzzy");
});

test("an agent that could not start is FAILED, and its name is free", async () => {
  const door = openDoor({ fail: () => fail(new AppError("vendor-unreachable", "tts at x:1")) });
  await join(door);
  expect([...door.log.records.values()]).toMatchObject([{ appId, state: "FAILED", message: "tts at x:1" }]);
  expect(door.agents.running).toBe(0);
});
