import { expect, test } from "vitest";
import { embeddedCalls } from "./capacity.ts";

test("a machine like the one measured holds four calls for each core", () => {
  expect(embeddedCalls({ cores: 2, cost: 0.05 })).toBe(8);
  expect(embeddedCalls({ cores: 16, cost: 0.05 })).toBe(64);
});

test("half the speed holds half the calls, and the slowest machine one", () => {
  expect(embeddedCalls({ cores: 2, cost: 0.1 })).toBe(4);
  expect(embeddedCalls({ cores: 1, cost: 2 })).toBe(1);
});

test("a measurement too good to be true does not promise the moon", () => {
  expect(embeddedCalls({ cores: 2, cost: 0 })).toBe(32);
});
