import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

test("a burst is let through, then so many in a second", () => {
  const limit = new RateLimit({ perSecond: 10, burst: 5 });
  const admitted = (from: number, to: number) => {
    let count = 0;
    for (let now = from; now < to; now++) if (limit.admit(now)) count++;
    return count;
  };
  expect(admitted(0, 5)).toBe(5);
  expect(admitted(5, 1005)).toBe(10);
  expect(admitted(101_005, 101_010)).toBe(5);
});

test("a clock that goes back gives no room", () => {
  const limit = new RateLimit({ perSecond: 10, burst: 1 });
  expect([limit.admit(1000), limit.admit(0), limit.admit(50), limit.admit(100)]).toEqual([true, false, false, true]);
});
