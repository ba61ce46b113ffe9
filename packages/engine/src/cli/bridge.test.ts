import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Caller, EAR_RATE, type HeardFrame } from "@parley/caller";
import { openRtc, type Rtc } from "@parley/media";
import type { AgentMessage } from "@parley/protocol";
import { VoiceAgentSimulator, type VoiceAgentSimulatorOptions } from "@parley/simulators";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Signalling } from "../api/signalling/signalling.ts";
import { buildToken } from "../projects/tokens.ts";
import { Channels } from "../rtc/channel.ts";
import { bridge } from "./bridge.ts";
import type { Terminal } from "./command.ts";

const appId = "0123456789abcdef0123456789abcdef";
const certificate = "fedcba9876543210fedcba9876543210";
const cwd = mkdtempSync(path.join(tmpdir(), "parley-bridge-"));

writeFileSync(path.join(cwd, "silent.json"), JSON.stringify({ system_prompt: "Be brief." }));

let server: Server;
let rtc: Rtc;
let signalling: Signalling;
let engine: string;

beforeAll(async () => {
  rtc = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
  signalling = new Signalling({
    channels: new Channels(),
    projects: { find: (id) => (id === appId ? { appId, certificate } : undefined) },
    rtc,
    iceServers: [],
    allowedOrigins: [],
    log: pino({ level: "silent" }),
    now: () => Date.now(),
  });
  server = createServer();
  server.on("upgrade", (request, socket, head) => signalling.handleUpgrade(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  engine = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  await signalling[Symbol.asyncDispose]();
  server.close();
  await rtc[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

/** A terminal that can be waited for. */
class Watched implements Terminal {
  readonly env: Terminal["env"];
  readonly cwd = cwd;
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  readonly lines: string[] = [];
  readonly notes: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(env: Terminal["env"]) {
    this.env = env;
  }

  readonly out = (text: string): void => this.#add(this.lines, text);
  readonly note = (text: string): void => this.#add(this.notes, text);

  async until(pattern: RegExp): Promise<void> {
    while (![...this.lines, ...this.notes].some((line) => pattern.test(line))) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  #add(list: string[], text: string): void {
    list.push(text);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

const env = { AGORA_APP_ID: appId, AGORA_APP_CERTIFICATE: certificate, ASSEMBLYAI_API_KEY: "the key" };
let rooms = 0;

/** A person in the channel who keeps what they hear and read. */
class Person implements AsyncDisposable {
  readonly caller: Caller;
  readonly messages: AgentMessage[] = [];
  readonly heard: HeardFrame[] = [];
  #waiting: (() => void)[] = [];

  constructor(caller: Caller) {
    this.caller = caller;
    caller.on("audio", (frame) => {
      this.heard.push(frame);
      this.#changed();
    });
    caller.on("message", ({ message }) => {
      this.messages.push(message);
      this.#changed();
    });
  }

  async until(isTrue: (person: this) => boolean): Promise<void> {
    while (!isTrue(this)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  /** Milliseconds of loud sound heard so far. */
  get soundMs(): number {
    return this.heard.filter(({ pcm }) => loud(pcm)).length * 20;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.caller.leave();
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

const loud = (pcm: Int16Array) => Math.sqrt(pcm.reduce((sum, sample) => sum + sample ** 2, 0) / pcm.length) > 2000;
const speech = (ms: number, hertz = 300) =>
  Int16Array.from({ length: ms * 16 }, (_, index) => 9000 * Math.sin((2 * Math.PI * hertz * index) / 16_000));
const person = async (channel: string, uid: string) =>
  new Person(
    await Caller.join({
      url: engine,
      appId,
      channel,
      uid,
      token: buildToken({ appId, certificate, channel, uid, expireSeconds: 600, now: Date.now() }),
    }),
  );

/** The bridge between a new channel and a simulator of the endpoint. */
async function stage(options: VoiceAgentSimulatorOptions & { readonly args?: readonly string[]; readonly env?: Terminal["env"] } = {}) {
  const channel = `bridged-${++rooms}`;
  const simulator = await VoiceAgentSimulator.start({ apiKey: "the key", ...options });
  const terminal = new Watched({ ...env, ...options.env });
  const session = options.args?.includes("--session") === true ? [] : ["--session", "silent.json"];
  const args = ["--engine", engine, "--url", simulator.url, "--channel", channel, ...session, ...(options.args ?? [])];
  const code = bridge.run(args, terminal);
  return {
    channel,
    simulator,
    terminal,
    code,
    async [Symbol.asyncDispose]() {
      terminal.abort.abort();
      await code;
      await simulator[Symbol.asyncDispose]();
    },
  };
}

/** Power at one frequency, as a share of all: how much of what was heard is this hum. */
function share(pcm: Int16Array, rate: number, hertz: number): number {
  let sine = 0;
  let cosine = 0;
  let all = 0;
  for (const [index, sample] of pcm.entries()) {
    const phase = (2 * Math.PI * hertz * index) / rate;
    sine += sample * Math.sin(phase);
    cosine += sample * Math.cos(phase);
    all += sample ** 2;
  }
  return (2 * (sine ** 2 + cosine ** 2)) / (pcm.length * all);
}

test("a question goes to the endpoint, its answer comes into the channel, both are printed and shown as captions", async () => {
  await using staged = await stage({ transcripts: ["how are you"], replies: ["Very well, and you?"], hertz: 440 });
  const { terminal, simulator, channel } = staged;
  await terminal.until(/^session sess_/);
  await using ada = await person(channel, "1001");
  await terminal.until(/^1001 is there/);
  const { length: before } = simulator.heard;
  await ada.caller.say(speech(900));
  await terminal.until(/^agent: Very well/);
  await ada.until(({ messages }) => messages.some((message) => message.object === "assistant.transcription" && message.turn_status === 1));

  expect(terminal.lines.slice(-2)).toEqual(["1001: how are you", "agent: Very well, and you?"]);
  expect(simulator.requests).toEqual([{ url: "/v1/ws", authorization: "Bearer the key" }]);
  // The endpoint heard her tone at its own pitch, at 24 kHz …
  const question = simulator.heard.subarray(before);
  const loudest = Array.from({ length: Math.floor(question.length / 4800) }, (_, index) =>
    question.subarray(index * 4800, (index + 1) * 4800),
  )
    .filter(loud)
    .at(1)!;
  expect(share(loudest, 24_000, 300)).toBeGreaterThan(0.9);
  // … and she its hum.
  await ada.until(({ soundMs }) => soundMs >= 900);
  const sounding = ada.heard.filter(({ pcm }) => loud(pcm));
  const tone = Int16Array.from(sounding.slice(5, 25).flatMap(({ pcm }) => [...pcm]));
  expect(share(tone, EAR_RATE, 440)).toBeGreaterThan(0.9);
  const captions = ada.messages.flatMap((message) =>
    message.object === "user.transcription" || message.object === "assistant.transcription" ? [message] : [],
  );
  expect(captions.find(({ object }) => object === "user.transcription")).toMatchObject({
    text: "how",
    user_id: "1001",
    stream_id: 1001,
    final: false,
  });
  const last = captions.at(-1)!;
  expect(last).toMatchObject({ object: "assistant.transcription", text: "Very well, and you?", turn_status: 1, stream_id: 0 });
  expect(captions.find((caption) => caption.object === "user.transcription" && caption.final)?.turn_id).toBe(last.turn_id);
});

test("a reply that comes in one burst is played by the clock, and falls silent at once when somebody speaks over it", async () => {
  const long = Array.from({ length: 60 }, (_, index) => `word${index}`).join(" ");
  await using staged = await stage({ pace: "burst", replies: [long, "Sorry."], transcripts: ["tell me", "stop"] });
  const { terminal, channel } = staged;
  await using ada = await person(channel, "1001");
  await terminal.until(/^1001 is there/);
  await ada.caller.say(speech(600));
  await ada.until(({ soundMs }) => soundMs >= 1000);
  // Fourteen seconds were there at once; one has been played in one second.
  expect(ada.soundMs).toBeLessThan(2000);
  void ada.caller.say(speech(700));
  await terminal.until(/interrupted/);
  const cut = ada.heard.length;
  const [line] = terminal.lines.filter((each) => each.includes("(interrupted)"));
  expect(line).toMatch(/^agent: word0 word1 .*… \(interrupted\)$/);
  // One and a half seconds were heard at most: six words or so, not sixty.
  expect(line!.split(" ").length).toBeLessThan(14);
  await ada.until(({ heard }) => heard.length >= cut + 25);
  expect(ada.heard.slice(cut + 12, cut + 25).some(({ pcm }) => loud(pcm))).toBe(false);
  await ada.until(({ messages }) => messages.some(({ object }) => object === "message.interrupt"));
  await terminal.until(/^agent: Sorry/);
});

test("a socket that breaks is made again with session.resume, and the conversation goes on", async () => {
  await using staged = await stage({ transcripts: ["one", "two"], replies: ["First.", "Second."] });
  const { terminal, simulator, channel } = staged;
  await using ada = await person(channel, "1001");
  await terminal.until(/^1001 is there/);
  await ada.caller.say(speech(600));
  await terminal.until(/^agent: First/);
  simulator.drop();
  await terminal.until(/goes on after/);
  expect(terminal.notes.some((note) => note.includes("is lost"))).toBe(true);
  expect(simulator.received.map(({ type }) => type)).toContain("session.resume");
  await ada.caller.say(speech(600));
  await terminal.until(/^agent: Second/);
  expect(terminal.lines).toContain("1001: two");
});

test("a session that cannot be resumed begins anew, and greets nobody again", async () => {
  writeFileSync(path.join(cwd, "greeting.json"), JSON.stringify({ greeting: "Good day." }));
  await using staged = await stage({ args: ["--session", "greeting.json"], forgetsSessions: true });
  await staged.terminal.until(/^session sess_/);
  staged.simulator.drop();
  await staged.terminal.until(/begins anew/);
  const [first, second] = staged.simulator.received.filter(({ type }) => type === "session.update");
  expect(first).toMatchObject({ session: { greeting: "Good day." } });
  expect(second).toBeDefined();
  expect(second).not.toHaveProperty("session.greeting");
});

test("tools of the session file are HTTP requests, and their answers go to the endpoint", async () => {
  const asked: string[] = [];
  const shop = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["x-key"]}`);
    if (request.url?.startsWith("/broken") === true) response.writeHead(500).end("out of order");
    else response.end(JSON.stringify({ celsius: 21 }));
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  const address = shop.address();
  const origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const tool = (name: string) => ({
    type: "function",
    name,
    description: "x",
    parameters,
    http: { url: `${origin}/${name}`, http_method: "GET", headers: [{ name: "x-key", value: "7" }] },
  });
  writeFileSync(
    path.join(cwd, "session.json"),
    JSON.stringify({ session: { system_prompt: "Be brief.", tools: [tool("weather"), tool("broken")] } }),
  );
  const calls = [
    { name: "weather", arguments: { city: "Oslo" } },
    { name: "broken", arguments: {} },
  ];
  await using staged = await stage({ args: ["--session", "session.json"], replies: [{ text: "Let me see.", calls }, "Twenty one."] });
  const { terminal, simulator, channel } = staged;
  await using ada = await person(channel, "1001");
  await terminal.until(/^1001 is there/);
  await ada.caller.say(speech(600));
  await terminal.until(/^agent: Twenty one/);
  shop.close();
  expect(asked.toSorted()).toEqual(["GET /broken 7", "GET /weather?city=Oslo 7"]);
  const results = simulator.received.filter(({ type }) => type === "tool.result");
  expect(new Map(results.map(({ result, is_error: isError }) => [result, isError]))).toEqual(
    new Map<unknown, unknown>([
      ["The tool answered with status 500: out of order", true],
      ['{"celsius":21}', false],
    ]),
  );
  // The endpoint is not told of addresses: it would have to call them itself.
  const update = simulator.received.find(({ type }) => type === "session.update");
  expect(JSON.stringify(update)).not.toContain("http");
  expect(update).toMatchObject({ session: { system_prompt: "Be brief.", tools: [{ name: "weather" }, { name: "broken" }] } });
});

test("Ctrl+C ends the session in order and leaves the channel", async () => {
  await using staged = await stage();
  const { terminal, simulator, code, channel } = staged;
  await terminal.until(/^session sess_/);
  await using ada = await person(channel, "1001");
  await terminal.until(/^1001 is there/);
  const left = once(ada.caller, "user-left");
  terminal.abort.abort();
  expect(await code).toBe(0);
  expect(simulator.received.at(-1)).toEqual({ type: "session.end" });
  expect(await left).toMatchObject([{ uid: "9999" }]);
});

describe("what goes wrong is said in a line, with the way out, and exit 1", () => {
  const failing = async (options: Parameters<typeof stage>[0] = {}) => {
    const staged = await stage(options);
    const code = await staged.code;
    await staged[Symbol.asyncDispose]();
    return { code, notes: staged.terminal.notes.join("\n") };
  };

  test("a key that the endpoint refuses", async () => {
    const { code, notes } = await failing({ env: { ASSEMBLYAI_API_KEY: "wrong" } });
    expect(code).toBe(1);
    expect(notes).toMatch(/127\.0\.0\.1:\d+ refused the key \(UNAUTHORIZED: Authentication failed\).* look at ASSEMBLYAI_API_KEY/);
  });

  test("an endpoint that is not there", async () => {
    const gone = await VoiceAgentSimulator.start();
    await gone[Symbol.asyncDispose]();
    const { code, notes } = await failing({ args: ["--url", gone.url] });
    expect(code).toBe(1);
    expect(notes).toMatch(/127\.0\.0\.1:\d+ cannot be reached/);
  });

  test("an endpoint behind a proxy that is not there for it", async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      asked.push(String(request.url));
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, notes } = await failing({
      args: ["--url", "wss://brain.example/v1/ws"],
      env: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    });
    proxy.close();
    expect(code).toBe(1);
    expect(asked).toContain("brain.example:443");
    expect(notes).toContain("brain.example cannot be reached");
  });

  test("a uid that somebody has", async () => {
    await using first = await stage();
    await first.terminal.until(/^session/);
    const { code, notes } = await failing({ args: ["--channel", first.channel] });
    expect(code).toBe(1);
    expect(notes).toMatch(/uid 9999 .*choose another with --uid or AGORA_BOT_UID/);
  });

  test("a certificate that is another project's", async () => {
    const { code, notes } = await failing({ env: { AGORA_APP_CERTIFICATE: "0".repeat(32) } });
    expect(code).toBe(1);
    expect(notes).toMatch(/must be those of one project .*AGORA_APP_CERTIFICATE/);
  });

  test("no certificate where the project has one", async () => {
    const { code, notes } = await failing({ env: { AGORA_APP_CERTIFICATE: "" } });
    expect(code).toBe(1);
    expect(notes).toMatch(/AGORA_APP_CERTIFICATE/);
  });

  test("an App ID of Agora's cloud", async () => {
    const { code, notes } = await failing({ env: { AGORA_APP_ID: "f".repeat(32) } });
    expect(code).toBe(1);
    expect(notes).toContain("not of Agora's own network");
  });

  test("no engine there", async () => {
    const { code, notes } = await failing({ args: ["--engine", "http://127.0.0.1:9"] });
    expect(code).toBe(1);
    expect(notes).toContain("Start the engine");
  });

  test("a sample rate that the endpoint hears wrongly is a hint, and the call goes on", async () => {
    await using staged = await stage({ complains: { code: "audio_rate_mismatch", message: "0.667 times real time." } });
    await staged.terminal.until(/audio_rate_mismatch: .*chipmunky/);
    expect(staged.terminal.notes.join("\n")).not.toContain("has ended");
  });

  test("the agent's own words coming back are an echo", async () => {
    const words = "I would like to know what the weather is";
    await using staged = await stage({ replies: [words], transcripts: ["hello", "I would like to know"] });
    await using ada = await person(staged.channel, "1001");
    await staged.terminal.until(/^1001 is there/);
    await ada.caller.say(speech(600));
    await ada.until(({ soundMs }) => soundMs > 1500);
    await ada.caller.say(speech(600));
    await staged.terminal.until(/echoCancellation: true/);
  });
});
