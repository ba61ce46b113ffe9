/** Finds the agent's own words in what its ears understood: a loudspeaker that a microphone hears. Pure, in session time. */
import type { SpokenWord } from "./events.ts";

/** What a transcript holds beside an echo, and the echo. Both are empty where there is nothing of the kind. */
export interface Echoed {
  readonly rest: string;
  readonly echo: string;
  /** This utterance had none until now. */
  readonly isNew: boolean;
  /** All of it repeats the agent, but it is too short to tell an echo from somebody who says the same. */
  readonly isDoubtful: boolean;
}

/** How far an utterance follows the agent's words. */
interface Trail {
  /** Words of it that are an echo; 0: it is none. */
  readonly length: number;
  readonly isDoubtful: boolean;
}

/** How long after a word was due at the transport its echo may begin, in milliseconds: both ways of a call, and the buffers of its devices. */
const LATEST_MS = 1000;
/** Words whose times a voice does not tell are estimated: an echo may seem to come before them. */
const EARLIEST_MS = -500;
/** Words that the agent said are remembered for so long. */
const MEMORY_MS = 30_000;
/** Fewer words are somebody who quotes, or chance. */
const MIN_WORDS = 3;
/** The same for three words as short as "it is a". */
const MIN_LETTERS = 9;
/** At least so many of the words that an echo spans were recognised as the agent's. */
const MIN_SHARE = 0.7;
/** A recogniser may add so many words, or lose so many of the agent's ("1883" has five), before the next that fits. */
const MAX_ADDED = 4;
const MAX_LOST = 4;

/** Words with which people take the floor: after an echo, too, they are theirs and no misheard end of it. English. */
const takers = new Set("stop wait no hold hang hey sorry pardon excuse actually but what why who how listen quiet okay please".split(" "));

export class Echo {
  /** In the order in which they are said. */
  #said: { readonly word: string; readonly startMs: number }[] = [];
  /** Where each person's last utterance with an echo began. */
  readonly #found = new Map<string, number>();

  /** The agent says this. */
  say(words: readonly SpokenWord[]): void {
    for (const { text, startMs } of words) {
      const word = plain(text);
      if (word !== "") this.#said.push({ word, startMs });
    }
    const newest = this.#said.at(-1)?.startMs ?? 0;
    this.#said = this.#said.filter(({ startMs }) => startMs > newest - MEMORY_MS);
  }

  /**
   * Takes an echo off the beginning of what was understood of `uid`'s utterance that began at `at`. An echo keeps time with
   * the agent: who repeats its words having listened to them comes too late to be taken for one.
   */
  strip(uid: string, at: number, text: string): Echoed {
    const tokens = text.split(/\s+/u).filter((token) => plain(token) !== "");
    const heard = tokens.map(plain);
    let length = 0;
    let isDoubtful = false;
    for (const [index, { startMs }] of this.#said.entries()) {
      if (at - startMs > LATEST_MS) continue;
      if (at - startMs < EARLIEST_MS) break;
      const trail = this.#follow(heard, index);
      length = Math.max(length, trail.length);
      isDoubtful ||= trail.isDoubtful;
    }
    if (length === 0) return { rest: text, echo: "", isNew: false, isDoubtful };
    const isNew = this.#found.get(uid) !== at;
    this.#found.set(uid, at);
    return { echo: tokens.slice(0, length).join(" "), rest: tokens.slice(length).join(" "), isNew, isDoubtful: false };
  }

  forget(uid: string): void {
    this.#found.delete(uid);
  }

  /** How far the heard words, from the first on, follow what the agent said from there on. */
  #follow(heard: readonly string[], from: number): Trail {
    let matched = 0;
    let letters = 0;
    let end = 0;
    let said = from;
    for (let next = this.#meet(heard, end, said); next !== undefined; next = this.#meet(heard, end, said)) {
      matched += 1;
      letters += heard[next.heard]?.length ?? 0;
      end = next.heard + 1;
      said = next.said + 1;
    }
    // Numbers are spelt in too many ways to count against it.
    const spanned = heard.slice(0, end).filter((word) => !isNumber(word)).length;
    if (matched < MIN_WORDS || letters < MIN_LETTERS || matched < MIN_SHARE * spanned)
      return { length: 0, isDoubtful: heard.length > 0 && this.#repeats(heard, from) };
    const misheard = this.#said.length > said && this.#isSlip(heard.slice(end));
    return { length: misheard ? heard.length : end, isDoubtful: false };
  }

  /**
   * What recognisers make of the end of an unfinished echo: a last word misheard, a number spelt out, words of it once
   * more. Two other words, or one that takes the floor, are the person's.
   */
  #isSlip(left: readonly string[]): boolean {
    if (left.some((word) => takers.has(word))) return false;
    const said = new Set(this.#said.map(({ word }) => word));
    const hasNumber = [...said].some((word) => isNumber(word));
    return left.filter((word) => !said.has(word) && !(hasNumber && isNumber(word))).length <= 1;
  }

  /** Word for word the agent's from there on, the last perhaps cut short, and none with which people take the floor. */
  #repeats(heard: readonly string[], from: number): boolean {
    return heard.every((word, index) => {
      const said = this.#said[from + index]?.word;
      if (said === undefined || takers.has(word)) return false;
      return soundsLike(word, said) || (index === heard.length - 1 && said.startsWith(word));
    });
  }

  /** The nearest pair of words that are the same, from these two on. Beyond words that were added, one pair alone is chance. */
  #meet(heard: readonly string[], from: number, saidFrom: number): { heard: number; said: number } | undefined {
    for (let apart = 0; apart <= MAX_ADDED + MAX_LOST; apart++) {
      for (let added = Math.max(0, apart - MAX_LOST); added <= Math.min(apart, MAX_ADDED); added++) {
        const meeting = { heard: from + added, said: saidFrom + apart - added };
        if (!this.#same(heard, meeting.heard, meeting.said)) continue;
        if (added === 0) return meeting;
        const taken = heard.slice(from, meeting.heard).some((word) => takers.has(word));
        if (!taken && this.#same(heard, meeting.heard + 1, meeting.said + 1)) return meeting;
      }
    }
    return undefined;
  }

  #same(heard: readonly string[], heardAt: number, saidAt: number): boolean {
    const word = heard[heardAt];
    const said = this.#said[saidAt]?.word;
    return word !== undefined && said !== undefined && soundsLike(word, said);
  }
}

const spelt =
  /^(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand)+$/u;

/** A number, in digits or spelt out. English. */
function isNumber(word: string): boolean {
  return /^\d/u.test(word) || spelt.test(word);
}

/** Letters and digits alone, small. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Two words that a recogniser takes for one another: one letter in four may differ. */
function soundsLike(a: string, b: string): boolean {
  if (a === b) return true;
  const allowed = Math.floor(Math.max(a.length, b.length) / 4);
  return Math.abs(a.length - b.length) <= allowed && distance(Array.from(a), Array.from(b)) <= allowed;
}

/** Letters to change, add or leave out (Levenshtein). */
function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries())
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row[b.length] ?? 0;
}
