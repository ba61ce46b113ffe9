import fc from "fast-check";
import { expect, test } from "vitest";

import { readRed, Redundancy, writeRed } from "./red.ts";

const blocks = fc
  .array(
    fc.record({
      payloadType: fc.integer({ min: 0, max: 127 }),
      timestampOffset: fc.integer({ min: 0, max: 0x3fff }),
      payload: fc.uint8Array({ maxLength: 1023 }),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .map((list) => list.map((block, index) => (index === list.length - 1 ? { ...block, timestampOffset: 0 } : block)));

function texts(payload: Uint8Array): [number, string][] {
  return (readRed(payload) ?? []).map((block) => [block.timestampOffset, Buffer.from(block.payload).toString()]);
}

test("RED reads back what was written", () => {
  fc.assert(
    fc.property(blocks, (list) => {
      const read = readRed(writeRed(list));
      expect(read?.map((block) => ({ ...block, payload: [...block.payload] }))).toEqual(
        list.map((block) => ({ ...block, payload: [...block.payload] })),
      );
    }),
  );
});

test("RED reads any bytes without an exception, and never beyond them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (input) => {
      const total = (readRed(input) ?? []).reduce((sum, { payload }) => sum + payload.length, 0);
      expect(total).toBeLessThan(Math.max(1, input.length));
    }),
    { numRuns: 3000 },
  );
});

test("a copy that the header cannot hold is an error when written by hand, and left out by Redundancy", () => {
  const own = { payloadType: 111, timestampOffset: 0, payload: Buffer.from("own") };
  expect(() => writeRed([{ payloadType: 111, timestampOffset: 0x4000, payload: Buffer.of(1) }, own])).toThrow("does not fit");
  expect(() => writeRed([{ payloadType: 111, timestampOffset: 960, payload: Buffer.alloc(1024) }, own])).toThrow("does not fit");
  const redundancy = new Redundancy();
  redundancy.push(0, Buffer.from("long ago"));
  redundancy.push(48_000, Buffer.alloc(1024));
  redundancy.push(48_960, Buffer.from("own"));
  expect(texts(redundancy.pack(111, 2))).toEqual([[0, "own"]]);
});

test("each receiver gets as many copies as it asks for, also across the wrap of the timestamp", () => {
  const redundancy = new Redundancy();
  for (const [index, text] of ["a", "b", "c", "d"].entries()) redundancy.push((0xffff_ff00 + index * 960) >>> 0, Buffer.from(text));
  expect(texts(redundancy.pack(111, 0))).toEqual([[0, "d"]]);
  expect(texts(redundancy.pack(111, 1))).toEqual([
    [960, "c"],
    [0, "d"],
  ]);
  expect(texts(redundancy.pack(111, 2))).toEqual([
    [1920, "b"],
    [960, "c"],
    [0, "d"],
  ]);
  expect(texts(redundancy.pack(111, 9))).toEqual([
    [2880, "a"],
    [1920, "b"],
    [960, "c"],
    [0, "d"],
  ]);
});
