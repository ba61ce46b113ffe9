import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionEvent } from "../../core/events.ts";
import { AppError } from "../../errors.ts";
import { orderFaults } from "./ordering.ts";
import { ToWire, type WireEvent } from "./to-wire.ts";

/** A wire with readable ids, that remembers what it sent. */
class Desk {
  readonly sent: WireEvent[] = [];
  readonly wire: ToWire;
  #ids = 0;

  constructor({ legacyArgs = false } = {}) {
    this.wire = new ToWire({ id: (prefix) => `${prefix}_${++this.#ids}`, sessionId: "sess_0", legacyArgs });
  }

  tell(now: number, ...events: object[]): void {
    for (const event of events) this.sent.push(...this.wire.handle({ at: now, turnId: 1, uid: "u", ...event } as SessionEvent, now));
  }

  /** Frames written at `now`, the first due at `at`. */
  play(now: number, at: number, frames: number): void {
    for (let index = 0; index < frames; index += 1) this.sent.push(...this.wire.audio(at + index * 20, "AAAA", now));
  }

  pass(now: number): void {
    this.sent.push(...this.wire.time(now));
  }

  /** Types, with what is worth reading beside them; a run of audio counts once. */
  get story(): string[] {
    const lines = this.sent.map((event) => {
      const { type, ...rest } = event;
      const said =
        "delta" in rest ? rest.delta : "text" in rest ? rest.text : "status" in rest ? rest.status : "code" in rest ? rest.code : "";
      return `${type} ${said}`.trim();
    });
    return lines.filter((line, index) => line !== "reply.audio" || lines[index - 1] !== "reply.audio");
  }
}

const begin = (reply: number) => ({ type: "reply-begin", reply, trigger: "turn" });
const text = (reply: number, at: number, ...words: [string, number, number][]) => ({
  type: "reply-text",
  reply,
  at,
  text: words.map(([word]) => word).join(" "),
  words: words.map(([word, startMs, endMs]) => ({ text: word, startMs: at + startMs, endMs: at + endMs })),
});
const end = (reply: number, said: string) => ({ type: "reply-end", reply, text: said, playedMs: 0 });
const cut = (reply: number, heard: string) => ({
  type: "reply-interrupted",
  reply,
  heard,
  text: `${heard} and more`,
  cause: "start_of_speech",
});
const turnEnd = (said: string) => ({ type: "turn-end", text: said, startMs: 0, endMs: 0, by: "voice" });

test("a plain turn comes in the documented order", () => {
  const desk = new Desk();
  desk.tell(100, { type: "turn-start" }, { type: "transcript", text: "what is" }, { type: "transcript", text: "what is the time" });
  desk.tell(900, turnEnd(" What is the time? "), begin(1));
  desk.tell(1000, text(1, 1000, ["It", 0, 200], ["is", 200, 300], ["ten.", 300, 600]));
  desk.play(1000, 1000, 15);
  desk.pass(1210);
  desk.play(1300, 1300, 15);
  desk.tell(1600, end(1, "It is ten."));
  expect(desk.story).toEqual([
    "input.speech.started",
    "transcript.user.delta what is",
    "transcript.user.delta what is the time",
    "input.speech.stopped",
    "transcript.user What is the time?",
    "reply.started",
    "reply.audio",
    "transcript.agent.delta It",
    "reply.audio",
    "transcript.agent.delta is",
    "reply.audio",
    "transcript.agent.delta ten.",
    "reply.audio",
    "transcript.agent It is ten.",
    "reply.done completed",
  ]);
  const item = desk.sent.flatMap((event) => ("item_id" in event ? [event.item_id] : []));
  expect(new Set(item).size).toBe(2);
  expect(desk.sent.find((event) => event.type === "transcript.agent.delta")).toMatchObject({ start_ms: 0, end_ms: 200 });
});

test("a word is told when it is due to be heard, though its audio went out before", () => {
  const desk = new Desk();
  desk.tell(0, begin(1), text(1, 0, ["one", 0, 200], ["two", 200, 400]));
  desk.play(0, 0, 15);
  expect(desk.wire.deadline).toBe(200);
  desk.pass(199);
  expect(desk.story.at(-1)).toBe("reply.audio");
  desk.pass(200);
  expect(desk.story.at(-1)).toBe("transcript.agent.delta two");
});

test("a pause in the voice moves the words after it, and leaves their place in the audio", () => {
  const desk = new Desk();
  desk.tell(0, begin(1), text(1, 0, ["one", 0, 100], ["two", 300, 400]));
  desk.play(0, 0, 10);
  desk.play(1000, 1000, 10);
  desk.pass(1099);
  expect(desk.story).not.toContain("transcript.agent.delta two");
  desk.pass(1100);
  expect(desk.sent.at(-1)).toMatchObject({ delta: "two", start_ms: 300, end_ms: 400 });
});

test("what a voice calls one word may be several", () => {
  const desk = new Desk();
  desk.tell(0, begin(1), text(1, 0, ["New York", 0, 300]));
  desk.play(0, 0, 1);
  expect(desk.sent.flatMap((event) => ("delta" in event ? [event.delta] : []))).toEqual(["New", "York"]);
});

