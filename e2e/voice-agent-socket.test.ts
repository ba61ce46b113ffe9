/** The Voice Agent socket of a real engine with real speech: a person asks, loses the network, comes back, and interrupts. */
import { voiceAgent } from "@parley/protocol";
import { createResampler } from "@parley/media";
import { openSpeech } from "@parley/speech";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { startEngine } from "./src/engine.ts";
import { recording, wordsOf } from "./src/sound.ts";
import { expectWords, understand } from "./src/hearing.ts";

const key = "an-api-key-for-this-test";
const micRate = 16_000;
const voiceRate = 24_000;
const frameMs = 20;
/** Loading the models and half a minute of conversation, on two busy cores. */
const patienceMs = 180_000;
/** Longest wait for one event of it. */
const waitMs = 30_000;

type Told = voiceAgent.ServerEvent & { readonly at: number };

/** A client with a microphone that runs in real time, on one socket after the other. */
class Caller implements Disposable {
  readonly told: Told[] = [];
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #socket: WebSocket | undefined;
  #speech: Int16Array[] = [];
  #sentMs = 0;
  readonly #startedAt = performance.now();
  #wake: () => void = () => {};

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => this.#talk(), frameMs);
  }

  connect(first: object): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => socket.send(JSON.stringify(first)));
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      if (socket !== this.#socket) return;
      this.told.push({ ...voiceAgent.ServerEvent.parse(JSON.parse(data)), at: performance.now() });
      this.#wake();
    });
  }

  send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** The network is gone, from one moment to the next; resolves when the socket is. */
  async drop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    const closed = Promise.withResolvers<void>();
    socket.addEventListener("close", () => closed.resolve());
    socket.close();
    await closed.promise;
  }

  /** Says it now; resolves when the first sample goes out. */
  say(pcm: Int16Array): void {
    this.#speech.push(pcm);
  }

  only<T extends Told["type"]>(...types: T[]): Extract<Told, { type: T }>[] {
    return this.told.filter((event): event is Extract<Told, { type: T }> => types.some((type) => type === event.type));
  }

  /** Waits for what is to come; if it does not, says what came in its place. */
  async until<Found>(find: () => Found | undefined): Promise<Found> {
    const impatient = AbortSignal.timeout(waitMs);
    const { promise: late, reject } = Promise.withResolvers<never>();
    impatient.addEventListener("abort", () => reject(new Error(`it did not come; told: ${this.told.map(({ type }) => type).join(" ")}`)));
    late.catch(() => undefined);
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await Promise.race([promise, late]);
    }
  }

  /** What was sent of a reply, as samples of 16 kHz. */
  heard(replyId: string): Int16Array {
    const parts = this.only("reply.audio").filter((event) => event.reply_id === replyId);
    const bytes = Buffer.concat(parts.map(({ data }) => Buffer.from(data, "base64")));
    const samples = Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
    return createResampler(voiceRate, micRate).process(samples);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  /** Audio as it is due, silence where nobody speaks. */
  #talk(): void {
    while (this.#sentMs < performance.now() - this.#startedAt) {
      this.#sentMs += frameMs;
      const frame = new Int16Array((micRate * frameMs) / 1000);
      const [speech] = this.#speech;
      if (speech !== undefined) {
        frame.set(speech.subarray(0, frame.length));
        if (speech.length > frame.length) this.#speech[0] = speech.subarray(frame.length);
        else this.#speech.shift();
      }
      if (this.#socket?.readyState === WebSocket.OPEN)
        this.send({ type: "input.audio", audio: Buffer.from(frame.buffer).toString("base64") });
    }
  }
}

