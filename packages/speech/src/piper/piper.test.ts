import fc from "fast-check";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import type { Spoken } from "../jobs.ts";
import { readWeights, weights } from "../weights.ts";
import { DURATIONS, withDurations } from "./durations.ts";
import { createPiper, type Piper } from "./piper.ts";
import { voices } from "./voices.ts";

const RATE = 22_050;
const HOP = 256;

let tokens = "";
let piper: Piper;

beforeAll(async () => {
  tokens = new TextDecoder().decode(await readWeights(weights.piperTokens));
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const session = await InferenceSession.create(withDurations(await readWeights(weights.piper)), options);
  piper = createPiper(session, tokens);
});

describe.each(voices)("the voice $name", ({ speaker }) => {
  test("speaks a clause at an even loudness, with its words in time and little silence around", async () => {
    const spoken = await piper.synthesize("Hello there, it costs $3.50 😀 today.", { speaker, speed: 1 });
    expect(spoken.words.map(({ text }) => text)).toEqual(["Hello", "there,", "it", "costs", "$3.50", "😀", "today."]);
    expectInOrder(spoken);
    // "three dollars and fifty cents" takes longer than "it".
    expect(lengthOf(spoken, 4)).toBeGreaterThan(4 * lengthOf(spoken, 2));
    expect(lengthOf(spoken, 5)).toBe(0);
    const lastMs = spoken.pcm.length / (RATE / 1000);
    expect(lastMs).toBeGreaterThan(1_500);
    expect(lastMs).toBeLessThan(5_000);
    expect(spoken.words[0]!.startMs).toBeLessThanOrEqual(20);
    expect(lastMs - spoken.words.at(-1)!.endMs).toBeLessThan(200);
    const decibels = 10 * Math.log10(mean(spoken.pcm, (sample) => sample ** 2) / 32_768 ** 2);
    expect(decibels).toBeGreaterThan(-26);
    expect(decibels).toBeLessThan(-18);
    expect(Math.max(...spoken.pcm.map(Math.abs))).toBeLessThan(30_000);
  });
});

test.each([0.5, 0.8, 1.5])("at %f of its pace it takes as much longer or shorter", async (speed) => {
  const text = "I can tell you the time, and answer a few questions about the company.";
  const usual = await piper.synthesize(text, { speaker: 234, speed: 1 });
  const other = await piper.synthesize(text, { speaker: 234, speed });
  // Each run varies its lengths by some per cent.
  expect(usual.words.at(-1)!.endMs / other.words.at(-1)!.endMs / speed).toBeGreaterThan(0.8);
  expect(usual.words.at(-1)!.endMs / other.words.at(-1)!.endMs / speed).toBeLessThan(1.25);
});

test("a word is silent before it begins: the pause of a comma lies between two words", async () => {
  const spoken = await piper.synthesize("Yes, tomorrow.", { speaker: 234, speed: 1 });
  const [yes, tomorrow] = spoken.words;
  const power = (fromMs: number, toMs: number) => mean(spoken.pcm.subarray(toSample(fromMs), toSample(toMs)), (sample) => sample ** 2);
  const pauseMs = tomorrow!.startMs - yes!.endMs;
  expect(pauseMs).toBeGreaterThan(40);
  // The voice breathes a little differently in each run: somewhere in the pause it is quiet.
  const inPause = Array.from({ length: Math.floor(pauseMs - 20) }, (_, ms) => power(yes!.endMs + ms, yes!.endMs + ms + 20));
  expect(power(tomorrow!.startMs, tomorrow!.endMs)).toBeGreaterThan(20 * Math.min(...inPause));
});

test("what cannot be said is silence, with its words", async () => {
  const spoken = await piper.synthesize("😀 你好", { speaker: 234, speed: 1 });
  expect(spoken.pcm).toHaveLength(0);
  expect(spoken.words).toEqual([
    { text: "😀", startMs: 0, endMs: 0 },
    { text: "你好", startMs: 0, endMs: 0 },
  ]);
});

test.each([
  [{ speaker: 904, speed: 1 }, /speaker is 904; .* 0 to 903/],
  [{ speaker: 1.5, speed: 1 }, /speaker is 1.5/],
  [{ speaker: 1, speed: 0 }, /speed is 0; .* 0.25 to 2/],
  [{ speaker: 1, speed: Number.NaN }, /speed is NaN/],
])("%j is refused with what is allowed", async (options, message) => {
  await expect(piper.synthesize("Hello.", options)).rejects.toThrow(message);
});

test("a model without the durations is refused with the way out", () => {
  expect(() => createPiper({ outputNames: ["output"] } as unknown as InferenceSession, tokens)).toThrow(/withDurations/);
});

test("any text has all its words, in order and inside the audio", async () => {
  const quick = createPiper(noise(), tokens);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: "binary" }), fc.lorem({ maxCount: 80 })), async (text) => {
      const spoken = await quick.synthesize(text, { speaker: 0, speed: 1 });
      expect(spoken.words.map((word) => word.text)).toEqual(text.match(/\S+/gu) ?? []);
      expectInOrder(spoken);
    }),
    { numRuns: 200 },
  );
});

function expectInOrder({ pcm, words }: Spoken): void {
  let now = 0;
  for (const { startMs, endMs } of words) {
    expect(startMs).toBeGreaterThanOrEqual(now);
    expect(endMs).toBeGreaterThanOrEqual(startMs);
    now = endMs;
  }
  expect(now).toBeLessThanOrEqual(pcm.length / (RATE / 1000));
}

function lengthOf({ words }: Spoken, at: number): number {
  return words[at]!.endMs - words[at]!.startMs;
}

function toSample(ms: number): number {
  return Math.round((ms * RATE) / 1000);
}

function mean(samples: Int16Array, of: (sample: number) => number): number {
  return samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
}

/** A session that makes noise of two units for each symbol, in place of the model. */
function noise(): InferenceSession {
  const session = {
    outputNames: ["output", DURATIONS],
    async run({ input }: Record<string, Tensor>) {
      const count = input!.dims[1]!;
      const samples = Float32Array.from({ length: count * 2 * HOP }, (_, at) => Math.sin(at * at) / 3);
      return {
        output: new Tensor("float32", samples, [1, 1, 1, samples.length]),
        [DURATIONS]: new Tensor("float32", new Float32Array(count).fill(2), [1, 1, count]),
      };
    },
  };
  return session as unknown as InferenceSession;
}
