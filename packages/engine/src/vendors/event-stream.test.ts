import fc from "fast-check";
import { expect, test } from "vitest";
import { eventData, EventTooLong } from "./event-stream.ts";

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text;
}

async function read(...texts: readonly (string | Uint8Array)[]): Promise<string[]> {
  return collect(eventData(pieces(...texts)));
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test("events end at an empty line, with or without the space after the colon", async () => {
  expect(await read('data: {"a":1}\n\ndata:{"b":2}\n\ndata: [DONE]\n\n')).toEqual(['{"a":1}', '{"b":2}', "[DONE]"]);
});

test("comments and other fields are not data", async () => {
  expect(await read(": waiting\n\nevent: message\nid: 7\nretry: 10\ndata: x\n\n")).toEqual(["x"]);
});

test("an event of several data lines is one", async () => {
  expect(await read('data: {"a":\ndata: 1}\n\n')).toEqual(['{"a":\n1}']);
});

test("a bare line that holds an object counts, as servers write errors after the head is out", async () => {
  expect(await read('data: x\n\n{"error": "over quota"}\n\ndata: [DONE]\n\n')).toEqual(["x", '{"error": "over quota"}', "[DONE]"]);
});

test("the last event may lack its empty line", async () => {
  expect(await read("data: x\n\ndata: y")).toEqual(["x", "y"]);
});

test("an endless line is refused", async () => {
  await expect(read("data: ", "x".repeat(700_000), "x".repeat(700_000))).rejects.toBeInstanceOf(EventTooLong);
  await expect(read(...Array.from({ length: 20 }, () => `data: ${"x".repeat(100_000)}\n`))).rejects.toBeInstanceOf(EventTooLong);
});

test("it does not matter where the network cuts, within letters and line ends too", async () => {
  const texts = fc.array(
    fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replace(/[\r\n\u2028\u2029]/g, "·")),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat(200), { maxLength: 12 }), async (events, end, cuts) => {
      const bytes = Buffer.from(events.map((event) => `data: ${event}${end}${end}`).join(""));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((one, other) => one - other), bytes.length];
      const parts = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      expect(await read(...parts)).toEqual(events);
    }),
    { numRuns: 300, seed: 11 },
  );
});
