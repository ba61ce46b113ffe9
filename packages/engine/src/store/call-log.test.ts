import { expect, test } from "vitest";
import type { SessionEvent } from "../core/events.ts";
import { CallLog, type CallRows } from "./call-log.ts";

const epochMs = 1_737_000_000_000;
const keep = (events: readonly SessionEvent[]): CallRows => {
  const log = new CallLog(epochMs);
  const rows = events.map((event) => log.handle(event));
  return { entries: rows.flatMap(({ entries }) => entries), turns: rows.flatMap(({ turns }) => turns) };
};

test("a greeting is a turn of the agent that nobody asked for", () => {
  expect(
    keep([
      { type: "reply-start", at: 500, turnId: 1, reply: 1, source: "greeting", latencyMs: null },
      { type: "reply-end", at: 1500, turnId: 1, reply: 1, text: "Hello!", playedMs: 1000 },
    ]),
  ).toEqual({
    entries: [
      { number: 1, turnId: 1, role: "assistant", content: "Hello!", source: "greeting", uid: "", interrupted: false, at: epochMs + 1500 },
    ],
    turns: [
      {
        turnId: 1,
        start: { type: "greeting", nth: 1 },
        startedAt: epochMs + 500,
        end: { type: "ok", playedMs: 1000 },
        endedAt: epochMs + 1500,
        metrics: {},
      },
    ],
  });
});

test("a question and its answer are one turn, with its figures", () => {
  const { entries, turns } = keep([
    { type: "turn-start", at: 1000, turnId: 2, uid: "7" },
    { type: "turn-end", at: 2600, turnId: 2, uid: "7", text: "what time is it", startMs: 1000, endMs: 2000, by: "voice" },
    { type: "metric", at: 2600, turnId: 2, module: "asr", name: "ttlw", latencyMs: 600 },
    { type: "reply-start", at: 2700, turnId: 2, reply: 2, source: "llm", latencyMs: 700.4 },
    { type: "metric", at: 2700, turnId: 2, module: "llm", name: "ttfb", latencyMs: 20 },
    { type: "reply-end", at: 4000, turnId: 2, reply: 2, text: "Noon.", playedMs: 1300 },
  ]);
  expect(entries.map(({ number, role, content, source }) => [number, role, content, source])).toEqual([
    [1, "user", "what time is it", "asr"],
    [2, "assistant", "Noon.", "llm"],
  ]);
  expect(turns).toMatchObject([{ turnId: 2, start: { type: "voice" }, metrics: { e2eMs: 700, asrTtlwMs: 600, llmTtfbMs: 20 } }]);
});

test("speech that nothing answers is kept where it is remembered", () => {
  const ignored = {
    type: "speech-ignored",
    at: 900,
    turnId: 2,
    uid: "7",
    text: "I am Ada",
    startMs: 100,
    endMs: 800,
    cause: "disable",
  } as const;
  expect(keep([ignored]).entries).toEqual([]);
  const { entries, turns } = keep([{ ...ignored, remembered: true }]);
  expect(entries).toMatchObject([{ turnId: 2, role: "user", content: "I am Ada", source: "asr", uid: "7" }]);
  expect(turns).toMatchObject([{ turnId: 2, end: { type: "ignored", cause: "disable" } }]);
});

test("an answer that was cut holds what was heard, and what would have been said", () => {
  const { entries, turns } = keep([
    { type: "turn-end", at: 100, turnId: 1, uid: "7", text: "count", startMs: 0, endMs: 90, by: "text" },
    { type: "reply-interrupted", at: 900, turnId: 1, reply: 1, heard: "one two", text: "one two three", cause: "api_interrupt" },
  ]);
  expect(entries[1]).toMatchObject({ content: "one two", original: "one two three", interrupted: true });
  expect(turns).toMatchObject([{ start: { type: "text" }, end: { type: "interrupted", cause: "api_interrupt" } }]);
});

test("a thought that is cut before its first word leaves a turn and no entry of the agent", () => {
  const { entries, turns } = keep([
    { type: "turn-end", at: 100, turnId: 1, uid: "7", text: "count", startMs: 0, endMs: 90, by: "voice" },
    { type: "reply-interrupted", at: 900, turnId: 1, reply: 1, heard: "", text: "", cause: "start_of_speech" },
  ]);
  expect(entries).toHaveLength(1);
  expect(turns).toMatchObject([{ end: { type: "interrupted", cause: "start_of_speech" } }]);
});

test("a language model that fails makes its turn an error; a noise makes none", () => {
  const { entries, turns } = keep([
    { type: "turn-start", at: 0, turnId: 1, uid: "7" },
    { type: "turn-dropped", at: 10, turnId: 1, uid: "7" },
    { type: "turn-end", at: 100, turnId: 2, uid: "7", text: "hello", startMs: 0, endMs: 90, by: "voice" },
    { type: "error", at: 200, turnId: 2, module: "llm", code: 502, message: "m", remedy: "r", cause: undefined },
    { type: "reply-end", at: 300, turnId: 2, reply: 2, text: "", playedMs: 0 },
  ]);
  expect(entries).toHaveLength(1);
  expect(turns).toMatchObject([{ turnId: 2, end: { type: "error", module: "llm" } }]);
});

test("a fixed text that is cut before its first sound is kept as the API's, not as the model's", () => {
  const { entries } = keep([
    { type: "reply-begin", at: 500, turnId: 1, reply: 1, trigger: "command" },
    { type: "reply-interrupted", at: 550, turnId: 1, reply: 1, heard: "", text: "Dinner is ready.", cause: "api_interrupt" },
  ]);
  expect(entries).toMatchObject([{ source: "command", content: "", original: "Dinner is ready.", interrupted: true }]);
});
