/** Work that waits for a model: the most urgent first, within one urgency the oldest. */

/** From the most to the least urgent. A `partial` is worth nothing when it comes late. */
export const urgencies = ["vad", "first-clause", "final", "clause", "partial"] as const;
export type Urgency = (typeof urgencies)[number];

interface Waiting {
  readonly urgency: Urgency;
}

export class Queue<Item extends Waiting> {
  readonly #lines = new Map<Urgency, Item[]>(urgencies.map((urgency) => [urgency, []]));

  get length(): number {
    return this.#lines.values().reduce((sum, line) => sum + line.length, 0);
  }

  push(item: Item): void {
    this.#lines.get(item.urgency)?.push(item);
  }

  /** Takes out the first item that `fits`. */
  take(fits: (item: Item) => boolean): Item | undefined {
    for (const line of this.#lines.values()) {
      const index = line.findIndex(fits);
      if (index !== -1) return line.splice(index, 1)[0];
    }
    return undefined;
  }

  /** Takes out every item that `fits`. */
  takeAll(fits: (item: Item) => boolean): Item[] {
    const taken: Item[] = [];
    for (const [urgency, line] of this.#lines) {
      taken.push(...line.filter(fits));
      this.#lines.set(
        urgency,
        line.filter((item) => !fits(item)),
      );
    }
    return taken;
  }
}
