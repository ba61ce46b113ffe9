import type { VoiceAgentEvent } from "@parley/voice-agent";
import { expect, test } from "vitest";
import type { SessionEvent } from "../core/events.ts";
import { BridgeCore, type BridgeNotice } from "./core.ts";

/** A bridge in a time of its own: what the endpoint says, when, and everything that comes of it. */
class Bench {
  readonly core = new BridgeCore({ type: "active" });
  readonly events: SessionEvent[] = [];
  readonly notices: BridgeNotice[] = [];
  /** Session time of each frame with sound in it. */
  readonly sounding: number[] = [];
  #at = 0;

  constructor() {
    this.#take(this.core.join("1001", 0));
  }

  get at(): number {
    return this.#at;
  }

  brain(...events: readonly VoiceAgentEvent[]): void {
    for (const event of events) this.#take(this.core.brain(event, this.#at));
  }

  /** Lets time pass, 20 ms at once. */
  pass(ms: number): void {
    for (const until = this.#at + ms; this.#at < until; this.#at += 20) {
      const tick = this.core.tick(this.#at);
      if (tick.spoken.some((sample) => sample !== 0)) this.sounding.push(this.#at);
      this.#take(tick);
    }
  }

  of<T extends SessionEvent["type"]>(...types: readonly T[]): Extract<SessionEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<SessionEvent, { type: T }> => types.some((type) => type === event.type));
  }

  #take({ events, notices }: { readonly events: readonly SessionEvent[]; readonly notices: readonly BridgeNotice[] }): void {
    this.events.push(...events);
    this.notices.push(...notices);
  }
}

const started = (id: string): VoiceAgentEvent => ({ type: "reply.started", reply_id: id, item_id: `i-${id}` });
const audio = (id: string, ms: number, sampleRate = 24_000): VoiceAgentEvent => ({
  type: "reply.audio",
  reply_id: id,
  data: "",
  pcm: new Int16Array((ms * sampleRate) / 1000).fill(5000),
  sampleRate,
});
const words = (id: string, text: string, wordMs = 200): VoiceAgentEvent[] =>
  text.split(" ").map((delta, index) => ({
    type: "transcript.agent.delta",
    reply_id: id,
    item_id: `i-${id}`,
    delta,
    start_ms: index * wordMs,
    end_ms: (index + 1) * wordMs,
  }));
const said = (id: string, text: string, interrupted = false): VoiceAgentEvent => ({
  type: "transcript.agent",
  reply_id: id,
  item_id: `i-${id}`,
  text,
  interrupted,
});
const done = (id: string, status: "completed" | "interrupted" = "completed"): VoiceAgentEvent => ({
  type: "reply.done",
  reply_id: id,
  status,
});
const user = (item: string, text: string): VoiceAgentEvent => ({ type: "transcript.user", item_id: item, text });
const partial = (item: string, text: string): VoiceAgentEvent => ({ type: "transcript.user.delta", item_id: item, text });
const speechStarted: VoiceAgentEvent = { type: "input.speech.started" };
const speechStopped: VoiceAgentEvent = { type: "input.speech.stopped" };

