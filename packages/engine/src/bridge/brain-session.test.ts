import { openOpusDecoder, openOpusEncoder } from "@parley/media";
import { VoiceAgentSimulator, type VoiceAgentSimulatorOptions } from "@parley/simulators";
import { describe, expect, test } from "vitest";
import type { SessionEvent } from "../core/events.ts";
import { inOwnWords } from "../projects/own-words.ts";
import type { RunningSession, Sessions } from "../projects/running-session.ts";
import { Channels, type ChannelEvent, type Member } from "../rtc/channel.ts";
import { Source } from "../rtc/source.ts";
import type { AgentConfig, ChosenBrain } from "../session/agent-config.ts";
import type { ClientMessage } from "../session/client-message.ts";
import { defaultTurns } from "../session/agent-config.ts";
import type { Restored } from "../session/parts.ts";
import { openChannelTransport } from "../transports/channel.ts";
import { Network } from "../vendors/network.ts";
import { withBrains } from "./brain-sessions.ts";

/** Someone in the channel without a connection, who speaks tones. */
class Someone implements Member {
  readonly uid = "7";
  readonly agent = false;
  readonly publishing = true;
  readonly muted = false;
  readonly ready = true;
  readonly rttMs = 10;
  readonly source = new Source("7");
  readonly told: ChannelEvent[] = [];
  #sequence = 0;

  hears(): boolean {
    return true;
  }

  take(event: ChannelEvent): void {
    this.told.push(event);
  }

  remove(): void {}

  /** A tone for so long, in real time. */
  async say(ms: number): Promise<void> {
    using encoder = await openOpusEncoder(16_000);
    const tone = Int16Array.from({ length: 320 }, (_, index) => 8000 * Math.sin((2 * Math.PI * 350 * index) / 16_000));
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = ms / 20;
    const timer = setInterval(() => {
      const index = this.#sequence++;
      const payload = encoder.encode(tone);
      this.source.take({ ssrc: 9, sequenceNumber: index }, { timestamp: index * 960, payload, level: undefined }, performance.now());
      if (--left > 0) return;
      clearInterval(timer);
      resolve();
    }, 20);
    await promise;
  }
}

const base: Omit<AgentConfig, "brain"> = {
  asr: { vendor: "none", language: "en-US", options: {}, keyterms: [] },
  tts: { vendor: "none", options: {} },
  llm: { style: "none", options: {} },
  systemMessages: [],
  maxHistory: 10,
  idleTimeoutS: 30,
  firstUserTimeoutS: 600,
  turns: defaultTurns,
};

/** An agent with a simulated brain in a channel, and somebody there. */
async function stage(
  options: VoiceAgentSimulatorOptions &
    Partial<Pick<ChosenBrain, "session" | "messages">> & {
      readonly config?: Partial<AgentConfig>;
      readonly alone?: boolean;
      readonly key?: string;
      readonly restored?: Restored;
    } = {},
) {
  const simulator = await VoiceAgentSimulator.start(options);
  const channels = new Channels();
  const channel = channels.open("app", "lobby");
  const ada = new Someone();
  if (options.alone !== true) channel.join(ada);
  const network = new Network({ allowLoopback: true, proxies: {} });
  const own: Sessions = { start: () => Promise.reject(new Error("the engine's own session was asked for")) };
  const readMessage = (_type: string, body: string): ClientMessage => (JSON.parse(body) as { as: ClientMessage }).as;
  const brain: ChosenBrain = {
    url: simulator.url,
    apiKey: options.key ?? options.apiKey ?? "k",
    session: options.session ?? {},
    messages: options.messages ?? [],
  };
  const events: SessionEvent[] = [];
  let changed = Promise.withResolvers<void>();
  let reading: Promise<void> | undefined;
  const session = await withBrains({ own, readMessage, network }).start({
    config: { ...base, ...options.config, brain },
    open: openChannelTransport({ channels, appId: "app", channel: "lobby", uid: "100", remoteUids: ["*"] }),
    signal: new AbortController().signal,
    ...(options.restored === undefined ? {} : { restored: options.restored }),
    onStart: (started: RunningSession) => {
      reading = (async () => {
        for await (const event of started.events) {
          events.push(event);
          changed.resolve();
          changed = Promise.withResolvers();
        }
      })();
    },
  });
  const voice: { readonly at: number; readonly payload: Uint8Array }[] = [];
  channel.find("100")?.source.listen(({ payload }) => voice.push({ at: performance.now(), payload }));
  const of = <T extends SessionEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<SessionEvent, { type: T }> => event.type === type);
  return {
    simulator,
    channel,
    ada,
    session,
    events,
    voice,
    of,
    until: async (isTrue: () => boolean) => {
      while (!isTrue()) await changed.promise;
    },
    async [Symbol.asyncDispose]() {
      await session.leave();
      await reading;
      await simulator[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    },
  };
}

