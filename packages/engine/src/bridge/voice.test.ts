import fc from "fast-check";
import { expect, test } from "vitest";
import { Voice } from "./voice.ts";

const numbered = (from: number, samples: number) => Int16Array.from({ length: samples }, (_, index) => 1 + ((from + index) % 30_000));
const frames = (voice: Voice, count: number) => Array.from({ length: count }, () => voice.take());
const sound = (pcm: Int16Array) => [...pcm].filter((sample) => sample !== 0);

test("whatever bursts it comes in, every sample goes out once, in order, 20 ms at a time", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ samples: fc.nat(3000), ticks: fc.nat(12) }), { minLength: 1, maxLength: 30 }), (bursts) => {
      const voice = new Voice();
      const out: number[] = [];
      let pushed = 0;
      const take = () => {
        const { pcm } = voice.take();
        expect(pcm).toHaveLength(480);
        out.push(...sound(pcm));
      };
      for (const { samples, ticks } of bursts) {
        voice.push("a", numbered(pushed, samples));
        pushed += samples;
        for (let tick = 0; tick < ticks; tick += 1) take();
      }
      voice.end("a");
      for (let tick = 0; tick < 300; tick += 1) take();
      expect(out).toEqual([...numbered(0, pushed)]);
    }),
  );
});

test("a reply waits for its cushion of 60 ms, a short one for the same time, and its end is told once", () => {
  const voice = new Voice();
  voice.push("a", numbered(0, 480));
  expect(frames(voice, 5).map(({ began }) => began)).toEqual([undefined, undefined, undefined, "a", undefined]);
  voice.push("b", numbered(0, 1440));
  voice.end("a");
  voice.end("b");
  const taken = frames(voice, 6);
  expect(taken[0]).toMatchObject({ began: "b", ended: [{ id: "a", playedMs: 20 }] });
  expect(taken.flatMap(({ ended }) => ended)).toEqual([
    { id: "a", playedMs: 20 },
    { id: "b", playedMs: 60 },
  ]);
});

test("a reply without any sound is over at once", () => {
  const voice = new Voice();
  voice.end("a");
  expect(voice.take()).toMatchObject({ began: undefined, ended: [{ id: "a", playedMs: 0 }] });
});

test("a cut fades within five milliseconds, then there is silence, and says how much was played", () => {
  const voice = new Voice();
  voice.push("a", new Int16Array(24_000).fill(10_000));
  voice.push("b", new Int16Array(24_000).fill(10_000));
  frames(voice, 10);
  expect(voice.clear()).toEqual([
    { id: "a", playedMs: 205 },
    { id: "b", playedMs: 0 },
  ]);
  const [fade, ...rest] = frames(voice, 5);
  expect(fade!.pcm.subarray(0, 120).every((sample, index) => sample > 0 && sample <= 10_000 * (1 - index / 120) + 1)).toBe(true);
  expect(sound(fade!.pcm.subarray(120))).toEqual([]);
  expect(rest.every(({ pcm }) => sound(pcm).length === 0)).toBe(true);
});

test("a flood has a bound of five minutes", () => {
  const voice = new Voice();
  const minute = new Int16Array(24_000 * 60);
  expect(Array.from({ length: 6 }, () => voice.push("a", minute))).toEqual([true, true, true, true, true, false]);
});

test("a reply whose end is never told holds up no other", () => {
  const voice = new Voice();
  voice.push("a", numbered(0, 1440));
  frames(voice, 3);
  voice.push("b", numbered(0, 1440));
  expect(frames(voice, 3)[0]).toMatchObject({ began: "b", ended: [{ id: "a", playedMs: 60 }] });
});
