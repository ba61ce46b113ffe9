import pino from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { verifyChannelToken } from "../../projects/tokens.ts";
import { openDoor, project, styles, vendors } from "../rest/door-stage.ts";
import { createServer } from "../server.ts";
import { addConsole, readPageCall } from "./console.ts";

/** Whatever an endpoint of the page answers with, its texts within reach. */
const Answer = z.looseObject({
  channel: z.string().default(""),
  uid: z.string().default(""),
  agentUid: z.string().default(""),
  agentId: z.string().default(""),
  token: z.string().default(""),
  llm: z.looseObject({ using: z.string() }).optional(),
});

const page = { host: "localhost:8080", origin: "http://localhost:8080" };

function openPage({
  waiting = [],
  embeddedCalls = 4,
  certificate = project.certificate,
  discover = "offer",
}: { waiting?: string[]; embeddedCalls?: number; certificate?: string; discover?: "offer" | "use" } = {}) {
  const door = openDoor({ embeddedCalls });
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => waiting });
  const own = { ...project, certificate, apiKeys: ["api"] };
  addConsole(server, {
    version: "1.2.3",
    project: own,
    agents: door.agents,
    vendors,
    styles,
    voices: [{ name: "ada" }],
    startAgent: door.startAgent,
    firstUserTimeoutS: 600,
    discover,
    discovered: () => [{ name: "Ollama", url: "http://127.0.0.1:11434/v1/chat/completions", models: ["llama3", "qwen"] }],
    embeddedCalls: () => embeddedCalls,
    waiting: () => waiting,
    loading: () => waiting,
    now: door.clock.now,
  });
  const ask = async (method: "GET" | "POST" | "DELETE", url: string, body?: unknown, headers: Record<string, string> = page) => {
    const response = await server.inject({
      method,
      url,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: Answer.parse(response.json()) };
  };
  return { ...door, ask };
}

test("one click starts an agent with the embedded defaults, and a token for the person", async () => {
  const { ask, sessions, places, clock } = openPage();
  const { status, body } = await ask("POST", "/console/call", {});

  expect(status).toBe(200);
  expect(body).toEqual({
    appId: project.appId,
    channel: expect.stringMatching(/^talk-/),
    uid: expect.stringMatching(/^\d+$/),
    token: expect.stringMatching(/^007/),
    agentId: expect.any(String),
    agentUid: places[0]?.uid,
  });
  expect(body.uid).not.toBe(body.agentUid);
  expect(
    verifyChannelToken(body.token, project, { channel: body.channel, uid: body.uid, needs: ["publishAudio", "publishData"] }, clock.now())
      .uid,
  ).toBe(body.uid);
  expect(sessions[0]?.request.config).toMatchObject({
    asr: { vendor: "local" },
    tts: { vendor: "local" },
    llm: { style: "local" },
    greeting: { interruptable: true },
    turns: { endpointingMs: 480 },
  });
});

test("the page chooses channel, greeting, silence and instructions", async () => {
  const { ask, sessions, places } = openPage();
  await ask("POST", "/console/call", { channel: "room", greeting: "off", silenceMs: 256, instructions: "Speak like a pirate." });
  await ask("POST", "/console/call", { greeting: "Ahoy" });

  expect(places[0]?.channel).toBe("room");
  expect(sessions[0]?.request.config.greeting).toBeUndefined();
  expect(sessions[0]?.request.config).toMatchObject({
    turns: { endpointingMs: 256 },
    systemMessages: [{ content: "Speak like a pirate." }],
  });
  expect(sessions[1]?.request.config.greeting?.text).toBe("Ahoy");
});

test("a page ends the calls that pages began, and no others", async () => {
  const { ask, call, agents, sessions } = openPage();
  const { body } = await ask("POST", "/console/call", {});
  const stranger = await agents.start({
    project,
    name: "x",
    channel: "c",
    uid: "1",
    labels: {},
    config: sessions[0]!.request.config,
    open: sessions[0]!.request.open,
  });

  expect((await ask("DELETE", `/console/call/${stranger.agent.agentId}`)).status).toBe(404);
  expect((await ask("DELETE", `/console/call/${body.agentId}`)).status).toBe(200);
  await agents.gone(body.agentId);
  expect((await call("GET", `agents/${body.agentId}`)).body).toMatchObject({ status: "STOPPED" });
});

