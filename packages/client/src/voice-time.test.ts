import { expect, test } from "vitest";
import { VoiceTime } from "./voice-time.ts";

test("a timestamp is at its distance from the one that was dated, 48 in a millisecond", () => {
  const time = new VoiceTime({ rtpTimestamp: 960, ms: 20_000 });
  expect(time.at(960)).toBe(20_000);
  expect(time.at(960 + 48_000)).toBe(21_000);
  expect(time.at(960 + 24_000)).toBe(20_500);
});

test("time goes on where timestamps wrap", () => {
  const time = new VoiceTime({ rtpTimestamp: 0xffff_ffff - 47, ms: 1_000 });
  expect(time.at(0)).toBe(1_001);
  expect(time.at(48 * 60_000)).toBe(61_001);
});
