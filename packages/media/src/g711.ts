/** G.711, the code of telephone lines: µ-law (`audio/pcmu`) and A-law (`audio/pcma`), 8000 samples of one byte a second. */

/** Sample rate of G.711, in hertz. */
export const G711_RATE = 8000;

export type G711Law = "µ-law" | "A-law";

// What is added to a magnitude in µ-law so that every segment begins at a power of two: 33 on the 14-bit scale of
// table 2a of the recommendation, here on that of 16 bits.
const BIAS = 132;
/** µ-law's largest magnitude, 8159 on the scale of 14 bits. */
const CLIP = 8159 * 4;
// On the line µ-law has all bits inverted, A-law the even ones.
const ULAW_MASK = 0xff;
const ALAW_MASK = 0x55;

// Built from the two functions below when a code is first heard: 256 values each.
const values: Partial<Record<G711Law, Int16Array>> = {};

/** One byte for each sample; what lies beyond the code's range is its largest value. */
export function encodeG711(pcm: Int16Array, law: G711Law): Uint8Array {
  const encode = law === "µ-law" ? ulawOf : alawOf;
  const bytes = new Uint8Array(pcm.length);
  for (let index = 0; index < pcm.length; index += 1) bytes[index] = encode(pcm[index] ?? 0);
  return bytes;
}

/** Every byte is a sample: none can be wrong. */
export function decodeG711(bytes: Uint8Array, law: G711Law): Int16Array {
  const decode = law === "µ-law" ? ofUlaw : ofAlaw;
  const table = (values[law] ??= Int16Array.from({ length: 256 }, (_, byte) => decode(byte)));
  const pcm = new Int16Array(bytes.length);
  for (let index = 0; index < bytes.length; index += 1) pcm[index] = table[bytes[index] ?? 0] ?? 0;
  return pcm;
}

function ulawOf(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP - 1) + BIAS;
  const segment = 24 - Math.clz32(magnitude);
  return (sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) ^ ULAW_MASK;
}

function ofUlaw(byte: number): number {
  const code = byte ^ ULAW_MASK;
  const segment = (code >> 4) & 7;
  // The middle of the step, without the bias.
  const magnitude = ((((code & 0x0f) << 3) + BIAS) << segment) - BIAS;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
}

function alawOf(sample: number): number {
  // Steps below zero are those above it mirrored about −½, so that there are as many.
  const sign = sample < 0 ? 0 : 0x80;
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = Math.max(0, 28 - Math.clz32(magnitude));
  const step = segment === 0 ? magnitude : (magnitude >> (segment - 1)) & 0x0f;
  return (sign | (segment << 4) | step) ^ ALAW_MASK;
}

function ofAlaw(byte: number): number {
  const code = byte ^ ALAW_MASK;
  const segment = (code >> 4) & 7;
  const step = code & 0x0f;
  const magnitude = segment === 0 ? (step << 4) + 8 : ((step << 4) + 0x108) << (segment - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
}
