/** Bytes of 16-bit little-endian PCM in pieces of any size, as whole samples. A WAV header before them is read and taken off. */

/** A header is longer than this in no file that a voice makes. */
const mostHeader = 4096;

const integerPcm = 1;
const extensible = 0xfffe;

/** What came is other audio than was agreed; the message says what, to go after the sender's name. */
export class OtherAudio extends Error {}

export class PcmBytes {
  readonly #sampleRate: number;
  /** What waits: half a sample, or a header that is not complete. */
  #rest: Buffer = Buffer.alloc(0);
  /** It is not known yet whether a header comes. */
  #atStart = true;

  /** `sampleRate`: agreed, in hertz; a header that says something else is an error. */
  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** The samples that are complete with this piece; throws {@link OtherAudio}. */
  push(piece: Uint8Array): Int16Array {
    const bytes = this.#rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([this.#rest, piece]);
    if (!this.#atStart) return this.#samples(bytes);
    const start = this.#audioStart(bytes);
    if (start === undefined) {
      if (bytes.length > mostHeader) throw new OtherAudio("sent a WAV file without audio");
      // A copy: what is given belongs to whoever gave it.
      this.#rest = Buffer.from(bytes);
      return new Int16Array();
    }
    this.#atStart = false;
    return this.#samples(bytes.subarray(start));
  }

  /** Nothing more comes: what was held back because it might have become a header. Half a sample at the end is dropped. */
  end(): Int16Array {
    const held = this.#rest;
    const isHeader = held.length >= 12;
    this.#rest = Buffer.alloc(0);
    return this.#atStart && !isHeader ? this.#samples(held) : new Int16Array();
  }

  #samples(bytes: Buffer): Int16Array {
    const pcm = new Int16Array(bytes.length >> 1);
    for (let index = 0; index < pcm.length; index += 1) pcm[index] = bytes.readInt16LE(index * 2);
    this.#rest = Buffer.from(bytes.subarray(pcm.length * 2));
    return pcm;
  }

  /** Where the audio begins; undefined while that cannot be told. */
  #audioStart(bytes: Buffer): number | undefined {
    if (!begins(bytes, "RIFF", 0)) return 0;
    if (!begins(bytes, "WAVE", 8)) return 0;
    let known = false;
    for (let offset = 12; offset + 8 <= bytes.length;) {
      const name = bytes.toString("latin1", offset, offset + 4);
      const size = bytes.readUInt32LE(offset + 4);
      if (name === "data") {
        if (!known) throw new OtherAudio("sent a WAV file that does not say what it holds");
        return offset + 8;
      }
      if (name === "fmt ") {
        if (offset + 24 > bytes.length) return undefined;
        this.#check(bytes, offset + 8);
        known = true;
      }
      offset += 8 + size + (size & 1);
    }
    return undefined;
  }

  #check(bytes: Buffer, at: number): void {
    const code = bytes.readUInt16LE(at);
    const channels = bytes.readUInt16LE(at + 2);
    const rate = bytes.readUInt32LE(at + 4);
    const bits = bytes.readUInt16LE(at + 14);
    if ((code === integerPcm || code === extensible) && channels === 1 && rate === this.#sampleRate && bits === 16) return;
    throw new OtherAudio(
      `sent a WAV file of format ${code} with ${channels} channel(s), ${rate} Hz and ${bits} bits, where PCM of 16 bits, mono, at ${this.#sampleRate} Hz was agreed`,
    );
  }
}

/** As far as it is there. */
function begins(bytes: Buffer, text: string, at: number): boolean {
  const there = bytes.toString("latin1", at, at + text.length);
  return there === text.slice(0, there.length);
}
