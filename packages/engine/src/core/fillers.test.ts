import fc from "fast-check";
import { expect, test } from "vitest";
import { boundedWords, Fillers, isTooLong, mostFillerWords, newestWords } from "./fillers.ts";
import type { HistoryEntry } from "./history.ts";

const phrases = ["One moment.", "Let me see.", "Hm."];
const never = () => 0;

test("the wait begins with the end of a turn, and a phrase comes once for each answer", () => {
  const fillers = new Fillers({ waitMs: 1500, phrases, rule: "round_robin" }, never);
  expect(fillers.deadline).toBeUndefined();
  fillers.asked(1000);
  expect(fillers.deadline).toBe(2500);
  expect(fillers.due(2499)).toBeUndefined();
  expect(fillers.due(2500)).toBe("One moment.");
  expect(fillers.deadline).toBeUndefined();
  expect(fillers.due(9000)).toBeUndefined();
});

test("an answer that sounds in time needs none", () => {
  const fillers = new Fillers({ waitMs: 1500, phrases, rule: "round_robin" }, never);
  fillers.asked(1000);
  fillers.settled();
  expect(fillers.deadline).toBeUndefined();
  expect(fillers.due(5000)).toBeUndefined();
});

/** What is said to so many answers. */
function say(fillers: Fillers, times: number): string[] {
  return Array.from({ length: times }, (_, index) => {
    fillers.asked(index * 10_000);
    return fillers.due(index * 10_000 + 5000) ?? "";
  });
}

test("round robin goes through the phrases in their order", () => {
  expect(say(new Fillers({ waitMs: 100, phrases, rule: "round_robin" }, never), 7)).toEqual([...phrases, ...phrases, "One moment."]);
});

test("by chance, each phrase comes once in a round and none twice in a row", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }),
      (all, chances) => {
        let next = 0;
        const fillers = new Fillers({ waitMs: 100, phrases: all, rule: "shuffle" }, () => chances[next++ % chances.length] ?? 0);
        const said = say(fillers, all.length * 4);
        for (let round = 0; round < 4; round++) {
          expect(new Set(said.slice(round * all.length, (round + 1) * all.length))).toEqual(new Set(all));
        }
        if (all.length > 1) for (const [index, phrase] of said.entries()) expect(phrase).not.toBe(said[index + 1]);
      },
    ),
  );
});

const made = { prompt: "Bridge the wait.", entries: 4, characters: 100 };

test("words that a model has made in time are said in place of a phrase, once", () => {
  const fillers = new Fillers({ waitMs: 1000, phrases, rule: "round_robin", made }, never);
  fillers.asked(0);
  expect(fillers.wantsWords).toBe(true);
  fillers.made(" Let me look\n that up. ");
  expect(fillers.wantsWords).toBe(false);
  fillers.made("Too late.");
  expect(fillers.due(1000)).toBe("Let me look that up.");
  fillers.asked(5000);
  expect(fillers.due(6000)).toBe("One moment.");
});

test("words that come too late, or hold nothing, are as none: a phrase, or nothing", () => {
  for (const [some, said] of [[phrases, "One moment."] as const, [[], undefined] as const]) {
    const fillers = new Fillers({ waitMs: 1000, phrases: some, rule: "round_robin", made }, never);
    fillers.asked(0);
    fillers.made(" \n");
    expect(fillers.wantsWords).toBe(true);
    expect(fillers.due(1000)).toBe(said);
    expect(fillers.wantsWords).toBe(false);
    fillers.made("Let me look.");
    expect(fillers.due(2000)).toBeUndefined();
  }
});

test("an answer that sounds makes words useless", () => {
  const fillers = new Fillers({ waitMs: 1000, phrases: [], rule: "round_robin", made }, never);
  fillers.asked(0);
  fillers.settled();
  expect(fillers.wantsWords).toBe(false);
  fillers.made("Let me look.");
  expect(fillers.deadline).toBeUndefined();
  expect(fillers.due(1000)).toBeUndefined();
});

test("over any order of events nothing is said but what was made for this answer, or a phrase, and once for each wait", () => {
  const step = fc.constantFrom("asked", "settled", "made", "due");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, fallsBack) => {
      const fillers = new Fillers({ waitMs: 10, phrases: fallsBack ? phrases : [], rule: "round_robin", made }, never);
      let waiting: { words?: string } | undefined;
      for (const [index, name] of steps.entries()) {
        const at = index * 100;
        if (name === "asked") fillers.asked(at);
        if (name === "settled") fillers.settled();
        if (name === "made") fillers.made(`made ${index}`);
        const said = name === "due" ? fillers.due(at) : undefined;
        if (name === "due" && waiting !== undefined && (waiting.words !== undefined || fallsBack)) {
          expect(waiting.words === undefined ? phrases.includes(said ?? "") : said === waiting.words).toBe(true);
        } else expect(said).toBeUndefined();
        if (name === "asked") waiting = {};
        else if (name === "settled" || name === "due") waiting = undefined;
        else if (waiting !== undefined) waiting.words ??= `made ${index}`;
        expect(fillers.wantsWords).toBe(waiting !== undefined && waiting.words === undefined);
      }
    }),
  );
});

test("what is made is one line of fifty words at most, and ends with a sentence where one fits", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 2000 }), (text) => {
      const line = boundedWords(text);
      expect(line.split(" ").length).toBeLessThanOrEqual(mostFillerWords);
      expect(line.length).toBeLessThanOrEqual(400);
      expect(line).not.toMatch(/\s\s|^\s|\s$|\n/u);
      if (!isTooLong(text)) expect(line.replaceAll(" ", "")).toBe(text.replace(/\s/gu, ""));
    }),
  );
  const words = (count: number): string => Array.from({ length: count }, () => "word").join(" ");
  expect(boundedWords(`${words(20)}. ${words(60)}.`)).toBe(`${words(20)}.`);
  expect(boundedWords(words(60))).toBe(words(50));
});

test("the newest of what was said is told, as much as was allowed", () => {
  const entry = (role: "user" | "assistant", content: string): HistoryEntry => ({
    role,
    content,
    turnId: 1,
    source: "asr",
    startMs: 0,
    endMs: 0,
  });
  const entries = [entry("user", "one two"), entry("assistant", ""), entry("assistant", "three"), entry("user", "four five")];
  expect(newestWords(entries, { entries: 2, characters: 100 })).toEqual([
    { role: "assistant", content: "three" },
    { role: "user", content: "four five" },
  ]);
  expect(newestWords(entries, { entries: 9, characters: 12 })).toEqual([
    { role: "assistant", content: "ree" },
    { role: "user", content: "four five" },
  ]);
  expect(newestWords(entries, { entries: 0, characters: 100 })).toEqual([]);
  expect(newestWords(entries, { entries: 9, characters: 0 })).toEqual([]);
});