test("people and the endpoint talk: turns, words and memory are those of any agent", async () => {
  await using staged = await stage({ transcripts: ["how are you"], replies: ["Very well."], session: { greeting: "Hello there." } });
  const { of, until, ada, session, simulator, voice } = staged;
  await until(() => of("reply-end").length === 1);
  await ada.say(800);
  await until(() => of("reply-end").length === 2);

  expect(of("turn-end")).toMatchObject([{ uid: "7", text: "how are you", by: "voice" }]);
  expect(of("reply-end").map(({ text }) => text)).toEqual(["Hello there.", "Very well."]);
  expect(session.history.map(({ role, content }) => [role, content])).toEqual([
    ["assistant", "Hello there."],
    ["user", "how are you"],
    ["assistant", "Very well."],
  ]);
  expect(simulator.received[0]).toMatchObject({ type: "session.update", session: { greeting: "Hello there." } });
  // It sounds in the channel, at the hum's pitch.
  using decoder = await openOpusDecoder(24_000);
  const pcm = voice.flatMap(({ payload }) => [...decoder.decode(payload)]);
  expect(pcm.filter((sample) => Math.abs(sample) > 3000).length).toBeGreaterThan(24_000 * 0.4);
  expect(await session.leave()).toEqual({ status: "STOPPED", reason: "OK" });
  expect(simulator.received.at(-1)).toEqual({ type: "session.end" });
  await until(() => of("closed").length === 1);
  expect(staged.events.at(-1)).toMatchObject({ type: "closed", status: "STOPPED" });
});

test("nobody is greeted who is not there", async () => {
  await using staged = await stage({ alone: true, session: { greeting: "Hello." } });
  expect(staged.simulator.requests).toEqual([]);
  staged.channel.join(staged.ada);
  staged.channel.tell(staged.ada, { type: "ready", member: staged.ada });
  await staged.until(() => staged.of("reply-end").length === 1);
  expect(staged.simulator.requests).toHaveLength(1);
});

test("who speaks over it silences the channel, and the clients are told to flush", async () => {
  await using staged = await stage({
    pace: "burst",
    replies: [Array.from({ length: 40 }, (_, index) => `w${index}`).join(" "), "Yes?"],
    transcripts: ["a", "b"],
  });
  const { ada, until, of } = staged;
  await until(() => of("user-joined").length === 1);
  await ada.say(600);
  await until(() => of("reply-start").length === 1);
  await ada.say(700);
  await until(() => of("reply-interrupted").length === 1);
  expect(of("reply-interrupted")[0]!.text.split(" ")).toHaveLength(40);
  expect(of("reply-interrupted")[0]!.heard.split(" ").length).toBeLessThan(8);
  expect(ada.told.some(({ type }) => type === "flush")).toBe(true);
});

test("the API interrupts it, and the endpoint is told; nothing of that reply is heard any more", async () => {
  await using staged = await stage({ replies: ["one two three four five six seven eight nine ten"] });
  const { session, until, of, ada } = staged;
  await until(() => of("user-joined").length === 1);
  await ada.say(600);
  await until(() => session.state === "speaking");
  session.interrupt();
  await until(() => of("reply-interrupted").length === 1);
  expect(of("reply-interrupted")[0]).toMatchObject({ cause: "api_interrupt" });
  await staged.simulator.until(({ received }) => received.some(({ type }) => type === "reply.cancel"));
  expect(of("reply-end")).toEqual([]);
});

