/** Which words bridge the wait for an answer: one that a model has made for it, or phrases, each once before any comes again. */
import type { HistoryEntry } from "./history.ts";

export interface FillerSettings {
  /** Wait for the answer's first sound after the end of somebody's turn, in milliseconds. */
  readonly waitMs: number;
  /** One at least, unless words are made; then they are for when none are there in time. */
  readonly phrases: readonly string[];
  /** In an order by chance, or in their own. */
  readonly rule: "shuffle" | "round_robin";
  /** A language model makes words for each answer. */
  readonly made?: MadeFillers;
}

/** What that model is told. */
export interface MadeFillers {
  readonly prompt: string;
  /** Newest entries of the conversation, at most. */
  readonly entries: number;
  /** Characters of them, together. */
  readonly characters: number;
}

/** Most words in between. */
export const mostFillerWords = 50;
/** The same, for languages that put no spaces between words. */
const mostFillerCharacters = 400;

/**
 *             asked                    made
 *     idle ───────────▶ waiting ──────────────▶ waiting, with words
 *      ▲                   │ due, settled            │
 *      └───────────────────┴─────────────────────────┘
 */
type State = { readonly name: "idle" } | { readonly name: "waiting"; readonly until: number; readonly words?: string };

export class Fillers {
  readonly #settings: FillerSettings;
  readonly #random: () => number;
  /** Phrases that have not come in this round. */
  #left: string[] = [];
  #last: string | undefined;
  #state: State = { name: "idle" };

  /** `random`: from 0 to below 1. */
  constructor(settings: FillerSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** When {@link due} is to be asked. */
  get deadline(): number | undefined {
    return this.#state.name === "waiting" ? this.#state.until : undefined;
  }

  /** Words are to be made for the answer that is awaited; when this ends, they are of no use any more. */
  get wantsWords(): boolean {
    return this.#settings.made !== undefined && this.#state.name === "waiting" && this.#state.words === undefined;
  }

  /** Somebody's turn is over: an answer is on its way. */
  asked(at: number): void {
    this.#state = { name: "waiting", until: at + this.#settings.waitMs };
  }

  /** A model has made words; without any, it is as if it had not. */
  made(text: string): void {
    const words = boundedWords(text);
    if (words !== "" && this.wantsWords && this.#state.name === "waiting") this.#state = { ...this.#state, words };
  }

  /** The answer sounds, has come to nothing, or is not wanted any more. */
  settled(): void {
    this.#state = { name: "idle" };
  }

  /** What to say now, once for each answer; undefined: nothing. */
  due(at: number): string | undefined {
    const state = this.#state;
    if (state.name === "idle" || at < state.until) return undefined;
    this.#state = { name: "idle" };
    if (state.words !== undefined) return state.words;
    if (this.#left.length === 0) this.#left = this.#round();
    this.#last = this.#left.shift();
    return this.#last;
  }

  #round(): string[] {
    const phrases = [...this.#settings.phrases];
    if (this.#settings.rule === "round_robin") return phrases;
    // Fisher and Yates.
    for (let end = phrases.length - 1; end > 0; end--) {
      const other = Math.floor(this.#random() * (end + 1));
      const [a, b] = [phrases[end], phrases[other]];
      if (a !== undefined && b !== undefined) [phrases[end], phrases[other]] = [b, a];
    }
    // None twice in a row.
    if (phrases.length > 1 && phrases[0] === this.#last) phrases.push(...phrases.splice(0, 1));
    return phrases;
  }
}

/** A text of a model on one line, as far as its last sentence that fits; where none does, as many words as fit. */
export function boundedWords(text: string): string {
  const words = text.split(/\s+/u).filter((word) => word !== "");
  const line = words.slice(0, mostFillerWords).join(" ");
  if (words.length <= mostFillerWords && line.length <= mostFillerCharacters) return line;
  const start = line.slice(0, mostFillerCharacters);
  const sentences = /^.*[.!?…。！？]/u.exec(start)?.[0];
  return sentences ?? start.toWellFormed().trimEnd();
}

/** More of a text would be cut off. */
export function isTooLong(text: string): boolean {
  return text.length > mostFillerCharacters || (text.match(/\S+/gu)?.length ?? 0) > mostFillerWords;
}

/** The newest of what was said, oldest first; the oldest that fits in part loses its beginning. */
export function newestWords(
  entries: readonly HistoryEntry[],
  { entries: most, characters }: Pick<MadeFillers, "entries" | "characters">,
): readonly Pick<HistoryEntry, "role" | "content">[] {
  const newest: Pick<HistoryEntry, "role" | "content">[] = [];
  let left = characters;
  for (const { role, content } of entries.filter((entry) => entry.content !== "").toReversed()) {
    if (newest.length >= most || left <= 0) break;
    newest.unshift({ role, content: content.slice(-left).toWellFormed() });
    left -= content.length;
  }
  return newest;
}
