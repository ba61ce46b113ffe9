import { expect, test } from "vitest";
import { expectWords } from "./hearing.ts";
import { plainWords, wordErrors } from "./words.ts";

test("case, punctuation and the spelling of numbers make no difference", () => {
  expect(plainWords("It’s 42, Mister Smith: since 1883!")).toEqual("it's forty two mr smith since eighteen eighty three".split(" "));
  expect(wordErrors("Mr. Quilter pays 305 dollars", "mister quilter pays three hundred five dollars").errors).toBe(0);
});

test("wrong, missing and added words each count as one", () => {
  expect(wordErrors("one two three four", "one too three four")).toEqual({ errors: 1, words: 4 });
  expect(wordErrors("one two three four", "one three four")).toEqual({ errors: 1, words: 4 });
  expect(wordErrors("one two three four", "one two and three four")).toEqual({ errors: 1, words: 4 });
  expect(wordErrors("one two", "")).toEqual({ errors: 2, words: 2 });
  expect(wordErrors("", "one two")).toEqual({ errors: 2, words: 0 });
});

test("a few wrong words are let pass, other words are not", () => {
  const said = "The Brooklyn Bridge was opened in 1883.";
  expectWords(said, "the brooklyn bridge was open in eighteen eighty-three");
  expect(() => expectWords(said, "")).toThrow();
  expect(() => expectWords(said, "It is raining in Oslo, and it is cold.")).toThrow();
  expect(() => expectWords(said, "The Brooklyn Bridge")).toThrow();
  expect(() => expectWords("", "")).toThrow();
});
