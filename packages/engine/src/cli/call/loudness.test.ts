import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AUDIBLE, audibleSpan, Loudness, silentFrom } from "./loudness.ts";

const sampleRate = 16_000;

/** Samples at `level` for each `[fromMs, toMs]`, silence between. */
function audio(totalMs: number, spans: [number, number][], level = 5000): Int16Array {
  const pcm = new Int16Array(totalMs * 16);
  for (const [from, to] of spans) pcm.fill(level, from * 16, to * 16);
  return pcm;
}

function listen(pcm: Int16Array, bridgeMs: number, startMs = 0): Loudness {
  const loudness = new Loudness({ sampleRate, bridgeMs });
  for (let offset = 0; offset < pcm.length; offset += 320) loudness.push(startMs + offset / 16, pcm.subarray(offset, offset + 320));
  return loudness;
}

test("a sound begins and ends at its first and last sample above −40 dBFS", () => {
  expect(listen(audio(400, [[105, 231]]), 100, 1000).sounds).toEqual([{ startMs: 1105, endMs: 1231 }]);
});

test("what is not above −40 dBFS is silence", () => {
  expect(listen(audio(200, [[20, 180]], AUDIBLE), 100).sounds).toEqual([]);
  expect(listen(audio(200, [[20, 180]], -AUDIBLE - 1), 100).sounds).toEqual([{ startMs: 20, endMs: 180 }]);
});

test("pauses shorter than the bridge belong to the sound, longer ones end it", () => {
  const pcm = audio(1000, [[0, 100], [150, 300], [700, 800]]); // prettier-ignore
  expect(listen(pcm, 100).sounds).toEqual([{ startMs: 0, endMs: 300 }, { startMs: 700, endMs: 800 }]); // prettier-ignore
  expect(listen(pcm, 500).sounds).toEqual([{ startMs: 0, endMs: 800 }]);
});

test("the audible part of a recording leaves out the silence around it", () => {
  expect(audibleSpan(audio(500, [[40, 90], [210, 333]]), sampleRate)).toEqual({ startMs: 40, endMs: 333 }); // prettier-ignore
  expect(audibleSpan(audio(500, []), sampleRate)).toBeUndefined();
});

test("a recorded question ends where the person stops", () => {
  const wav = readFileSync(new URL("../../../../../recordings/whats-the-weather-like.wav", import.meta.url));
  const pcm = new Int16Array(wav.buffer.slice(wav.byteOffset + 44, wav.byteOffset + wav.length));
  const span = audibleSpan(pcm, sampleRate);
  expect(span?.startMs).toBeGreaterThan(100);
  expect(span?.endMs).toBeGreaterThan(1150);
  expect(span?.endMs).toBeLessThan(1400);
});

test("silence after a barge-in begins where the sound that went on at the onset has died away", () => {
  const sounds = [{ startMs: 0, endMs: 500 }, { startMs: 560, endMs: 900 }, { startMs: 2000, endMs: 3000 }]; // prettier-ignore
  expect(silentFrom(sounds, 400, 300)).toBe(900);
  expect(silentFrom(sounds, 520, 300)).toBe(900);
  expect(silentFrom(sounds, 1000, 300)).toBe(1000);
  expect(silentFrom(sounds, 1900, 300)).toBe(3000);
});
