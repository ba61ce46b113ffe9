import fc from "fast-check";
import { expect, test } from "vitest";
import { firstDelayMs, giveUpMs, maxDelayMs, reconnectDelay } from "./reconnect.ts";

test("waits grow from a quarter of a second to four", () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => reconnectDelay(attempt, 0, 1))).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
});

test("half of a wait is random", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const delayMs = reconnectDelay(attempt, 0, random) ?? Number.NaN;
      const full = Math.min(maxDelayMs, firstDelayMs * 2 ** attempt);
      expect(delayMs).toBeGreaterThanOrEqual(full / 2);
      expect(delayMs).toBeLessThanOrEqual(full);
    }),
  );
});

test("after a minute it is time to give up", () => {
  expect(reconnectDelay(3, giveUpMs - 1, 0)).toBe(1_000);
  expect(reconnectDelay(3, giveUpMs, 0)).toBeUndefined();
});