test("the engine's facts are told to its own page alone", async () => {
  const { ask } = openPage();
  expect((await ask("GET", "/console/info")).body).toMatchObject({
    version: "1.2.3",
    ready: true,
    waiting: [],
    appId: project.appId,
    customerId: "customer",
    customerSecret: "secret",
    apiKey: "api",
    capacity: { calls: 4, running: 0 },
    llm: { using: "local", discovered: [{ name: "Ollama" }], canUse: true },
  });
  for (const headers of [
    { host: "evil.example", origin: "http://evil.example" },
    { host: "localhost:8080", origin: "http://evil.example" },
  ]) {
    const refused = await ask("GET", "/console/info", undefined, headers);
    expect(refused).toMatchObject({ status: 403, body: { code: "foreign-page", reason: "InvalidPermission" } });
    expect(JSON.stringify(refused.body)).not.toContain("secret");
    expect((await ask("POST", "/console/call", {}, headers)).status).toBe(403);
  }
});

test("while the engine loads, and at capacity, the page is told so", async () => {
  expect(await openPage({ waiting: ["speech models"] }).ask("POST", "/console/call", {})).toMatchObject({
    status: 503,
    body: { code: "not-ready", message: expect.stringContaining("speech models") },
  });
  const { ask } = openPage({ embeddedCalls: 1 });
  await ask("POST", "/console/call", {});
  expect(await ask("POST", "/console/call", {})).toMatchObject({ status: 422, body: { code: "at-capacity", remedy: expect.any(String) } });
});

test("without a certificate the App ID stands in the token's place", async () => {
  expect((await openPage({ certificate: "" }).ask("POST", "/console/call", {})).body.token).toBe(project.appId);
});

test("a language model of this machine is used after a click, or by setting, and only one that was found", async () => {
  const { ask, sessions } = openPage();
  const url = "http://127.0.0.1:11434/v1/chat/completions";
  expect((await ask("POST", "/console/llm", { url, model: "gpt" })).status).toBe(400);
  expect((await ask("POST", "/console/llm", { url: "http://evil.example", model: "qwen" })).status).toBe(400);
  expect((await ask("POST", "/console/llm", { url, model: "qwen" })).status).toBe(200);
  await ask("POST", "/console/call", {});
  expect(sessions[0]?.request.config.llm).toEqual({ style: "openai", options: { url, params: { model: "qwen" }, trusted: true } });
  expect((await ask("GET", "/console/info")).body.llm?.using).toBe("qwen");

  const automatic = openPage({ discover: "use" });
  await automatic.ask("POST", "/console/call", {});
  expect(automatic.sessions[0]?.request.config.llm).toMatchObject({ options: { params: { model: "llama3" } } });
});

test("a wrong wish of the page is a 400 that names it", async () => {
  expect(await openPage().ask("POST", "/console/call", { silenceMs: "long" })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("silenceMs") },
  });
  expect(await openPage().ask("POST", "/console/call", { channel: "ä" })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("channel") },
  });
});

test("after a restart of the engine a page ends the call that it began, and no agent of anybody else", async () => {
  const began = openPage();
  const { body } = await began.ask("POST", "/console/call", { instructions: "Be brief.", greeting: "Hi." });
  const recipe = began.recipes.get(body.agentId);
  const request = readPageCall({ vendors, styles, firstUserTimeoutS: 600 })(JSON.parse(JSON.stringify(recipe?.body)), project);
  expect(request.config).toEqual(began.sessions[0]?.request.config);

  const { ask, startAgent } = openPage();
  const restored = await startAgent(project, request);
  expect(restored.agent).toMatchObject({ name: began.log.records.get(body.agentId)?.name, channel: body.channel, uid: body.agentUid });
  const foreign = await startAgent(project, { ...request, name: "page-of-a-shop", uid: "77" });
  expect(await ask("DELETE", `/console/call/${foreign.agent.agentId}`)).toMatchObject({ status: 404 });
  expect(await ask("DELETE", `/console/call/${restored.agent.agentId}`)).toMatchObject({ status: 200 });
});
