/** Reads a text that streams in as fast as it comes, for a reader who takes its time. */

/** At most `limit` characters wait; then it waits. It is let go when its reader goes, with its next piece. */
export async function* ahead(text: AsyncIterable<string>, limit: number): AsyncGenerator<string, void, undefined> {
  const reader = new Ahead(text, limit);
  try {
    yield* reader.pieces();
  } finally {
    reader.leave();
  }
}

class Ahead {
  readonly #limit: number;
  readonly #waiting: string[] = [];
  readonly #reading: Promise<void>;
  #size = 0;
  #over = false;
  #left = false;
  #news = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();

  constructor(text: AsyncIterable<string>, limit: number) {
    this.#limit = limit;
    this.#reading = this.#read(text);
    // Its reader is told of a failure once it has read what came before.
    this.#reading.catch(() => {});
  }

  async *pieces(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const [piece] = this.#waiting.splice(0, 1);
      if (piece !== undefined) {
        this.#size -= piece.length;
        this.#room.resolve();
        yield piece;
      } else if (this.#over) {
        await this.#reading;
        return;
      } else {
        this.#news = Promise.withResolvers();
        await this.#news.promise;
      }
    }
  }

  leave(): void {
    this.#left = true;
    this.#room.resolve();
  }

  async #read(text: AsyncIterable<string>): Promise<void> {
    try {
      for await (const piece of text) {
        if (this.#left) return;
        this.#waiting.push(piece);
        this.#size += piece.length;
        this.#news.resolve();
        await this.#untilRoom();
      }
    } finally {
      this.#over = true;
      this.#news.resolve();
    }
  }

  async #untilRoom(): Promise<void> {
    while (this.#size >= this.#limit && !this.#left) {
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
  }
}
