import fc from "fast-check";
import { expect, test } from "vitest";
import { OtherAudio, PcmBytes } from "./pcm-bytes.ts";

const rate = 24_000;

function bytesOf(samples: readonly number[]): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  for (const [index, sample] of samples.entries()) bytes.writeInt16LE(sample, index * 2);
  return bytes;
}

interface HeaderOptions {
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly bits?: number;
  readonly code?: number;
  /** Bytes of a chunk before the audio. */
  readonly list?: number;
}

function header({ channels = 1, sampleRate = rate, bits = 16, code = 1, list }: HeaderOptions = {}): Buffer {
  const format = Buffer.alloc(24);
  format.write("fmt ", 0, "latin1");
  format.writeUInt32LE(16, 4);
  format.writeUInt16LE(code, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(sampleRate, 12);
  format.writeUInt16LE(bits, 22);
  const info = list === undefined ? Buffer.alloc(0) : Buffer.alloc(8 + list + (list & 1));
  if (list !== undefined) {
    info.write("LIST", 0, "latin1");
    info.writeUInt32LE(list, 4);
  }
  return Buffer.concat([Buffer.from("RIFF\xff\xff\xff\xffWAVE", "latin1"), format, info, Buffer.from("data\xff\xff\xff\xff", "latin1")]);
}

/** Cut at these places, and read. */
function read(bytes: Buffer, cuts: readonly number[]): number[] {
  const reader = new PcmBytes(rate);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  const found: number[] = [];
  for (const [index, place] of [0, ...places].entries()) found.push(...reader.push(bytes.subarray(place, places[index] ?? bytes.length)));
  found.push(...reader.end());
  return found;
}

const samples = fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { maxLength: 200 });
const cuts = fc.array(fc.nat(), { maxLength: 20 });

test("however it is cut, every sample comes once, in its order", () => {
  fc.assert(
    fc.property(samples, cuts, (pcm, at) => {
      expect(read(bytesOf(pcm), at)).toEqual(pcm);
    }),
  );
});

test("a header is taken off, however it is cut, with other chunks in it or not", () => {
  fc.assert(
    fc.property(samples, cuts, fc.option(fc.nat({ max: 40 }), { nil: undefined }), (pcm, at, list) => {
      expect(read(Buffer.concat([header(list === undefined ? {} : { list }), bytesOf(pcm)]), at)).toEqual(pcm);
    }),
  );
});

test("audio that begins like a header and is none is audio", () => {
  for (const start of ["R", "RI", "RIFF", "RIFFabcdWAVX", "RIFFabcdXAVE"]) {
    const bytes = Buffer.from(start.padEnd(16, "."), "latin1");
    expect(read(bytes, [1, 3, 9])).toEqual(Array.from({ length: 8 }, (_, index) => bytes.readInt16LE(index * 2)));
  }
  expect(read(Buffer.from("RIFF", "latin1"), [])).toHaveLength(2);
});

test("half a sample at the end is dropped", () => {
  expect(read(Buffer.concat([bytesOf([1, 2]), Buffer.from([7])]), [1])).toEqual([1, 2]);
});

test.each([
  [{ sampleRate: 16_000 }, "16000 Hz"],
  [{ channels: 2 }, "2 channel(s)"],
  [{ bits: 8 }, "8 bits"],
  [{ code: 3 }, "format 3"],
])("a header of other audio, %o, is an error that says so", (other, words) => {
  expect(() => read(Buffer.concat([header(other), bytesOf([1, 2, 3])]), [])).toThrow(OtherAudio);
  expect(() => read(Buffer.concat([header(other), bytesOf([1, 2, 3])]), [])).toThrow(words);
});

test("a header that never ends, or says nothing, is an error", () => {
  const endless = Buffer.concat([header().subarray(0, 36), Buffer.from("LIST\xff\xff\xff\x7f", "latin1"), Buffer.alloc(5000)]);
  expect(() => read(endless, [100])).toThrow("without audio");
  expect(() => read(Buffer.from("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff1234", "latin1"), [])).toThrow("does not say");
});
