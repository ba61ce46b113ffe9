import specs from "@asyncapi/specs";
import { voiceAgent } from "@parley/protocol";
import { Ajv } from "ajv";
import fc from "fast-check";
import pino from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { addDocs } from "../docs.ts";
import { createServer } from "../server.ts";
import { asyncApi, socketMessages } from "./asyncapi.ts";

const document = asyncApi({ version: "1.2.3", host: "localhost:8080", secure: false });

test("the document is valid AsyncAPI 3.0", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(z.looseObject({}).parse(specs.schemasWithoutId["3.0.0"]));
  expect([validate(document), validate.errors]).toEqual([true, null]);
  expect(validate({ ...document, channels: { session: { address: 7 } } })).toBe(false);
});

test("every reference leads somewhere", () => {
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path.split("/"));
  expect(references.length).toBeGreaterThan(40);
  for (const path of references) {
    const found = path.reduce<unknown>(
      (value, step) => (typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined),
      document,
    );
    expect([path, found === undefined]).toEqual([path, false]);
  }
});

test("every message of the socket is in it, with the fields that its schema has", () => {
  const Components = z.object({
    components: z.object({ messages: z.record(z.string(), z.object({ payload: z.looseObject({}), summary: z.string().min(10) })) }),
  });
  const { messages } = Components.parse(document).components;
  const options = [...voiceAgent.ClientEvent.options, ...voiceAgent.ServerEvent.options];
  expect(Object.keys(messages)).toEqual(options.map(({ shape }) => shape.type.value));
  for (const { shape } of options) {
    const { properties } = z.looseObject({ properties: z.record(z.string(), z.unknown()) }).parse(messages[shape.type.value]?.payload);
    expect(Object.keys(properties)).toEqual(Object.keys(shape));
  }
});

test("the document takes what the engine takes, and refuses the same", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const byName = new Map(socketMessages().map(({ name, payload }) => [name, ajv.compile(payload)]));
  const examples = [
    {
      type: "session.update",
      session: { system_prompt: "Hi", input: { keyterms: ["a"], turn_detection: { min_silence: 400 } }, tools: [{ name: "a" }] },
    },
    { type: "session.update", session: { input: { turn_detection: { min_silence: 49 } } } },
    { type: "session.update" },
    { type: "session.end" },
    { type: "input.audio", audio: "" },
    { type: "input.audio", audio: "AAAA" },
    { type: "tool.result", call_id: "c", result: "r", is_error: null },
    { type: "tool.result", call_id: "c", result: 7 },
    { type: "conversation.message", role: "robot", content: "" },
    { type: "reply.create", instructions: null },
  ];
  for (const example of examples) {
    expect([example, byName.get(example.type)?.(example)]).toEqual([example, voiceAgent.ClientEvent.safeParse(example).success]);
  }
  fc.assert(
    fc.property(fc.record({ type: fc.constant("reply.cancel"), reply_id: fc.jsonValue() }), (message) => {
      expect(byName.get("reply.cancel")?.(message)).toBe(voiceAgent.ClientEvent.safeParse(message).success);
    }),
  );
});

test("it is served under the address that it was asked at, and /docs shows every message", async () => {
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => [] });
  addDocs(server, "1.2.3");
  const answer = await server.inject({ url: "/asyncapi.json", headers: { host: "voice.example:8443", "x-forwarded-proto": "https" } });
  expect(answer.json()).toMatchObject({
    asyncapi: "3.0.0",
    info: { version: "1.2.3" },
    servers: { engine: { host: "voice.example:8443", protocol: "wss" } },
  });
  const page = (await server.inject("/docs")).body;
  for (const { name } of socketMessages()) expect(page).toContain(`>${name}<`);
  for (const code of voiceAgent.SessionErrorCode.options) expect(page).toContain(`<code>${code}</code>`);
});