test("a greeting, a question and its answer: turns, replies and states as a session of our own tells them", () => {
  const bench = new Bench();
  bench.brain(started("r1"), ...words("r1", "hello there"), audio("r1", 400), said("r1", "hello there"), done("r1"));
  bench.pass(1000);
  bench.brain(speechStarted, partial("u1", "how"));
  bench.pass(500);
  bench.brain(speechStopped, user("u1", "how are you"));
  bench.pass(100);
  bench.brain(started("r2"), ...words("r2", "very well"), audio("r2", 400), said("r2", "very well"), done("r2"));
  bench.pass(1000);

  expect(
    bench
      .of("turn-start", "transcript", "turn-end", "reply-begin", "reply-start", "reply-end")
      .map(({ type, turnId, at }) => [type, turnId, at]),
  ).toEqual([
    ["reply-begin", 1, 0],
    ["reply-start", 1, 0],
    ["reply-end", 1, 400],
    ["turn-start", 2, 1000],
    ["transcript", 2, 1000],
    ["turn-end", 2, 1500],
    ["reply-begin", 2, 1600],
    ["reply-start", 2, 1600],
    ["reply-end", 2, 2000],
  ]);
  expect(bench.of("turn-end")).toMatchObject([{ uid: "1001", text: "how are you", startMs: 1000, endMs: 1500, by: "voice" }]);
  expect(bench.of("reply-begin").map(({ reply, trigger }) => [reply, trigger])).toEqual([
    [1, "greeting"],
    [2, "turn"],
  ]);
  expect(bench.of("reply-start").map(({ source, latencyMs }) => [source, latencyMs])).toEqual([
    ["greeting", null],
    ["llm", 100],
  ]);
  expect(bench.of("reply-end")).toMatchObject([
    { text: "hello there", playedMs: 400 },
    { text: "very well", playedMs: 400 },
  ]);
  expect(bench.of("state").map(({ state, at }) => [state, at])).toEqual([
    ["thinking", 0],
    ["speaking", 0],
    ["silent", 400],
    ["listening", 1000],
    ["thinking", 1500],
    ["speaking", 1600],
    ["silent", 2000],
  ]);
});

test("words are told shortly before they sound, with their times in the session, though all came at once", () => {
  const bench = new Bench();
  const text = Array.from({ length: 20 }, (_, index) => `w${index}`).join(" ");
  bench.pass(1000);
  bench.brain(started("r1"), ...words("r1", text), audio("r1", 4000), said("r1", text), done("r1"));
  bench.pass(5000);
  const told = bench.of("reply-text");
  expect(told.length).toBeGreaterThan(15);
  const all = told.flatMap((event) => event.words.map((word) => ({ ...word, toldAt: event.at })));
  expect(all.map((word) => word.text).join(" ")).toBe(text);
  expect(all.every(({ startMs, endMs }, index) => startMs === 1000 + index * 200 && endMs === startMs + 200)).toBe(true);
  expect(all.every(({ startMs, toldAt }) => startMs - toldAt < 200 && toldAt - startMs <= 100)).toBe(true);
  expect(told.at(-1)?.text).toBe(text);
});

test("whoever speaks silences a whole burst: what was heard is known by the clock, also when the endpoint thinks it was all said", () => {
  const bench = new Bench();
  bench.brain(
    started("r1"),
    ...words("r1", "one two three four five six"),
    audio("r1", 1200),
    said("r1", "one two three four five six"),
    done("r1"),
  );
  bench.pass(500);
  bench.brain(speechStarted);
  bench.pass(500);
  expect(Math.max(...bench.sounding)).toBeLessThanOrEqual(500);
  expect(bench.of("reply-interrupted")).toMatchObject([
    { at: 500, heard: "one two", text: "one two three four five six", cause: "start_of_speech" },
  ]);
  expect(bench.of("reply-end")).toEqual([]);
});

test("an interruption that the endpoint tells counts with its words, and nothing sounds after it", () => {
  const bench = new Bench();
  bench.brain(started("r1"), ...words("r1", "one two three"), audio("r1", 600));
  bench.pass(300);
  bench.brain(speechStarted, said("r1", "one", true), done("r1", "interrupted"), audio("r1", 200));
  bench.pass(200);
  expect(bench.of("reply-interrupted")).toMatchObject([{ heard: "one", text: "one two three" }]);
  expect(bench.of("reply-end", "reply-interrupted")).toHaveLength(1);
});

