import { readFileSync } from "node:fs";
import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import { AppError } from "../../errors.ts";
import type { AgentFilter } from "../../projects/agents.ts";
import { buildToken } from "../../projects/tokens.ts";
import { appId, base, basic, certificate, joinBody, openDoor, project, vendors } from "./door-stage.ts";

const fixture = (name: string): string => readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8");

test("the documented sample of join is answered as documented, and becomes what it says", async () => {
  // Its token is a placeholder, which a project without certificate does not check.
  const { call, sessions, places } = openDoor({ projects: [{ ...project, certificate: "" }] });

  const answer = await call("POST", "join", fixture("join"));

  expect(answer).toMatchObject({
    status: 200,
    body: { ...rest.Joined.parse(JSON.parse(fixture("joined"))), agent_id: expect.stringMatching(/^[A-Z0-9]{32}$/) },
  });
  expect(Object.keys(answer.body ?? {})).toEqual(Object.keys(rest.Joined.parse(JSON.parse(fixture("joined")))));
  expect(places).toEqual([{ appId, channel: "channel_name", uid: "friday", remoteUids: ["*"] }]);
  expect(sessions[0]?.request.config).toMatchObject({
    asr: { vendor: "local", language: "en-US", options: {}, keyterms: [] },
    tts: { vendor: "microsoft", options: { key: "xxxx", region: "eastus", voice_name: "en-US-AndrewMultilingualNeural" } },
    llm: {
      style: "openai",
      options: {
        style: "openai",
        url: "https://api.openai.com/v1/chat/completions",
        apiKey: "sk-xxx",
        params: { model: "gpt-4o-mini" },
        headers: {},
      },
    },
    systemMessages: [{ role: "system", content: "You are a helpful chatbot." }],
    maxHistory: 10,
    greeting: { text: "Hello, how can I assist you today?", interruptable: true },
    failureMessage: "Please hold on a second.",
    idleTimeoutS: 120,
    firstUserTimeoutS: 600,
    turns: {
      endpointingMs: 480,
      endpointing: "semantic",
      maxWaitMs: 3000,
      interruptMs: 160,
      interruption: "words",
      prefixMs: 300,
      threshold: 0.5,
    },
  });
});

test("where channel tokens are checked, the sample's placeholder is refused by name", async () => {
  expect(await openDoor().call("POST", "join", fixture("join"))).toMatchObject({
    status: 400,
    body: { reason: "InvalidFieldValue", detail: expect.stringContaining("properties.token: The token cannot be read") },
  });
});

test.each(["microsoft", "elevenlabs"])(
  "the documented sample of tts %s reaches its vendor as it is, or is refused as not built",
  async (name) => {
    const { call, sessions } = openDoor();
    const tts: unknown = JSON.parse(fixture(`tts-${name}`));
    const { status, body } = await call("POST", "join", joinBody("agent", { tts }));
    if (status === 200) expect(sessions[0]?.request.config.tts).toMatchObject({ vendor: name });
    else expect(body?.["detail"]).toContain(`properties.tts.vendor: "${name}" is not supported`);
    expect([name, status]).toEqual([name, vendors.some((vendor) => vendor.name === name) ? 200 : 400]);
  },
);

test("the documented sample of speak is spoken", async () => {
  const { call, sessions } = openDoor();
  const agentId = (await call("POST", "join", joinBody())).body?.["agent_id"];

  const answer = await call("POST", `agents/${agentId}/speak`, fixture("speak"));

  expect(answer).toMatchObject({ status: 200, body: { agent_id: agentId, channel: "room", start_ts: 1737111452, action: "spoken" } });
  expect(sessions[0]?.said).toEqual([
    { text: "Sorry, the conversation content is not compliant.", priority: "interrupt", interruptable: false },
  ]);
});

test("what speak leaves out or sends as null has its documented default", async () => {
  const { call, sessions } = openDoor();
  const agentId = (await call("POST", "join", joinBody())).body?.["agent_id"];

  await call("POST", `agents/${agentId}/speak`, { text: "one", priority: null, interruptable: null });
  sessions[0]!.answer = "ignored";
  const ignored = await call("POST", `agents/${agentId}/speak`, { text: "two", priority: "IGNORE" });

  expect(sessions[0]?.said).toEqual([
    { text: "one", priority: "interrupt", interruptable: true },
    { text: "two", priority: "ignore", interruptable: true },
  ]);
  expect(ignored).toMatchObject({ status: 200, body: { action: "ignored" } });
});

