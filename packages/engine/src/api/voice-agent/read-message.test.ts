import { expect, test } from "vitest";
import { readMessage } from "./read-message.ts";

const read = (message: unknown) => readMessage(typeof message === "string" ? message : JSON.stringify(message));

test.each([
  ["{", "invalid_format", null, "not JSON"],
  ["", "invalid_format", null, "not JSON"],
  ["[]", "invalid_format", null, "not a JSON object"],
  ["null", "invalid_format", null, "not a JSON object"],
  ["{}", "invalid_format", "type", "no type"],
  ['{"type":7}', "invalid_format", "type", "no type"],
  ['{"type":"input.video"}', "invalid_format", "type", "Unknown message type: input.video"],
  ['{"type":"input.audio"}', "invalid_format", "audio", "Invalid message format for type 'input.audio': audio is missing"],
  ['{"type":"input.audio","audio":7}', "invalid_format", "audio", "not a text"],
  ['{"type":"session.update","session":7}', "invalid_format", "session", "session is not an object"],
  ['{"type":"session.resume"}', "invalid_format", "session_id", "session_id"],
  ['{"type":"tool.result","result":"x"}', "invalid_format", "call_id", "call_id"],
  ['{"type":"tool.result","call_id":"c"}', "invalid_format", "result", "result"],
  ['{"type":"conversation.message","role":"robot","content":"x"}', "invalid_value", "role", "user, system, assistant"],
  ['{"type":"reply.create","instructions":7}', "invalid_format", "instructions", "instructions"],
  [`{"type":"reply.create","x":${"[".repeat(100)}${"]".repeat(100)}}`, "invalid_format", null, "nested deeper"],
])("%s is refused", (text, code, param, words) => {
  expect(read(text)).toMatchObject({ ok: false, refusal: { code, param, message: expect.stringContaining(words) } });
});

test("audio is taken as it comes; what is in it is for the transport to say", () => {
  expect(read({ type: "input.audio", audio: "?" })).toEqual({ ok: true, event: { type: "input.audio", audio: "?" }, notes: [] });
});

test("a configuration beside the type is taken, and noted; without any the defaults count", () => {
  expect(read({ type: "session.update", system_prompt: "A", event_id: "e" })).toEqual({
    ok: true,
    event: { type: "session.update", update: { settings: { system_prompt: "A" }, unknown: ["event_id"] } },
    notes: [expect.stringContaining("beside the type"), expect.stringContaining("event_id")],
  });
  for (const bare of [{ type: "session.update" }, { type: "session.update", session: null }]) {
    expect(read(bare)).toEqual({ ok: true, event: { type: "session.update", update: { settings: {}, unknown: [] } }, notes: [] });
  }
});

test("a configuration under config is taken, and noted", () => {
  expect(read({ type: "session.update", config: { system_prompt: "A", extra: 1 } })).toEqual({
    ok: true,
    event: { type: "session.update", update: { settings: { system_prompt: "A" }, unknown: ["extra"] } },
    notes: [expect.stringContaining('under "config"'), expect.stringContaining("extra")],
  });
  expect(read({ type: "session.update", session: { system_prompt: "A" }, config: { system_prompt: "B" } })).toMatchObject({
    event: { update: { settings: { system_prompt: "A" } } },
    notes: [],
  });
});

test("each field without a meaning is a note of its own", () => {
  expect(read({ type: "session.update", session: { foo: 1, input: { bar: 2 } } })).toMatchObject({
    notes: ["a field without a meaning here was ignored: foo", "a field without a meaning here was ignored: input.bar"],
  });
});

test("a tool's result may be any JSON, and may name its call as another page of the documentation does", () => {
  const result = (message: object) => {
    const received = read({ type: "tool.result", ...message });
    return received.ok ? received.event : received.refusal;
  };
  expect(result({ tool_call_id: "c", result: { temp: 21 } })).toEqual({ type: "tool.result", call_id: "c", result: '{"temp":21}' });
  expect(result({ call_id: "c", result: "sunny", is_error: true })).toMatchObject({ result: "sunny", is_error: true });
  expect([
    result({ call_id: "c", result: 7 }),
    result({ call_id: "c", result: null }),
    result({ call_id: "c", result: [1] }),
  ]).toMatchObject([{ result: "7" }, { result: "null" }, { result: "[1]" }]);
});
