import { expect, test } from "vitest";
import { Arrivals } from "./arrivals.ts";

test("gaps over 40 ms between packets are counted, those of 40 ms are not", () => {
  const arrivals = new Arrivals();
  for (const at of [0, 20, 41, 81, 122, 140, 260]) arrivals.push(at);
  expect(arrivals.gapsMs).toEqual([20, 21, 40, 41, 18, 120]);
  expect(arrivals.over40Ms).toBe(2);
});

test("one packet makes no gap", () => {
  const arrivals = new Arrivals();
  arrivals.push(5);
  expect(arrivals.gapsMs).toEqual([]);
  expect(arrivals.over40Ms).toBe(0);
});