test("an interruption says what was heard, and is done before the next reply", () => {
  const desk = new Desk();
  desk.tell(0, begin(1), text(1, 0, ["one", 0, 200], ["two", 200, 400]));
  desk.play(0, 0, 15);
  desk.tell(150, { type: "turn-start" });
  desk.tell(151, cut(1, "one"));
  expect(desk.story.slice(-3)).toEqual(["input.speech.started", "transcript.agent one", "reply.done interrupted"]);
  desk.play(200, 200, 2);
  expect(desk.story.at(-1)).toBe("reply.done interrupted");
});

test("a reply that begins before the last one is told to be over waits, with all that follows it", () => {
  const desk = new Desk();
  desk.tell(0, begin(1));
  desk.play(0, 0, 1);
  desk.tell(100, { type: "turn-start" }, turnEnd("stop"), begin(2));
  desk.play(100, 100, 1);
  desk.tell(101, end(2, "fine"), begin(3));
  expect(desk.story.at(-1)).toBe("transcript.user stop");
  desk.tell(102, cut(1, ""));
  expect(desk.story.slice(-7)).toEqual([
    "transcript.agent",
    "reply.done interrupted",
    "reply.started",
    "reply.audio",
    "transcript.agent fine",
    "reply.done completed",
    "reply.started",
  ]);
  expect(desk.story.length).toBe(desk.story.indexOf("transcript.user stop") + 8);
});

test("a reply without a sound has no transcript, whether it was cut or called a tool", () => {
  const desk = new Desk();
  desk.tell(
    0,
    begin(1),
    cut(1, ""),
    begin(2),
    { type: "tool-call", reply: 2, callId: "call_1", name: "f", arguments: { city: "Oslo" } },
    end(2, ""),
  );
  expect(desk.story).toEqual(["reply.started", "reply.done interrupted", "reply.started", "tool.call", "reply.done completed"]);
  expect(desk.sent.find((event) => event.type === "tool.call")).toEqual({
    type: "tool.call",
    call_id: "call_1",
    name: "f",
    arguments: { city: "Oslo" },
  });
});

test("clients of March 2026 find a call's arguments under args, where the operator wants it", () => {
  const desk = new Desk({ legacyArgs: true });
  desk.tell(0, begin(1), { type: "tool-call", reply: 1, callId: "call_1", name: "f", arguments: { a: 1 } });
  expect(desk.sent.at(-1)).toMatchObject({ arguments: { a: 1 }, args: { a: 1 } });
});

test("a noise starts and stops, and says nothing; so does a turn without words", () => {
  const desk = new Desk();
  desk.tell(0, { type: "turn-start" }, { type: "turn-dropped" }, { type: "turn-start" }, turnEnd("  "));
  expect(desk.story).toEqual(["input.speech.started", "input.speech.stopped", "input.speech.started", "input.speech.stopped"]);
});

test("two turns of which the first was premature are two items", () => {
  const desk = new Desk();
  desk.tell(0, { type: "turn-start" }, turnEnd("my number is"), begin(1), cut(1, ""), { type: "turn-start" }, turnEnd("four one seven"));
  const items = desk.sent.flatMap((event) => (event.type === "transcript.user" ? [event.item_id] : []));
  expect(new Set(items).size).toBe(2);
});

test("while nobody is there no word is told; afterwards the words go with the audio that comes again", () => {
  const desk = new Desk();
  desk.tell(0, begin(1), text(1, 0, ["one", 0, 100], ["two", 200, 300], ["three", 400, 500]));
  desk.play(0, 0, 15);
  desk.pass(0);
  desk.wire.detach();
  desk.pass(5000);
  expect(desk.wire.deadline).toBeUndefined();
  expect(desk.story.filter((line) => line.includes("delta"))).toEqual(["transcript.agent.delta one"]);
  // Five of the fifteen frames have arrived.
  desk.wire.attach(100);
  desk.play(5000, 5000, 20);
  desk.pass(5099);
  expect(desk.story.filter((line) => line.includes("delta"))).toHaveLength(1);
  desk.pass(5100);
  expect(desk.sent.at(-1)).toMatchObject({ delta: "two", start_ms: 200 });
  desk.pass(5300);
  expect(desk.sent.at(-1)).toMatchObject({ delta: "three", start_ms: 400 });
});

test("vendors' failures have their codes, each at most once in ten seconds; bugs and transports have none", () => {
  const desk = new Desk();
  const error = (module: string, cause?: unknown) => ({
    type: "error",
    module,
    code: 502,
    message: "broken",
    remedy: "",
    cause,
  });
  desk.tell(0, error("llm"), error("llm"), error("tts"), error("asr"), error("session"), error("transport"));
  desk.tell(10_000, error("llm"), error("session", new AppError("reply-stalled", "x")));
  expect(desk.story).toEqual(["llm_error", "tts_error", "stt_error", "llm_error"].map((code) => `session.error ${code}`));
});

