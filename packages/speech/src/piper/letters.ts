/** Words that no dictionary has, sounded out letter by letter with rules learnt from those that it has. */
import { letterRules } from "./letter-rules.ts";

/** Parts a rule: `left=letter and right=SOUNDS`. */
export const FOCUS = "=";

/** How many letters to the left and right a rule sees, from the vaguest to the most exact. */
export const CONTEXTS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
  [1, 2],
  [2, 1],
  [2, 2],
  [2, 3],
  [3, 2],
  [3, 3],
  [3, 4],
  [4, 4],
];

let parsed: Map<string, string> | undefined;

/** The key of the rule for the letter at `at`, seen with `left` and `right` letters around it. */
export function surroundings(word: string, at: number, [left, right]: readonly [number, number]): string {
  const padded = `####${word}####`;
  const here = at + 4;
  return `${padded.slice(here - left, here)}${FOCUS}${padded.slice(here, here + 1 + right)}${FOCUS}`;
}

/** `"parley"` to ARPAbet. Letters beyond a to z are silent. */
export function soundOut(word: string, rules: ReadonlyMap<string, string> = builtIn()): string {
  const phones = Array.from({ length: word.length }, (_, at) => {
    const context = CONTEXTS.findLast((context) => rules.has(surroundings(word, at, context)));
    return context === undefined ? "" : (rules.get(surroundings(word, at, context)) ?? "");
  });
  return oneStress(
    phones
      .filter((sounds) => sounds !== "")
      .join(" ")
      .split(" "),
  );
}

export function parseRules(text: string): Map<string, string> {
  const rules = new Map<string, string>();
  for (const rule of text.split(" ")) {
    const end = rule.lastIndexOf(FOCUS) + 1;
    rules.set(rule.slice(0, end), rule.slice(end).replaceAll("-", " "));
  }
  return rules;
}

function builtIn(): Map<string, string> {
  parsed ??= parseRules(letterRules);
  return parsed;
}

/** Each letter chose its stress alone: a word has one main stress, the first that was chosen, else on its first full vowel. */
function oneStress(phones: string[]): string {
  const chosen = phones.findIndex((phone) => phone.endsWith("1"));
  const full = phones.findIndex((phone) => /^(?!AH|ER)[A-Z]+[02]$/.test(phone));
  const main = chosen >= 0 ? chosen : full >= 0 ? full : phones.findIndex((phone) => /\d$/.test(phone));
  return (
    phones
      .map((phone, at) => (at === main ? phone.replace(/\d$/, "1") : phone.replace(/1$/, "2")))
      // Two letters that each made the same consonant, as in "bb", make it once.
      .filter((phone, at, all) => phone !== all[at - 1])
      .join(" ")
  );
}
