/** Which words bridge the wait for an answer: each phrase once before any comes again. */

export interface FillerSettings {
  /** Wait for the answer's first sound after the end of somebody's turn, in milliseconds. */
  readonly waitMs: number;
  /** One at least. */
  readonly phrases: readonly string[];
  /** In an order by chance, or in their own. */
  readonly rule: "shuffle" | "round_robin";
}

export class Fillers {
  readonly #settings: FillerSettings;
  readonly #random: () => number;
  /** Phrases that have not come in this round. */
  #left: string[] = [];
  #last: string | undefined;
  #deadline: number | undefined;

  /** `random`: from 0 to below 1. */
  constructor(settings: FillerSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** When {@link due} is to be asked. */
  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** Somebody's turn is over: an answer is on its way. */
  asked(at: number): void {
    this.#deadline = at + this.#settings.waitMs;
  }

  /** The answer sounds, has come to nothing, or is not wanted any more. */
  settled(): void {
    this.#deadline = undefined;
  }

  /** The phrase to say now, once for each answer. */
  due(at: number): string | undefined {
    if (this.#deadline === undefined || at < this.#deadline) return undefined;
    this.#deadline = undefined;
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
