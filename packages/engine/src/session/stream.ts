/** A bounded queue between two loops: one pushes, one reads it as an async iterable. */

/**
 * At most `limit` items wait. When it is full, `full` says what happens: `drop-oldest` forgets the item that has
 * waited longest, `refuse` makes {@link push} return false.
 */
export class Stream<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #full: "drop-oldest" | "refuse";
  #items: T[] = [];
  #waiting: PromiseWithResolvers<void> | undefined;
  #ended = false;
  #dropped = 0;

  constructor(limit: number, full: "drop-oldest" | "refuse" = "drop-oldest") {
    this.#limit = limit;
    this.#full = full;
  }

  /** Items that were lost because nobody read them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False if the item was not taken: the stream has ended, or is full and refuses. */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#items.length >= this.#limit) {
      this.#dropped += 1;
      if (this.#full === "refuse") return false;
      this.#items.shift();
    }
    this.#items.push(item);
    this.#waiting?.resolve();
    return true;
  }

  /** What waits is still read; then the loop over the stream ends. */
  end(): void {
    this.#ended = true;
    this.#waiting?.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#ended) return;
      else {
        this.#waiting = Promise.withResolvers();
        await this.#waiting.promise;
        this.#waiting = undefined;
      }
    }
  }
}
