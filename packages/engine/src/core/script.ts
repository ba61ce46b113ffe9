/** The text of a sound that brings its own, in pieces and in any order: which of its words sound when, as far as that is known. */
import type { ClauseWord } from "./playout.ts";
import { Clauses } from "./sentences.ts";

/** How much of the sound there is, in milliseconds, and whether that is all of it. */
export interface Sound {
  readonly ms: number;
  readonly isWhole: boolean;
}

/** A word of the text, or the part of one that was timed by itself, as in languages without spaces. */
interface Unit {
  readonly text: string;
  /** Letters of the text before it, and with it. */
  readonly from: number;
  readonly to: number;
  /** No space stands before it. */
  readonly isGlued: boolean;
}

/** A word whose time was told: the letters that it takes the place of. */
interface Knot {
  readonly from: number;
  readonly to: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Speaking rate taken while the length of the sound is unknown: about 13 letters a second. */
const msPerLetter = 77;

const letter = /[\p{L}\p{M}\p{N}]/u;

export class Script {
  readonly #clauses = new Clauses();
  /** Letters up to the end of each clause that is whole: what is shown at once. */
  readonly #borders: number[] = [];
  readonly #knots: Knot[] = [];
  #raw = "";
  /** Letters that were shown. */
  #shown = 0;
  #units: readonly Unit[] | undefined;
  #over = false;

  /** As far as it is known; single spaces between words. */
  get text(): string {
    return this.#raw.trim().replace(/\s+/gu, " ");
  }

  /** More of the text, spaces included. */
  add(text: string): void {
    if (text === "" || this.#over) return;
    this.#raw += text;
    this.#units = undefined;
    for (const clause of this.#clauses.push(text)) this.#borders.push((this.#borders.at(-1) ?? 0) + lettersIn(clause));
  }

  /** When the next words sound, in milliseconds from the first sample. Their letters are counted, wherever the text writes spaces and signs. */
  time(words: readonly ClauseWord[]): void {
    for (const { text, startMs, endMs } of words) {
      const before = this.#knots.at(-1);
      const from = before?.to ?? 0;
      const to = from + lettersIn(text);
      if (to === from) continue;
      const start = Math.max(startMs, before?.startMs ?? 0);
      this.#knots.push({ from, to, startMs: start, endMs: Math.max(start, endMs) });
      this.#units = undefined;
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#over = true;
  }

  /** All words so far with their times: those that were told, else by their share of the sound. */
  words(sound: Sound): readonly ClauseWord[] {
    const place = this.#places(sound);
    return this.#all.map(({ text, from, to, isGlued }) => {
      const word = { text, startMs: place(from, "start"), endMs: place(to, "end") };
      return isGlued ? { ...word, isGlued } : word;
    });
  }

  /** The text up to the last word that counts as heard after so much sound. `countsFrom`: from where on a word does. */
  heard(ms: number, sound: Sound, countsFrom: (word: ClauseWord) => number): string {
    const words = this.words(sound);
    const count = words.findLastIndex((word) => countsFrom(word) <= ms) + 1;
    return join(this.#all.slice(0, ms > 0 ? count : 0));
  }

  /**
   * What begins to sound before `untilMs` and was not told yet, a clause at a time, of the last one what there is: the
   * text up to its end, and its words.
   */
  due(untilMs: number, sound: Sound): { readonly text: string; readonly words: readonly ClauseWord[] } | undefined {
    const known = this.#known;
    const first = this.#shown;
    if (first >= known) return undefined;
    const place = this.#places(sound);
    while (this.#shown < known && place(this.#shown, "start") < untilMs) {
      this.#shown = this.#borders.find((border) => border > this.#shown) ?? known;
    }
    if (this.#shown === first) return undefined;
    const all = this.#all.slice(0, this.#all.findLastIndex(({ to }) => to <= this.#shown) + 1);
    return {
      text: join(all),
      words: this.words(sound).slice(
        all.findIndex(({ to }) => to > first),
        all.length,
      ),
    };
  }

  /** Letters in words that nothing is added to any more. */
  get #known(): number {
    const isWhole = this.#over || /[\s.!?…。！？]["'”’)\]」）]*$/u.test(this.#raw);
    return this.#all.at(isWhole ? -1 : -2)?.to ?? 0;
  }

  get #all(): readonly Unit[] {
    this.#units ??= unitsOf(this.#raw, this.#knots);
    return this.#units;
  }

  /** The timed word that begins with the next letter or holds it, or that ends with the last one or holds it; by halves, for there may be thousands. */
  #knotAt(letters: number, side: "start" | "end"): Knot | undefined {
    let low = 0;
    let high = this.#knots.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const to = this.#knots[middle]?.to ?? 0;
      if (side === "start" ? to > letters : to >= letters) high = middle;
      else low = middle + 1;
    }
    return this.#knots[low];
  }

  /** Where in the sound a place between two letters lies. A place between two words is the end of one and the start of the other. */
  #places({ ms, isWhole }: Sound): (letters: number, side: "start" | "end") => number {
    const total = this.#all.at(-1)?.to ?? 0;
    const last = this.#knots.at(-1) ?? { to: 0, endMs: 0 };
    const left = total - last.to;
    const known = Math.max(0, ms - last.endMs);
    const rest = isWhole ? known : Math.max(known, left * msPerLetter);
    return (letters, side) => {
      if (letters > last.to || (letters === last.to && side === "start"))
        return last.endMs + (left <= 0 ? 0 : ((letters - last.to) / left) * rest);
      const knot = this.#knotAt(letters, side);
      if (knot === undefined) return 0;
      return knot.startMs + ((letters - knot.from) / (knot.to - knot.from)) * (knot.endMs - knot.startMs);
    };
  }
}

function lettersIn(text: string): number {
  let count = 0;
  for (const character of text) if (letter.test(character)) count += 1;
  return count;
}

function join(units: readonly Unit[]): string {
  return units.map(({ text, isGlued }, index) => (isGlued || index === 0 ? text : ` ${text}`)).join("");
}

/** Words as spaces part them, and as the timed words part these. */
function unitsOf(text: string, knots: readonly Knot[]): Unit[] {
  const borders = new Set(knots.map(({ to }) => to));
  const units: Unit[] = [];
  let letters = 0;
  for (const token of text.split(/\s+/u).filter((word) => word !== "")) {
    let unit = "";
    let from = letters;
    let isGlued = false;
    for (const character of token) {
      const isLetter = letter.test(character);
      // Signs belong to the letters before them.
      if (isLetter && letters > from && borders.has(letters)) {
        units.push({ text: unit, from, to: letters, isGlued });
        [unit, from, isGlued] = ["", letters, true];
      }
      unit += character;
      if (isLetter) letters += 1;
    }
    units.push({ text: unit, from, to: letters, isGlued });
  }
  return units;
}