test("a text counts as if somebody had said it; what a client asks for is done", async () => {
  await using staged = await stage({ replies: ["Sunny."] });
  const { session, until, of, channel, ada, simulator } = staged;
  await until(() => of("user-joined").length === 1);
  await simulator.until(({ received }) => received.length > 0);
  expect(session.think("What is the weather?", { priority: "append" })).toBe("taken");
  await until(() => of("reply-end").length === 1);
  expect(simulator.received.slice(1)).toEqual([
    { type: "conversation.message", role: "user", content: "What is the weather?" },
    { type: "reply.create" },
  ]);
  const ask = (as: ClientMessage) =>
    channel.find("100")?.take({ type: "message", member: ada, customType: "x", body: JSON.stringify({ as }) });
  ask({ type: "text", text: "And tomorrow?", priority: "interrupt" });
  await until(() => of("reply-end").length === 2);
  ask({ type: "invalid", message: "what?" });
  ask({ type: "mark", mark: "start", requestId: "1" });
  await until(() => of("error").length >= 2);
  expect(of("error").map(({ message }) => message)).toEqual(
    expect.arrayContaining(["what?", expect.stringContaining("finds the ends of turns itself")]),
  );
});

test("texts while the endpoint is away wait, and what is too much of them is an error that does not end the agent", async () => {
  await using staged = await stage();
  const { session, simulator, channel, ada, of, until } = staged;
  await simulator.until(({ heard }) => heard.length > 0);
  await simulator[Symbol.asyncDispose]();
  // Until the socket is known to be gone, they are sent.
  while (session.think("Hello?", { priority: "append" }) === "taken") await new Promise<void>((resolve) => setImmediate(resolve));
  const told = of("error").length;
  const body = JSON.stringify({ as: { type: "text", text: "Hello?", priority: "append" } satisfies ClientMessage });
  channel.find("100")?.take({ type: "message", member: ada, customType: "x", body });
  await until(() => of("error").length > told);
  expect(of("error").at(-1)).toMatchObject({ module: "llm", message: expect.stringContaining("outbox-full") });
  expect(session.think("Hello?", { priority: "append" })).toBe("ignored");
  expect(await session.leave()).toEqual({ status: "STOPPED", reason: "OK" });
});

test("what a brain of this kind cannot do is refused by name", async () => {
  await using staged = await stage();
  expect(() => staged.session.say("Hello", { priority: "append", interruptable: true })).toThrow("speaks its own words");
});

test("memory from before comes first, and the instructions can change", async () => {
  await using staged = await stage({ messages: [{ role: "user", content: "My name is Ada." }] });
  const { simulator, session } = staged;
  await simulator.until(({ received }) => received.some(({ type }) => type === "conversation.message"));
  expect(simulator.received.at(-1)).toMatchObject({ role: "user", content: "My name is Ada." });
  session.update({ systemMessages: [{ role: "system", content: "Be brief." }], brain: { output: { volume: 50 } } });
  await simulator.until(({ received }) => received.filter(({ type }) => type === "session.update").length === 2);
  expect(simulator.received.at(-1)).toEqual({ type: "session.update", session: { system_prompt: "Be brief.", output: { volume: 50 } } });
  session.update({});
  const other = { llm: async function* () {} };
  expect(() => session.update(other)).toThrow("no language model of its own");
});

test("what changes before anybody comes counts from the beginning", async () => {
  await using staged = await stage({ alone: true });
  staged.session.update({ brain: { system_prompt: "Changed." } });
  staged.channel.join(staged.ada);
  staged.channel.tell(staged.ada, { type: "ready", member: staged.ada });
  await staged.simulator.until(({ received }) => received.filter(({ type }) => type === "session.update").length === 2);
  expect(staged.simulator.received.at(-1)).toEqual({ type: "session.update", session: { system_prompt: "Changed." } });
});

test("after a restart of the engine it knows what was said, greets nobody twice, and counts its turns on", async () => {
  const said = { turnId: 3, startMs: -2000, endMs: -1000 };
  const restored: Restored = {
    history: [
      { role: "user", content: "My name is Ada.", source: "asr", ...said },
      { role: "assistant", content: "Hello Ada.", source: "llm", ...said },
    ],
    turn: 3,
    greeted: true,
  };
  await using staged = await stage({ restored, session: { greeting: "Welcome." }, replies: ["Go on."] });
  const { simulator, session, ada, until, of } = staged;
  await simulator.until(({ received }) => received.length === 3);
  expect(simulator.received.slice(1).map(({ role, content }) => [role, content])).toEqual([
    ["user", "My name is Ada."],
    ["assistant", "Hello Ada."],
  ]);
  await ada.say(600);
  await until(() => of("reply-end").length === 1);
  expect(of("turn-end")[0]).toMatchObject({ turnId: 4 });
  expect(of("reply-end")[0]).toMatchObject({ turnId: 4, text: "Go on." });
  expect(session.history).toHaveLength(4);
});

