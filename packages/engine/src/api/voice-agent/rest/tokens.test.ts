import fc from "fast-check";
import { expect, test } from "vitest";
import { sharedDatabase } from "../../../store/test-databases.ts";
import { makeProject, openRest, startOfTime } from "./rest-stage.ts";

const database = sharedDatabase();

test.each(["GET", "POST"] as const)("%s /v1/token gives a token that opens a session of its project, with its cap", async (method) => {
  const project = makeProject();
  await using rest = await openRest({ database, projects: [project] });
  const { status, headers, body } = await rest.call(
    method,
    "/v1/token?expires_in_seconds=60&max_session_duration_seconds=90&product=voice_agent",
  );
  expect([status, body]).toEqual([
    200,
    { token: expect.stringMatching(/^pvt1_[\w-]+$/), expires_in_seconds: 60, expires_at: "2026-09-21T14:14:20.000Z" },
  ]);
  expect(headers["cache-control"]).toBe("no-store");
  expect(headers["access-control-allow-origin"]).toBeUndefined();
  const check = rest.office.tokens.check(String(body["token"]), startOfTime + 59_999);
  expect(check).toMatchObject({ ok: true, project, maxSessionDurationSeconds: 90, expiresAt: startOfTime + 60_000 });
});

test.each([
  ["/v1/token", { expires_in_seconds: 300, max_session_duration_seconds: 3600 }, 300, 3600],
  ["/v1/token", { expires_in_seconds: "300", max_session_duration_seconds: null }, 300, 10_800],
  ["/v1/token?expires_in_seconds=30", { expires_in_seconds: 300 }, 30, 10_800],
  ["/v1/tokens", undefined, 60, 10_800],
  ["/v1/tokens", { expires_in_seconds: 120 }, 120, 10_800],
])("POST %s takes what it wants from a body, too: %j", async (path, body, expires, cap) => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const answer = await rest.call("POST", path, body);
  expect([answer.status, answer.body["expires_in_seconds"]]).toEqual([200, expires]);
  const check = rest.office.tokens.check(String(answer.body["token"]), startOfTime);
  expect(check).toMatchObject({ maxSessionDurationSeconds: cap, expiresAt: startOfTime + expires * 1000 });
});

test("a body of POST /v1/token is held to the same ranges", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  for (const body of [{ expires_in_seconds: 601 }, { expires_in_seconds: 1.5 }, { expires_in_seconds: { a: 1 } }, [60], {}]) {
    const answer = await rest.call("POST", "/v1/token", body);
    expect([answer.status, answer.body["param"]]).toEqual([422, "expires_in_seconds"]);
  }
});

test.each([
  ["1", undefined, 10_800],
  ["600", "60", 60],
  ["300", "10800", 10_800],
])("expires_in_seconds=%s and max_session_duration_seconds=%s are good", async (expires, cap, expected) => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const { status, body } = await rest.call(
    "GET",
    `/v1/token?expires_in_seconds=${expires}${cap === undefined ? "" : `&max_session_duration_seconds=${cap}`}`,
  );
  expect(status).toBe(200);
  expect(rest.office.tokens.check(String(body["token"]), startOfTime)).toMatchObject({ maxSessionDurationSeconds: expected });
});

test.each([
  ["", "missing", "expires_in_seconds", null, undefined],
  ["?expires_in_seconds=0", "greater_than_equal", "expires_in_seconds", "0", { ge: 1 }],
  ["?expires_in_seconds=-5", "greater_than_equal", "expires_in_seconds", "-5", { ge: 1 }],
  ["?expires_in_seconds=601", "less_than_equal", "expires_in_seconds", "601", { le: 600 }],
  ["?expires_in_seconds=", "int_parsing", "expires_in_seconds", "", undefined],
  ["?expires_in_seconds=60.5", "int_parsing", "expires_in_seconds", "60.5", undefined],
  ["?expires_in_seconds=soon", "int_parsing", "expires_in_seconds", "soon", undefined],
  ["?expires_in_seconds=1&expires_in_seconds=2", "string_type", "expires_in_seconds", ["1", "2"], undefined],
  ["?expires_in_seconds=60&max_session_duration_seconds=59", "greater_than_equal", "max_session_duration_seconds", "59", { ge: 60 }],
  ["?expires_in_seconds=60&max_session_duration_seconds=10801", "less_than_equal", "max_session_duration_seconds", "10801", { le: 10_800 }],
])("/v1/token%s is refused as %s", async (query, type, field, input, ctx) => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const { status, body } = await rest.call("GET", `/v1/token${query}`);
  expect(status).toBe(422);
  const entry = { type, loc: ["query", field], msg: expect.stringContaining(field), input, ...(ctx === undefined ? {} : { ctx }) };
  expect(body).toMatchObject({ code: "validation_error", param: field, error: body["message"], detail: [entry] });
  expect(body["errors"]).toEqual([{ ...entry, message: body["message"], param: field }]);
});

