import { readFileSync } from "node:fs";
import { readWav } from "@parley/media";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRAME_MS, INPUT_SAMPLES } from "../core/frame.ts";
import { Cushion } from "./websocket-cushion.ts";

const perMs = 16;
const talk = readWav(readFileSync(new URL("../../../../recordings/talk-spontaneous-60s.wav", import.meta.url))).pcm;

interface Chunk {
  readonly at: number;
  readonly pcm: Int16Array;
}

/** Chunks of `chunkMs`, each there `lateMs` after its last sample was made. In order, as TCP keeps it. */
function chunks(pcm: Int16Array, chunkMs: number, lateMs: (index: number) => number = () => 0, from = 0): Chunk[] {
  let last = 0;
  return Array.from({ length: Math.ceil(pcm.length / (chunkMs * perMs)) }, (_, index) => {
    last = Math.max(last, from + (index + 1) * chunkMs + lateMs(index));
    return { at: last, pcm: pcm.subarray(index * chunkMs * perMs, (index + 1) * chunkMs * perMs) };
  });
}

/** Takes a frame every 20 ms until `until`, chunks coming in between. */
function run(arriving: readonly Chunk[], until: number) {
  const cushion = new Cushion();
  const out = new Int16Array((until / FRAME_MS) * INPUT_SAMPLES);
  const concealed: number[] = [];
  let next = 0;
  let most = 0;
  for (let at = FRAME_MS; at <= until; at += FRAME_MS) {
    for (let chunk = arriving[next]; chunk !== undefined && chunk.at <= at; chunk = arriving[++next]) cushion.push(chunk.pcm, chunk.at);
    const frame = cushion.take(at);
    expect(frame.pcm).toHaveLength(INPUT_SAMPLES);
    out.set(frame.pcm, (at - FRAME_MS) * perMs);
    if (frame.concealed) concealed.push(at);
    most = Math.max(most, cushion.waitingMs);
  }
  return { out, concealed, most, waitingMs: cushion.waitingMs };
}

/** Loud as speech is, so that no part of it counts as a pause; each sample says which one it is. */
const numbered = (ms: number) => Int16Array.from({ length: ms * perMs }, (_, index) => 1000 + (index % 30_000));

/** Samples other than silence. */
const sound = (pcm: Int16Array) => [...pcm].filter((sample) => sample !== 0);

describe.each([5, 20, 50, 100, 250])("chunks of %i ms", (chunkMs) => {
  test("come out whole and in one piece, at most 60 ms after the first was there", () => {
    const pcm = numbered(3000);
    const { out, concealed } = run(chunks(pcm, chunkMs), 4000);
    const start = out.findIndex((sample) => sample !== 0);
    expect(start / perMs - chunkMs).toBeGreaterThanOrEqual(20);
    expect(start / perMs - chunkMs).toBeLessThanOrEqual(60);
    expect(out.subarray(start, start + pcm.length)).toEqual(pcm);
    expect(concealed.every((at) => at * perMs <= start || (at - FRAME_MS) * perMs >= start + pcm.length)).toBe(true);
  });

  test("up to 20 ms late now and then make no hole", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 50 }), (late) => {
        // The first one is on time: it sets the pace.
        const pcm = numbered(2000);
        const { out } = run(
          chunks(pcm, chunkMs, (index) => (index === 0 ? 0 : late[index % late.length]!)),
          3000,
        );
        const start = out.findIndex((sample) => sample !== 0);
        expect(out.subarray(start, start + pcm.length)).toEqual(pcm);
      }),
      { numRuns: 30 },
    );
  });
});

test("any lateness loses and doubles nothing: what comes out is what came in, holes are silence", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 200 }),
      fc.array(fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 1500 })), { minLength: 1, maxLength: 60 }),
      (chunkMs, late) => {
        const pcm = numbered(2000);
        const { out } = run(
          chunks(pcm, chunkMs, (index) => late[index % late.length]!),
          6000,
        );
        expect(sound(out)).toEqual([...pcm]);
      },
    ),
    { numRuns: 50 },
  );
});

