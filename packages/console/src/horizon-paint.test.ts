import { expect, test } from "vitest";
import { heightOf } from "./horizon-paint.ts";

test("silence has no height, full scale has all of it, and louder is never lower", () => {
  expect(heightOf(0)).toBe(0);
  expect(heightOf(0.001)).toBe(0);
  expect(heightOf(1)).toBe(1);
  const heights = Array.from({ length: 100 }, (_, index) => heightOf(index / 100));
  expect(heights).toEqual(heights.toSorted((a, b) => a - b));
});
