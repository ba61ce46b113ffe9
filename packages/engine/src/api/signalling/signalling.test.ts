import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { Caller, EAR_RATE, type HeardFrame } from "@parley/caller";
import { openRtc, type Rtc } from "@parley/media";
import { asciiJson, encodeStreamMessage } from "@parley/protocol";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { FRAME_MS, type Frame } from "../../core/frame.ts";
import { buildToken } from "../../projects/tokens.ts";
import { Channels } from "../../rtc/channel.ts";
import { Ticker } from "../../session/clock.ts";
import { openChannelTransport } from "../../transports/channel.ts";
import type { TransportEvent } from "../../transports/transport.ts";
import { Signalling } from "./signalling.ts";

const appId = "0123456789abcdef0123456789abcdef";
const certificate = "fedcba9876543210fedcba9876543210";
const open = { appId: "ffffffffffffffffffffffffffffffff", certificate: "" };

let server: Server;
let rtc: Rtc;
let signalling: Signalling;
let url: string;
const channels = new Channels();

beforeAll(async () => {
  rtc = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
  const projects = new Map([appId, open.appId].map((id) => [id, { appId: id, certificate: id === appId ? certificate : "" }]));
  signalling = new Signalling({
    channels,
    projects: { find: (id) => projects.get(id) },
    rtc,
    iceServers: [],
    allowedOrigins: ["https://app.example"],
    log: pino({ level: "silent" }),
    now: () => Date.now(),
  });
  server = createServer();
  server.on("upgrade", (request, socket, head) => signalling.handleUpgrade(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  await signalling[Symbol.asyncDispose]();
  server.close();
  await rtc[Symbol.asyncDispose]();
});

let number = 0;
const newChannel = () => `room-${++number}`;
const tokenFor = (channel: string, uid: string, change: Partial<Parameters<typeof buildToken>[0]> = {}) =>
  buildToken({ appId, certificate, channel, uid, expireSeconds: 600, now: Date.now(), ...change });
const join = (channel: string, uid: string, more: { sessionId?: string } = {}) =>
  Caller.join({ url, appId, channel, uid, token: tokenFor(channel, uid), ...more });

const tone = (rate: number, ms: number) =>
  Int16Array.from({ length: (rate * ms) / 1000 }, (_, index) => 8000 * Math.sin((2 * Math.PI * 440 * index) / rate));
const isLoud = (pcm: Int16Array) => pcm.some((sample) => Math.abs(sample) > 2000);

/** Resolves with the first frame of that uid that is loud. */
function firstSound(caller: Caller, uid: string): Promise<HeardFrame> {
  const { promise, resolve } = Promise.withResolvers<HeardFrame>();
  const look = (frame: HeardFrame) => {
    if (frame.uid !== uid || !isLoud(frame.pcm)) return;
    caller.off("audio", look);
    resolve(frame);
  };
  caller.on("audio", look);
  return promise;
}

/** An agent that says back what it hears, and keeps what it was told. */
async function echo(channel: string, uid: string) {
  const clock = new Ticker().clock();
  const abort = new AbortController();
  const transport = await openChannelTransport({ channels, appId, channel, uid, remoteUids: ["*"] })(clock, abort.signal);
  const events: TransportEvent[] = [];
  const frames: Frame[] = [];
  const waiting: { type: TransportEvent["type"]; resolve: (event: TransportEvent) => void }[] = [];
  const reading = (async () => {
    for await (const event of transport.events) {
      events.push(event);
      for (const each of waiting) if (each.type === event.type) each.resolve(event);
    }
  })();
  const hearing = (async () => {
    for await (const frame of transport.frames) frames.push(frame);
  })();
  const stop = clock.everyFrame((due) => transport.write({ at: due, pcm: tone(24_000, FRAME_MS) }));
  return {
    transport,
    clock,
    events,
    frames,
    when: (type: TransportEvent["type"]) => {
      const { promise, resolve } = Promise.withResolvers<TransportEvent>();
      const seen = events.find((event) => event.type === type);
      if (seen === undefined) waiting.push({ type, resolve });
      else resolve(seen);
      return promise;
    },
    async [Symbol.asyncDispose]() {
      stop();
      await transport[Symbol.asyncDispose]();
      await Promise.all([reading, hearing]);
    },
  };
}

describe("people in a channel", () => {
  test("hear each other", async () => {
    const channel = newChannel();
    await using ada = await join(channel, "1001");
    await using bob = await join(channel, "1002");
    const heard = firstSound(ada, "1002");
    await bob.say(tone(16_000, 600));
    expect((await heard).pcm).toHaveLength((EAR_RATE * FRAME_MS) / 1000);
    expect(ada.users.map((user) => user.uid)).toEqual(["1002"]);
  });

  test("and an agent hear each other; the agent knows who spoke, and reads typed text", async () => {
    const channel = newChannel();
    await using agent = await echo(channel, "77");
    await using ada = await join(channel, "1001");
    await firstSound(ada, "77");
    await agent.when("user-ready");
    ada.tell("77", "user.transcription", { message: "hi" });
    expect(await agent.when("message")).toMatchObject({ uid: "1001", customType: "user.transcription", body: '{"message":"hi"}' });
    await ada.say(tone(16_000, 500));
    expect(agent.frames.some((frame) => frame.uid === "1001" && isLoud(frame.pcm))).toBe(true);
    const steps = agent.frames.slice(1).map((frame, index) => frame.at - (agent.frames[index]?.at ?? 0));
    expect(steps.every((step) => Math.abs(step - FRAME_MS) < 0.001)).toBe(true);
  });

  test("read an agent's messages, whole and in any alphabet", async () => {
    const channel = newChannel();
    await using agent = await echo(channel, "77");
    await using ada = await join(channel, "1001");
    const { promise, resolve } = Promise.withResolvers<unknown>();
    ada.once("message", ({ message }) => resolve(message));
    const message = {
      object: "user.transcription",
      text: "grüß Gott, 今日は ".repeat(100),
      start_ms: 0,
      duration_ms: 1,
      language: "de-DE",
      turn_id: 1,
      stream_id: 1,
      user_id: "1001",
      words: null,
      final: true,
    };
    for (const packet of encodeStreamMessage("m1", message)) agent.transport.send("*", Buffer.from(packet));
    expect(asciiJson(await promise)).toBe(asciiJson(message));
  });

  test("report what they have played, to some tens of milliseconds", async () => {
    const channel = newChannel();
    await using agent = await echo(channel, "77");
    await using ada = await join(channel, "1001");
    await firstSound(ada, "77");
    const played = await agent.transport.flush();
    expect(played.source).toBe("client");
    expect(Math.abs(played.until - agent.clock.now())).toBeLessThan(150);
  });

  test("are missed when they leave", async () => {
    const channel = newChannel();
    await using agent = await echo(channel, "77");
    const ada = await join(channel, "1001");
    await agent.when("user-ready");
    await ada.leave();
    expect(await agent.when("user-left")).toMatchObject({ uid: "1001" });
    expect(channels.open(appId, channel).find("1001")).toBeUndefined();
  });
});

describe("a uid", () => {
  test("that is taken is refused", async () => {
    const channel = newChannel();
    await using _ada = await join(channel, "1001");
    await expect(join(channel, "1001")).rejects.toMatchObject({ code: "uid-taken" });
    await using _agent = await echo(channel, "77");
    await expect(join(channel, "77")).rejects.toMatchObject({ code: "uid-taken" });
  });

  test("is taken over by whoever holds its session, and the old socket is told", async () => {
    const channel = newChannel();
    const old = await join(channel, "1001");
    await using young = await join(channel, "1001", { sessionId: old.sessionId });
    expect(await old.closed).toMatchObject({ code: "taken-over" });
    expect(young.uid).toBe("1001");
    await old.leave();
  });

  test("comes from the token when the client names none", async () => {
    const channel = newChannel();
    await using caller = await Caller.join({ url, appId, channel, token: tokenFor(channel, "4711") });
    expect(caller.uid).toBe("4711");
  });
});

describe("a join is refused, and says why", () => {
  const refused = async (token: string, change: { appId?: string; channel?: string; uid?: string } = {}) =>
    Caller.join({ url, appId, channel: "refusals", uid: "1001", token, ...change }).then(
      () => "joined",
      (error: unknown) => (error instanceof Error && "code" in error ? `${String(error.code)}: ${error.message}` : String(error)),
    );

  test("for tokens that are missing, garbled, foreign, expired or for others", async () => {
    expect(await refused("")).toMatch(/^token-missing: channel refusals/);
    expect(await refused("007rubbish")).toMatch(/^token-malformed/);
    expect(await refused(tokenFor("refusals", "1001", { certificate: "0".repeat(32) }))).toMatch(/^token-foreign/);
    expect(await refused(tokenFor("refusals", "1001", { now: Date.now() - 1_000_000, expireSeconds: 10 }))).toMatch(/^token-expired/);
    expect(await refused(tokenFor("elsewhere", "1001"))).toMatch(/^token-mismatch/);
    expect(await refused(tokenFor("refusals", "1002"))).toMatch(/^token-mismatch/);
    expect(await refused(tokenFor("refusals", "1001"), { appId: "abc" })).toMatch(/^unknown-app/);
  });

  test("except in a project without certificate, where an empty token or the App ID will do", async () => {
    await using caller = await Caller.join({ url, appId: open.appId, channel: "open", uid: "5", token: "" });
    await using other = await Caller.join({ url, appId: open.appId, channel: "open", uid: "6", token: open.appId });
    expect([caller.uid, other.uid]).toEqual(["5", "6"]);
    expect(await refused("secret", { appId: open.appId })).toMatch(/^token-foreign/);
  });
});

describe("a socket", () => {
  const connect = async (headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/rtc`, { headers });
    await once(socket, "open");
    return socket;
  };
  const answer = async (socket: WebSocket): Promise<unknown> => {
    const [data]: unknown[] = await once(socket, "message");
    return JSON.parse(String(data));
  };

  test("of a foreign page is refused with a reason", async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/rtc`, { origin: "https://evil.example" });
    const [, response] = await once(socket, "unexpected-response");
    expect(response).toMatchObject({ statusCode: 403 });
    socket.on("error", () => {});
    socket.terminate();
    (await connect({ origin: "https://app.example" })).terminate();
    (await connect({ origin: url })).terminate();
  });

  test("that sends rubbish is told what is wrong with it", async () => {
    for (const [rubbish, code] of [
      ["{", "invalid-message"],
      ['{"type":"join"}', "invalid-message"],
      ['{"type":"dance"}', "invalid-message"],
      ['{"type":"ready"}', "not-joined"],
    ]) {
      const socket = await connect();
      socket.send(rubbish!);
      expect(await answer(socket)).toMatchObject({ type: "error", code, fatal: true });
      socket.terminate();
    }
  });

  test("with a malformed SDP is told so and stays", async () => {
    const socket = await connect();
    const channel = newChannel();
    socket.send(JSON.stringify({ type: "join", appId, channel, uid: "9", token: tokenFor(channel, "9") }));
    expect(await answer(socket)).toMatchObject({ type: "joined", uid: "9" });
    socket.send(JSON.stringify({ type: "offer", id: 1, sdp: "v=0\r\nrubbish", plan: [] }));
    expect(await answer(socket)).toMatchObject({ type: "error", code: "invalid-sdp", fatal: false });
    socket.terminate();
  });
});
