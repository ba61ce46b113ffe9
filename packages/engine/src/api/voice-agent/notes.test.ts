import { expect, test } from "vitest";
import { Notes } from "./notes.ts";

test("a note is written once", () => {
  const notes = new Notes();
  expect(notes.fresh(["a", "b", "a"])).toEqual(["a", "b"]);
  expect(notes.fresh(["b", "c"])).toEqual(["c"]);
});

test("whatever a client sends, fifty short lines are written, and the last says so", () => {
  const notes = new Notes();
  const lines = Array.from({ length: 1000 }, (_, index) => notes.fresh([`${index} ${"x".repeat(index * 10)}`, "again"])).flat();
  expect(lines).toHaveLength(50);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(600);
  expect(lines.at(-1)).toContain("whatever follows is not noted");
});
