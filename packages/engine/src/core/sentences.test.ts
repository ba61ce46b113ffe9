import fc from "fast-check";
import { expect, test } from "vitest";
import { Clauses } from "./sentences.ts";

const cut = (...pieces: string[]) => {
  const clauses = new Clauses();
  return [...pieces.flatMap((piece) => clauses.push(piece)), ...clauses.end()];
};

test("sentences come out as soon as the next one begins", () => {
  const clauses = new Clauses();
  expect(clauses.push("It is sunny.")).toEqual([]);
  expect(clauses.push(" And ")).toEqual(["It is sunny."]);
});

test("the first clause may end at a comma, later ones do not", () => {
  expect(cut("Well, I think so, yes. Later, when you like, we go on.")).toEqual([
    "Well, I think so,",
    "yes.",
    "Later, when you like, we go on.",
  ]);
});

test("abbreviations, decimals, initials and list numbers end no sentence", () => {
  expect(cut("Dr. Smith met J. Doe at 3.5 miles, e.g. near St. Paul. 1. First item here")).toEqual([
    "Dr. Smith met J. Doe at 3.5 miles,",
    "e.g. near St. Paul.",
    "1. First item here",
  ]);
});

test("quotes and brackets stay with their sentence", () => {
  expect(cut('He said "stop." Then he left (quietly). Done.')).toEqual(['He said "stop."', "Then he left (quietly).", "Done."]);
});

test("wide punctuation ends a sentence without a space", () => {
  expect(cut("今日は。元気です！はい")).toEqual(["今日は。", "元気です！", "はい"]);
});

test("a text without punctuation is cut before it grows too long", () => {
  for (const clause of cut("word ".repeat(400))) expect(clause.length).toBeLessThanOrEqual(240);
});

test("however a text is split on its way in, the same clauses come out and nothing is lost", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-zA-Z0-9 .,!?;\n"')(。！]{0,30}$/), { maxLength: 20 }), (pieces) => {
      const whole = pieces.join("");
      const clauses = cut(...pieces);
      expect(clauses.join("").replace(/\s/g, "")).toBe(whole.replace(/\s/g, ""));
      expect(cut(...whole)).toEqual(clauses);
    }),
  );
});