test("the words before a tool, and the answer after it, belong to the turn that asked", () => {
  const bench = new Bench();
  bench.brain(speechStarted, speechStopped, user("u1", "what is the weather"));
  const call: VoiceAgentEvent = { type: "tool.call", call_id: "c1", name: "weather", arguments: { city: "Oslo" } };
  bench.brain(started("r1"), call, done("r1"));
  bench.brain({ type: "tool.result", call_id: "c1", name: "weather", result: "21", is_error: false });
  bench.pass(100);
  bench.brain(started("r2"), audio("r2", 100), said("r2", "Twenty one."), done("r2"));
  bench.pass(300);
  expect(bench.of("reply-begin").map(({ turnId, trigger }) => [turnId, trigger])).toEqual([
    [1, "turn"],
    [1, "tool-result"],
  ]);
  expect(bench.of("tool-call", "tool-result").map(({ type, name }) => [type, name])).toEqual([
    ["tool-call", "weather"],
    ["tool-result", "weather"],
  ]);
  expect(bench.of("reply-end").map(({ text }) => text)).toEqual(["", "Twenty one."]);
});

test("an endpoint that answers before it has told the words, as it did in March 2026, answers that turn all the same", () => {
  const bench = new Bench();
  bench.brain(speechStarted, partial("u1", "hi"), speechStopped, started("r1"), user("u1", "hi"));
  bench.brain(audio("r1", 200), said("r1", "Hello."), done("r1"));
  bench.pass(500);
  expect(bench.of("turn-end", "reply-begin", "reply-end").map(({ type, turnId }) => [type, turnId])).toEqual([
    ["reply-begin", 1],
    ["turn-end", 1],
    ["reply-end", 1],
  ]);
  expect(bench.of("state").at(-1)?.state).toBe("silent");
});

test("noise that has no words is no turn", () => {
  const bench = new Bench();
  bench.brain(speechStarted, speechStopped);
  bench.pass(3000);
  expect(bench.of("state").at(-1)).toMatchObject({ state: "silent", at: 2000 });
  bench.brain(speechStarted, speechStopped, user("u2", "hello"));
  expect(bench.of("turn-start", "turn-dropped", "turn-end").map(({ type, turnId }) => [type, turnId])).toEqual([
    ["turn-start", 1],
    ["turn-dropped", 1],
    ["turn-start", 2],
    ["turn-end", 2],
  ]);
});

test("a voice of another rate is played at its pitch and for as long as it is", () => {
  const bench = new Bench();
  for (let count = 0; count < 5; count += 1) bench.brain(...(count === 0 ? [started("r1")] : []), audio("r1", 100, 8000));
  bench.brain(done("r1"));
  bench.pass(1000);
  expect(bench.sounding).toHaveLength(25);
  expect(bench.of("reply-end")).toMatchObject([{ playedMs: 500 }]);
});

test("nobody there for ten seconds is told once, and again after somebody has come and gone", () => {
  const bench = new Bench();
  bench.pass(20_000);
  expect(bench.notices).toEqual([]);
  bench.core.leave("1001", bench.at);
  bench.pass(9_980);
  expect(bench.notices).toEqual([]);
  bench.pass(60_000);
  expect(bench.notices).toEqual([{ type: "alone", seconds: 10 }]);
  bench.core.join("1002", bench.at);
  bench.pass(20_000);
  bench.core.leave("1002", bench.at);
  bench.pass(20_000);
  expect(bench.notices).toHaveLength(2);
});

test("the agent's own words in a person's mouth are an echo; an answer that shares a word is none", () => {
  const bench = new Bench();
  bench.brain(started("r1"), ...words("r1", "would you like to book a table for two"), audio("r1", 1800));
  bench.pass(1000);
  bench.brain(speechStarted, done("r1", "interrupted"), speechStopped, user("u1", "Would you like to book"));
  expect(bench.of("echo-suspected")).toMatchObject([{ text: "Would you like to book" }]);
  bench.brain(speechStarted, speechStopped, user("u2", "yes a table for three people please"));
  expect(bench.of("echo-suspected")).toHaveLength(1);
});
