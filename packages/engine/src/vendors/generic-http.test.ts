import { simulatedSpeech, startTtsSimulator, type TtsFailure, type TtsSimulator, type TtsSimulatorOptions } from "@parley/simulators";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { genericHttp, type Patience } from "./generic-http.ts";
import { Network } from "./network.ts";
import type { TtsOutput } from "./vendor.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function simulator(options: TtsSimulatorOptions = {}): Promise<TtsSimulator> {
  const made = await startTtsSimulator(options);
  open.push(made);
  return made;
}

interface VoiceOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patience?: Patience;
}

function voiceAt(url: string, { params = {}, headers, patience }: VoiceOptions = {}) {
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  return genericHttp(network, patience).tts!.open({
    url,
    ...(headers === undefined ? {} : { headers }),
    params: { api_key: "key-123456", ...params },
  });
}

const never = new AbortController().signal;

async function* each(...clauses: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* clauses;
}

interface Spoken {
  readonly text: string;
  readonly pcm: number[];
}

/** Each clause with its audio. */
function spoken(outputs: readonly TtsOutput[]): Spoken[] {
  const found: { text: string; pcm: number[] }[] = [];
  for (const output of outputs) {
    if (output.type === "clause") found.push({ text: output.text, pcm: [] });
    else found.at(-1)?.pcm.push(...output.pcm);
  }
  return found;
}

async function collect(outputs: AsyncIterable<TtsOutput>): Promise<TtsOutput[]> {
  const found: TtsOutput[] = [];
  for await (const output of outputs) found.push(output);
  return found;
}

const heard = (text: string, rate = 24_000): Spoken => ({ text, pcm: [...simulatedSpeech(text, rate)] });

/** What was said before the failure, and the failure. */
async function failing(
  failure: TtsFailure,
  options: VoiceOptions = {},
): Promise<{ said: TtsOutput[]; error: AppError; server: TtsSimulator }> {
  const server = await simulator({ failure });
  const said: TtsOutput[] = [];
  try {
    for await (const output of voiceAt(server.url, options).speak(each("One two three."), { signal: never })) said.push(output);
  } catch (error) {
    if (error instanceof AppError) return { said, error, server };
    throw error;
  }
  throw new Error("no failure");
}

test("clauses are spoken in their order, sample by sample, at the rate that was agreed", async () => {
  const server = await simulator();
  const voice = voiceAt(server.url, { params: { sample_rate: 16_000 } });
  expect(voice.sampleRate).toBe(16_000);
  expect(spoken(await collect(voice.speak(each("Hello there.", "How are you?"), { signal: never })))).toEqual([
    heard("Hello there.", 16_000),
    heard("How are you?", 16_000),
  ]);
});

test("the request is the contract's: parameters at the top, those that nobody knows, too, and the key as bearer", async () => {
  const server = await simulator();
  const params = {
    model: "m",
    voice: "v",
    speed: 1.2,
    instruction: "calm",
    instructions: "very calm",
    app_id: "a",
    input: "mine",
    mood: 3,
  };
  await collect(voiceAt(server.url, { params, headers: { "X-Tenant": "t" } }).speak(each("Hi."), { signal: never }));
  const { path, headers, body } = await server.request(0);
  expect(path).toBe("/v1/audio/speech");
  expect(headers).toMatchObject({ "content-type": "application/json", authorization: "Bearer key-123456", "x-tenant": "t" });
  expect(headers).not.toHaveProperty("x-request-id");
  const { input: _replaced, ...others } = params;
  expect(body).toEqual({ ...others, sample_rate: 24_000, response_format: "pcm", input: "Hi." });
});

test("each request has an id of its own where that is asked for", async () => {
  const server = await simulator();
  await collect(voiceAt(server.url, { params: { enable_request_id: true } }).speak(each("One.", "Two."), { signal: never }));
  const ids = server.requests.map(({ headers, body }) => [headers["x-request-id"], body["request_id"]]);
  for (const [header, inBody] of ids) expect(header).toBe(inBody);
  expect(new Set(ids.flat()).size).toBe(2);
  expect(server.requests[0]!.body).not.toHaveProperty("enable_request_id");
});

test("an authorization of the caller's own replaces the key", async () => {
  const server = await simulator();
  await collect(voiceAt(server.url, { headers: { authorization: "Basic abc" } }).speak(each("Hi."), { signal: never }));
  await collect(voiceAt(server.url, { headers: { Authorization: "" } }).speak(each("Hi."), { signal: never }));
  expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual(["Basic abc", "Bearer key-123456"]);
});

test("samples that are cut in two between pieces come whole", async () => {
  const server = await simulator({ chunkBytes: 333, chunkMs: 1 });
  expect(spoken(await collect(voiceAt(server.url).speak(each("Hello."), { signal: never })))).toEqual([heard("Hello.")]);
});

