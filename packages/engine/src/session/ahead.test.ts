import fc from "fast-check";
import { expect, test } from "vitest";
import { ahead } from "./ahead.ts";

/** Tells how far it was read. */
function script(pieces: readonly string[], failure?: Error) {
  const read: string[] = [];
  let closed = false;
  async function* text() {
    try {
      for (const piece of pieces) {
        read.push(piece);
        yield piece;
      }
      if (failure !== undefined) throw failure;
    } finally {
      closed = true;
    }
  }
  return { text: text(), read, isClosed: () => closed };
}

const turns = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve));

test("everything comes, once and in order, whatever may wait", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string()), fc.integer({ min: 1, max: 20 }), async (pieces, limit) => {
      const got: string[] = [];
      for await (const piece of ahead(script(pieces).text, limit)) got.push(piece);
      expect(got).toEqual(pieces);
    }),
  );
});

test("the text is read before its reader asks for more, as far as may wait", async () => {
  const { text, read } = script(["one", "two", "three", "four", "five"]);
  const reader = ahead(text, 8);
  await reader.next();
  await turns();
  expect(read).toEqual(["one", "two", "three"]);
  await reader.return();
  await turns();
});

test("a reader who goes lets the text go; a failure comes after what came before it", async () => {
  const left = script(["one", "two", "three"]);
  const reader = ahead(left.text, 1);
  await reader.next();
  await reader.return();
  await turns();
  expect(left.isClosed()).toBe(true);
  const got: string[] = [];
  const failing = async (): Promise<void> => {
    for await (const piece of ahead(script(["one", "two"], new Error("broken")).text, 100)) got.push(piece);
  };
  await expect(failing()).rejects.toThrow("broken");
  expect(got).toEqual(["one", "two"]);
});
