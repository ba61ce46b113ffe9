import { dictionary as words } from "cmu-pronouncing-dictionary";
import { expect, test } from "vitest";
import { indexDictionary, openDictionary } from "./dictionary.ts";

test("every word is found with the sounds that the package has for it, without remarks", () => {
  const dictionary = openDictionary();
  const all = Object.entries(words);
  expect(all.length).toBeGreaterThan(130_000);
  for (const [word, sounds] of all) {
    if (dictionary.lookup(word) !== sounds.replace(/ #.*/, "")) expect(`${word}: ${dictionary.lookup(word)}`).toBe(`${word}: ${sounds}`);
  }
});

test("what is no word is not found", () => {
  const dictionary = openDictionary();
  for (const word of ["", "zzzzq", '"', 'hello": "', "HELLO", "hell\no", "你好"]) expect(dictionary.lookup(word)).toBeUndefined();
});

test("the end of the file may come without a line break", () => {
  const dictionary = indexDictionary(Buffer.from('{\n  "one": "W AH1 N",\n  "two": "T UW1 # a remark"'));
  expect([dictionary.lookup("one"), dictionary.lookup("two"), dictionary.lookup("three")]).toEqual(["W AH1 N", "T UW1", undefined]);
});
