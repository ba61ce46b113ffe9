import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createResampler, resample } from "./resample.ts";
import { readWav } from "./wav.ts";

const folder = new URL("../../../recordings/", import.meta.url);
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith(".wav"))
  .map((name) => ({ name, ...readWav(readFileSync(new URL(name, folder))) }));

/** Pseudo-random numbers of 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Through one resampler after the other as a call does it: in chunks of random length, each handed on at once. */
function streamed(pcm: Int16Array, rates: readonly number[], random: () => number): Int16Array {
  const stages = rates.slice(1).map((to, index) => createResampler(rates[index]!, to));
  const out: Int16Array[] = [];
  const pass = (chunk: Int16Array, from: number) => {
    out.push(stages.slice(from).reduce((samples, stage) => stage.process(samples), chunk));
  };
  for (let offset = 0; offset < pcm.length;) {
    const length = Math.floor(random() * 1500);
    pass(pcm.subarray(offset, offset + length), 0);
    offset += length;
  }
  for (const [index, stage] of stages.entries()) pass(stage.flush(), index + 1);
  return Int16Array.from(out.flatMap((chunk) => [...chunk]));
}

/** Decibels of the signal over what was changed in it; the first and last 30 ms, where a filter has nothing to go on, do not count. */
function snr(wanted: Int16Array, got: Int16Array, rate: number): number {
  const edge = rate * 0.03;
  let energy = 0;
  let error = 0;
  for (let index = edge; index < wanted.length - edge; index += 1) {
    energy += wanted[index]! ** 2;
    error += (wanted[index]! - got[index]!) ** 2;
  }
  return 10 * Math.log10(energy / error);
}

const seconds = 2;
function sine(rate: number, hertz: number): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, index) => Math.round(12_000 * Math.sin((2 * Math.PI * hertz * index) / rate)));
}

/** From 50 Hz to `top`, as much time in each octave. */
function sweep(rate: number, top: number): Int16Array {
  const octaves = Math.log(top / 50);
  return Int16Array.from({ length: rate * seconds }, (_, index) => {
    const t = index / rate;
    return Math.round(12_000 * Math.sin(((2 * Math.PI * 50 * seconds) / octaves) * (Math.exp((t / seconds) * octaves) - 1)));
  });
}

// Figures are decibels as measured on every run here, rounded down: 16 bits alone allow 98 for a full scale, and each
// stage rounds to 16 bits anew.
describe.each([
  { rates: [16_000, 24_000, 16_000], sines: 84, sweeps: 95 },
  { rates: [24_000, 16_000, 24_000], sines: 86, sweeps: 88 },
])("$rates there and back, in chunks of random length", ({ rates, sines, sweeps }) => {
  const rate = rates[0]!;

  test.each([100, 440, 1000, 2500, 3000, 5000, 6000, 6500])(`a sine of %i Hz keeps ${sines} dB`, (hertz) => {
    const pcm = sine(rate, hertz);
    expect(snr(pcm, streamed(pcm, rates, seeded(hertz)), rate)).toBeGreaterThan(sines);
  });

  test.each([3000, 6000, 6800])(`a sweep from 50 to %i Hz keeps ${sweeps} dB`, (top) => {
    const pcm = sweep(rate, top);
    expect(snr(pcm, streamed(pcm, rates, seeded(top)), rate)).toBeGreaterThan(sweeps);
  });

  // The first way takes what lies above 7 kHz: 20 dB at least remain of a bright voice with sharp s, 74 of a dark one.
  // The second way changes only what lies at the filter's edge.
  test.each(recordings)("speech keeps 20 dB, and 32 on a second way: $name", ({ pcm: recorded, sampleRate }) => {
    const pcm = resample(recorded.subarray(0, sampleRate * 12), sampleRate, rate);
    const once = streamed(pcm, rates, seeded(1));
    const twice = streamed(once, rates, seeded(2));
    expect(snr(pcm, once, rate)).toBeGreaterThan(20);
    expect(snr(once, twice, rate)).toBeGreaterThan(32);
  });

  test("chunks of any length leave no clicks: to the sample what one piece gives, and as long as the input", () => {
    const { pcm: recorded } = recordings.find(({ name }) => name === "jfk.wav")!;
    const speech = resample(recorded, 16_000, rate);
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: rate * 2 }), (seed, length) => {
        const pcm = speech.subarray(rate, rate + length);
        const there = resample(pcm, rate, rates[1]!);
        const back = resample(there, rates[1]!, rate);
        const chunked = streamed(pcm, rates, seeded(seed));
        // A way there that ends between two samples gives one more or less on the way back.
        expect(Math.abs(chunked.length - length)).toBeLessThanOrEqual(1);
        expect(chunked.length).toBe(back.length);
        // The ends differ in nothing but that one piece knows its end sooner.
        expect(chunked).toEqual(back);
      }),
      { numRuns: 25 },
    );
  });
});

test("nothing is early or late: an impulse comes out where it went in, at every pair of rates", () => {
  for (const from of [8000, 16_000, 22_050, 24_000, 48_000]) {
    for (const to of [8000, 16_000, 22_050, 24_000, 48_000]) {
      const pcm = new Int16Array(from);
      pcm[from / 2] = 20_000;
      const out = streamed(pcm, [from, to], seeded(from + to));
      expect(out).toHaveLength(to);
      const peak = out.indexOf(Math.max(...out));
      expect(Math.abs(peak - to / 2)).toBeLessThanOrEqual(1);
    }
  }
});
