import { expect, test } from "vitest";
import { reconnectDelay } from "./reconnect.ts";

test("waits grow from a quarter of a second to four, half of each is random, and they end", () => {
  expect([0, 1, 2, 3, 4, 9].map((attempt) => reconnectDelay(attempt, 0, 1000, 1))).toEqual([250, 500, 1000, 2000, 4000, 4000]);
  expect(reconnectDelay(2, 0, 1000, 0)).toBe(500);
  expect(reconnectDelay(0, 999, 1000, 0)).toBe(125);
  expect(reconnectDelay(0, 1000, 1000, 0)).toBeUndefined();
  expect(reconnectDelay(0, 0, 0, 0)).toBeUndefined();
});