test("512 bytes are the limit of speak, counted as UTF-8", async () => {
  const { call } = openDoor();
  const agentId = (await call("POST", "join", joinBody())).body?.["agent_id"];

  expect((await call("POST", `agents/${agentId}/speak`, { text: "é".repeat(256) })).status).toBe(200);
  expect(await call("POST", `agents/${agentId}/speak`, { text: `${"é".repeat(256)}x` })).toMatchObject({
    status: 400,
    body: { reason: "InvalidFieldValue", detail: expect.stringContaining("513 bytes of UTF-8; at most 512") },
  });
});

test("every prefix leads to the same agents", async () => {
  const { call } = openDoor();
  const agentId = (await call("POST", `/cn/api/conversational-ai-agent/v2/projects/${appId}/join`, joinBody())).body?.["agent_id"];

  expect(await call("GET", `/v2/projects/${appId}/agents/${agentId}`)).toMatchObject({ status: 200, body: { agent_id: agentId } });
  expect(await call("GET", `agents/${agentId}`)).toMatchObject({ status: 200, body: { agent_id: agentId } });
});

test.each(["//", "/api/conversational-ai-agent//", "/cn/api/conversational-ai-agent//"])(
  "a base URL with a slash too many leads there, too: %s",
  async (prefix) => {
    const { call } = openDoor();
    const agentId = (await call("POST", `${prefix}v2/projects/${appId}/join`, joinBody())).body?.["agent_id"];
    expect(await call("GET", `${prefix}v2/projects/${appId}/agents/${agentId}`)).toMatchObject({ status: 200 });
    const stranger = await call("GET", `${prefix}v2/projects/${appId}/agents`, undefined, { authorization: "Basic YTpi" });
    expect(stranger).toMatchObject({ status: 401 });
  },
);

test("an agent's life is told truthfully from join to after leave", async () => {
  const { agents, call, clock } = openDoor();
  const agentId = (await call("POST", "join", joinBody())).body?.["agent_id"];
  expect((await call("GET", `agents/${agentId}`)).body).toEqual({
    message: "",
    start_ts: 1737111452,
    stop_ts: 0,
    status: "RUNNING",
    agent_id: agentId,
    name: "agent",
  });

  clock.moveBy(5000);
  expect(await call("POST", `agents/${agentId}/leave`)).toMatchObject({ status: 200, body: {} });
  await agents.gone(String(agentId));

  expect((await call("GET", `agents/${agentId}`)).body).toEqual({
    message: "agent exits with reason: OK",
    start_ts: 1737111452,
    stop_ts: 1737111457,
    status: "STOPPED",
    agent_id: agentId,
    name: "agent",
  });
  expect(await call("POST", `agents/${agentId}/leave`)).toMatchObject({ status: 404, body: { reason: "TaskNotFound" } });
  expect(await call("POST", `agents/${agentId}/speak`, { text: "hi" })).toMatchObject({ status: 404 });
});

test("the record of an agent is deleted once it has exited", async () => {
  const { agents, call, log } = openDoor();
  const agentId = String((await call("POST", "join", joinBody())).body?.["agent_id"]);
  expect(await call("DELETE", `agents/${agentId}`)).toMatchObject({ status: 409, body: { reason: "TaskConflict" } });
  await call("POST", `agents/${agentId}/leave`);
  await agents.gone(agentId);

  expect(await call("DELETE", `agents/${agentId}`)).toMatchObject({ status: 200, body: {} });
  expect(log.records.has(agentId)).toBe(false);
  expect(await call("GET", `agents/${agentId}`)).toMatchObject({ status: 404 });
  expect(await call("DELETE", `agents/${agentId}`)).toMatchObject({ status: 404 });
});

test("a conversation that fails is FAILED, with its reason", async () => {
  const { agents, call, sessions } = openDoor();
  const agentId = (await call("POST", "join", joinBody())).body?.["agent_id"];

  sessions[0]?.end("FAILED", "RTC connection error");
  await agents.gone(String(agentId));

  expect(await call("GET", `agents/${agentId}`)).toMatchObject({
    body: { status: "FAILED", message: "agent exits with reason: RTC connection error" },
  });
});

