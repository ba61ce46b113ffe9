import fc from "fast-check";
import { expect, test } from "vitest";
import { Echo } from "./echo.ts";
import type { SpokenWord } from "./events.ts";

const answer = "It was opened to traffic in the year 1883, and it took fourteen years to build; many people died.";
const wordMs = 300;
const delayMs = 250;

/** The text spoken from `at` on, a word every 300 ms. */
function spoken(text: string, at = 10_000): SpokenWord[] {
  return text.split(" ").map((word, index) => ({ text: word, startMs: at + index * wordMs, endMs: at + (index + 1) * wordMs }));
}

function speaking(text = answer, at = 10_000): Echo {
  const echo = new Echo();
  echo.say(spoken(text, at));
  return echo;
}

/** What is left of words heard from when the agent's word `index` came back. */
const rest = (text: string, index = 0, echo = speaking()) => echo.strip("a", 10_000 + index * wordMs + delayMs, text).rest;

test("the agent's own words are taken off, from wherever the microphone began to hear them", () => {
  expect(rest("It was opened to traffic in the year")).toBe("");
  expect(rest("traffic, in the year", 4)).toBe("");
  expect(speaking().strip("a", 10_250, "It was opened to traffic.")).toEqual({
    rest: "",
    echo: "It was opened to traffic.",
    isNew: true,
    isDoubtful: false,
  });
});

test("misheard words, lost ones and numbers written otherwise do not hide an echo", () => {
  expect(rest("It was open to trafic in the year")).toBe("");
  expect(rest("It opened to traffic in the year eighteen eighty three and it took fourteen years")).toBe("");
  // The end of a partial is often wrong: misheard, a number half spelt out, or said twice.
  expect(rest("It was opened to tra")).toBe("");
  expect(rest("It was opened to traffic in the year eighteen eighty")).toBe("");
  expect(rest("It was opened to traffic in the traffic in the")).toBe("");
});

test("what a person adds to an echo is theirs", () => {
  expect(rest("It was opened to traffic stop")).toBe("stop");
  expect(rest("It was opened to traffic but who built it")).toBe("but who built it");
  expect(rest("It was opened to traffic wait in the year")).toBe("wait in the year");
});

test("a person who quotes a word or two is no echo", () => {
  for (const text of ["traffic", "to traffic?", "fourteen years", "it was"]) {
    for (let index = 0; index < 20; index++) expect(rest(text, index)).toBe(text);
  }
});

test("whether a word or two are the beginning of an echo is doubtful, unless people take the floor with them or come too late", () => {
  const doubtful = (text: string, index = 0, echo = speaking()) => echo.strip("a", 10_000 + index * wordMs + delayMs, text).isDoubtful;
  expect(doubtful("it was")).toBe(true);
  expect(doubtful("it was ope")).toBe(true);
  expect(doubtful("traf", 4)).toBe(true);
  expect(doubtful("it what")).toBe(false);
  expect(doubtful("traffic", 9)).toBe(false);
  expect(doubtful("stop", 0, speaking("stop at the next corner"))).toBe(false);
  expect(doubtful("")).toBe(false);
});

test("a person who repeats a phrase having heard it is no echo", () => {
  const repeated = "it took fourteen years to build";
  // Its last word was over 200 ms before.
  const at = 10_000 + 16 * wordMs + 200;
  expect(speaking().strip("a", at, repeated).rest).toBe(repeated);
});

test("an echo is new once for each utterance of each person", () => {
  const echo = speaking();
  const isNew = (uid: string, at: number) => echo.strip(uid, at, "it was opened to traffic").isNew;
  expect([isNew("a", 10_200), isNew("a", 10_200), isNew("b", 10_200), isNew("a", 10_250)]).toEqual([true, false, true, true]);
});

test("an agent that has said nothing has no echo", () => {
  expect(new Echo().strip("a", 0, answer)).toEqual({ rest: answer, echo: "", isNew: false, isDoubtful: false });
});

// What people say in recordings/.
const texts = [
  "How old is the Brooklyn Bridge?",
  "book a room",
  "half an hour",
  "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.",
  "He was not an ill disposed young man,",
  "What's the weather like?",
];

test.each(texts)("“%s” over an agent that says something else is left whole", (text) => {
  for (const other of texts.filter((one) => one !== text)) {
    const echo = speaking(other);
    for (let index = 0; index < other.split(" ").length; index++) expect(rest(text, index, echo)).toBe(text);
  }
});

const letters = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz"), minLength: 1, maxLength: 9 });
const sentence = fc.array(letters, { minLength: 5, maxLength: 40, size: "max" });

test("whatever the agent says, its echo is found from any word on, and words that share none with it are left whole", () => {
  fc.assert(
    fc.property(sentence, fc.nat(), fc.integer({ min: 0, max: 600 }), (words, from, delay) => {
      const start = from % (words.length - 4);
      const heard = words.slice(start);
      fc.pre(heard.join("").length >= 9);
      const echo = speaking(words.join(" "));
      const at = 10_000 + start * wordMs + delay;
      expect(echo.strip("a", at, heard.join(" ")).rest).toBe("");
      const own = heard.map((word) => `${word}xqxqxqxq`).join(" ");
      expect(echo.strip("a", at, own)).toMatchObject({ rest: own, echo: "" });
    }),
  );
});

test("what is left is always the end of what was heard", () => {
  fc.assert(
    fc.property(sentence, sentence, fc.integer({ min: 9000, max: 20_000 }), (words, heard, at) => {
      const text = heard.join(" ");
      const { rest: left, echo } = speaking(words.join(" ")).strip("a", at, text);
      expect(`${echo} ${left}`.trim()).toBe(text);
    }),
  );
});
