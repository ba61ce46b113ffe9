/** Reads a text that streams in as fast as it comes, for a reader who takes its time. */

/** At most `limit` characters wait; then the stream waits. It is let go when its reader goes, with its next piece. */
export async function* ahead(text: AsyncIterable<string>, limit: number): AsyncGenerator<string, void, undefined> {
  const waiting: string[] = [];
  let size = 0;
  let over = false;
  let left = false;
  let news = Promise.withResolvers<void>();
  let room = Promise.withResolvers<void>();
  const read = async (): Promise<void> => {
    try {
      for await (const piece of text) {
        if (left) return;
        waiting.push(piece);
        size += piece.length;
        news.resolve();
        while (size >= limit && !left) {
          room = Promise.withResolvers();
          await room.promise;
        }
      }
    } finally {
      over = true;
      news.resolve();
    }
  };
  const reading = read();
  // Its reader is told of a failure once it has read what came before.
  reading.catch(() => {});
  try {
    for (;;) {
      const piece = waiting.shift();
      if (piece !== undefined) {
        size -= piece.length;
        room.resolve();
        yield piece;
      } else if (over) {
        await reading;
        return;
      } else {
        news = Promise.withResolvers();
        await news.promise;
      }
    }
  } finally {
    left = true;
    room.resolve();
  }
}
