/** One writer, any number of readers: each reads everything from the moment it subscribes. */
import { Stream } from "./stream.ts";

export class Fanout<T> {
  readonly #limit: number;
  readonly #readers = new Set<Stream<T>>();
  #ended = false;

  /** A reader that is more than `limit` items behind loses the oldest. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(item: T): void {
    for (const reader of this.#readers) reader.push(item);
  }

  /** Ends with the writer; leaving the loop early unsubscribes. */
  async *read(): AsyncGenerator<T, void, undefined> {
    const stream = this.#subscribe();
    try {
      yield* stream;
    } finally {
      this.#readers.delete(stream);
    }
  }

  /** Everything that waits is still read, then the readers' loops end. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
  }

  #subscribe(): Stream<T> {
    const stream = new Stream<T>(this.#limit);
    this.#readers.add(stream);
    if (this.#ended) stream.end();
    return stream;
  }
}
