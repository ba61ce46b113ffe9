import { expect, test } from "vitest";
import { collapseRepetition, isNoise, isRepeated } from "./clean.ts";

test("a loop of words is left once, with its last punctuation", () => {
  expect(collapseRepetition("I want to, I want to, I want to, I want to. Go home")).toBe("I want to. Go home");
  expect(collapseRepetition("so so so so so what?")).toBe("so what?");
});

test("what people do say again stays", () => {
  for (const text of ["No, no, no.", "Very, very good.", "Bye bye!", ""]) expect(collapseRepetition(text)).toBe(text);
});

test("a text that is nothing but repetition is seen", () => {
  expect(isRepeated("today today")).toBe(true);
  expect(isRepeated("I can. I can. I can.")).toBe(true);
  expect(isRepeated("I can do what I can.")).toBe(false);
  expect(isRepeated("today")).toBe(false);
});

test("marks without words are noise", () => {
  expect(isNoise({ text: "...", confidence: -0.01 }, 2000)).toBe(true);
});

test("a doubtful subtitle phrase is noise, the same words spoken clearly are not", () => {
  expect(isNoise({ text: "Thank you.", confidence: -1.1 }, 900)).toBe(true);
  expect(isNoise({ text: "Thank you.", confidence: -0.2 }, 900)).toBe(false);
});

test("a doubtful word in next to no voice is noise, a longer one is kept", () => {
  expect(isNoise({ text: "Today", confidence: -1 }, 100)).toBe(true);
  expect(isNoise({ text: "Today", confidence: -1 }, 500)).toBe(false);
});
