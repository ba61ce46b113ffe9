import { expect, test } from "vitest";
import type { Clock } from "../session/clock.ts";
import { watchLateness } from "./lateness.ts";
import type { Transport } from "./transport.ts";

test("frames that are a frame late or more are noticed, and all are passed on", async () => {
  let now = 0;
  const written: number[] = [];
  const clock: Clock = { now: () => now, at: () => () => {}, everyFrame: () => () => {} };
  const inner = {
    caps: { sampleRate: 24_000, leadMs: 0, perUserAudio: true, playoutReports: true, messages: true },
    frames: [],
    events: [],
    write: ({ at }: { at: number }) => written.push(at),
  } as unknown as Transport;
  const late: number[] = [];
  const transport = await watchLateness(
    async () => inner,
    (ms) => late.push(ms),
  )(clock, new AbortController().signal);

  for (const [at, time] of [
    [0, 4],
    [20, 39],
    [40, 60],
    [60, 130],
  ] as const) {
    now = time;
    transport.write({ at, pcm: new Int16Array(0) });
  }
  expect(written).toEqual([0, 20, 40, 60]);
  expect(late).toEqual([20, 70]);
});
