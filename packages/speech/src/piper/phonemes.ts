/** Spoken words to the IPA that the voice was trained on: dictionary, endings, compounds, then letter by letter. */
import type { Dictionary } from "./dictionary.ts";
import { toIpa } from "./ipa.ts";

/** What espeak says for small words inside a sentence, unlike the dictionary's full forms. */
const weakForms: Record<string, string> = {
  a: "ɐ",
  an: "ɐn",
  the: "ðə",
  to: "tə",
  of: "ʌv",
  and: "ænd",
  for: "fɔːɹ",
  you: "juː",
  your: "jʊɹ",
  i: "aɪ",
  "i'm": "aɪm",
  it: "ɪt",
  is: "ɪz",
  are: "ɑːɹ",
  was: "wʌz",
  were: "wɜː",
  be: "biː",
  been: "bɪn",
  in: "ɪn",
  on: "ɔn",
  at: "æt",
  as: "æz",
  by: "baɪ",
  with: "wɪð",
  from: "fɹʌm",
  or: "ɔːɹ",
  that: "ðæt",
  than: "ðɐn",
  can: "kæn",
  could: "kʊd",
  would: "wʊd",
  should: "ʃʊd",
  have: "hæv",
  has: "hæz",
  had: "hæd",
  do: "duː",
  does: "dʌz",
  will: "wɪl",
  he: "hiː",
  she: "ʃiː",
  we: "wiː",
  they: "ðeɪ",
  my: "maɪ",
  me: "mˌiː",
  him: "hˌɪm",
  her: "hɜː",
  them: "ðˌɛm",
  us: "ˌʌs",
  our: "ˌaʊɚ",
  their: "ðɛɹ",
  its: "ɪts",
  if: "ɪf",
  but: "bˌʌt",
  so: "sˌoʊ",
  this: "ðˈɪs",
};

const voiceless = new Set(["P", "T", "K", "F", "TH", "S", "SH", "CH", "HH"]);
const sibilant = new Set(["S", "Z", "SH", "ZH", "CH", "JH"]);

/** The IPA of each word of a clause, in order; `""` for one that cannot be said. Words are in lower case, `"b."` is the letter b. */
export function phonemes(words: readonly string[], dictionary: Dictionary): string[] {
  const spoken = words.map((word) => weakForms[word] ?? toIpa(pronounce(word, dictionary)));
  return spoken.map((ipa, at) => {
    const word = words[at];
    const beforeVowel = /^[ˈˌ]?[aæɐɑɒɔəɚɛɜeɪiɨᵻoʊuʌ]/u.test(spoken[at + 1] ?? "");
    if (word === "the" && beforeVowel) return "ðɪ";
    if (word === "to" && (beforeVowel || at === words.length - 1)) return "tʊ";
    return ipa;
  });
}

/** The word in ARPAbet. */
export function pronounce(word: string, dictionary: Dictionary): string {
  return dictionary.lookup(word) ?? inflected(word, dictionary) ?? spelledOut(word, dictionary);
}

/** A known stem with a regular ending. */
function inflected(word: string, dictionary: Dictionary): string | undefined {
  const possessive = /^(.+)'s?$/.exec(word)?.[1] ?? /^(.+[^s])s$/.exec(word)?.[1];
  const stem = possessive === undefined ? undefined : dictionary.lookup(possessive);
  return stem === undefined ? undefined : withS(stem);
}

function withS(stem: string): string {
  const last = (stem.split(" ").at(-1) ?? "").replace(/\d/, "");
  if (sibilant.has(last)) return `${stem} IH0 Z`;
  return `${stem} ${voiceless.has(last) ? "S" : "Z"}`;
}

function spelledOut(word: string, dictionary: Dictionary): string {
  return Array.from(word, (letter) => dictionary.lookup(`${letter}.`) ?? "")
    .join(" ")
    .trim();
}