test("a second join with a running agent's name is a conflict that names it; leaving frees the name", async () => {
  const { agents, call } = openDoor();
  const first = (await call("POST", "join", joinBody("reception"))).body;

  expect(await call("POST", "join", joinBody("reception", { channel: "other" }))).toMatchObject({
    status: 409,
    body: {
      detail: "create agent failed, code: 409, msg: task conflict",
      reason: "TaskConflict",
      agent_id: first?.["agent_id"],
      create_ts: 1737111452,
      status: "RUNNING",
    },
  });
  await call("POST", `agents/${first?.["agent_id"]}/leave`);
  await agents.gone(String(first?.["agent_id"]));

  expect((await call("POST", "join", joinBody("reception"))).status).toBe(200);
});

test("two joins with one name at the same moment start one agent", async () => {
  const { call, sessions } = openDoor();

  const answers = await Promise.all([call("POST", "join", joinBody("twin")), call("POST", "join", joinBody("twin"))]);

  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect(sessions).toHaveLength(1);
});

test("uid 0 is replaced by a random one", async () => {
  const { call, places } = openDoor();
  await call("POST", "join", joinBody("zero", { agent_rtc_uid: "0" }));
  expect(Number(places[0]?.uid)).toBeGreaterThan(0);
});

test("a running agent is interrupted with an empty body, or with none and no content type", async () => {
  const { call, sessions } = openDoor();
  const agentId = (await call("POST", "join", joinBody())).body?.["agent_id"];

  expect(await call("POST", `agents/${agentId}/interrupt`, {})).toMatchObject({
    status: 200,
    body: { agent_id: agentId, channel: "room" },
  });
  expect(await call("POST", `agents/${agentId}/interrupt`, "", { "content-type": "application/json" })).toMatchObject({ status: 200 });
  expect(await call("POST", `agents/${agentId}/interrupt`)).toMatchObject({ status: 200 });
  expect(sessions[0]?.interrupts).toBe(3);
});

test("agents are listed newest first, by pages, until the cursor is empty", async () => {
  const { call, clock } = openDoor();
  const ids: unknown[] = [];
  for (const name of ["a", "b", "c"]) {
    ids.unshift((await call("POST", "join", joinBody(name))).body?.["agent_id"]);
    clock.moveBy(1000);
  }

  const first = await call("GET", "agents?limit=2");
  expect(first.body).toMatchObject({ data: { count: 2 }, meta: { total: 3, cursor: ids[2] }, status: "ok" });
  const second = await call("GET", `agents?limit=2&cursor=${ids[2]}`);
  expect(second.body).toMatchObject({
    data: { count: 1, list: [{ agent_id: ids[2], status: "RUNNING" }] },
    meta: { total: 3, cursor: "" },
  });
});

test("the last page has no cursor for Agora's SDK for Go, whose pager follows any that is not null", async () => {
  const { call } = openDoor();
  for (const name of ["a", "b", "c"]) await call("POST", "join", joinBody(name));

  const pages: unknown[] = [];
  let cursor: string | null | undefined;
  do {
    const query = cursor === undefined ? "" : `&cursor=${cursor}`;
    const { body } = await call("GET", `agents?limit=2${query}`, undefined, { "x-fern-language": "Go" });
    const { data, meta } = body as { data: { count: number }; meta: { cursor: string | null } };
    pages.push(data.count);
    ({ cursor } = meta);
  } while (cursor !== null && pages.length < 10);
  expect(pages).toEqual([2, 1]);
});

test("a list is filtered by channel, state and time", async () => {
  const { call, clock } = openDoor();
  await call("POST", "join", joinBody("a", { channel: "one" }));
  await call("POST", "join", joinBody("b", { channel: "two" }));
  clock.moveBy(3 * 3600 * 1000);

  expect((await call("GET", "agents")).body).toMatchObject({ meta: { total: 0 } });
  expect((await call("GET", "agents?from_time=1737111000")).body).toMatchObject({ meta: { total: 2 } });
  expect((await call("GET", "agents?from_time=1737111000&channel=two")).body).toMatchObject({ meta: { total: 1 } });
  expect((await call("GET", "agents?from_time=1.737111e%2B09&to_time=1737111460.0")).body).toMatchObject({ meta: { total: 2 } });
  expect((await call("GET", "agents?from_time=1737111000&state=1,3")).body).toMatchObject({ meta: { total: 0 } });
  expect(await call("GET", "agents?state=9")).toMatchObject({ status: 400, body: { detail: expect.stringContaining("query state") } });
});

