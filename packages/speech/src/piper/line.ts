/** Written words to the line of symbols that the voice's model reads, and whose each symbol is. */
import type { Dictionary } from "./dictionary.ts";
import { isPause, type WrittenWord } from "./normalise.ts";
import { phonemes } from "./phonemes.ts";

/** Between any two symbols, as the voice was trained. */
const PAD = "_";
const BEGIN = "^";
const END = "$";

/** Beyond this many spoken words the voice begins to hurry and to slur; a clause has fewer. */
const LONGEST_BREATH = 32;

export interface Line {
  /** Empty when there is nothing to say. */
  ids: number[];
  /** For each id, the index of the written word it belongs to; undefined between words. */
  owners: (number | undefined)[];
}

/** `ids` are the model's own for its symbols; those it lacks are left out. */
export function toLine(written: readonly WrittenWord[], dictionary: Dictionary, ids: ReadonlyMap<string, number>): Line {
  const items = written.flatMap(({ spoken }, owner) => spoken.map((item) => ({ item, owner })));
  const ipa = phonemes(
    items.map(({ item }) => item),
    dictionary,
  );
  const symbols: { symbol: string; owner: number | undefined }[] = [];
  for (const [at, { item, owner }] of items.entries()) {
    const sound = ipa[at] ?? "";
    if (isPause(item)) {
      if (symbols.length > 0) symbols.push({ symbol: item, owner: undefined });
    } else if (sound !== "") {
      // The letters of "API" are one word to the voice.
      const spelledOn = isLetter(item) && isLetter(items[at - 1]?.item ?? "") && items[at - 1]?.owner === owner;
      if (symbols.length > 0 && !spelledOn) symbols.push({ symbol: " ", owner: undefined });
      symbols.push(...Array.from(sound, (symbol) => ({ symbol, owner })));
    }
  }
  const known = symbols.filter(({ symbol }) => ids.has(symbol));
  if (!known.some(({ owner }) => owner !== undefined)) return { ids: [], owners: [] };

  const pad = ids.get(PAD) ?? 0;
  const line: Line = { ids: [ids.get(BEGIN) ?? 1, pad], owners: [undefined, undefined] };
  for (const { symbol, owner } of known) {
    line.ids.push(ids.get(symbol) ?? pad, pad);
    line.owners.push(owner, owner);
  }
  line.ids.push(ids.get(END) ?? 2);
  line.owners.push(undefined);
  return line;
}

function isLetter(item: string): boolean {
  return /^[a-z]\./u.test(item);
}

/** Cuts what is too long for one run of the model: at the last pause that fits, else where it is full. */
export function inBreaths(written: readonly WrittenWord[]): WrittenWord[][] {
  const breaths: WrittenWord[][] = [];
  let breath: WrittenWord[] = [];
  for (const word of written) {
    breath.push(word);
    if (count(breath) <= LONGEST_BREATH || breath.length === 1) continue;
    const pause = breath.slice(0, -1).findLastIndex(({ spoken }) => isPause(spoken.at(-1) ?? ""));
    const rest = breath.splice(pause < 0 ? breath.length - 1 : pause + 1);
    breaths.push(breath);
    breath = rest;
  }
  return breath.length > 0 ? [...breaths, breath] : breaths;
}

function count(words: readonly WrittenWord[]): number {
  return words.reduce((sum, { spoken }) => sum + spoken.length, 0);
}
