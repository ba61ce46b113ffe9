/** The beginning of a response's body, when the whole is not wanted, or not trusted to be small. */

export interface Start {
  readonly text: string;
  /** There was more. */
  readonly cut: boolean;
  /** It broke off. */
  readonly broken: boolean;
}

/** Reads at most `mostBytes` as UTF-8 and leaves the rest. What breaks off ends there; an abort of the request shows in its signal alone. */
export async function readStart(body: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Start> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let broken = false;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      length += piece.length;
      if (length > mostBytes) break;
    }
  } catch {
    broken = true;
  }
  return { text: Buffer.concat(pieces).subarray(0, mostBytes).toString("utf8"), cut: length > mostBytes, broken };
}
