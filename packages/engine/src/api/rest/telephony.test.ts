import { expect, test } from "vitest";
import { buildToken } from "../../projects/tokens.ts";
import { appId, certificate, openDoor } from "./door-stage.ts";

const prefixes = ["/api/conversational-ai-agent", "/cn/api/conversational-ai-agent", ""];
const project = `/v2/projects/${appId}`;

test.each([
  ["POST", `${project}/call`],
  ["GET", `${project}/call`],
  ["GET", `${project}/calls/A1`],
  ["POST", `${project}/calls/A1/hangup`],
  ["GET", "/v2/phone-numbers"],
  ["POST", "/v2/phone-numbers"],
  ["GET", "/v2/phone-numbers/+15550100"],
  ["DELETE", "/v2/phone-numbers/+15550100"],
] as const)("%s %s is not built, and says so in the telephony endpoints' own shape", async (method, path) => {
  const { call } = openDoor();
  for (const prefix of prefixes) {
    const body = method === "POST" ? {} : undefined;
    expect(await call(method, `${prefix}${path}`, body)).toMatchObject({
      status: 501,
      body: { error_type: "NotImplemented", description: expect.stringContaining("telephony is not built") },
    });
    expect(await call(method, `${prefix}${path}`, body, { authorization: "Basic eDp5" })).toMatchObject({
      status: 401,
      body: { error_type: "InvalidPermission", description: expect.any(String) },
    });
  }
});

test("phone numbers take the token of a project, too", async () => {
  const { call, clock } = openDoor();
  const token = buildToken({ appId, certificate, channel: "stop", uid: "0", expireSeconds: 60, now: clock.now() });
  const get = async (authorization: string) => (await call("GET", "/v2/phone-numbers", undefined, { authorization })).status;
  expect(await get(`agora token=${token}`)).toBe(501);
  expect(await get(`agora token="${token}"`)).toBe(501);
  expect(await get("agora token=rubbish")).toBe(401);
  clock.moveBy(61_000);
  expect(await get(`agora token=${token}`)).toBe(401);
});

test("a broken body does not change the shape of the answer", async () => {
  const { call } = openDoor();
  expect(await call("POST", `${project}/call`, "{")).toMatchObject({
    status: 400,
    body: { error_type: "InvalidRequestBody", description: expect.stringContaining("not JSON") },
  });
});
