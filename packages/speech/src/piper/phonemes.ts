/** Spoken words to the IPA that the voice was trained on: dictionary, endings, compounds, then letter by letter. */
import type { Dictionary } from "./dictionary.ts";
import { toIpa } from "./ipa.ts";
import { soundOut } from "./letters.ts";
import { corrections, homographs, pastCues, strongAtEnd, verbCues, weakForms } from "./lexicon.ts";
import { isPause } from "./normalise.ts";

const voiceless = new Set(["P", "T", "K", "F", "TH", "S", "SH", "CH", "HH"]);
const sibilant = new Set(["S", "Z", "SH", "ZH", "CH", "JH"]);

const beginsWithVowel = /^[ˈˌ]?[aæɐɑɔəɚɛɜeɪiᵻoʊuʌ]/u;

/**
 * The IPA of each spoken word of a clause, in order; `""` for a mark of pause or what cannot be said. Words are in lower
 * case, `"b."` is the letter b.
 */
export function phonemes(spoken: readonly string[], dictionary: Dictionary): string[] {
  const last = (at: number): boolean => at === spoken.length - 1 || isPause(spoken[at + 1] ?? "");
  const ipa = spoken.map((word, at) => {
    if (isPause(word)) return "";
    const weak = last(at) && strongAtEnd.has(word) ? undefined : weakForm(word);
    return weak ?? toIpa(homograph(word, spoken[at - 1]) ?? pronounce(word, dictionary), word);
  });
  return ipa.map((sound, at) => {
    const beforeVowel = beginsWithVowel.test(ipa[at + 1] ?? "");
    // Of letters in a row, the last has the main stress.
    if (isLetter(spoken[at]) && isLetter(spoken[at + 1])) return sound.replace("ˈ", "ˌ");
    if (beforeVowel && spoken[at] === "the") return "ðɪ";
    return beforeVowel && spoken[at] === "to" ? "tʊ" : sound;
  });
}

/** ARPAbet of a word that sounds by what stands before it. */
function homograph(word: string, before: string | undefined): string | undefined {
  if (word === "read") return before !== undefined && pastCues.has(before) ? "R EH1 D" : "R IY1 D";
  if (!Object.hasOwn(homographs, word)) return undefined;
  const isVerb = before === undefined || isPause(before) || verbCues.has(before);
  return isVerb ? homographs[word]?.verb : homographs[word]?.other;
}

function isLetter(word: string | undefined): boolean {
  return word !== undefined && /^[a-z]\./u.test(word);
}

function weakForm(word: string): string | undefined {
  return Object.hasOwn(weakForms, word) ? weakForms[word] : undefined;
}

/** The word in ARPAbet. */
export function pronounce(word: string, dictionary: Dictionary): string {
  const known = lookup(word, dictionary) ?? inflected(word, dictionary) ?? compound(word, dictionary);
  if (known !== undefined) return known;
  const letters = word.replaceAll(/[^a-z]/gu, "");
  // What the rules would leave silent is spelled.
  return soundOut(letters) || Array.from(letters, (letter) => dictionary.lookup(`${letter}.`) ?? "").join(" ");
}

function lookup(word: string, dictionary: Dictionary): string | undefined {
  return Object.hasOwn(corrections, word) ? corrections[word] : dictionary.lookup(word);
}

