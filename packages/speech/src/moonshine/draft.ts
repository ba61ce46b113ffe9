/** What the decoder is likely to choose next, from a text that was there before: an earlier partial, or a smaller model's. */

/** How far ahead in the draft a chosen token is looked for. */
const WINDOW = 8;
/** Guesses in one run after the draft has been wrong. */
const CAUTIOUS = 16;

export class Draft {
  readonly #tokens: readonly number[];
  #at = 0;
  #length: number;

  constructor(tokens: readonly number[]) {
    this.#tokens = tokens;
    this.#length = tokens.length;
  }

  /** Tokens worth trying now, possibly none. */
  get next(): readonly number[] {
    return this.#tokens.slice(this.#at, this.#at + this.#length);
  }

  /** The first `right` of `next` were chosen, and after them `token`. */
  chose(right: number, token: number | undefined): void {
    this.#at += right;
    const found = token === undefined ? -1 : this.#tokens.slice(this.#at, this.#at + WINDOW).indexOf(token);
    if (found !== -1) {
      this.#at += found + 1;
      this.#length = CAUTIOUS;
    } else if (right > 0) {
      // One word in place of another, probably.
      this.#at++;
      this.#length = CAUTIOUS;
    } else {
      // Lost: token by token, until one turns up that is in the draft.
      this.#length = 0;
    }
  }
}
