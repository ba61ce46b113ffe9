/** Push to talk: turns that people begin, end, or both, by hand. */
import { describe, expect, test } from "vitest";
import { TurnTaking } from "./turn-taking.ts";
import type { TurnDecision, TurnInput, TurnTakingSettings } from "./turn-contract.ts";

const settings: TurnTakingSettings = {
  onset: "manual",
  endpointingMs: 500,
  endpointing: "manual",
  maxWaitMs: 3000,
  interruptMs: 160,
  interruption: "speech",
  keywords: [],
  overlapping: "append",
};

const run = (turns: TurnTaking, ...inputs: TurnInput[]): TurnDecision[] => inputs.flatMap((input) => turns.handle(input));
const start = (at: number, uid = "a"): TurnInput => ({ type: "speech-start", at, uid });
const end = (at: number, uid = "a"): TurnInput => ({ type: "speech-end", at, uid });
const words = (at: number, text: string, final = true, uid = "a"): TurnInput => ({ type: "transcript", at, uid, text, final });
const time = (at: number): TurnInput => ({ type: "time", at });
const sos = (at: number, uid = "a"): TurnInput => ({ type: "mark", at, mark: "start", uid, requestId: `sos-${at}` });
const eos = (at: number, uid = "a"): TurnInput => ({ type: "mark", at, mark: "end", uid, requestId: `eos-${at}` });
const types = (decisions: TurnDecision[]) => decisions.map(({ type }) => type);
const ended = (decisions: TurnDecision[]) => decisions.filter((decision) => decision.type === "turn-end");
const open = (change: Partial<TurnTakingSettings> = {}) => new TurnTaking({ ...settings, ...change });
const refusals = (decisions: TurnDecision[]) =>
  decisions.filter((decision) => decision.type === "turn-marked").map(({ refused }) => refused);

/** Someone has asked something, and the agent answers. */
const answering = (change: Partial<TurnTakingSettings> = {}) => {
  const turns = open(change);
  run(turns, { type: "text", at: 0, uid: "a", text: "tell me a story" });
  expect(turns.floor).toBe("agent");
  return turns;
};

