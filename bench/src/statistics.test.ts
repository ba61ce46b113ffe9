import fc from "fast-check";
import { expect, test } from "vitest";
import { percentile, summarise } from "./statistics.ts";

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test("percentiles are by nearest rank", () => {
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.95)).toBe(95);
  expect(percentile(hundred, 0.999)).toBe(100);
  expect(percentile([7], 0.999)).toBe(7);
  expect(summarise([3, 1, 2])).toEqual({ count: 3, min: 1, p50: 2, p95: 3, max: 3 });
});

test("a percentile is a value that was measured, and at least its share lies at or below it", () => {
  const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (measured, quantile) => {
      const value = percentile(measured, quantile);
      expect(measured).toContain(value);
      expect(measured.filter((other) => other <= value).length).toBeGreaterThanOrEqual(quantile * measured.length - 1e-9);
    }),
  );
});

test("nothing has no percentile", () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});
