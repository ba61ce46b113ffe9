/** WAV files: any usual PCM in, mono 16 bits out. */

export interface Recording {
  /** Mono: channels are averaged. */
  readonly pcm: Int16Array;
  /** Hertz. */
  readonly sampleRate: number;
}

/** The file cannot be read; the message says what was found and what would do. */
export class WavError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WavError";
  }
}

const INTEGER = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
const FORMAT_NAMES: Readonly<Record<number, string>> = { 2: "ADPCM", 6: "A-law", 7: "µ-law", 0x11: "IMA ADPCM", 0x50: "MPEG", 0x55: "MP3" };
const HEADER_BYTES = 44;

/** Reads PCM of 8, 16, 24 or 32 bits or floats of 32 or 64, any rate, up to 64 channels. */
export function readWav(bytes: Uint8Array): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = text(bytes, 0, 4);
  if (head !== "RIFF" || text(bytes, 8, 12) !== "WAVE") {
    const found = bytes.length === 0 ? "nothing" : JSON.stringify(head);
    throw new WavError(`This is no WAV file: it begins with ${found}, not with RIFF … WAVE`);
  }
  let format: Format | null = null;
  for (let offset = 12; offset + 8 <= bytes.length;) {
    const name = text(bytes, offset, offset + 4);
    const size = view.getUint32(offset + 4, true);
    const start = offset + 8;
    // A writer that did not know the length in advance leaves 0 or the largest number: the rest of the file is meant.
    const end = name === "data" && (size === 0 || start + size > bytes.length) ? bytes.length : start + size;
    if (name === "fmt ") format = readFormat(view, start, size);
    else if (name === "data") {
      if (format === null) throw new WavError("The data come before the fmt chunk that describes them");
      return { pcm: readSamples(view, start, end, format), sampleRate: format.sampleRate };
    }
    offset = end + (size & 1);
  }
  throw new WavError(format === null ? "The WAV file has no fmt chunk" : "The WAV file has no data chunk");
}

interface Format {
  readonly code: typeof INTEGER | typeof FLOAT;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

function readFormat(view: DataView, start: number, size: number): Format {
  if (size < 16 || start + size > view.byteLength) throw new WavError(`The fmt chunk has ${size} bytes; 16 at least are needed`);
  let code = view.getUint16(start, true);
  const channels = view.getUint16(start + 2, true);
  const sampleRate = view.getUint32(start + 4, true);
  const bits = view.getUint16(start + 14, true);
  // The format proper stands in the first two bytes of the sub-format.
  if (code === EXTENSIBLE && size >= 26) code = view.getUint16(start + 24, true);
  if (code !== INTEGER && code !== FLOAT)
    throw new WavError(
      `The WAV file holds ${FORMAT_NAMES[code] ?? `format ${code}`}; PCM or floats are needed: convert it, with ffmpeg for instance`,
    );
  const possible = code === INTEGER ? [8, 16, 24, 32] : [32, 64];
  if (!possible.includes(bits)) throw new WavError(`${bits} bits per sample are not ${possible.join(", ")}`);
  if (channels < 1 || channels > 64) throw new WavError(`${channels} channels are not 1 to 64`);
  if (sampleRate < 1000 || sampleRate > 384_000) throw new WavError(`A sample rate of ${sampleRate} Hz is not 1000 to 384000`);
  return { code, channels, sampleRate, bits };
}

function readSamples(view: DataView, start: number, end: number, { code, channels, bits }: Format): Int16Array {
  const bytes = bits / 8;
  const read = sampleReader(view, code, bits);
  const pcm = new Int16Array(Math.floor((end - start) / (bytes * channels)));
  for (let index = 0, offset = start; index < pcm.length; index += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1, offset += bytes) sum += read(offset);
    const sample = Math.round(sum / channels);
    // Floats may go beyond full scale, or be no number at all.
    pcm[index] = Number.isNaN(sample) ? 0 : Math.min(32_767, Math.max(-32_768, sample));
  }
  return pcm;
}

/** Reads one sample on the scale of 16 bits. */
function sampleReader(view: DataView, code: number, bits: number): (offset: number) => number {
  if (code === FLOAT)
    return bits === 32 ? (offset) => view.getFloat32(offset, true) * 32_768 : (offset) => view.getFloat64(offset, true) * 32_768;
  switch (bits) {
    case 8:
      return (offset) => (view.getUint8(offset) - 128) * 256; // the only width without a sign
    case 16:
      return (offset) => view.getInt16(offset, true);
    case 24:
      return (offset) => view.getInt16(offset + 1, true) + view.getUint8(offset) / 256;
    default:
      return (offset) => view.getInt32(offset, true) / 65_536;
  }
}

/** Writes mono PCM of 16 bits. */
export function writeWav({ pcm, sampleRate }: Recording): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + pcm.length * 2);
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(INTEGER, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(pcm.length * 2, 40);
  for (const [index, sample] of pcm.entries()) bytes.writeInt16LE(sample, HEADER_BYTES + index * 2);
  return bytes;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString("latin1");
}