describe("a start and an end by hand", () => {
  test("make a turn of what was said between them", () => {
    const turns = open();
    expect(run(turns, sos(1000), start(1100), end(2000))).toEqual([
      { type: "turn-start", at: 1000, turn: 1, uid: "a" },
      { type: "turn-marked", at: 1000, mark: "start", uid: "a", requestId: "sos-1000", turn: 1, refused: null },
    ]);
    expect(run(turns, eos(2100), words(2250, "what time is it"))).toEqual([
      { type: "turn-marked", at: 2100, mark: "end", uid: "a", requestId: "eos-2100", turn: 1, refused: null },
      { type: "utterance-end", at: 2100, uid: "a" },
      { type: "turn-end", at: 2250, turn: 1, uid: "a", text: "what time is it", startMs: 1000, endMs: 2000, by: "voice" },
    ]);
  });

  test("leave speech without a mark alone: it neither begins a turn nor interrupts", () => {
    const turns = open();
    expect(types(run(turns, start(0), words(400, "hello", false), end(900), words(1000, "hello there")))).toEqual(["utterance-end"]);
    expect(turns.floor).toBe("nobody");
    const busy = answering();
    expect(types(run(busy, start(1000), words(1400, "stop", false), end(2000), words(2100, "stop it")))).toEqual(["utterance-end"]);
    expect(busy.floor).toBe("agent");
    run(busy, { type: "reply-end", at: 3000 });
    expect(busy.floor).toBe("nobody");
  });

  test("do not take what was said before the start, though its words come after it", () => {
    const turns = open();
    run(turns, start(0), words(700, "I was telling", false));
    // The recogniser is asked to begin anew, and answers for what it had.
    expect(types(run(turns, sos(800)))).toEqual(["utterance-end", "turn-start", "turn-marked"]);
    const decisions = run(
      turns,
      words(900, "I was telling you"),
      words(1200, "open", false),
      end(1500),
      eos(1600),
      words(1700, "open the door"),
    );
    expect(ended(decisions)).toMatchObject([{ text: "open the door", startMs: 800 }]);
  });

  test("let a word end that the button cuts into, and not much more", () => {
    const turns = open();
    run(turns, sos(0), start(100), words(800, "the last", false));
    expect(types(run(turns, eos(1000)))).toEqual(["turn-marked"]);
    expect(turns.deadline).toBe(1200);
    expect(types(run(turns, end(1080)))).toEqual(["utterance-end"]);
    expect(ended(run(turns, words(1150, "the last word")))).toHaveLength(1);

    const talkative = open();
    run(talkative, sos(0), start(100), words(800, "and then", false), eos(1000));
    expect(types(run(talkative, time(1200)))).toEqual(["utterance-end"]);
    expect(ended(run(talkative, words(1300, "and then")))).toMatchObject([{ text: "and then", endMs: 1200 }]);
    // What is said on, nobody hears.
    expect(types(run(talkative, words(1700, "she said", false), end(2000), words(2100, "she said no")))).toEqual(["utterance-end"]);
    expect(talkative.floor).toBe("agent");
  });

  test("hold the turn through long pauses", () => {
    const turns = open();
    run(turns, sos(0), start(100), end(900));
    expect(types(run(turns, time(1400)))).toEqual(["utterance-end"]);
    run(turns, words(1500, "first"), start(8000), end(9000));
    expect(ended(run(turns, eos(9100), words(9200, "second")))).toMatchObject([{ text: "first second" }]);
  });

  test("over the agent interrupt it at once", () => {
    expect(types(run(answering(), sos(2000)))).toEqual(["reply-interrupt", "turn-start", "turn-marked"]);
    expect(types(run(answering({ interruption: "words" }), sos(2000)))).toEqual(["reply-interrupt", "turn-start", "turn-marked"]);
  });

  test("over an agent that nothing interrupts wait for its end, or are refused where such speech is ignored", () => {
    const turns = answering({ interruption: "never" });
    expect(run(turns, sos(2000))).toMatchObject([{ type: "turn-marked", turn: null, refused: null }]);
    run(turns, start(2100), end(2900), eos(3000), words(3100, "one more thing"));
    expect(turns.floor).toBe("agent");
    expect(ended(run(turns, { type: "reply-end", at: 5000 }))).toMatchObject([{ turn: 2, text: "one more thing" }]);
    expect(refusals(run(answering({ interruption: "never", overlapping: "ignore" }), sos(2000)))).toEqual(["no-turn"]);
  });

  test("held until after an agent that nothing interrupts, go on as a turn", () => {
    const turns = answering({ interruption: "never" });
    run(turns, sos(2000), start(2100));
    expect(types(run(turns, { type: "reply-end", at: 3000 }))).toEqual(["turn-start"]);
    expect(ended(run(turns, end(3900), eos(4000), words(4100, "late but whole")))).toMatchObject([{ text: "late but whole" }]);
  });

  test("of two people make one turn, which ends with the last of them", () => {
    const turns = open();
    run(turns, sos(0, "a"), start(100, "a"), sos(500, "b"), start(600, "b"), end(900, "a"));
    expect(types(run(turns, eos(1000, "a"), words(1100, "one", true, "a")))).toEqual(["turn-marked", "utterance-end"]);
    expect(turns.floor).toBe("people");
    // Without the button, no more of hers counts.
    run(turns, start(1200, "a"), end(1400, "a"), words(1500, "aside", true, "a"));
    run(turns, end(1900, "b"));
    expect(ended(run(turns, eos(2000, "b"), words(2100, "two", true, "b")))).toMatchObject([{ text: "one two" }]);
  });

  test("without a word between them are no turn", () => {
    const turns = open();
    expect(types(run(turns, sos(0), eos(1000)))).toEqual(["turn-start", "turn-marked", "turn-marked", "turn-dropped"]);
    expect(turns.floor).toBe("nobody");
  });

  test("are refused where there is nothing to begin or to end", () => {
    const turns = open();
    expect(refusals(run(turns, eos(0), sos(100), sos(200), start(300), end(900), eos(1000), eos(1010)))).toEqual([
      "no-turn",
      null,
      "no-turn",
      null,
      "no-turn",
    ]);
    expect(refusals(run(answering(), eos(100)))).toEqual(["no-turn"]);
    const voice = open({ onset: "voice", endpointing: "silence" });
    expect(refusals(run(voice, sos(0), eos(10)))).toEqual(["not-manual", "not-manual"]);
  });

  test("pressed again while the last words are on their way go on with the same turn", () => {
    const turns = open();
    run(turns, sos(0), start(100), end(900), eos(1000));
    expect(run(turns, sos(1050))).toMatchObject([{ type: "turn-marked", turn: 1, refused: null }]);
    run(turns, words(1100, "I forgot"), start(1200), end(1800));
    expect(ended(run(turns, eos(1900), words(2000, "the keys")))).toMatchObject([{ turn: 1, text: "I forgot the keys" }]);
  });

  test("forgotten are closed by the engine, which says so", () => {
    const turns = open();
    run(turns, sos(0), start(100), words(30_000, "and so on", false));
    expect(turns.deadline).toBe(60_000);
    expect(run(turns, time(60_000), words(60_100, "and so on"))).toMatchObject([
      { type: "turn-overlong", turn: 1, uid: "a", maxMs: 60_000 },
      { type: "utterance-end" },
      { type: "turn-end", text: "and so on" },
    ]);
  });

  test("end with the person who leaves", () => {
    const turns = open();
    run(turns, sos(0), start(100), words(700, "wait I", false), { type: "user-left", at: 900, uid: "a" });
    expect(turns.floor).toBe("agent");
  });

  test("take typed text along", () => {
    const turns = open();
    run(turns, sos(0), start(100), end(600), { type: "text", at: 700, uid: "a", text: "Springfield" });
    expect(turns.floor).toBe("people");
    expect(ended(run(turns, eos(900), words(1000, "how far is it to")))).toMatchObject([{ text: "how far is it to Springfield" }]);
  });
});

