/** Learns from the dictionary how letters sound in their surroundings: `node letter-training.ts` writes letter-rules.ts. */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CONTEXTS, FOCUS, surroundings } from "./letters.ts";

/** A rule stays if it puts at least this many words of the dictionary right that the shorter rules get wrong. */
const LEAST_GAIN = 3;
const EM_ROUNDS = 6;
const EM_WORDS = 20_000;
/** A letter is silent, one sound or two. */
const LONGEST_CHUNK = 2;

export interface Entry {
  word: string;
  phones: string[];
}

/** The dictionary's plain words with their first pronunciation. */
export function trainingEntries(): Entry[] {
  const text = readFileSync(createRequire(import.meta.url).resolve("cmu-pronouncing-dictionary"), "utf8");
  return [...text.matchAll(/^ {2}"([a-z]{3,})": "([A-Z0-2 ]+?)\s*(?:#.*)?",?$/gmu)].map(([, word = "", sounds = ""]) => ({
    word,
    phones: sounds.split(" "),
  }));
}

/** Rules as `letters.ts` reads them, from words that each letter was aligned with its sounds. */
export function trainLetterRules(entries: Entry[], leastGain: number = LEAST_GAIN): string {
  const probability = learnChunks(entries.filter((_, at) => at % Math.ceil(entries.length / EM_WORDS) === 0));
  const samples = entries.flatMap((entry) => {
    const chunks = align(entry, probability);
    return chunks?.map((sounds, at) => ({ word: entry.word, at, sounds })) ?? [];
  });

  const rules = new Map<string, string>();
  const answers = samples.map(() => "");
  for (const context of CONTEXTS) {
    const keys = samples.map(({ word, at }) => surroundings(word, at, context));
    const seen = new Map<string, { now: number; counts: Map<string, number> }>();
    for (const [index, sample] of samples.entries()) {
      const key = keys[index] ?? "";
      const found = seen.get(key) ?? { now: 0, counts: new Map<string, number>() };
      seen.set(key, found);
      if (answers[index] === sample.sounds) found.now++;
      found.counts.set(sample.sounds, (found.counts.get(sample.sounds) ?? 0) + 1);
    }
    for (const [key, { now, counts }] of seen) {
      const [sounds, count] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best));
      if (count - now >= leastGain || context === CONTEXTS[0]) rules.set(key, sounds);
    }
    for (const index of samples.keys()) answers[index] = rules.get(keys[index] ?? "") ?? answers[index] ?? "";
  }
  return [...rules].map(([key, sounds]) => `${key}${sounds.replaceAll(" ", "-")}`).join(" ");
}

type Chunks = (letter: string, sounds: string) => number;

/** Expectation and maximisation over all ways of dealing a word's sounds out to its letters. */
function learnChunks(entries: Entry[]): Chunks {
  let counts = new Map<string, number>();
  let totals = new Map<string, number>();
  const probability: Chunks = (letter, sounds) =>
    totals.size === 0 ? (sounds === "" ? 0.1 : 1) : (counts.get(`${letter} ${sounds}`) ?? 0) / (totals.get(letter) ?? 1) + 1e-9;
  for (let round = 0; round < EM_ROUNDS; round++) {
    const nextCounts = new Map<string, number>();
    const nextTotals = new Map<string, number>();
    for (const { word, phones } of entries) {
      const forward = lattice(word, phones, probability, false);
      const backward = lattice(word, phones, probability, true);
      const all = forward[word.length]?.[phones.length] ?? 0;
      if (all === 0) continue;
      for (let i = 0; i < word.length; i++) {
        for (let j = 0; j <= phones.length; j++) {
          for (let n = 0; n <= LONGEST_CHUNK && j + n <= phones.length; n++) {
            const letter = word[i] ?? "";
            const sounds = phones.slice(j, j + n).join(" ");
            const share = ((forward[i]?.[j] ?? 0) * probability(letter, sounds) * (backward[i + 1]?.[j + n] ?? 0)) / all;
            if (share < 1e-6) continue;
            nextCounts.set(`${letter} ${sounds}`, (nextCounts.get(`${letter} ${sounds}`) ?? 0) + share);
            nextTotals.set(letter, (nextTotals.get(letter) ?? 0) + share);
          }
        }
      }
    }
    counts = nextCounts;
    totals = nextTotals;
  }
  return probability;
}

/** Sum over all alignments of the first i letters with the first j sounds, or of those behind them. */
function lattice(word: string, phones: string[], probability: Chunks, backward: boolean): number[][] {
  const sums = Array.from({ length: word.length + 1 }, () => phones.map(() => 0).concat(0));
  const order = Array.from({ length: word.length }, (_, at) => (backward ? word.length - 1 - at : at));
  const origin = sums[backward ? word.length : 0];
  if (origin !== undefined) origin[backward ? phones.length : 0] = 1;
  for (const i of order) {
    for (let j = 0; j <= phones.length; j++) {
      for (let n = 0; n <= LONGEST_CHUNK && j + n <= phones.length; n++) {
        const step = probability(word[i] ?? "", phones.slice(j, j + n).join(" "));
        const [to, at, add] = backward ? [sums[i], j, sums[i + 1]?.[j + n]] : [sums[i + 1], j + n, sums[i]?.[j]];
        if (to !== undefined) to[at] = (to[at] ?? 0) + (add ?? 0) * step;
      }
    }
  }
  return sums;
}

/** The best way to deal out the sounds, one chunk per letter; undefined if there is none. */
function align({ word, phones }: Entry, probability: Chunks): string[] | undefined {
  const best: ({ score: number; taken: number } | undefined)[][] = Array.from({ length: word.length + 1 }, () => []);
  const origin = best[0];
  if (origin !== undefined) origin[0] = { score: 0, taken: 0 };
  for (let i = 0; i < word.length; i++) {
    for (let j = 0; j <= phones.length; j++) {
      const from = best[i]?.[j];
      if (from === undefined) continue;
      for (let n = 0; n <= LONGEST_CHUNK && j + n <= phones.length; n++) {
        const score = from.score + Math.log(probability(word[i] ?? "", phones.slice(j, j + n).join(" ")));
        const row = best[i + 1];
        if (row !== undefined && score > (row[j + n]?.score ?? -Infinity)) row[j + n] = { score, taken: n };
      }
    }
  }
  const chunks: string[] = [];
  let j = phones.length;
  for (let i = word.length; i > 0; i--) {
    const cell = best[i]?.[j];
    if (cell === undefined) return undefined;
    chunks.unshift(phones.slice(j - cell.taken, j).join(" "));
    j -= cell.taken;
  }
  return j === 0 ? chunks : undefined;
}

if (import.meta.main) {
  const rules = trainLetterRules(trainingEntries());
  const text = `/** How letters sound in their surroundings, learnt from the CMU dictionary (ISC) by letter-training.ts. */

/** \`left${FOCUS}letter and right${FOCUS}SOUNDS\`, parted by spaces; \`#\` is the end of the word. */
export const letterRules =
  "${rules}";
`;
  writeFileSync(join(import.meta.dirname, "letter-rules.ts"), text);
}
