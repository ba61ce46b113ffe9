/** Puts words that people are likely to say where a recogniser that does not know them has written what sounds alike. */
import { doubleMetaphone } from "double-metaphone";
import { distance } from "fastest-levenshtein";

/** Terms that are looked for; more are ignored. */
const maxTerms = 500;
/** Letters of a term that is looked for by its sound: shorter ones sound like too much else. */
const minLetters = 4;
/** Words that a term may have fallen into beyond its own. */
const extraWords = 2;

// Found with what the embedded recogniser makes of names that the embedded voice says, and of the recordings in this
// repository, where no word may change: see the tests.
const minSound = 0.8;
const minSpelling = 0.57;
const minTogether = 0.76;

interface Term {
  readonly text: string;
  readonly letters: string;
  readonly sound: string;
  readonly words: number;
}

interface Match {
  readonly from: number;
  readonly to: number;
  readonly term: Term;
  readonly score: number;
}

/** The transcript with these terms spelt as they are given, where they or something that sounds like them stand. */
export function spellTerms(text: string, keyterms: readonly string[]): string {
  const terms = keyterms.slice(0, maxTerms).flatMap(termOf);
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (terms.length === 0 || words.length === 0) return text;
  const matches = terms.flatMap((term) => matchesOf(words, term)).toSorted((a, b) => b.score - a.score || b.to - b.from - (a.to - a.from));
  const taken = new Set<number>();
  const chosen = matches.filter(({ from, to }) => {
    const places = Array.from({ length: to - from }, (_, index) => from + index);
    if (places.some((place) => taken.has(place))) return false;
    for (const place of places) taken.add(place);
    return true;
  });
  if (chosen.length === 0) return text;
  for (const { from, to, term } of chosen.toSorted((a, b) => b.from - a.from)) {
    const [before = ""] = /^[^\p{L}\p{N}]*/u.exec(words[from] ?? "") ?? [];
    const [after = ""] = /(?:['’]s)?[^\p{L}\p{N}]*$/u.exec(words[to - 1] ?? "") ?? [];
    words.splice(from, to - from, `${before}${term.text}${after}`);
  }
  return words.join(" ");
}

function matchesOf(words: readonly string[], term: Term): Match[] {
  const matches: Match[] = [];
  for (let from = 0; from < words.length; from += 1) {
    for (let to = from + 1; to <= Math.min(words.length, from + term.words + extraWords); to += 1) {
      const score = likeness(words.slice(from, to), term);
      if (score !== undefined) matches.push({ from, to, term, score });
    }
  }
  return matches;
}

/** How alike they are, up to 1; undefined: not enough. */
function likeness(words: readonly string[], term: Term): number | undefined {
  const letters = lettersOf(words.join("").replace(/['’]s\b/u, ""));
  if (letters === term.letters) return 1;
  if (term.letters.length < minLetters || letters.length < minLetters) return undefined;
  // Lengths alone rule most of them out.
  if (Math.abs(letters.length - term.letters.length) > term.letters.length / 2) return undefined;
  const spelling = similarity(letters, term.letters);
  if (spelling < minSpelling) return undefined;
  const sound = similarity(soundOf(letters), term.sound);
  const together = (sound + spelling) / 2;
  return sound >= minSound && together >= minTogether ? together : undefined;
}

function termOf(text: string): Term[] {
  const letters = lettersOf(text);
  if (letters === "") return [];
  return [{ text: text.trim(), letters, sound: soundOf(letters), words: text.trim().split(/\s+/).length }];
}

function soundOf(letters: string): string {
  return doubleMetaphone(letters)[0];
}

const digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** As it is spoken: without anything but letters, digits as words. */
function lettersOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/\d/g, (digit) => digits[Number(digit)] ?? "")
    .replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** 1: the same; 0: nothing in common. */
function similarity(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - distance(a, b) / longest;
}
