/** Holds @parley/rest to the door itself: its example, its errors, both ways to sign in. */
import { readFileSync } from "node:fs";
import { restClient } from "@parley/rest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildToken } from "../../projects/tokens.ts";
import { appId, certificate, openDoor } from "./door-stage.ts";

const door = openDoor();
const [customerId, customerSecret] = ["customer", "secret"];
let url = "";

beforeAll(async () => {
  url = await door.server.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await door.server.close();
});

test("the example of the package's page does what it says", async () => {
  // The page's own lines: the test below compares them.
  const parley = restClient({ url, appId, customerId, customerSecret });
  const { agent_id: agentId } = await parley.join({
    body: { name: "reception", properties: { channel: "lobby", token: "", agent_rtc_uid: "1001", remote_rtc_uids: ["*"] } },
  });
  await parley.speak({ agentId, body: { text: "Good morning.", priority: "APPEND" } });
  const { data } = await parley.listAgents({ query: { channel: "lobby" } });
  await parley.leave({ agentId });

  expect(data.list.map((agent) => agent.agent_id)).toEqual([agentId]);
  expect(door.sessions[0]?.said).toMatchObject([{ text: "Good morning.", priority: "append" }]);
  const page = readFileSync(new URL("../../../../rest-client/README.md", import.meta.url), "utf8");
  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
  const lines = readFileSync(new URL(import.meta.url), "utf8").replaceAll(/^ {2}/gm, "");
  expect(example.length).toBeGreaterThan(100);
  expect(lines).toContain(example);
});

test("a refusal is thrown with status, detail, reason and what else the engine says", async () => {
  const parley = restClient({ url, appId, customerId, customerSecret });
  await expect(parley.getAgent({ agentId: "nobody" })).rejects.toMatchObject({
    name: "RestError",
    status: 404,
    detail: expect.stringContaining("nobody"),
  });
  const body = { name: "twice", properties: { channel: "a", token: "", agent_rtc_uid: "7", remote_rtc_uids: ["*"] } };
  const { agent_id: agentId } = await parley.join({ body });
  await expect(parley.join({ body })).rejects.toMatchObject({ status: 409, reason: "TaskConflict", body: { agent_id: agentId } });
  await expect(restClient({ url, appId, customerId, customerSecret: "wrong" }).listAgents({})).rejects.toMatchObject({ status: 401 });
});

test("a token of the project signs in, too", async () => {
  const token = () => buildToken({ appId, certificate, channel: "any", uid: "1", expireSeconds: 600, now: door.clock.now() });
  const { meta } = await restClient({ url, appId, token }).listAgents({});
  expect(meta.total).toBeGreaterThanOrEqual(0);
});