test("a session with the endpoint that begins anew is told what was said in the one before, and greets nobody again", async () => {
  const transcripts = ["My name is Ada."];
  await using staged = await stage({
    forgetsSessions: true,
    session: { greeting: "Good day." },
    messages: [{ role: "user", content: "Hi." }],
    transcripts,
    replies: ["Hello Ada."],
  });
  const { simulator, ada, until, of } = staged;
  await until(() => of("reply-end").length === 1);
  await ada.say(600);
  await until(() => of("reply-end").length === 2);
  simulator.drop();
  await simulator.until(({ received }) => received.filter(({ type }) => type === "conversation.message").length === 5);
  expect(simulator.received.slice(-4).map(({ role, content }) => [role, content])).toEqual([
    ["user", "Hi."],
    ["assistant", "Good day."],
    ["user", "My name is Ada."],
    ["assistant", "Hello Ada."],
  ]);
  const begun = simulator.received.filter(({ type }) => type === "session.update").map(({ session }) => session);
  expect(begun).toEqual([expect.objectContaining({ greeting: "Good day." }), expect.not.objectContaining({ greeting: "Good day." })]);
});

test("what people say while a socket is made again reaches the endpoint", async () => {
  await using staged = await stage();
  const { simulator, ada } = staged;
  await simulator.until(({ heard }) => heard.length > 0);
  simulator.drop();
  await ada.say(600);
  const loud = () => simulator.heard.filter((sample) => Math.abs(sample) > 1000).length;
  // 600 ms of a tone, some of whose samples are near zero; the attempt comes after 125 ms at least.
  await simulator.until(() => loud() > 24 * 500);
});

test("what the endpoint complains of is told, and recorded without its words where nothing said is kept", async () => {
  await using staged = await stage({ complains: { code: "llm_error", message: "I cannot answer “my pin is 1234”" } });
  await staged.until(() => staged.of("error").length > 0);
  const [told] = staged.of("error");
  expect(told?.message).toBe("llm_error: I cannot answer “my pin is 1234”");
  expect(inOwnWords(told!)).toMatchObject({ message: "the endpoint reported llm_error" });
});

describe("it ends", () => {
  test("FAILED when the endpoint refuses the key, with its words", async () => {
    await using staged = await stage({ apiKey: "right", key: "wrong" });
    const { status, reason } = await staged.session.closed;
    expect([status, reason]).toEqual(["FAILED", expect.stringMatching(/^127\.0\.0\.1:\d+: UNAUTHORIZED: Authentication failed/)]);
    expect(staged.of("error")).toHaveLength(1);
    expect(inOwnWords(staged.of("error")[0]!)).toMatchObject({ message: "the endpoint reported UNAUTHORIZED" });
  });

  test("STOPPED when nobody has been there for too long", async () => {
    await using staged = await stage({ alone: true, config: { firstUserTimeoutS: 0.05 } });
    expect(await staged.session.closed).toEqual({ status: "STOPPED", reason: "Idle for too long" });
  });

  test("after what it is saying, when it is given time", async () => {
    await using staged = await stage({ session: { greeting: "One two three four." } });
    await staged.until(() => staged.session.state === "speaking");
    await staged.session.leave({ graceS: 10 });
    expect(staged.of("reply-end")).toMatchObject([{ text: "One two three four." }]);
  });
});

test("an address that is not public is refused where the operator has not allowed it", async () => {
  const network = new Network({ allowLoopback: false, proxies: {} });
  const sessions = withBrains({ own: { start: () => Promise.reject(new Error()) }, readMessage: () => ({ type: "interrupt" }), network });
  const brain: ChosenBrain = { url: "ws://10.0.0.1/v1/ws", apiKey: "k", session: {}, messages: [] };
  const channels = new Channels();
  const open = openChannelTransport({ channels, appId: "app", channel: "lobby", uid: "100", remoteUids: ["*"] });
  const starting = sessions.start({ config: { ...base, brain }, open, signal: new AbortController().signal, onStart: () => {} });
  await expect(starting).rejects.toMatchObject({ code: "invalid-field" });
  expect(channels.open("app", "lobby").members).toEqual([]);
  await network[Symbol.asyncDispose]();
});
