/** RED (RFC 2198): a packet that repeats the ones before it, so that one loss, or two, costs nothing. */

/** Limits of the header: 14 bits of timestamp offset, 10 bits of length. */
const MAX_OFFSET = 0x3fff;
const MAX_LENGTH = 0x3ff;
/** More copies than this are not made, nor taken from others. */
const MAX_COPIES = 8;

export interface RedBlock {
  readonly payloadType: number;
  /** How far this block lies before the packet's own timestamp, in timestamp units; 0 for the last one. */
  readonly timestampOffset: number;
  /** A view into what was read. */
  readonly payload: Uint8Array;
}

/** Reads a RED payload: the oldest copy first, the packet's own block last. Null when it is broken. Never throws. */
export function readRed(payload: Uint8Array): RedBlock[] | null {
  const headers: { payloadType: number; timestampOffset: number; length: number }[] = [];
  let offset = 0;
  let copiedBytes = 0;
  for (;;) {
    const first = payload[offset];
    if (first === undefined) return null;
    const payloadType = first & 0x7f;
    if ((first & 0x80) === 0) {
      offset += 1;
      const own = payload.length - offset - copiedBytes;
      if (own < 0) return null;
      headers.push({ payloadType, timestampOffset: 0, length: own });
      break;
    }
    const [, second, third, fourth] = payload.subarray(offset, offset + 4);
    if (second === undefined || third === undefined || fourth === undefined || headers.length === MAX_COPIES) return null;
    const length = ((third & 0x03) << 8) | fourth;
    headers.push({ payloadType, timestampOffset: (second << 6) | (third >> 2), length });
    copiedBytes += length;
    offset += 4;
  }
  return headers.map(({ payloadType, timestampOffset, length }) => {
    const block = { payloadType, timestampOffset, payload: payload.subarray(offset, offset + length) };
    offset += length;
    return block;
  });
}

/** Writes a RED payload of blocks as {@link readRed} returns them. */
export function writeRed(blocks: readonly RedBlock[]): Buffer {
  const own = blocks.at(-1);
  if (own === undefined) throw new RangeError("RED needs at least the packet's own block");
  const copies = blocks.slice(0, -1);
  for (const { timestampOffset, payload } of copies) {
    if (timestampOffset > MAX_OFFSET || timestampOffset < 0 || payload.length > MAX_LENGTH) {
      throw new RangeError(
        `A RED copy of ${payload.length} bytes, ${timestampOffset} units back, does not fit: at most ${MAX_LENGTH} bytes and ${MAX_OFFSET} units`,
      );
    }
  }
  const headerBytes = copies.length * 4 + 1;
  const bytes = Buffer.alloc(headerBytes + blocks.reduce((sum, { payload }) => sum + payload.length, 0));
  let offset = 0;
  for (const { payloadType, timestampOffset, payload } of copies) {
    bytes[offset] = 0x80 | (payloadType & 0x7f);
    bytes[offset + 1] = timestampOffset >> 6;
    bytes[offset + 2] = ((timestampOffset & 0x3f) << 2) | (payload.length >> 8);
    bytes[offset + 3] = payload.length & 0xff;
    offset += 4;
  }
  bytes[offset] = own.payloadType & 0x7f;
  offset += 1;
  for (const { payload } of blocks) {
    bytes.set(payload, offset);
    offset += payload.length;
  }
  return bytes;
}

/** The last packets of one source, to be packed for each receiver with as many copies as its losses ask for. */
export class Redundancy {
  readonly #recent: { timestamp: number; payload: Uint8Array }[] = [];

  /** The next packet of the source; keeps the payload, does not copy it. */
  push(timestamp: number, payload: Uint8Array): void {
    this.#recent.push({ timestamp, payload });
    if (this.#recent.length > MAX_COPIES + 1) this.#recent.shift();
  }

  /** The RED payload of the packet that came last, with up to `copies` before it. */
  pack(payloadType: number, copies: number): Buffer {
    const own = this.#recent.at(-1);
    if (own === undefined) throw new RangeError("Nothing was pushed yet");
    const blocks = this.#recent.slice(-1 - Math.min(copies, MAX_COPIES)).map(({ timestamp, payload }) => ({
      payloadType,
      timestampOffset: (own.timestamp - timestamp) >>> 0,
      payload,
    }));
    // What lies too far back, after a pause say, or is too long for the header, is left out.
    return writeRed(
      blocks.filter(
        ({ timestampOffset, payload }, index) =>
          index === blocks.length - 1 || (timestampOffset > 0 && timestampOffset <= MAX_OFFSET && payload.length <= MAX_LENGTH),
      ),
    );
  }
}