test.each([
  ["nothing", undefined, 401, "missing"],
  ["another scheme", "Bearer abc", 401, "neither Basic nor agora token="],
  ["a wrong secret", `Basic ${Buffer.from("customer:wrong").toString("base64")}`, 401, "wrong"],
  ["no colon", `Basic ${Buffer.from("customer").toString("base64")}`, 401, "wrong"],
  ["a bad token", "agora token=007nonsense", 401, ""],
])("with %s nobody comes in", async (_name, authorization, status, detail) => {
  const { server } = openDoor();
  const response = await server.inject({
    method: "POST",
    url: `${base}/join`,
    headers: authorization === undefined ? {} : { authorization },
    payload: "{",
  });
  expect(response.statusCode).toBe(status);
  expect(response.json()).toEqual({ reason: "InvalidPermission", detail: expect.stringContaining(detail) });
});

test("a token of the project opens the door, quoted or not, whatever its channel", async () => {
  const { call, clock } = openDoor();
  const token = buildToken({ appId, certificate, channel: "stop", uid: "0", expireSeconds: 60, now: clock.now() });

  for (const authorization of [`agora token=${token}`, `agora token="${token}"`, `Agora token=${token}`]) {
    expect((await call("GET", "agents", undefined, { authorization })).status).toBe(200);
  }
  clock.moveBy(61_000);
  expect(await call("GET", "agents", undefined, { authorization: `agora token=${token}` })).toMatchObject({ status: 401 });
});

test("projects do not see each other", async () => {
  const other = { ...project, appId: "f".repeat(32), customers: [{ id: "neighbour", secret: "secret" }] };
  const { call } = openDoor({ projects: [project, other] });
  const neighbour = { authorization: `Basic ${Buffer.from("neighbour:secret").toString("base64")}` };
  const otherBase = `/v2/projects/${other.appId}`;
  const agentId = (await call("POST", "join", joinBody("same name"))).body?.["agent_id"];

  expect(await call("GET", `agents/${agentId}`, undefined, neighbour)).toMatchObject({
    status: 403,
    body: { reason: "InvalidPermission" },
  });
  expect(await call("GET", `${otherBase}/agents/${agentId}`, undefined, neighbour)).toMatchObject({ status: 404 });
  expect(await call("POST", `${otherBase}/agents/${agentId}/leave`, undefined, neighbour)).toMatchObject({ status: 404 });
  expect((await call("GET", `${otherBase}/agents`, undefined, neighbour)).body).toMatchObject({ meta: { total: 0 } });
  expect(await call("POST", `${otherBase}/join`, joinBody("same name"), neighbour)).toMatchObject({ status: 200 });
});

test("the agent's own token is checked when it joins", async () => {
  const { call, clock } = openDoor();
  const token = (channel: string, uid: string) => buildToken({ appId, certificate, channel, uid, expireSeconds: 60, now: clock.now() });

  expect((await call("POST", "join", joinBody("good", { token: token("room", "1001") }))).status).toBe(200);
  for (const wrong of [token("elsewhere", "1001"), token("room", "5"), "rubbish"]) {
    expect(await call("POST", "join", joinBody("bad", { token: wrong }))).toMatchObject({
      status: 400,
      body: { reason: "InvalidFieldValue", detail: expect.stringContaining("properties.token") },
    });
  }
});

test("limits of a project are kept: agents at once, and requests in a second", async () => {
  const { call, clock } = openDoor({ projects: [{ ...project, limits: { agents: 1, requestsPerSecond: 3 } }] });

  expect((await call("POST", "join", joinBody("one"))).status).toBe(200);
  expect(await call("POST", "join", joinBody("two"))).toMatchObject({ status: 422, body: { reason: "ResourceQuotaLimitExceeded" } });
  expect((await call("GET", "agents")).status).toBe(200);
  expect(await call("GET", "agents")).toMatchObject({
    status: 429,
    headers: { "retry-after": "1" },
    body: { reason: "ConcurrencyLimitExceeded" },
  });
  clock.moveBy(1000);
  expect((await call("GET", "agents")).status).toBe(200);
});

