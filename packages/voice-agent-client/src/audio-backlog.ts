/** What the microphone brings while there is no session: the newest of it is kept, within a bound. */
export class AudioBacklog {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** Takes a chunk; returns how many bytes of older ones had to go for it to stay within `maxBytes`. */
  push(chunk: Uint8Array, maxBytes: number): number {
    this.#chunks.push(chunk.slice());
    this.#bytes += chunk.length;
    let dropped = 0;
    while (this.#bytes > maxBytes) {
      const oldest = this.#chunks.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.length;
      dropped += oldest.length;
    }
    return dropped;
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }
}
