/** Tells audio that is not what was agreed on: files with their headers, compressed audio, floats instead of integers. */

/** A float's exponent lies here for magnitudes from 2⁻³¹ to 2: its highest byte, without the sign. */
const leastExponent = 0x30;
const mostExponent = 0x3f;
/** Floats other than zero that are needed to be sure. */
const minFloats = 32;

/** Bitrates of MPEG audio layer III, in kilobits per second: MPEG 1, and MPEG 2 and 2.5. */
const mp3Bitrates = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;
const mp3Rates = [44_100, 48_000, 32_000] as const;

export interface ForeignAudio {
  /** As people call it: "a WAV file". */
  readonly name: string;
  /** What follows the header is PCM all the same. */
  readonly holdsPcm: boolean;
}

/**
 * What this chunk begins with, if it is a file or a compressed stream. Two or four equal bytes prove nothing in PCM, where
 * anything can stand: more of each header is looked at, until chance is out of the question.
 */
export function foreignHeader(bytes: Uint8Array): ForeignAudio | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  const byte = (index: number) => bytes[index] ?? -1;
  const head = text(0, 4);
  if (head === "RIFF" && text(8, 12) === "WAVE") return { name: "a WAV file", holdsPcm: true };
  if (head === "FORM" && text(8, 11) === "AIF") return { name: "an AIFF file", holdsPcm: true };
  if (head === "OggS" && byte(4) === 0 && byte(5) >= 0 && byte(5) < 8) return { name: "Ogg", holdsPcm: false };
  if (head === "fLaC" && (byte(4) & 0x7f) === 0 && byte(5) === 0 && byte(6) === 0 && byte(7) === 34)
    return { name: "FLAC", holdsPcm: false };
  if (text(4, 8) === "ftyp" && byte(0) === 0 && byte(1) === 0) return { name: "MP4", holdsPcm: false };
  if (head === "caff" && byte(4) === 0 && byte(5) === 1) return { name: "a CAF file", holdsPcm: false };
  if (text(0, 3) === "ID3" && byte(3) >= 2 && byte(3) <= 4 && bytes.length >= 10 && bytes.subarray(6, 10).every((each) => each < 0x80))
    return { name: "MP3", holdsPcm: false };
  // EBML, and the identifier of its version or document type soon after.
  if (byte(0) === 0x1a && byte(1) === 0x45 && byte(2) === 0xdf && byte(3) === 0xa3 && /\u0042[\u0086\u0082]/.test(text(4, 64)))
    return { name: "WebM", holdsPcm: false };
  if (isMp3(bytes)) return { name: "MP3", holdsPcm: false };
  if (isAdts(bytes)) return { name: "AAC", holdsPcm: false };
  return undefined;
}

/**
 * Samples of 32-bit floats. Their exponents fill every fourth byte with a few values of both signs, and the bytes before
 * it do not look so; integers would have to jump between 12288…16383 and −20480…−16385 to resemble that. Zeros prove
 * nothing: silence is the same in both.
 */
export function isFloat32(bytes: Uint8Array): boolean {
  if (bytes.length % 4 !== 0) return false;
  let floats = 0;
  let high = 0;
  let low = 0;
  let negative = 0;
  for (let index = 0; index < bytes.length; index += 4) {
    const second = bytes[index + 1] ?? 0;
    const fourth = bytes[index + 3] ?? 0;
    if (fourth === 0 && second === 0 && bytes[index] === 0 && bytes[index + 2] === 0) continue;
    floats += 1;
    if (isExponent(fourth)) high += 1;
    if (isExponent(second)) low += 1;
    if (fourth >= 0x80) negative += 1;
  }
  if (floats < minFloats) return false;
  return high >= floats * 0.98 && low <= floats * 0.5 && negative >= floats * 0.05 && negative <= floats * 0.95;
}

function isExponent(byte: number): boolean {
  const magnitude = byte & 0x7f;
  return magnitude >= leastExponent && magnitude <= mostExponent;
}

/** Two frames of MPEG audio, the second where the first ends. */
function isMp3(bytes: Uint8Array): boolean {
  const first = mp3FrameBytes(bytes, 0);
  if (first === undefined || bytes.length < first + 4) return false;
  // Version, layer and sample rate stay the same.
  const same =
    ((bytes[1] ?? 0) & 0xfe) === ((bytes[first + 1] ?? 0) & 0xfe) && ((bytes[2] ?? 0) & 0x0c) === ((bytes[first + 2] ?? 0) & 0x0c);
  return same && mp3FrameBytes(bytes, first) !== undefined;
}

function mp3FrameBytes(bytes: Uint8Array, offset: number): number | undefined {
  const [sync = 0, kind = 0, rates = 0] = bytes.subarray(offset, offset + 3);
  if (sync !== 0xff || (kind & 0xe0) !== 0xe0) return undefined;
  const version = (kind >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const isLayer3 = ((kind >> 1) & 3) === 1;
  if (version === 1 || !isLayer3) return undefined;
  const bitrate = mp3Bitrates[version === 3 ? 1 : 2][rates >> 4];
  const rate = mp3Rates[(rates >> 2) & 3];
  if (bitrate === undefined || bitrate === 0 || rate === undefined) return undefined;
  const sampleRate = version === 3 ? rate : version === 2 ? rate / 2 : rate / 4;
  return Math.floor(((version === 3 ? 144 : 72) * bitrate * 1000) / sampleRate) + ((rates >> 1) & 1);
}

/** Two frames of AAC with ADTS headers, the second where the first ends. */
function isAdts(bytes: Uint8Array): boolean {
  const first = adtsFrameBytes(bytes, 0);
  if (first === undefined || adtsFrameBytes(bytes, first) === undefined) return false;
  return bytes[1] === bytes[first + 1] && ((bytes[2] ?? 0) & 0xfc) === ((bytes[first + 2] ?? 0) & 0xfc);
}

function adtsFrameBytes(bytes: Uint8Array, offset: number): number | undefined {
  const [sync = 0, kind = 0, , length1 = 0, length2 = 0, length3 = 0] = bytes.subarray(offset, offset + 6);
  if (sync !== 0xff || (kind & 0xf6) !== 0xf0) return undefined;
  const length = ((length1 & 3) << 11) | (length2 << 3) | (length3 >> 5);
  return length > 7 ? length : undefined;
}