test("a chunk that comes later than any before is one hole; the next as late is none", () => {
  const pcm = numbered(4000);
  const { out } = run(
    chunks(pcm, 20, (index) => (index === 50 || index === 100 ? 90 : 0)),
    5000,
  );
  const start = out.findIndex((sample) => sample !== 0);
  const holes: number[] = [];
  for (let index = start; index < start + pcm.length; index += 1) {
    if (out[index] === 0 && out[index - 1] !== 0) holes.push(index / perMs);
  }
  expect(holes).toHaveLength(1);
  expect(sound(out)).toEqual([...pcm]);
});

test("a muted client's silence is measured by the clock, and its first word after it waits 60 ms at most", () => {
  const word = numbered(500);
  const { out } = run([...chunks(word, 20), ...chunks(word, 20, () => 0, 3000)], 5000);
  const again = out.subarray(2000 * perMs).findIndex((sample) => sample !== 0) / perMs + 2000;
  expect(again).toBeGreaterThanOrEqual(3020 + 20);
  expect(again).toBeLessThanOrEqual(3020 + 60);
});

test("three times real time for a moment: every word in its order, and in time again after the pauses", () => {
  // Nine seconds of talk in three, the rest as it is spoken.
  const fast = chunks(talk, 100).map(({ at, pcm }) => ({ at: at < 9000 ? at / 3 : at - 6000, pcm }));
  const { out, most, waitingMs } = run(fast, 54_400);
  expect(most).toBeGreaterThan(5000);
  expect(most).toBeLessThan(7000);
  // All six seconds have been made up for, in pauses alone.
  expect(waitingMs).toBeLessThan(500);
  const loud = (pcm: Int16Array) => {
    const frames: number[] = [];
    for (let index = 0; index + INPUT_SAMPLES <= pcm.length; index += INPUT_SAMPLES) {
      const energy = pcm.subarray(index, index + INPUT_SAMPLES).reduce((sum, sample) => sum + sample ** 2, 0) / INPUT_SAMPLES;
      if (energy > 500 ** 2) frames.push(index);
    }
    return frames.length * FRAME_MS;
  };
  expect(loud(out) / loud(talk)).toBeGreaterThan(0.995);
});

test("words of a burst keep their samples: only quiet is left out", () => {
  // Words of 400 ms with half a second of noise between them, all sent at once up to eight seconds.
  const phrase = new Int16Array(900 * perMs);
  phrase.set(numbered(400));
  for (let index = 400 * perMs; index < phrase.length; index += 1) phrase[index] = (index * 7919) % 41;
  const pcm = new Int16Array(phrase.length * 20);
  for (let index = 0; index < 20; index += 1) pcm.set(phrase, index * phrase.length);
  const burst = chunks(pcm, 20).map((chunk) => ({ ...chunk, at: chunk.at < 8000 ? 20 : chunk.at - 8000 }));
  const { out, waitingMs } = run(burst, 18_000);
  expect([...out].filter((sample) => sample >= 1000)).toEqual([...pcm].filter((sample) => sample >= 1000));
  expect(waitingMs).toBeLessThan(300);
});

test("a clock that differs by half a percent makes no holes in words, for as long as there are pauses", () => {
  const loud = 300 ** 2;
  for (const drift of [0.995, 1.005]) {
    const drifting = chunks(talk, 20).map(({ at, pcm }) => ({ at: at * drift, pcm }));
    const { out, most } = run(drifting, 59_000);
    expect(most).toBeLessThan(200);
    // The recording has no digital silence of five milliseconds: every one there is was put in.
    const cut: number[] = [];
    for (let index = 200 * perMs; index < 58_800 * perMs; index += 5 * perMs) {
      if (out.subarray(index, index + 5 * perMs).some((sample) => sample !== 0)) continue;
      const around = out.subarray(index - 40 * perMs, index + 45 * perMs);
      if (around.reduce((sum, sample) => sum + sample ** 2, 0) / around.length > loud) cut.push(index / perMs);
    }
    // At most one frame a minute; 36 pieces, nine frames, without what is put into pauses.
    expect(cut.length).toBeLessThanOrEqual(4);
  }
});
