/** What will be a person's turn, if it holds words: pieces of speech and typed text, in the order in which they began. */

import { endsOpen } from "./phrases.ts";

/** Probability from which a sentence counts as complete. */
const completeFrom = 0.5;

/** What a person was understood to say. */
export interface Heard {
  readonly uid: string;
  /** Where the utterance began. */
  readonly startMs: number;
  readonly text: string;
  /** The recogniser will not change it any more. */
  readonly final: boolean;
  /** It may be an echo of the agent. */
  readonly isDoubtful: boolean;
}

interface Part {
  readonly uid: string;
  readonly at: number;
  readonly typed: boolean;
  text: string;
  /** The recogniser will not change it any more. */
  final: boolean;
}

export class Draft {
  /** Who began it. */
  readonly uid: string;
  readonly startMs: number;
  /** When the last sound of it ended. */
  endMs: number;
  /** Its number, once its beginning has been told. */
  turn: number | undefined;
  /** What was understood last may be an echo of the agent. */
  isDoubtful = false;
  /** A mark has ended it: it waits for nothing but its words, and the floor. */
  closed = false;
  /** How typed text in it came in. */
  origin: "text" | "command" = "text";
  /** Speech may cut the answer to it. */
  interruptable = true;
  #complete: number | undefined;
  #parts: Part[] = [];

  /** `turn`: of what it takes the place of. */
  constructor(uid: string, startMs: number, turn?: number) {
    this.uid = uid;
    this.turn = turn;
    this.startMs = startMs;
    this.endMs = startMs;
  }

  type(uid: string, at: number, text: string): void {
    this.#parts.push({ uid, at, typed: true, text: text.trim(), final: true });
  }

  /**
   * Words of `uid`'s utterance that began at `startMs`; they replace what was known of that utterance. `complete`:
   * probability that the sentence is, if the recogniser knows.
   */
  hear({ uid, startMs, text, final, isDoubtful }: Heard, complete?: number): void {
    this.isDoubtful = isDoubtful;
    this.#complete = complete ?? this.#complete;
    const open = this.#parts.find((part) => part.uid === uid && !part.final);
    if (open !== undefined) {
      open.text = text.trim();
      open.final = final;
    } else if (text.trim() !== "") {
      this.#parts.push({ uid, at: startMs, typed: false, text: text.trim(), final });
    }
  }

  /** Forgets the speech that began at `at` or later; tells what it was. */
  forgetSince(at: number): { readonly uid: string; readonly text: string; readonly startMs: number } {
    const forgotten = this.#parts.filter((part) => !part.typed && part.at >= at);
    this.#parts = this.#parts.filter((part) => !forgotten.includes(part));
    const [first] = forgotten;
    return { uid: first?.uid ?? this.uid, text: join(forgotten), startMs: first?.at ?? at };
  }

  /** All words, spoken and typed, in order. */
  get text(): string {
    return join(this.#parts.toSorted((a, b) => a.at - b.at));
  }

  /** As far as its words and the recogniser tell, the sentence is. */
  get isComplete(): boolean {
    return (this.#complete ?? 1) >= completeFrom && !endsOpen(this.text);
  }

  get spoken(): string {
    return join(this.#parts.filter((part) => !part.typed));
  }
}

function join(parts: readonly Part[]): string {
  return parts
    .map((part) => part.text)
    .filter((text) => text !== "")
    .join(" ");
}
