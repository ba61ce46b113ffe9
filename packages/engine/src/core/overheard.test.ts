import { expect, test } from "vitest";
import { TurnTaking } from "./turn-taking.ts";
import type { Overlapping, TurnInput, TurnTakingSettings } from "./turn-contract.ts";
import { run, settings, uid } from "./turn-stage.ts";

const start = (at: number): TurnInput => ({ type: "speech-start", at, uid });
const end = (at: number): TurnInput => ({ type: "speech-end", at, uid });
const final = (at: number, text: string): TurnInput => ({ type: "transcript", at, uid, text, final: true });
const replyEnd = (at: number): TurnInput => ({ type: "reply-end", at });

/** A greeting that nobody may interrupt is under way. */
const greeting = (overlapping: Overlapping | undefined, change: Partial<TurnTakingSettings> = {}) => {
  const turns = new TurnTaking({ ...settings, ...change });
  run(turns, { type: "say", at: 0, id: 1, priority: "append", interruptable: false, overlapping });
  return turns;
};

test("what is said over a reply that only remembers is told as such, and answered by nobody", () => {
  const turns = greeting("remember");
  expect(run(turns, start(500), end(1500), final(1600, "my name is Ada"), replyEnd(3000))).toEqual([
    { type: "utterance-end", at: 1500, uid },
    {
      type: "speech-ignored",
      at: 1600,
      turn: 2,
      uid,
      text: "my name is Ada",
      startMs: 500,
      endMs: 1500,
      remembered: true,
      cause: "disable",
    },
  ]);
  expect(turns.floor).toBe("nobody");
});

test("its last words may be understood when the reply is over", () => {
  const turns = greeting("remember");
  run(turns, start(500), end(1500), replyEnd(1550));
  expect(turns.floor).toBe("nobody");
  expect(run(turns, final(1900, "hello"))).toMatchObject([{ type: "speech-ignored", text: "hello", remembered: true }]);
});

test("who still speaks when such a reply ends is answered, with all that they said", () => {
  const turns = greeting("remember");
  expect(run(turns, start(2500), replyEnd(3000))).toEqual([{ type: "turn-start", at: 3000, turn: 2, uid }]);
  expect(run(turns, end(4000), { type: "time", at: 4500 }, final(4600, "where is my order")).at(-1)).toMatchObject({
    type: "turn-end",
    text: "where is my order",
    startMs: 2500,
  });
});

test("a reply's own rule goes before that of the conversation", () => {
  const appends = greeting("append", { overlapping: "ignore" });
  run(appends, start(500), end(1500), final(1600, "hello"), replyEnd(3000));
  expect(appends.floor).toBe("people");
  const ignores = greeting("ignore");
  expect(run(ignores, start(500), end(1500), final(1600, "hello")).at(-1)).not.toHaveProperty("remembered");
  run(ignores, replyEnd(3000));
  expect(ignores.floor).toBe("nobody");
});

test("the rule holds for that reply alone", () => {
  const turns = greeting("remember", { interruption: "never" });
  run(turns, replyEnd(3000), start(4000), end(5000), { type: "time", at: 5500 }, final(5600, "a question"));
  expect(turns.floor).toBe("agent");
  run(turns, start(6000), end(7000), final(7100, "and another"), replyEnd(8000));
  expect(turns.floor).toBe("people");
});

test("who marks the start of their speech over it is answered", () => {
  const turns = greeting("remember", { onset: "manual", endpointing: "manual" });
  const mark = (at: number, which: "start" | "end"): TurnInput => ({ type: "mark", at, mark: which, uid, requestId: which });
  expect(run(turns, mark(500, "start"), start(600), end(1500), mark(1600, "end"))).toMatchObject([
    { type: "turn-marked", refused: null },
    { type: "utterance-end" },
    { type: "turn-marked", refused: null },
  ]);
  run(turns, final(1700, "my question"));
  expect(run(turns, replyEnd(3000)).at(-1)).toMatchObject({ type: "turn-end", text: "my question" });
});