describe("an end by hand alone", () => {
  const byVoice = (change: Partial<TurnTakingSettings> = {}) => open({ onset: "voice", ...change });

  test("waits through silence for the mark", () => {
    const turns = byVoice();
    expect(types(run(turns, start(0), end(900), time(1400)))).toEqual(["turn-start", "utterance-end"]);
    run(turns, words(1500, "let me think"), start(5000), end(5900));
    expect(turns.floor).toBe("people");
    expect(ended(run(turns, eos(6000), words(6100, "about it")))).toMatchObject([{ text: "let me think about it" }]);
  });

  test("drops a noise, which nobody would end", () => {
    const turns = byVoice();
    expect(types(run(turns, start(0), end(300), time(800), words(900, "")))).toEqual(["turn-start", "utterance-end", "turn-dropped"]);
    expect(turns.floor).toBe("nobody");
  });

  test("does not let the rest of a sentence interrupt the answer", () => {
    const turns = byVoice();
    run(turns, start(0), words(900, "stop it", false), eos(1000), time(1200), words(1250, "stop it"));
    expect(turns.floor).toBe("agent");
    run(turns, words(1600, "right now", false), end(1700), words(1800, "right now"));
    expect(turns.floor).toBe("agent");
    // What is said anew does.
    expect(types(run(turns, start(3000), time(3160), words(3400, "wait", false)))).toContain("reply-interrupt");
  });

  test("leaves interruption as it is", () => {
    const turns = answering({ onset: "voice" });
    expect(types(run(turns, start(1000), time(1160), words(1400, "stop", false)))).toEqual([
      "reply-duck",
      "reply-hold",
      "reply-interrupt",
      "turn-start",
    ]);
    run(turns, end(1500), time(2000), words(2100, "stop"));
    expect(turns.floor).toBe("people");
    expect(ended(run(turns, eos(2500)))).toMatchObject([{ text: "stop" }]);
  });
});

describe("a start by hand alone", () => {
  test("is followed by an end after the silence", () => {
    const turns = open({ endpointing: "silence" });
    expect(refusals(run(turns, sos(0), eos(10)))).toEqual([null, "not-manual"]);
    run(turns, start(100), end(900));
    expect(turns.deadline).toBe(1400);
    expect(ended(run(turns, time(1400), words(1450, "good morning")))).toMatchObject([{ text: "good morning" }]);
    // The next needs a mark of its own.
    run(turns, { type: "reply-end", at: 3000 }, start(4000));
    expect(turns.floor).toBe("nobody");
  });
});

describe("settings that change in mid-conversation", () => {
  test("count from the next decision on", () => {
    const turns = open({ onset: "voice", endpointing: "silence" });
    run(
      turns,
      start(0),
      { type: "settings", at: 100, settings: { ...settings, onset: "voice", endpointing: "silence", endpointingMs: 900 } },
      end(500),
    );
    expect(turns.deadline).toBe(1400);
  });

  test("from the button to the voice: a turn that waits for its mark ends after the silence", () => {
    const turns = open({ onset: "voice" });
    run(turns, start(0), end(500), time(1000), words(1100, "hello"));
    run(turns, { type: "settings", at: 2000, settings: { ...settings, onset: "voice", endpointing: "silence" } });
    expect(ended(run(turns, time(2500)))).toMatchObject([{ text: "hello" }]);
  });

  test("from the voice to the button: who is speaking need not press it", () => {
    const turns = open({ onset: "voice", endpointing: "silence" });
    run(turns, start(0), { type: "settings", at: 100, settings }, end(900));
    expect(ended(run(turns, eos(1000), words(1100, "hello")))).toMatchObject([{ text: "hello" }]);
  });

  test("interruption switched off leaves the agent alone", () => {
    const turns = answering({ onset: "voice", endpointing: "silence" });
    run(turns, { type: "settings", at: 100, settings: { ...settings, onset: "voice", endpointing: "silence", interruption: "never" } });
    expect(types(run(turns, start(1000), words(1500, "stop", false)))).toEqual([]);
  });
});
