import { rest } from "@parley/protocol";
import { startTtsSimulator, type TtsSimulator, type TtsSimulatorOptions } from "@parley/simulators";
import { expect, onTestFinished, test } from "vitest";
import type { ProjectDefaults } from "../../projects/project.ts";
import { openCall } from "./call-stage.ts";
import { joinBody, styles, vendors } from "./door-stage.ts";
import { toConfig } from "./to-config.ts";

const url = "https://tts.example/v1/audio/speech";
const key = "tts-123456";

function translate(tts: unknown, defaults: ProjectDefaults = { asr: {}, maxHistory: 10 }, top: Record<string, unknown> = {}) {
  const body = rest.JoinBody.parse({ ...joinBody("agent", tts === undefined ? {} : { tts }), ...top });
  const translation = toConfig(body, { vendors, styles, defaults, firstUserTimeoutS: 600 });
  return translation.ok ? translation.request.config.tts : translation.faults.map(({ message }) => message);
}

test("address and headers stand beside the parameters", () => {
  expect(
    translate({ vendor: "generic_http", url, headers: { Authorization: "Bearer k" }, params: { voice: "alloy", sample_rate: 16_000 } }),
  ).toMatchObject({
    vendor: "generic_http",
    options: { url, headers: { Authorization: "Bearer k" }, params: { voice: "alloy", sample_rate: 16_000, api_key: "" }, trusted: false },
  });
});

test("what is missing or wrong is refused by its path, all of it at once, without secrets", () => {
  expect(translate({ vendor: "generic_http", params: {} })).toEqual(["properties.tts.url is required"]);
  expect(translate({ vendor: "generic_http", url, params: {} })).toEqual([
    "properties.tts.params.api_key is needed where headers has no Authorization",
  ]);
  expect(
    translate({ vendor: "generic_http", url: "ftp://x", params: { api_key: key, sample_rate: 7, response_format: "mp3", speed: "fast" } }),
  ).toEqual([
    'properties.tts.url: "ftp://x" an http or https address is wanted',
    'properties.tts.params.speed: "fast" is a string; a number is expected',
    "properties.tts.params.sample_rate: 7 is too small; at least 8000 is allowed",
    'properties.tts.params.response_format: "mp3" is not supported; Allowed: pcm',
  ]);
});

test("nobody says of themselves that they are to be trusted", () => {
  expect(translate({ vendor: "generic_http", url, params: { api_key: key }, trusted: true })).toMatchObject({
    options: { trusted: false },
  });
});

test("the operator's voice may lie in any network, by default, by name, and managed; its key goes nowhere else", () => {
  const own = { vendor: "generic_http", url: "http://10.0.0.5/speak", params: { api_key: key, voice: "a" } };
  const options = { url: own.url, trusted: true, params: { api_key: key, voice: "a" } };
  expect(translate(undefined, { asr: {}, maxHistory: 10, tts: own })).toMatchObject({ vendor: "generic_http", options });
  expect(translate(undefined, { asr: {}, maxHistory: 10, presets: { own: { tts: own } } }, { preset: "own" })).toMatchObject({ options });
  const managed = { vendor: "generic_http", credential_mode: "managed", url: "https://thief.example", params: { voice: "b" } };
  expect(translate(managed, { asr: {}, maxHistory: 10, tts: own })).toMatchObject({
    options: { ...options, params: { api_key: key, voice: "b" } },
  });
});

async function voice(options: TtsSimulatorOptions = {}): Promise<TtsSimulator> {
  const server = await startTtsSimulator(options);
  onTestFinished(() => server.close());
  return server;
}

const speaking = (server: TtsSimulator) => ({
  tts: { vendor: "generic_http", url: server.url, params: { api_key: key, sample_rate: 16_000 } },
});

test("an answer is spoken by it, clause by clause, and remembered", async () => {
  const server = await voice({ chunkBytes: 999 });
  const call = await openCall({ script: ["It is open. Come in."], properties: speaking(server) });
  await call.say("Are you open?");
  const { text, playedMs } = await call.next("reply-end");
  expect(text).toBe("It is open. Come in.");
  expect(server.requests.map(({ body }) => body["input"])).toEqual(["It is open.", "Come in."]);
  // 20 ms a letter, 19 of them.
  expect(playedMs).toBeGreaterThanOrEqual(380);
  expect(playedMs).toBeLessThan(420);
  expect(await call.history()).toEqual([
    { role: "user", content: "Are you open?" },
    { role: "assistant", content: "It is open. Come in." },
  ]);
});

test("an interruption breaks the request off, and what was heard is remembered by the words' estimated times", async () => {
  const server = await voice({ failure: { type: "stall", bytes: 32_000 } });
  const call = await openCall({
    script: ["One two three four five six seven eight nine ten eleven twelve."],
    properties: speaking(server),
  });
  await call.say("Count to twelve.");
  await call.next("reply-start");
  await call.call("POST", `${call.agent}/interrupt`);
  const { heard, text } = await call.next("reply-interrupted");
  expect((await server.over(0)).cancelled).toBe(true);
  expect(text.startsWith("One two three")).toBe(true);
  expect(text.startsWith(heard)).toBe(true);
  expect(heard.length).toBeLessThan(text.length);
});

test("a voice that refuses is told to clients with its detail and without the key, and the call goes on", async () => {
  const server = await voice({ failure: { type: "status", status: 401, body: `{"detail":"no credit for ${key}"}` }, failingRequests: [0] });
  const call = await openCall({ script: ["First.", "Second."], properties: speaking(server) });
  await call.say("One?");
  const error = await call.next("error");
  expect(error).toMatchObject({ module: "tts", code: 401 });
  expect(error.message).toBe(`tts generic_http at 127.0.0.1:${server.port} answered with status 401: no credit for ***`);
  await call.next("reply-end");
  await call.say("Two?");
  expect((await call.next("reply-end", 2)).text).toBe("Second.");
});
