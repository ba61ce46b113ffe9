import { expect, test } from "vitest";
import { readClientMessage } from "./client-messages.ts";

test.each([
  ["interrupted", "interrupt"],
  ["INTERRUPT", "interrupt"],
  ["interrupt", "interrupt"],
  ["APPEND", "append"],
  ["append", "append"],
  ["ignore", "ignore"],
  ["IGNORE", "ignore"],
])("typed text with the priority %s is %s", (priority, expected) => {
  expect(readClientMessage("user.transcription", JSON.stringify({ priority, interruptable: true, message: "hello" }))).toEqual({
    type: "text",
    text: "hello",
    priority: expected,
  });
});

test("typed text without a priority interrupts, as speech does", () => {
  expect(readClientMessage("user.transcription", '{"message":"hello"}')).toEqual({ type: "text", text: "hello", priority: "interrupt" });
});

test("an interruption is one by its kind or by its body", () => {
  expect(readClientMessage("message.interrupt", "{}")).toEqual({ type: "interrupt" });
  expect(readClientMessage("message.interrupt", "")).toEqual({ type: "interrupt" });
  expect(readClientMessage("user.transcription", '{"customType":"message.interrupt"}')).toEqual({ type: "interrupt" });
});

test.each([
  ["user.transcription", "hello"],
  ["user.transcription", "{}"],
  ["user.transcription", '{"message":""}'],
  ["user.transcription", '{"message":"x","priority":"now"}'],
  ["image.upload", "{}"],
])("%s with %s is told what is wrong", (kind, body) => {
  expect(readClientMessage(kind, body)).toMatchObject({ type: "invalid" });
});

test("marks of the start and the end of speech name their request", () => {
  expect(readClientMessage("user.manual_sos", '{"request_id":"sos-1"}')).toEqual({ type: "mark", mark: "start", requestId: "sos-1" });
  expect(readClientMessage("user.manual_eos", '{"request_id":"eos-1"}')).toEqual({ type: "mark", mark: "end", requestId: "eos-1" });
  expect(readClientMessage("user.manual_eos", "{}")).toMatchObject({ type: "invalid" });
});
