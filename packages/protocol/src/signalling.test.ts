import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientMessage, ServerMessage } from "./signalling.ts";

const page = readFileSync(new URL("../../../docs/signalling.md", import.meta.url), "utf8");
const examples = (from: string, to: string): unknown[] =>
  [...page.slice(page.indexOf(from), page.indexOf(to)).matchAll(/```json\n(.+?)\n```/gs)].map((match): unknown =>
    JSON.parse(match[1] ?? ""),
  );
const typesOf = (union: typeof ClientMessage | typeof ServerMessage) => union.options.map((option) => option.shape.type.value).toSorted();

test("every message of a client has an example in the docs that fits its schema", () => {
  const messages = examples("## What the client sends", "## What the engine sends").map((example) => ClientMessage.parse(example));
  expect(messages.map((message) => message.type).toSorted()).toEqual(typesOf(ClientMessage));
});

test("every message of the engine has an example in the docs that fits its schema", () => {
  const messages = examples("## What the engine sends", "## Errors").map((example) => ServerMessage.parse(example));
  expect(messages.map((message) => message.type).toSorted()).toEqual(typesOf(ServerMessage));
});

test("whatever comes in place of a message is refused without an exception", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...typesOf(ClientMessage)), (value, type) => {
      const result = ClientMessage.safeParse(
        typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value, type } : value,
      );
      expect(typeof result.success).toBe("boolean");
    }),
  );
});
