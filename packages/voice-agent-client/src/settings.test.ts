import { expect, test } from "vitest";
import { socketAddress, tokenAddress } from "./address.ts";
import { misfit } from "./json-schema.ts";
import { readServerEvent } from "./server-event.ts";
import { mergeSettings } from "./settings.ts";
import { tool } from "./tool.ts";

test("changes merge into settings key by key; lists and null replace", () => {
  const before = { system_prompt: "a", input: { keyterms: ["x", "y"], turn_detection: { vad_threshold: 0.4, min_silence: 600 } } };
  const change = { input: { keyterms: ["z"], turn_detection: { min_silence: 800 } }, greeting: null };
  expect(mergeSettings(before, change)).toEqual({
    system_prompt: "a",
    greeting: null,
    input: { keyterms: ["z"], turn_detection: { vad_threshold: 0.4, min_silence: 800 } },
  });
  expect(before.input.keyterms).toEqual(["x", "y"]);
});

test.each([
  ["https://parley.example.com", "wss://parley.example.com/v1/ws", "https://parley.example.com/v1/token"],
  ["http://127.0.0.1:8080/", "ws://127.0.0.1:8080/v1/ws", "http://127.0.0.1:8080/v1/token"],
  ["wss://agents.example.com/v1/voice#x", "wss://agents.example.com/v1/voice", "https://agents.example.com/v1/token"],
])("%s leads to the socket and to the tokens", (url, socket, token) => {
  expect(socketAddress(url, undefined)).toBe(socket);
  expect(socketAddress(url, "a b")).toBe(`${socket}?token=a+b`);
  expect(tokenAddress(url).href).toBe(token);
});

test.each(["parley.example.com", "ftp://parley.example.com", ""])("%j is refused as an address", (url) => {
  expect(() => socketAddress(url, undefined)).toThrow(expect.objectContaining({ code: "bad-address" }));
});

test("older spellings are read, what lacks its parts is not", () => {
  const read = (event: object) => readServerEvent(JSON.stringify(event));
  expect(read({ type: "tool.call", call_id: "c", name: "n", args: { a: 1 } })).toEqual({
    type: "tool.call",
    call_id: "c",
    name: "n",
    arguments: { a: 1 },
  });
  expect(read({ type: "reply.started", reply_id: "r" })).toEqual({ type: "reply.started", reply_id: "r", item_id: "" });
  expect(read({ type: "reply.done", reply_id: "r" })).toEqual({ type: "reply.done", reply_id: "r", status: "completed" });
  expect(read({ type: "reply.started" })).toBeUndefined();
  expect(read({ type: "reply.content_part.started", reply_id: "r" })).toBeUndefined();
  expect(read({ type: "toString" })).toBeUndefined();
  expect(readServerEvent("[1]")).toBeUndefined();
  expect(readServerEvent("{")).toBeUndefined();
});

const parameters = {
  type: "object",
  properties: {
    city: { type: "string" },
    days: { type: "integer" },
    unit: { enum: ["c", "f"] },
    stops: { type: "array", items: { type: "object", properties: { id: { type: "number" } }, required: ["id"] } },
  },
  required: ["city"],
} as const;

test("a tool's arguments have the type of its schema", async () => {
  const made = tool({
    name: "plan",
    description: "Plans",
    parameters,
    run: ({ city, days, unit, stops }) => {
      // Each line compiles only while the types follow from the schema.
      const text: string = city;
      const count: number | undefined = days;
      const scale: "c" | "f" | undefined = unit;
      const ids: readonly number[] | undefined = stops?.map(({ id }) => id);
      return [text, count, scale, ids];
    },
  });
  const call = { callId: "c", signal: AbortSignal.abort() };
  expect(await made.run({ city: "Oslo", unit: "c", stops: [{ id: 4 }] }, call)).toEqual(["Oslo", undefined, "c", [4]]);
  await expect(made.run({ city: 4 }, call)).rejects.toThrow("arguments.city must be of type string");
});

test.each([
  [{ city: "Oslo", days: 1.5 }, "arguments.days must be of type integer"],
  [{ city: "Oslo", unit: "k" }, 'arguments.unit must be one of "c", "f"'],
  [{ city: "Oslo", stops: [{ id: 1 }, {}] }, "arguments.stops[1].id is missing"],
  [[], "arguments must be of type object"],
  [{ city: "Oslo", other: true }, undefined],
])("%j: %s", (value, expected) => {
  expect(misfit(parameters, value)).toBe(expected);
});
