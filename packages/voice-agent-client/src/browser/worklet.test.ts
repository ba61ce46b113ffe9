/** What runs in the worklet, run here: the ring, the slicer, and the text that becomes the worklet. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { workletSource } from "./audio-context.ts";
import { CaptureSlicer } from "./capture-slicer.ts";
import { deviceError } from "./device-error.ts";
import { PlaybackRing } from "./playback-ring.ts";

const rate = 24_000;

/** Renders so many blocks of 128, as an AudioWorklet does. */
function render(ring: PlaybackRing, blocks: number): Float32Array {
  const heard = new Float32Array(blocks * 128);
  for (let at = 0; at < heard.length; at += 128) ring.render(heard.subarray(at, at + 128));
  return heard;
}

const loud = (samples: number, value = 16_384): Int16Array => new Int16Array(samples).fill(value);
const largestStep = (sound: Float32Array): number =>
  sound.reduce((most, value, at) => Math.max(most, at === 0 ? 0 : Math.abs(value - (sound[at - 1] ?? 0))), 0);

test("what is pushed is heard, all of it, in order, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      const ring = new PlaybackRing(rate, 4);
      let next = 1;
      for (const size of sizes)
        ring.push(
          Int16Array.from({ length: size }, () => next++ % 30_000 || 1),
          "r1",
        );
      const total = next - 1;
      const heard = render(ring, Math.ceil(total / 128) + 20);
      const first = heard.findIndex((value) => value !== 0);
      const played = [...heard.subarray(first, first + total)].map((value) => Math.round(value * 0x8000));
      expect(played).toEqual(Array.from({ length: total }, (_, at) => (at + 1) % 30_000 || 1));
      expect([ring.reply, ring.heard, ring.buffered]).toEqual(["r1", total, 0]);
    }),
    { numRuns: 40 },
  );
});

test("a reply begins when 40 ms of it are there, and a short one all the same", () => {
  const ring = new PlaybackRing(rate, 4);
  ring.push(loud(480), "r1");
  expect(render(ring, 2).every((value) => value === 0)).toBe(true);
  ring.push(loud(480), "r1");
  expect(render(ring, 1)[0]).toBe(0.5);
  const short = new PlaybackRing(rate, 4);
  short.push(loud(100), "r1");
  expect(render(short, 9).some((value) => value === 0.5)).toBe(true);
});

test("a flush is silent after 5 ms, without a click, and counts what was heard, not what was dropped", () => {
  const ring = new PlaybackRing(rate, 4);
  ring.push(loud(rate), "r1");
  render(ring, 100);
  ring.flush();
  const after = render(ring, 10);
  expect(after.subarray(120).every((value) => value === 0)).toBe(true);
  expect(largestStep(after)).toBeLessThan(0.01);
  expect([ring.reply, ring.heard, ring.buffered]).toEqual(["r1", 100 * 128 + 120, 0]);
});

test("what comes after a flush is another reply, and whole", () => {
  const ring = new PlaybackRing(rate, 4);
  ring.push(loud(rate), "r1");
  render(ring, 10);
  ring.flush();
  ring.push(loud(2_000, 9_216), "r2");
  const heard = render(ring, 40);
  expect(heard.filter((value) => value === 9_216 / 0x8000)).toHaveLength(2_000);
  expect([ring.reply, ring.heard]).toEqual(["r2", 2_000]);
});

test("where samples run out the sound fades, and goes on when there are more; what finds no room is said", () => {
  const ring = new PlaybackRing(rate, 1);
  ring.push(loud(1_000), "r1");
  const gap = render(ring, 20);
  expect(gap.at(-1)).toBe(0);
  expect(largestStep(gap.subarray(1))).toBeLessThan(0.02);
  expect(ring.push(loud(rate + 7), "r1")).toBe(7);
  render(ring, 200);
  expect([ring.reply, ring.heard]).toEqual(["r1", 1_000 + rate]);
});

/** A tone through the slicer, as one piece, and how many chunks it made. */
function slice(inputRate: number, hertz: number): { pcm: Int16Array; chunks: number } {
  const slicer = new CaptureSlicer(inputRate, rate);
  const chunks: Int16Array[] = [];
  for (let at = 0; at < inputRate; at += 128) {
    const block = Float32Array.from({ length: 128 }, (_, offset) => 0.5 * Math.sin((2 * Math.PI * hertz * (at + offset)) / inputRate));
    slicer.push(block, (chunk) => chunks.push(chunk));
  }
  return { pcm: Int16Array.from(chunks.flatMap((chunk) => [...chunk])), chunks: chunks.length };
}

const power = (pcm: Int16Array): number => Math.sqrt(pcm.reduce((sum, value) => sum + (value / 0x7fff) ** 2, 0) / pcm.length);
const crossings = (pcm: Int16Array): number =>
  pcm.reduce((count, value, at) => count + (at > 0 && value >= 0 && (pcm[at - 1] ?? 0) < 0 ? 1 : 0), 0);

test.each([24_000, 48_000, 44_100, 16_000])("a microphone of %i Hz arrives at 24 kHz, at its pitch and loudness", (inputRate) => {
  const { pcm, chunks } = slice(inputRate, 1_000);
  expect(chunks).toBe(inputRate === rate ? 50 : chunks);
  expect(chunks).toBeGreaterThanOrEqual(49);
  expect(power(pcm)).toBeCloseTo(0.5 / Math.SQRT2, 2);
  expect(Math.abs(crossings(pcm) / (pcm.length / rate) - 1_000)).toBeLessThan(3);
});

test("what 24 kHz cannot carry does not come back as another tone", () => {
  expect(power(slice(48_000, 15_000).pcm)).toBeLessThan(0.002);
});

test("the worklet's text stands alone, and registers both processors", () => {
  const registered = new Map<
    string,
    new (options: object) => { process(inputs: unknown, outputs: unknown): boolean; port: { onmessage?: (event: unknown) => void } }
  >();
  const sent: unknown[] = [];
  class AudioWorkletProcessor {
    port = { postMessage: (message: unknown) => sent.push(message) };
  }
  runInNewContext(workletSource(), {
    AudioWorkletProcessor,
    sampleRate: rate,
    registerProcessor: (name: string, made: never) => registered.set(name, made),
  });
  expect([...registered.keys()]).toEqual(["parley-microphone", "parley-speaker"]);

  const speaker = new (registered.get("parley-speaker")!)({ processorOptions: { sampleRate: rate } });
  speaker.port.onmessage?.({ data: { type: "play", pcm: loud(rate), reply: "r1" } });
  const block = new Float32Array(128);
  for (let count = 0; count < 10; count++) expect(speaker.process([], [[block]])).toBe(true);
  expect(block[0]).toBe(0.5);
  expect(sent).toEqual([{ reply: "r1", heard: 1_280, buffered: rate - 1_280 }]);

  const microphone = new (registered.get("parley-microphone")!)({ processorOptions: { sampleRate: rate } });
  for (let count = 0; count < 4; count++) microphone.process([[new Float32Array(128).fill(0.25)]], []);
  expect(sent[1]).toMatchObject({ level: 0.25 });
});

test.each([
  ["NotAllowedError", "permission-denied", "Allow the microphone"],
  ["NotFoundError", "no-microphone", "Connect a microphone"],
  ["NotReadableError", "microphone-busy", "other programs"],
  ["TypeError", "microphone-failed", ""],
])("%s is told as %s, with the way out", (name, code, remedy) => {
  expect(deviceError(new DOMException("x", name))).toMatchObject({ code, remedy: expect.stringContaining(remedy) });
});