test("limits are each project's own, and hold for requests that come at once", async () => {
  const limited = { ...project, limits: { agents: 2, requestsPerSecond: 8 } };
  const free = { ...project, appId: "f".repeat(32) };
  const { call } = openDoor({ projects: [limited, free] });
  const statuses = async (path: string, names: readonly string[]) =>
    (await Promise.all(names.map(async (name) => await call("POST", path, joinBody(name)))))
      .map(({ status }) => status)
      .toSorted((a, b) => a - b);

  expect(await statuses("join", ["a", "a", "a", "b", "c"])).toEqual([200, 200, 409, 409, 422]);
  expect(await statuses("join", ["d", "e", "f", "g", "h"])).toEqual([422, 422, 422, 429, 429]);
  expect(await statuses(`/v2/projects/${free.appId}/join`, ["a", "b", "c"])).toEqual([200, 200, 200]);
});

test("at capacity the next agent with embedded speech is refused", async () => {
  const { call } = openDoor({ embeddedCalls: 1 });
  expect((await call("POST", "join", joinBody("one"))).status).toBe(200);
  expect(await call("POST", "join", joinBody("two"))).toMatchObject({
    status: 422,
    body: {
      reason: "ResourceQuotaLimitExceeded",
      detail: expect.stringContaining("holds 1 call with embedded speech at once, and 1 is running"),
    },
  });
});

test("a conversation that cannot start is answered with its reason, and frees the name", async () => {
  const { call, agents } = openDoor({
    fail: () => {
      throw new AppError("at-capacity", "this machine holds 4 embedded calls");
    },
  });

  expect(await call("POST", "join", joinBody())).toMatchObject({
    status: 422,
    body: { reason: "ResourceQuotaLimitExceeded", detail: expect.stringContaining("this machine holds 4 embedded calls") },
  });
  expect(agents.running).toBe(0);
});

test("a uid that somebody holds is a conflict", async () => {
  const { call } = openDoor({
    fail: () => {
      throw new AppError("uid-taken", "uid 1001 is in channel room already");
    },
  });
  expect(await call("POST", "join", joinBody())).toMatchObject({
    status: 409,
    body: { reason: "TaskConflict", detail: expect.stringContaining("uid 1001 is in channel room already") },
  });
});

test("an engine that shuts down takes no new agents and lets the running ones go", async () => {
  const { call, agents } = openDoor();
  await call("POST", "join", joinBody("one"));
  const drained = agents.drain(AbortSignal.abort());

  expect(await call("POST", "join", joinBody("two"))).toMatchObject({ status: 503, body: { reason: "ServiceUnavailable" } });
  await drained;
  expect(agents.running).toBe(0);
});

test("a bug behind an endpoint is a 500 that tells nothing of its cause", async () => {
  const { call } = openDoor({
    fail: () => {
      throw new TypeError("secret inside");
    },
  });
  expect(await call("POST", "join", joinBody())).toMatchObject({
    status: 500,
    body: { detail: "internal error", reason: "InternalError" },
  });
});

test("the authorization header is asked for before the body is read", async () => {
  const { server } = openDoor();
  const response = await server.inject({
    method: "POST",
    url: `${base}/join`,
    payload: "x".repeat(2 * 1024 * 1024),
    headers: { "content-type": "application/json" },
  });
  expect(response.statusCode).toBe(401);
  const signedIn = await server.inject({
    method: "POST",
    url: `${base}/join`,
    payload: "x".repeat(2 * 1024 * 1024),
    headers: { authorization: basic, "content-type": "application/json" },
  });
  expect(signedIn.statusCode).toBe(413);
  expect(signedIn.json()).toMatchObject({ reason: "InvalidRequestBody" });
});

test("list takes fractions of seconds, and refuses moments that lie beyond any calendar", async () => {
  const door = openDoor();
  const filters: AgentFilter[] = [];
  door.log.list = async (filter) => {
    filters.push(filter);
    return { agents: [], next: "", total: 0 };
  };

  await door.call("GET", "agents?state=4&from_time=98945.680221951614&to_time=98945.7");

  expect(filters).toMatchObject([{ from: 98_945_680, to: 98_946_699 }]);
  expect(await door.call("GET", "agents?from_time=1e400")).toMatchObject({ status: 400 });
  expect(await door.call("GET", `agents?from_time=${"9".repeat(40)}`)).toMatchObject({
    status: 400,
    body: { reason: "InvalidFieldValue", detail: expect.stringContaining("query from_time") },
  });
});
