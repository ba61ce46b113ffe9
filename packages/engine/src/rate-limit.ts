/** So many in a second, with some room for a burst. */

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #room: number;
  #at = 0;

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#room = burst;
  }

  /** Counts one at `now` (milliseconds, any origin); false when there is no room for it. */
  admit(now: number): boolean {
    this.#room = Math.min(this.#burst, this.#room + (Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#room < 1) return false;
    this.#room -= 1;
    return true;
  }
}