/** What may follow a stem: its spelling, how it sounds, and how the stem was spelled before it. */
const endings: readonly { ending: RegExp; stems: string[]; sound: (last: string) => string }[] = [
  { ending: /'s?$/u, stems: [""], sound: soundOfS },
  { ending: /'ve$/u, stems: [""], sound: () => "AH0 V" },
  { ending: /'ll$/u, stems: [""], sound: () => "AH0 L" },
  { ending: /'re$/u, stems: [""], sound: () => "ER0" },
  { ending: /'d$/u, stems: [""], sound: soundOfD },
  { ending: /ies$/u, stems: ["y"], sound: soundOfS },
  { ending: /es$/u, stems: ["", "e"], sound: soundOfS },
  { ending: /(?<!s)s$/u, stems: [""], sound: soundOfS },
  { ending: /ied$/u, stems: ["y"], sound: soundOfD },
  { ending: /ed$/u, stems: ["", "e", "undouble"], sound: soundOfD },
  { ending: /ing$/u, stems: ["", "e", "undouble"], sound: () => "IH0 NG" },
  { ending: /ings$/u, stems: ["", "e", "undouble"], sound: () => "IH0 NG Z" },
  { ending: /ily$/u, stems: ["y"], sound: () => "L IY0" },
  { ending: /ly$/u, stems: [""], sound: () => "L IY0" },
  { ending: /ier$/u, stems: ["y"], sound: () => "ER0" },
  { ending: /iest$/u, stems: ["y"], sound: () => "AH0 S T" },
  { ending: /er$/u, stems: ["", "e", "undouble"], sound: () => "ER0" },
  { ending: /ers$/u, stems: ["", "e", "undouble"], sound: () => "ER0 Z" },
  { ending: /est$/u, stems: ["", "e", "undouble"], sound: () => "AH0 S T" },
  { ending: /iness$/u, stems: ["y"], sound: () => "N AH0 S" },
  { ending: /ness$/u, stems: [""], sound: () => "N AH0 S" },
  { ending: /less$/u, stems: [""], sound: () => "L AH0 S" },
  { ending: /ful$/u, stems: [""], sound: () => "F AH0 L" },
  { ending: /ment$/u, stems: [""], sound: () => "M AH0 N T" },
  { ending: /able$/u, stems: ["", "e"], sound: () => "AH0 B AH0 L" },
  { ending: /ish$/u, stems: ["", "e"], sound: () => "IH0 SH" },
  { ending: /y$/u, stems: ["", "e", "undouble"], sound: () => "IY0" },
];

function soundOfS(last: string): string {
  return sibilant.has(last) ? "IH0 Z" : voiceless.has(last) ? "S" : "Z";
}

function soundOfD(last: string): string {
  return last === "T" || last === "D" ? "IH0 D" : voiceless.has(last) ? "T" : "D";
}

/** A known stem with a regular ending. */
function inflected(word: string, dictionary: Dictionary): string | undefined {
  for (const { ending, stems, sound } of endings) {
    if (!ending.test(word)) continue;
    const base = word.replace(ending, "");
    for (const add of stems) {
      const stem = add === "undouble" ? (/([^aeiou])\1$/u.test(base) ? base.slice(0, -1) : "") : base + add;
      const known = stem.length < 3 && add !== "" ? undefined : lookup(stem, dictionary);
      if (known === undefined || stem.length < 2) continue;
      return `${known} ${sound((known.split(" ").at(-1) ?? "").replace(/\d/u, ""))}`;
    }
  }
  return undefined;
}

/** Prefixes that are no words by themselves. */
const prefixes: Readonly<Record<string, string>> = {
  un: "AH2 N",
  re: "R IY0",
  non: "N AA2 N",
  pre: "P R IY0",
  mis: "M IH0 S",
  dis: "D IH0 S",
  multi: "M AH2 L T IY0",
  anti: "AE2 N T IY0",
  micro: "M AY2 K R OW0",
  auto: "AO2 T OW0",
  bio: "B AY2 OW0",
  geo: "JH IY2 OW0",
  tele: "T EH2 L AH0",
  cyber: "S AY2 B ER0",
  crypto: "K R IH2 P T OW0",
  hyper: "HH AY2 P ER0",
  mega: "M EH2 G AH0",
  giga: "G IH2 G AH0",
  kilo: "K IH2 L AH0",
};

/** Two words in one, "chatbot": split where the shorter half is longest. Names of three letters would split anything. */
function compound(word: string, dictionary: Dictionary): string | undefined {
  for (const [prefix, sound] of Object.entries(prefixes)) {
    const rest = word.startsWith(prefix) ? word.slice(prefix.length) : "";
    const known = rest.length < 3 ? undefined : (lookup(rest, dictionary) ?? inflected(rest, dictionary));
    if (known !== undefined) return `${sound} ${known}`;
  }
  const cuts = Array.from({ length: Math.max(0, word.length - 5) }, (_, at) => at + 3);
  const middleFirst = cuts.toSorted((a, b) => Math.abs(a - word.length / 2) - Math.abs(b - word.length / 2));
  for (const cut of middleFirst) {
    if (word.length < 7) break;
    const head = lookup(word.slice(0, cut), dictionary);
    const tail = word.slice(cut);
    const end = lookup(tail, dictionary) ?? (tail.length > 4 ? inflected(tail, dictionary) : undefined);
    if (head !== undefined && end !== undefined) return `${head} ${end.replaceAll("1", "2")}`;
  }
  return undefined;
}
