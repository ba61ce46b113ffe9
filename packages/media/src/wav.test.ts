import fc from "fast-check";
import { expect, test } from "vitest";

import { readWav, WavError, writeWav } from "./wav.ts";

function wav(code: number, channels: number, bits: number, data: Buffer, before: Buffer = Buffer.alloc(0), size = data.length): Buffer {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(code, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(44_100, 4);
  format.writeUInt16LE(bits, 14);
  const head = Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVE"), chunk("fmt ", format), before, chunk("data", data)]);
  head.writeUInt32LE(size, head.length - data.length - (data.length & 1) - 4);
  return head;
}

function chunk(name: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
}

function floats(...values: number[]): Buffer {
  const data = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) data.writeFloatLE(value, index * 4);
  return data;
}

test("what was written is read back", () => {
  fc.assert(
    fc.property(fc.int16Array({ maxLength: 100 }), fc.integer({ min: 1000, max: 384_000 }), (pcm, sampleRate) => {
      expect(readWav(writeWav({ pcm, sampleRate }))).toEqual({ pcm, sampleRate });
    }),
  );
});

test.each([
  ["8 bits", wav(1, 1, 8, Buffer.of(0, 128, 255)), [-32_768, 0, 32_512]],
  ["16 bits", wav(1, 1, 16, Buffer.of(0x34, 0x12, 0xff, 0xff)), [0x1234, -1]],
  ["24 bits", wav(1, 1, 24, Buffer.of(0x00, 0x34, 0x12, 0x80, 0xff, 0xff)), [0x1234, -0]],
  ["32 bits", wav(1, 1, 32, Buffer.of(0, 0, 0x34, 0x12)), [0x1234]],
  ["floats", wav(3, 1, 32, floats(0, 0.5, -1, 2, Number.NaN)), [0, 16_384, -32_768, 32_767, 0]],
  ["stereo", wav(1, 2, 16, Buffer.of(0, 1, 0, 3, 2, 0, 4, 0)), [0x200, 3]],
  ["another chunk first, of odd length", wav(1, 1, 16, Buffer.of(1, 0), chunk("LIST", Buffer.from("odd"))), [1]],
  ["a length that nobody knew", wav(1, 1, 16, Buffer.of(1, 0, 2, 0), undefined, 0xffff_ffff), [1, 2]],
  ["half a sample at the end", wav(1, 1, 16, Buffer.of(1, 0, 2)), [1]],
])("%s", (_name, bytes, samples) => {
  expect(readWav(bytes)).toEqual({ pcm: Int16Array.from(samples), sampleRate: 44_100 });
});

test("the extensible format is looked into", () => {
  const bytes = writeWav({ pcm: Int16Array.of(5), sampleRate: 8000 });
  const format = Buffer.alloc(40);
  bytes.copy(format, 0, 20, 36);
  format.writeUInt16LE(0xfffe, 0);
  format.writeUInt16LE(1, 24);
  const extensible = Buffer.concat([bytes.subarray(0, 12), chunk("fmt ", format), bytes.subarray(36)]);
  expect(readWav(extensible)).toEqual({ pcm: Int16Array.of(5), sampleRate: 8000 });
});

test.each([
  [Buffer.alloc(0), "begins with nothing"],
  [Buffer.from("ID3\x04 an mp3 file"), 'begins with "ID3\\u0004"'],
  [wav(7, 1, 8, Buffer.alloc(4)), "holds µ-law"],
  [wav(0x1234, 1, 8, Buffer.alloc(4)), "holds format 4660"],
  [wav(1, 1, 12, Buffer.alloc(4)), "12 bits per sample are not 8, 16, 24, 32"],
  [wav(1, 0, 16, Buffer.alloc(4)), "0 channels"],
  [writeWav({ pcm: Int16Array.of(1), sampleRate: 16_000 }).subarray(0, 36), "no data chunk"],
  [Buffer.from("RIFF\0\0\0\0WAVE"), "no fmt chunk"],
])("what it cannot read it names", (bytes, message) => {
  expect(() => readWav(bytes)).toThrow(WavError);
  expect(() => readWav(bytes)).toThrow(message);
});

test("any bytes end in a recording or in a WavError", () => {
  const valid = wav(1, 2, 16, Buffer.alloc(40, 3), chunk("LIST", Buffer.alloc(5)));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      fc.nat(valid.length),
      (changes, length) => {
        const bytes = Buffer.from(valid.subarray(0, length));
        for (const [index, value] of changes) if (index < length) bytes[index] = value;
        try {
          readWav(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WavError);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
