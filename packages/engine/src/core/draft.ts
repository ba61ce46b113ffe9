/** What will be a person's turn, if it holds words: pieces of speech and typed text, in the order in which they began. */

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
  /** Its beginning has been told. */
  announced = false;
  /** How typed text in it came in. */
  origin: "text" | "command" = "text";
  /** Speech may cut the answer to it. */
  interruptable = true;
  /** Probability that the sentence is complete, if the recogniser knows. */
  complete: number | undefined;
  #parts: Part[] = [];

  constructor(uid: string, startMs: number) {
    this.uid = uid;
    this.startMs = startMs;
    this.endMs = startMs;
  }

  type(uid: string, at: number, text: string): void {
    this.#parts.push({ uid, at, typed: true, text: text.trim(), final: true });
  }

  /** Words of `uid`'s utterance that began at `at`; they replace what was known of that utterance. */
  hear(uid: string, at: number, text: string, final: boolean): void {
    const open = this.#parts.find((part) => part.uid === uid && !part.final);
    if (open !== undefined) {
      open.text = text.trim();
      open.final = final;
    } else if (text.trim() !== "") {
      this.#parts.push({ uid, at, typed: false, text: text.trim(), final });
    }
  }

  /** Forgets what began at `at` or later. */
  forgetSince(at: number): void {
    this.#parts = this.#parts.filter((part) => part.at < at);
  }

  /** All words, spoken and typed, in order. */
  get text(): string {
    return join(this.#parts.toSorted((a, b) => a.at - b.at));
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