test("audio is given out while the answer goes on", async () => {
  const server = await simulator({ failure: { type: "stall", bytes: 2000 } });
  const stop = new AbortController();
  const said: TtsOutput[] = [];
  for await (const output of voiceAt(server.url).speak(each("One two three."), { signal: stop.signal })) {
    said.push(output);
    if (spoken(said)[0]?.pcm.length === 1000) stop.abort();
  }
  expect(spoken(said)).toEqual([{ text: "One two three.", pcm: heard("One two three.").pcm.slice(0, 1000) }]);
});

test("the next clause is asked for while one is spoken, and no more than that one", async () => {
  const server = await simulator();
  const wanted: string[] = [];
  async function* clauses() {
    for (const clause of ["One.", "Two.", "Three.", "Four."]) {
      wanted.push(clause);
      yield clause;
    }
  }
  const outputs = voiceAt(server.url).speak(clauses(), { signal: never })[Symbol.asyncIterator]();
  await outputs.next();
  await server.over(1);
  expect(wanted).toEqual(["One.", "Two."]);
  expect(server.requests).toHaveLength(2);
  await outputs.return?.();
});

test("an interruption ends the request that is spoken, and the one that waits", async () => {
  const server = await simulator({ failure: { type: "stall", bytes: 4000 } });
  const stop = new AbortController();
  const said: TtsOutput[] = [];
  for await (const output of voiceAt(server.url).speak(each("One two.", "Three four."), { signal: stop.signal })) {
    said.push(output);
    if (said.length > 1) {
      await server.request(1);
      stop.abort();
    }
  }
  expect(said).toHaveLength(2);
  expect((await server.over(0)).cancelled).toBe(true);
  expect((await server.over(1)).cancelled).toBe(true);
});

test.each(["hang", "silent"] as const)("an interruption before any audio (%s) is silent, too", async (type) => {
  const server = await simulator({ failure: { type } });
  const stop = new AbortController();
  const said = collect(voiceAt(server.url).speak(each("One."), { signal: stop.signal }));
  await server.request(0);
  stop.abort();
  expect(await said).toEqual([]);
  expect((await server.over(0)).cancelled).toBe(true);
  expect(await collect(voiceAt(server.url).speak(each("One."), { signal: stop.signal }))).toEqual([]);
  expect(server.requests).toHaveLength(1);
});

test("a listener who leaves breaks the connection, and no clause is asked for any more", async () => {
  const server = await simulator({ failure: { type: "stall", bytes: 100 } });
  const ended = Promise.withResolvers<void>();
  async function* clauses() {
    try {
      yield "One.";
      yield "Two.";
      yield "Three.";
    } finally {
      ended.resolve();
    }
  }
  for await (const output of voiceAt(server.url).speak(clauses(), { signal: never })) {
    expect(output.type).toBe("clause");
    break;
  }
  expect((await server.over(0)).cancelled).toBe(true);
  expect(server.requests.length).toBeLessThan(3);
  await ended.promise;
});

test("a refusal is told with its status and the service's detail, without the key", async () => {
  const server = await simulator({ apiKey: "right" });
  const error = await collect(voiceAt(server.url).speak(each("One."), { signal: never })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "vendor-failed",
    vendorCode: 401,
    message: `tts generic_http at 127.0.0.1:${server.port} answered with status 401: invalid api key ***`,
    own: `tts generic_http at 127.0.0.1:${server.port} answered with status 401`,
  });
});

test.each([
  [{ type: "status", status: 400 }, 400, "status 400: simulated failure 400"],
  [{ type: "status", status: 422, body: '{"detail":[{"loc":["body","voice"],"msg":"unknown"}]}' }, 422, "status 422: body.voice: unknown"],
  [{ type: "status", status: 500, body: "<html>\n down </html>" }, 500, "status 500: <html> down </html>"],
  [{ type: "status", status: 307, body: "", headers: { location: "http://127.0.0.1:1/" } }, 307, "redirects are not followed"],
  [{ type: "status", status: 204, body: "" }, 204, "status 204"],
  [
    { type: "content-type", contentType: "application/json", body: '{"error":"no GPU"}' },
    200,
    "application/json where raw PCM was asked for: no GPU",
  ],
  [{ type: "content-type", contentType: "audio/mpeg" }, 200, "answered with audio/mpeg where raw PCM"],
] as const)("%o becomes an error with its code, and nothing is heard", async (failure, code, words) => {
  const { said, error } = await failing(failure);
  expect(said).toEqual([]);
  expect(error).toMatchObject({ code: "vendor-failed", vendorCode: code });
  expect(error.message).toContain(words);
});

test.each([
  [{ type: "rate", sampleRate: 16_000 }, "audio of 16000 Hz where params.sample_rate says 24000"],
  [{ type: "content-type", contentType: "audio/L16; rate=8000" }, "audio of 8000 Hz"],
  [{ type: "empty" }, "answered without any audio"],
  [{ type: "wav", sampleRate: 44_100 }, "sent a WAV file of format 1 with 1 channel(s), 44100 Hz"],
  [{ type: "wav", channels: 2 }, "2 channel(s)"],
] as const)("%o is an error that says so, and nothing is heard", async (failure, words) => {
  const { said, error } = await failing(failure);
  expect(said).toEqual([]);
  expect(error.message).toContain(words);
});

