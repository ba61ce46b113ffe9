import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeG711, encodeG711, G711_RATE, type G711Law } from "./g711.ts";
import { resample } from "./resample.ts";
import { readWav } from "./wav.ts";

const laws: readonly G711Law[] = ["µ-law", "A-law"];
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const everySample = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);

// Tables 1a, 1b (A-law) and 2a, 2b (µ-law) of ITU-T G.711: the ends of the segments.
test.each([
  // Character signal of the table's last column, and the decoded value, on the scale of 16 bits.
  ["µ-law", 0x80, 8031 * 4],
  ["µ-law", 0x8f, 4191 * 4],
  ["µ-law", 0x9f, 2079 * 4],
  ["µ-law", 0xaf, 1023 * 4],
  ["µ-law", 0xbf, 495 * 4],
  ["µ-law", 0xcf, 231 * 4],
  ["µ-law", 0xdf, 99 * 4],
  ["µ-law", 0xef, 33 * 4],
  ["µ-law", 0xfe, 2 * 4],
  ["µ-law", 0xff, 0],
  ["µ-law", 0x00, -8031 * 4],
  ["µ-law", 0x7e, -2 * 4],
  ["A-law", 0xaa, 4032 * 8],
  ["A-law", 0xa5, 2112 * 8],
  ["A-law", 0xb5, 1056 * 8],
  ["A-law", 0x85, 528 * 8],
  ["A-law", 0x95, 264 * 8],
  ["A-law", 0xe5, 132 * 8],
  ["A-law", 0xf5, 66 * 8],
  ["A-law", 0xd5, 8],
  ["A-law", 0x2a, -4032 * 8],
  ["A-law", 0x55, -8],
] as const)("%s %i is the value of the recommendation's table", (law, byte, value) => {
  expect(decodeG711(Uint8Array.of(byte), law)[0]).toBe(value);
});

test.each([
  // Decision values: a sample on one belongs to the step above it.
  ["µ-law", 31 * 4, 0xef],
  ["µ-law", 31 * 4 - 1, 0xf0],
  ["µ-law", 95 * 4, 0xdf],
  ["µ-law", 95 * 4 - 1, 0xe0],
  ["µ-law", 4063 * 4, 0x8f],
  ["µ-law", 4063 * 4 - 1, 0x90],
  ["µ-law", 32_767, 0x80],
  ["µ-law", -32_768, 0x00],
  ["A-law", 64 * 8, 0xf5],
  ["A-law", 64 * 8 - 1, 0xca],
  ["A-law", 2048 * 8, 0xa5],
  ["A-law", 2048 * 8 - 1, 0xba],
  ["A-law", 32_767, 0xaa],
  ["A-law", -32_768, 0x2a],
] as const)("%s: the sample %i is coded as %i", (law, sample, byte) => {
  expect(encodeG711(Int16Array.of(sample), law)[0]).toBe(byte);
});

describe.each(laws)("%s", (law) => {
  test("each byte comes back as itself, but for µ-law's second zero", () => {
    const back = encodeG711(decodeG711(everyByte, law), law);
    const wanted = everyByte.map((byte) => (law === "µ-law" && byte === 0x7f ? 0xff : byte));
    expect(back).toEqual(wanted);
  });

  test("no value is nearer to a sample than the one it is coded as, but for half a unit of the code's own scale", () => {
    const values = [...decodeG711(everyByte, law)];
    const coded = decodeG711(encodeG711(everySample, law), law);
    for (let index = 0; index < everySample.length; index += 61) {
      const sample = everySample[index]!;
      const nearest = Math.min(...values.map((value) => Math.abs(value - sample)));
      // At the border between two segments the decision value lies nearer to the smaller step's end.
      expect(Math.abs(coded[index]! - sample)).toBeLessThanOrEqual(Math.max(nearest + 4, nearest * 2));
    }
  });

  test("louder is never coded as softer", () => {
    const coded = decodeG711(encodeG711(everySample, law), law);
    expect(coded.every((value, index) => index === 0 || value >= coded[index - 1]!)).toBe(true);
  });

  test("chunks are coded one by one as the whole is", () => {
    fc.assert(
      fc.property(fc.int16Array(), fc.nat(), (pcm, border) => {
        const cut = border % (pcm.length + 1);
        const parts = [...encodeG711(pcm.slice(0, cut), law), ...encodeG711(pcm.slice(cut), law)];
        expect(parts).toEqual([...encodeG711(pcm, law)]);
      }),
    );
  });

  test("speech keeps 33 dB over its own noise", () => {
    const folder = new URL("../../../recordings/", import.meta.url);
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".wav"))) {
      const { pcm, sampleRate } = readWav(readFileSync(new URL(name, folder)));
      const speech = resample(pcm, sampleRate, G711_RATE);
      const coded = decodeG711(encodeG711(speech, law), law);
      let energy = 0;
      let noise = 0;
      for (let index = 0; index < speech.length; index += 1) {
        energy += speech[index]! ** 2;
        noise += (speech[index]! - coded[index]!) ** 2;
      }
      expect(10 * Math.log10(energy / noise), name).toBeGreaterThan(33);
    }
  });
});
