import fc from "fast-check";
import { expect, test } from "vitest";
import { openDictionary } from "./dictionary.ts";
import { phonemes, pronounce } from "./phonemes.ts";

const dictionary = openDictionary();

function say(text: string): string {
  return phonemes(text.split(" "), dictionary).join(" ").trim();
}

// The right-hand sides are what espeak writes for American English, by which the voice was trained.
test.each([
  ["hello", "həlˈoʊ"],
  ["water", "wˈɔːɾɚ"],
  ["party", "pˈɑːɹɾi"],
  ["button", "bˈʌʔn̩"],
  ["assistant", "ɐsˈɪstənt"],
  ["world", "wˈɜːld"],
  ["roses", "ɹˈoʊzᵻz"],
  ["decided", "dᵻsˈaɪdᵻd"],
  ["include", "ɪŋklˈuːd"],
  ["example", "ɛɡzˈæmpəl"],
  ["period", "pˈiəɹɪəd"],
  ["particular", "pɚtˈɪkjʊlɚ"],
  ["rainbow", "ɹˈeɪnboʊ"],
  ["relative", "ɹˈɛlətɪv"],
  ["caught", "kˈɔːt"],
])("%s is %s", (word, ipa) => {
  expect(say(word)).toBe(ipa);
});

test("small words are weak inside a sentence and full at its end", () => {
  expect(say("i can look at it , that is what it is .")).toBe("aɪ kæn lˈʊk æt ɪt  ðæt ɪz wˌʌt ɪt ˈɪz");
  expect(say("something to look at .")).toBe("sˈʌmθɪŋ tə lˈʊk ˈæt");
});

test("the and to change before a vowel", () => {
  expect(say("the apple to eat")).toBe("ðɪ ˈæpəl tʊ ˈiːt");
  expect(say("the banana to give")).toBe("ðə bɐnˈænə tə ɡˈɪv");
});

test("of letters in a row the last is the strongest", () => {
  expect(say("a. p. i.")).toBe("ˌeɪ pˌiː ˈaɪ");
});

test("words that are written alike are told apart by what stands before them", () => {
  expect(say("close the door")).toBe("klˈoʊz ðə dˈɔːɹ");
  expect(say("very close")).toBe("vˈɛɹi klˈoʊs");
  expect(say("i have read")).toBe("aɪ hæv ɹˈɛd");
  expect(say("i can read")).toBe("aɪ kæn ɹˈiːd");
});

test.each([
  ["app's", "AE1 P S"],
  ["webhooks", "W EH1 B HH UH2 K S"],
  ["chatbot", "CH AE1 T B AA2 T"],
  ["chatbots", "CH AE1 T B AA2 T S"],
  ["typescript", "T AY1 P S K R IH2 P T"],
  ["rewatch", "R IY0 W AA1 CH"],
  ["telehealth", "T EH2 L AH0 HH EH1 L TH"],
  ["dockerized", "D AA1 K ER0 AY2 Z D"],
])("%s, which the dictionary lacks, is made of words that it has", (word, arpabet) => {
  expect(dictionary.lookup(word)).toBeUndefined();
  expect(pronounce(word, dictionary)).toBe(arpabet);
});

test("any word is said with at least one sound if it has a letter, and never throws", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^'?[a-z]{1,14}(?:'s)?$/), (word) => {
      expect(phonemes([word], dictionary)[0]).toMatch(/^[\p{L}\p{M}ˈˌː]+$/u);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (word) => phonemes([word], dictionary).length === 1));
});