test("who sends no key, a wrong one, or a temporary token is refused with 401", async () => {
  const project = makeProject();
  await using rest = await openRest({ database, projects: [project] });
  const token = String((await rest.call("GET", "/v1/token?expires_in_seconds=60")).body["token"]);
  const ask = async (authorization: string) => {
    const { status, body } = await rest.call("GET", "/v1/token?expires_in_seconds=60", undefined, { authorization });
    return [status, body["detail"], body["code"]];
  };
  expect(await ask("")).toEqual([401, "Missing authorization header", "UNAUTHORIZED"]);
  expect(await ask("Bearer nobody")).toEqual([401, "Invalid API key", "UNAUTHORIZED"]);
  expect(await ask(`Basic ${Buffer.from("a:b").toString("base64")}`)).toEqual([401, "Invalid API key", "UNAUTHORIZED"]);
  expect(await ask(`Bearer ${token}`)).toEqual([
    401,
    "Invalid API key: a temporary token opens a session, and nothing else",
    "UNAUTHORIZED",
  ]);
  const [key = ""] = project.apiKeys;
  expect((await ask(key))[0]).toBe(200);
  expect((await ask(`bearer   ${key}`))[0]).toBe(200);
  // A header must be there before anything else is looked at.
  expect((await rest.call("GET", "/v1/token", undefined, { authorization: "" })).status).toBe(401);
});

test("a suspended project, and one that may not use this door, are refused with 403", async () => {
  const suspended = makeProject({ suspended: true });
  const other = makeProject({ services: new Set(["rest"]) });
  await using rest = await openRest({ database, projects: [suspended, other] });
  for (const { apiKeys } of [suspended, other]) {
    const { status, body } = await rest.call("GET", "/v1/agents", undefined, { authorization: apiKeys[0]! });
    expect([status, body["code"]]).toEqual([403, "FORBIDDEN"]);
  }
});

test("a project's rate holds here as on its other door", async () => {
  await using rest = await openRest({ database, projects: [makeProject({ limits: { requestsPerSecond: 2 } })] });
  const ask = async () => await rest.call("GET", "/v1/token?expires_in_seconds=60");
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
  const refused = await ask();
  expect([refused.status, refused.body["code"], refused.headers["retry-after"]]).toEqual([429, "rate_limited", "1"]);
  rest.time.move(1000);
  expect((await ask()).status).toBe(200);
});

test("a token that opened its session before a restart opens none after it", async () => {
  const project = makeProject();
  let token = "";
  {
    await using rest = await openRest({ database, projects: [project] });
    token = String((await rest.call("GET", "/v1/token?expires_in_seconds=600")).body["token"]);
    const check = rest.office.tokens.check(token, startOfTime);
    if (!check.ok) throw new Error(check.why);
    expect(rest.office.tokens.spend(check.nonce, check.expiresAt, startOfTime)).toBe(true);
  }
  await using rest = await openRest({ database, projects: [project] });
  await expect.poll(() => rest.office.tokens.check(token, startOfTime)).toEqual({ ok: false, why: "used" });
});

test("what one engine has seen used, the others on its database know a few seconds later", async () => {
  const project = makeProject();
  await using one = await openRest({ database, projects: [project], shared: true, engineId: "one" });
  await using two = await openRest({ database, projects: [project], shared: true, engineId: "two", local: Buffer.alloc(32, 8) });
  const token = String((await one.call("GET", "/v1/token?expires_in_seconds=600")).body["token"]);
  const check = two.office.tokens.check(token, startOfTime);
  if (!check.ok) throw new Error(check.why);
  expect(one.office.tokens.spend(check.nonce, check.expiresAt, startOfTime)).toBe(true);
  await one.store.settled();
  await expect.poll(() => two.time.waiting(5000)).toBe(true);
  two.time.move(5000);
  await expect.poll(() => two.office.tokens.check(token, startOfTime)).toEqual({ ok: false, why: "used" });
});

test("telephone numbers and calls are answered with 501, to who is signed in", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  for (const [method, url] of [
    ["GET", "/v1/phone-numbers"],
    ["POST", "/v1/phone-numbers/import"],
    ["PUT", "/v1/phone-numbers/+4912345/agent"],
    ["POST", "/v1/calls"],
    ["GET", "/v1/calls/1"],
  ] as const) {
    const { status, body } = await rest.call(method, url);
    expect([status, body["code"]]).toEqual([501, "not_implemented"]);
    expect(body["message"]).toContain("no door for telephones");
    expect((await rest.call(method, url, undefined, { authorization: "" })).status).toBe(401);
  }
});

test("no query and no header makes the token endpoint fail", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        expires: fc.oneof(fc.string(), fc.integer().map(String)),
        cap: fc.option(fc.string(), { nil: undefined }),
        key: fc.option(fc.base64String(), { nil: undefined }),
      }),
      async ({ expires, cap, key }) => {
        const query = new URLSearchParams({
          expires_in_seconds: expires,
          ...(cap === undefined ? {} : { max_session_duration_seconds: cap }),
        });
        const { status } = await rest.call(
          "GET",
          `/v1/token?${query.toString()}`,
          undefined,
          key === undefined ? {} : { authorization: key },
        );
        expect([200, 401, 422]).toContain(status);
      },
    ),
    { numRuns: 60 },
  );
});