const reply = fc.integer({ min: 1, max: 4 });
const words = fc.array(fc.tuple(fc.constantFrom("a", "b c", "", "d."), fc.integer({ min: 0, max: 600 })), { maxLength: 4 });
const step = fc.oneof(
  fc.constant({ type: "turn-start" }),
  fc.constant({ type: "turn-dropped" }),
  fc.record({ type: fc.constant("transcript"), text: fc.constantFrom("a", "a b") }),
  fc.record({ type: fc.constant("turn-end"), text: fc.constantFrom("", "hello"), by: fc.constantFrom("voice", "text", "command") }),
  fc.record({ type: fc.constant("reply-begin"), reply, trigger: fc.constant("turn") }),
  fc.record({ type: fc.constant("reply-end"), reply, text: fc.constantFrom("", "all"), playedMs: fc.constant(0) }),
  fc.record({ type: fc.constant("reply-interrupted"), reply, heard: fc.constantFrom("", "some"), text: fc.constant("all") }),
  fc.record({ type: fc.constant("tool-call"), reply, callId: fc.constant("c"), name: fc.constant("f"), arguments: fc.constant({}) }),
  fc.record({ type: fc.constant("error"), module: fc.constantFrom("llm", "tts", "asr"), message: fc.constant("x") }),
  fc.tuple(reply, words).map(([number, list]) => ({
    type: "reply-text",
    reply: number,
    words: list.map(([word, startMs]) => ({ text: word, startMs, endMs: startMs + 50 })),
  })),
  fc.record({ type: fc.constant("audio"), frames: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ type: fc.constant("pass"), ms: fc.integer({ min: 0, max: 300 }) }),
  fc.constant({ type: "detach" }),
  fc.record({ type: fc.constant("attach"), ms: fc.integer({ min: 0, max: 300 }) }),
);

test("whatever happens in a session, in whatever order, the client is told it in the order of the contract", () => {
  const started: WireEvent[] = [
    { type: "session.updated", config: {} as never },
    { type: "session.ready", session_id: "", config: {} as never, expires_at: 0, resume_token: "" },
  ];
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const desk = new Desk();
      let now = 0;
      for (const each of steps) {
        if (each.type === "audio" && "frames" in each) desk.play(now, now, each.frames);
        else if (each.type === "pass" && "ms" in each) desk.pass((now += each.ms));
        else if (each.type === "detach") desk.wire.detach();
        else if (each.type === "attach" && "ms" in each) desk.wire.attach(now - each.ms);
        else desk.tell(now, each);
      }
      expect(orderFaults([...started, ...desk.sent])).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});

test("however much waits for the end of a reply, every reply that was begun is told to be over", () => {
  const kinds = fc.constantFrom("audio", "words", "transcript", "turn", "begin", "end", "cut", "call");
  fc.assert(
    fc.property(fc.array(fc.tuple(kinds, fc.integer({ min: 1, max: 1200 })), { maxLength: 8 }), fc.boolean(), (runs, isLate) => {
      const desk = new Desk();
      desk.tell(0, begin(1));
      let last = 1;
      const open = new Set<number>();
      const finish = (number: number, how: object) => {
        open.delete(number);
        desk.tell(0, how);
      };
      for (const [kind, times] of runs) {
        for (let time = 0; time < times; time += 1) {
          if (kind === "audio") desk.play(0, 0, 1);
          if (kind === "words" && last > 1) desk.tell(0, text(last, 0, ["a", 0, 10]));
          if (kind === "transcript") desk.tell(0, { type: "transcript", text: "a" });
          if (kind === "turn") desk.tell(0, { type: "turn-start" }, turnEnd("a"));
          if (kind === "call") desk.tell(0, { type: "tool-call", reply: last, callId: "c", name: "f", arguments: {} });
          if (kind === "begin") {
            desk.tell(0, begin((last += 1)));
            open.add(last);
          }
          if (kind === "end" && open.has(last)) finish(last, end(last, "a"));
          if (kind === "cut" && open.has(last)) finish(last, cut(last, "a"));
        }
      }
      // The end of the first is the last to be told, or comes before those of the others.
      if (!isLate) desk.tell(0, cut(1, ""));
      for (const number of open) desk.tell(0, end(number, "a"));
      if (isLate) desk.tell(0, cut(1, ""));
      expect(desk.wire.replyId).toBeUndefined();
      const count = (type: string) => desk.sent.filter((event) => event.type === type).length;
      expect(count("reply.done")).toBe(count("reply.started"));
      // Nothing waits any more.
      desk.tell(0, begin(last + 1));
      expect(desk.sent.at(-1)).toMatchObject({ type: "reply.started" });
    }),
    { numRuns: 60 },
  );
});

test("of too much that waits, the oldest words go, and not the end of a reply", () => {
  const desk = new Desk();
  desk.tell(0, begin(1), begin(2));
  desk.play(0, 0, 5000);
  desk.tell(0, end(2, "all"), turnEnd("and then"), cut(1, ""));
  expect(desk.story.slice(1)).toEqual([
    "reply.done interrupted",
    "reply.started",
    "reply.audio",
    "transcript.agent all",
    "reply.done completed",
    "input.speech.started",
    "input.speech.stopped",
    "transcript.user and then",
  ]);
});
