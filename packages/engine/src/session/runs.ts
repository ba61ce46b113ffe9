/** Parts an answer into what a voice has to speak and what is sound already, in the order in which they come. */
import type { Speech } from "../vendors/vendor.ts";

export type Run =
  | { readonly type: "text"; readonly pieces: AsyncIterable<string> }
  | { readonly type: "speech"; readonly pieces: AsyncIterable<Speech> };

/** A run is read to its end before the next is asked for; what its reader leaves of it is skipped. */
export async function* runs(said: AsyncIterable<string | Speech>): AsyncGenerator<Run, void, undefined> {
  const source = said[Symbol.asyncIterator]();
  let next = await source.next();
  async function* during<Piece extends string | Speech>(is: (piece: string | Speech) => piece is Piece): AsyncGenerator<Piece> {
    while (next.done !== true && is(next.value)) {
      const { value } = next;
      yield value;
      next = await source.next();
    }
  }
  try {
    while (next.done !== true) {
      const kind = typeof next.value;
      if (isText(next.value)) yield { type: "text", pieces: during(isText) };
      else yield { type: "speech", pieces: during(isSpeech) };
      while (next.done !== true && typeof next.value === kind) next = await source.next();
    }
  } finally {
    // A model that takes its time to stop keeps nobody waiting.
    source.return?.().catch(() => {});
  }
}

function isText(piece: string | Speech): piece is string {
  return typeof piece === "string";
}

function isSpeech(piece: string | Speech): piece is Speech {
  return typeof piece !== "string";
}
