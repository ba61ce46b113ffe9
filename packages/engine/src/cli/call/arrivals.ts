/** Counts the holes in a stream of packets by when they came: what a person would hear as a stutter. */

/** A 20 ms packet that comes later than this after the one before has left a hole. */
export const LONG_GAP_MS = 40;

export class Arrivals {
  readonly #gapsMs: number[] = [];
  #last: number | undefined;

  push(at: number): void {
    if (this.#last !== undefined) this.#gapsMs.push(at - this.#last);
    this.#last = at;
  }

  get gapsMs(): readonly number[] {
    return this.#gapsMs;
  }

  get over40Ms(): number {
    return this.#gapsMs.filter((gap) => gap > LONG_GAP_MS).length;
  }
}