test("an answer that breaks off is an error after what was heard", async () => {
  const { said, error } = await failing({ type: "cut", bytes: 2001 });
  expect(spoken(said)).toEqual([{ text: "One two three.", pcm: heard("One two three.").pcm.slice(0, 1000) }]);
  expect(error.message).toContain("broke off its audio");
});

test.each(["application/octet-stream", "audio/pcm", "audio/L16; rate=24000", "audio/wav", "binary/octet-stream"])(
  "%s may be audio",
  async (contentType) => {
    const server = await simulator({ failure: { type: "content-type", contentType } });
    expect(spoken(await collect(voiceAt(server.url).speak(each("One."), { signal: never })))).toEqual([heard("One.")]);
  },
);

test("a WAV header of the audio that was agreed is not heard", async () => {
  const server = await simulator({ failure: { type: "wav" }, chunkBytes: 17 });
  expect(spoken(await collect(voiceAt(server.url).speak(each("One."), { signal: never })))).toEqual([heard("One.")]);
});

test("half a sample at the end is dropped", async () => {
  const server = await simulator({ failure: { type: "short", bytes: 201 } });
  const [clause] = spoken(await collect(voiceAt(server.url).speak(each("One."), { signal: never })));
  expect(clause?.pcm).toEqual(heard("One.").pcm.slice(0, 100));
});

test("a clause of signs alone may have no audio", async () => {
  const server = await simulator({ failure: { type: "empty" }, failingRequests: [0] });
  expect(spoken(await collect(voiceAt(server.url).speak(each("…", "One."), { signal: never })))).toEqual([
    { text: "…", pcm: [] },
    heard("One."),
  ]);
});

test.each([
  [{ type: "hang" }, { firstMs: 30, pauseMs: 10_000 }, "did not answer within 30 ms", 0],
  // As long as a busy machine may take for the head of the answer, which is there.
  [{ type: "silent" }, { firstMs: 500, pauseMs: 10_000 }, "sent no audio within 500 ms", 0],
  [{ type: "stall", bytes: 200 }, { firstMs: 10_000, pauseMs: 30 }, "no more audio within 30 ms", 100],
] as const)("%o is an error with the time", async (failure, patience, words, samples) => {
  const { said, error, server } = await failing(failure, { patience });
  expect(spoken(said).flatMap(({ pcm }) => pcm)).toHaveLength(samples);
  expect(error.message).toContain(words);
  expect((await server.over(0)).cancelled).toBe(true);
});

test("an endless answer ends, by the length of its text", async () => {
  const { said, error, server } = await failing({ type: "endless" });
  expect(error.message).toContain("sent more than 17000 ms of audio for 14 characters");
  const samples = said.reduce((sum, output) => sum + (output.type === "audio" ? output.pcm.length : 0), 0);
  expect(samples).toBeLessThanOrEqual(17_000 * 24);
  expect((await server.over(0)).cancelled).toBe(true);
});

test("where nobody listens the error names host and port, and no key", async () => {
  const server = await simulator();
  await server.close();
  const error = await collect(voiceAt(server.url).speak(each("One."), { signal: never })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "vendor-unreachable" });
  expect(String(error)).toContain(`tts generic_http at 127.0.0.1:${server.port} cannot be reached`);
  expect(String(error)).not.toContain("key-123456");
});

test("an address that is refused fails when the agent is made, unless it is the operator's", () => {
  const strict = new Network({ allowLoopback: false, proxies: {} });
  open.push(strict);
  const { open: openVoice } = genericHttp(strict).tts!;
  const options = { url: "http://169.254.169.254/v1/audio/speech", params: { api_key: "key-123456" } };
  expect(() => openVoice(options)).toThrow(/tts\.url: 169\.254\.169\.254 is refused/);
  expect(() => openVoice({ ...options, trusted: true })).not.toThrow();
});

test.each([
  [{ url: "ftp://x.example", params: { api_key: "k" } }, ["url"]],
  [{ params: { api_key: "k" } }, ["url"]],
  [{ url: "https://x.example" }, ["params", "api_key"]],
  [{ url: "https://x.example", headers: { "x-api-key": "k" } }, ["params", "api_key"]],
  [{ url: "https://x.example", headers: { Authorization: " " } }, ["params", "api_key"]],
  [{ url: "https://x.example", headers: { Host: "other", Authorization: "Bearer k" } }, ["headers"]],
  [{ url: "https://x.example", params: { api_key: "k", sample_rate: 96_000 } }, ["params", "sample_rate"]],
  [{ url: "https://x.example", params: { api_key: "k", response_format: "mp3" } }, ["params", "response_format"]],
  [{ url: "https://x.example", params: { api_key: "k", speed: 0 } }, ["params", "speed"]],
])("%o is not accepted", (options, path) => {
  const result = genericHttp(new Network({ allowLoopback: true, proxies: {} })).tts!.options.safeParse(options);
  expect(result.error?.issues[0]?.path).toEqual(path);
});
