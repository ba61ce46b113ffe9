import fc from "fast-check";
import { expect, test } from "vitest";
import { type CallPiece, Calls } from "./openai-calls.ts";

function assemble(pieces: readonly CallPiece[]): Calls["finished"] {
  const calls = new Calls();
  for (const piece of pieces) calls.push(piece);
  return calls.finished;
}

test("arguments come in pieces, id and name with the first", () => {
  expect(
    assemble([
      { index: 0, id: "a", function: { name: "weather", arguments: "" } },
      { index: 0, function: { arguments: '{"ci' } },
      { index: 0, function: { arguments: 'ty":"Oslo"}' } },
    ]),
  ).toEqual([{ id: "a", name: "weather", arguments: { city: "Oslo" } }]);
});

test.each<[string, CallPiece[]]>([
  [
    "interleaved, by index",
    [
      { index: 0, id: "a", function: { name: "one", arguments: '{"n"' } },
      { index: 1, id: "b", function: { name: "two", arguments: '{"n"' } },
      { index: 0, function: { arguments: ":1}" } },
      { index: 1, function: { arguments: ":2}" } },
    ],
  ],
  [
    "whole, all with index 0",
    [
      { index: 0, id: "a", function: { name: "one", arguments: '{"n":1}' } },
      { index: 0, id: "b", function: { name: "two", arguments: '{"n":2}' } },
    ],
  ],
  [
    "without an index",
    [
      { id: "a", function: { name: "one", arguments: '{"n"' } },
      { id: "a", function: { arguments: ":1}" } },
      { id: "b", function: { name: "two", arguments: '{"n":2}' } },
    ],
  ],
  [
    "another id with each piece",
    [
      { index: 0, id: "a", function: { name: "one", arguments: '{"n"' } },
      { index: 0, id: "x", function: { arguments: ":1}" } },
      { index: 1, id: "b", function: { name: "two", arguments: '{"n":2}' } },
    ],
  ],
  [
    "arguments as an object",
    [
      { index: 0, id: "a", function: { name: "one", arguments: { n: 1 } } },
      { index: 1, id: "b", function: { name: "two", arguments: { n: 2 } } },
    ],
  ],
])("several calls, %s", (_how, pieces) => {
  expect(assemble(pieces)).toEqual([
    { id: "a", name: "one", arguments: { n: 1 } },
    { id: "b", name: "two", arguments: { n: 2 } },
  ]);
});

test("calls without index and id are told apart by their names", () => {
  expect(
    assemble([
      { function: { name: "one", arguments: "{}" } },
      { function: { name: "two", arguments: '{"n":' } },
      { function: { arguments: "2}" } },
    ]),
  ).toEqual([
    { id: "", name: "one", arguments: {} },
    { id: "", name: "two", arguments: { n: 2 } },
  ]);
});

test("no arguments are an empty object; a piece without any name is nothing", () => {
  expect(
    assemble([
      { index: 0, id: "a", function: { name: "one" } },
      { index: 1, id: "b" },
    ]),
  ).toEqual([{ id: "a", name: "one", arguments: {} }]);
});

test.each(['{"city": "Os', "[1]", '"text"', "null"])("arguments that are no object are a fault, and no broken call: %s", (text) => {
  const [call] = assemble([{ index: 0, id: "a", function: { name: "weather", arguments: text } }]);
  expect(call?.arguments).toEqual({});
  expect(call?.fault).toBe(`weather was not called: its arguments are not a JSON object: ${text}`);
});

test("arguments without end are cut off with a fault", () => {
  const calls = new Calls();
  for (let piece = 0; piece < 10; piece += 1)
    calls.push({ index: 0, id: "a", function: { name: "weather", arguments: "x".repeat(10_000) } });
  expect(calls.finished[0]?.fault).toMatch(/more than 65536 characters/);
});

test("however the arguments are cut into pieces, they come out whole", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4, noNullPrototype: true }), fc.array(fc.nat(30)), (given, cuts) => {
      let rest = JSON.stringify(given);
      const pieces: CallPiece[] = [{ index: 0, id: "a", function: { name: "f", arguments: "" } }];
      for (const cut of cuts) {
        pieces.push({ index: 0, function: { arguments: rest.slice(0, cut) } });
        rest = rest.slice(cut);
      }
      pieces.push({ index: 0, function: { arguments: rest } });
      // Through JSON, as it arrives: -0 becomes 0.
      expect(assemble(pieces)[0]).toEqual({ id: "a", name: "f", arguments: JSON.parse(JSON.stringify(given)) as unknown });
    }),
  );
});