test("a person asks, loses the network, comes back to the same sentence, and interrupts it", { timeout: patienceMs }, async () => {
  const speech = openSpeech({ threads: 1 });
  await using _speech = speech;
  await using engine = await startEngine({ PARLEY_API_KEY: key, PARLEY_LLM__DISCOVER: "off" });
  await speech.ready;
  using caller = new Caller(`${engine.url.replace("http", "ws")}/v1/ws?token=${key}`);

  caller.connect({
    type: "session.update",
    session: { greeting: "Hello, what would you like to know?", input: { format: { encoding: "audio/pcm", sample_rate: micRate } } },
  });
  const greeted = await caller.until(() => caller.only("reply.done")[0]);
  const [greeting] = caller.only("transcript.agent");
  expectWords(greeting?.text ?? "", await understand(speech, caller.heard(greeted.reply_id)));

  // A question is understood and answered.
  const question = "whats-the-weather-like";
  caller.say(await recording(question));
  const asked = await caller.until(() => caller.only("transcript.user")[0]);
  expectWords(await wordsOf(question), asked.text);
  const answer = await caller.until(() => caller.only("reply.started")[1]);
  const spoken = (): number => caller.only("reply.audio").filter((event) => event.reply_id === answer.reply_id).length * frameMs;
  await caller.until(() => (spoken() > 1500 ? true : undefined));

  // The network breaks in the middle of the answer; at another socket the same sentence goes on.
  const [ready] = caller.only("session.ready");
  await caller.drop();
  const before = caller.told.length;
  caller.connect({ type: "session.resume", session_id: ready?.session_id });
  await caller.until(() => (caller.told.length > before + 20 ? true : undefined));
  const after = caller.told.slice(before);
  expect(after[0]).toMatchObject({ type: "session.ready", session_id: ready?.session_id });
  expect(after.some(({ type }) => type === "reply.started")).toBe(false);
  expect(after.every((event) => event.type !== "reply.audio" || event.reply_id === answer.reply_id)).toBe(true);

  // Somebody talks over it: it stops, and what was heard of it is remembered.
  const interruption = "librispeech-quilter";
  caller.say(await recording(interruption));
  const cut = await caller.until(() => caller.only("reply.done").find(({ status }) => status === "interrupted"));
  const heard = caller.only("transcript.agent").find(({ interrupted }) => interrupted);
  const [, started] = caller.only("input.speech.started");
  expect(cut.reply_id).toBe(answer.reply_id);
  expect(started?.at).toBeLessThanOrEqual(heard?.at ?? 0);
  const words = caller.only("transcript.agent.delta").filter((event) => event.reply_id === answer.reply_id);
  expect(
    words
      .map(({ delta }) => delta)
      .join(" ")
      .startsWith(heard?.text ?? "?"),
  ).toBe(true);
  expect(spoken()).toBeLessThan(6000);
  const said = await caller.until(() => caller.only("transcript.user")[1]);
  expectWords(await wordsOf(interruption), said.text);
  expect(caller.only("session.error")).toEqual([]);

  // The record of the session has only what was heard.
  caller.send({ type: "session.end" });
  const over = await caller.until(() => caller.only("session.ended")[0]);
  expect(over.audio_duration_seconds).toBeGreaterThan(5);
  const turns = await timelineOf(engine.url, ready?.session_id ?? "");
  expect(turns.map(({ trigger, status }) => `${trigger} ${status}`).slice(0, 2)).toEqual(["greeting completed", "user_speech interrupted"]);
  expect(turns[1]).toMatchObject({ user_transcript: asked.text, agent_text: heard?.text });
});

const Session = z.object({ artifacts: z.array(z.object({ type: z.string(), url: z.string() })) });
const Timeline = z.object({
  turns: z.array(
    z.object({ trigger: z.string(), status: z.string(), user_transcript: z.string().nullable(), agent_text: z.string().nullable() }),
  ),
});

/** The record is written off the audio path: it is there a moment later. */
async function timelineOf(url: string, id: string): Promise<z.output<typeof Timeline>["turns"]> {
  const timeline = await vi.waitUntil(
    async () => {
      const response = await fetch(`${url}/v1/sessions/${id}`, { headers: { authorization: `Bearer ${key}` } });
      return Session.parse(await response.json()).artifacts.find(({ type }) => type === "timeline");
    },
    { timeout: waitMs },
  );
  return Timeline.parse(await (await fetch(new URL(timeline.url, url))).json()).turns;
}
