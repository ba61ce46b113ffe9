import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createResampler, resample } from "./resample.ts";

function sine(rate: number, hertz: number, seconds: number): Int16Array {
  return Int16Array.from({ length: Math.round(rate * seconds) }, (_, index) =>
    Math.round(12_000 * Math.sin((2 * Math.PI * hertz * index) / rate)),
  );
}

/** Signal to noise in dB against the sine as it should be, in amplitude and in phase, but for the ends. */
function snr(pcm: Int16Array, rate: number, hertz: number): number {
  const wanted = sine(rate, hertz, pcm.length / rate);
  let error = 0;
  let energy = 0;
  for (let index = 400; index < pcm.length - 400; index += 1) {
    error += (pcm[index]! - wanted[index]!) ** 2;
    energy += wanted[index]! ** 2;
  }
  return 10 * Math.log10(energy / error);
}

describe.each([
  [16_000, 24_000],
  [24_000, 16_000],
  [22_050, 24_000],
  [22_050, 16_000],
  [48_000, 16_000],
  [8000, 16_000],
  [24_000, 8000],
  [44_100, 16_000],
])("from %i to %i Hz", (from, to) => {
  test.each([200, 1000, 3000])("a sine of %i Hz keeps its place and 60 dB", (hertz) => {
    const pcm = resample(sine(from, hertz, 1), from, to);
    expect(pcm).toHaveLength(to);
    expect(snr(pcm, to, hertz)).toBeGreaterThan(60);
  });

  test("any cut into chunks gives the same samples as the whole, one stream after the other", () => {
    const input = sine(from, 440, 0.5);
    const whole = resample(input, from, to);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 60 }), (lengths) => {
        using resampler = createResampler(from, to);
        const parts: number[] = [];
        let offset = 0;
        for (const length of lengths) {
          parts.push(...resampler.process(input.subarray(offset, offset + length)));
          offset += length;
        }
        parts.push(...resampler.process(input.subarray(offset)), ...resampler.flush());
        expect(parts).toEqual([...whole]);
      }),
      { numRuns: 20 },
    );
  });
});

test("what cannot pass the lower rate is taken out, not folded back", () => {
  const pcm = resample(sine(24_000, 9000, 1), 24_000, 16_000);
  expect(Math.max(...pcm.subarray(400, -400).map(Math.abs))).toBeLessThan(40);
});

test("equal rates change nothing", () => {
  const pcm = sine(16_000, 300, 0.1);
  expect(resample(pcm, 16_000, 16_000)).toEqual(pcm);
});

test("a rate that cannot be is named", () => {
  expect(() => createResampler(0, 16_000)).toThrow("The sample rate 0 is not 1000 to 384000 Hz");
  expect(() => createResampler(16_000, Number.NaN)).toThrow("NaN");
});

test("a stream that has ended refuses more", () => {
  const resampler = createResampler(16_000, 24_000);
  resampler.process(new Int16Array(100));
  resampler.flush();
  resampler[Symbol.dispose]();
  expect(resampler.flush()).toHaveLength(0);
  expect(() => resampler.process(new Int16Array(1))).toThrow("flushed");
});
