import { expect, test } from "vitest";
import type { SessionEvent } from "../core/events.ts";
import { TurnLog, TurnRecord } from "./turn-log.ts";
import { toTurn } from "./turn-wire.ts";

const epochMs = 1_737_000_000_000;
const turns = (events: readonly SessionEvent[]): TurnRecord[] => {
  const log = new TurnLog(epochMs);
  return events.flatMap((event) => log.handle(event));
};
const wire = (events: readonly SessionEvent[]) => turns(events).map((turn) => toTurn({ agentId: "A", channel: "c" }, turn));

const asked: SessionEvent[] = [
  { type: "turn-start", at: 1100, turnId: 1, uid: "7" },
  { type: "turn-end", at: 2600, turnId: 1, uid: "7", text: "what time is it", startMs: 1000, endMs: 2000, by: "voice" },
  { type: "metric", at: 2600, turnId: 1, module: "asr", name: "ttlw", latencyMs: 600 },
];
const sounding: SessionEvent[] = [
  { type: "reply-start", at: 2850.4, turnId: 1, reply: 1, source: "llm", latencyMs: 850.4 },
  { type: "metric", at: 2850, turnId: 1, module: "llm", name: "ttfb", latencyMs: 90 },
  { type: "metric", at: 2850, turnId: 1, module: "llm", name: "ttfs", latencyMs: 120 },
  { type: "metric", at: 2850, turnId: 1, module: "tts", name: "ttfb", latencyMs: 80 },
  { type: "metric", at: 2850, turnId: 1, module: "total", name: "e2e", latencyMs: 850 },
];

test("a question that was answered is a turn with its times, and the parts of its latency add up to the whole", () => {
  expect(wire([...asked, ...sounding, { type: "reply-end", at: 4000, turnId: 1, reply: 1, text: "Noon.", playedMs: 1150 }])).toEqual([
    {
      agent_id: "A",
      channel: "c",
      turn_id: 1,
      start: { start_at: epochMs + 1000, type: "voice_input", metadata: { speech_duration_ms: 1000, interrupt_duration_ms: 0 } },
      end: { end_at: epochMs + 4000, type: "ok", metadata: { playback_duration_ms: 1150 } },
      metrics: {
        e2e_latency_ms: 850,
        segmented_latency_ms: { algorithm_processing: 50, asr_ttlw: 600, llm_ttft: 90, llm_ftfs: 30, tts_ttfb: 80 },
      },
    },
  ]);
});

test("who talks over the agent ends its turn, and the next says how long they had talked by then", () => {
  expect(
    wire([
      ...asked,
      ...sounding,
      { type: "reply-interrupted", at: 3300, turnId: 1, reply: 1, heard: "It is", text: "It is noon.", cause: "start_of_speech" },
      { type: "turn-start", at: 3300, turnId: 2, uid: "7" },
      { type: "turn-end", at: 4500, turnId: 2, uid: "7", text: "never mind", startMs: 3100, endMs: 4000, by: "voice" },
      { type: "reply-end", at: 5000, turnId: 2, reply: 2, text: "Fine.", playedMs: 100 },
    ]),
  ).toMatchObject([
    { turn_id: 1, end: { type: "interrupted", metadata: { caused_by: "start_of_speech" } } },
    { turn_id: 2, start: { type: "voice_input", metadata: { speech_duration_ms: 900, interrupt_duration_ms: 200 } } },
  ]);
});

test("greetings are counted; what the API says, thinks and what silence sets off have their own kinds", () => {
  const said = (turnId: number, source: "greeting" | "command" | "silence" | "llm"): SessionEvent[] => [
    { type: "reply-start", at: turnId * 100, turnId, reply: turnId, source, latencyMs: null },
    { type: "reply-end", at: turnId * 100 + 50, turnId, reply: turnId, text: "x", playedMs: 50 },
  ];
  const typed = (turnId: number, by: "text" | "command"): SessionEvent[] => [
    { type: "turn-end", at: turnId * 100, turnId, uid: "7", text: "x", startMs: 0, endMs: 0, by },
    ...said(turnId, "llm"),
  ];
  expect(
    wire([
      ...said(1, "greeting"),
      ...said(2, "greeting"),
      ...said(3, "command"),
      ...said(4, "silence"),
      ...said(5, "llm"),
      ...typed(6, "text"),
      ...typed(7, "command"),
    ]).map(({ start: { type, metadata } }) => ({ type, metadata })),
  ).toEqual([
    { type: "greeting", metadata: { greeting_nth: 1 } },
    { type: "greeting", metadata: { greeting_nth: 2 } },
    { type: "api_speak", metadata: { transport: "http" } },
    { type: "silence_timeout", metadata: { action: "speak" } },
    { type: "silence_timeout", metadata: { action: "think" } },
    { type: "api_think", metadata: { transport: "rtm" } },
    { type: "api_think", metadata: { transport: "http" } },
  ]);
});

test.each([
  ["start_of_speech", { caused_by: "start_of_speech" }],
  ["text", { caused_by: "api_interrupt", transport: "rtm" }],
  ["api_speak", { caused_by: "api_speak", transport: "http" }],
  ["api_interrupt", { caused_by: "api_interrupt", transport: "http" }],
  ["api_leave", { caused_by: "api_leave", transport: "http" }],
] as const)("an answer cut by %s says so", (cause, metadata) => {
  expect(wire([...asked, { type: "reply-interrupted", at: 2700, turnId: 1, reply: 1, heard: "", text: "", cause }])).toMatchObject([
    { end: { type: "interrupted", metadata } },
  ]);
});

test.each([
  ["llm", 502, { type: "error", metadata: { reason: "LLM_REQUEST_ERR", details: "it broke" } }],
  ["tts", 1008, { type: "error", metadata: { reason: "INTERNAL_ERR", details: "it broke" } }],
  ["session", 504, { type: "error", metadata: { reason: "INTERNAL_ERR", details: "it broke" } }],
  ["session", 400, { type: "ok" }],
  ["asr", 1007, { type: "ok" }],
] as const)("an error of %s, code %i, tells on the turn or not", (module, code, end) => {
  expect(
    wire([
      ...asked,
      { type: "error", at: 2700, turnId: 1, module, code, message: "it broke", remedy: "", cause: undefined },
      { type: "reply-end", at: 2800, turnId: 1, reply: 1, text: "", playedMs: 0 },
    ]),
  ).toMatchObject([{ end }]);
});

test("a noise is no turn, and its number serves the next", () => {
  expect(
    wire([
      { type: "turn-start", at: 0, turnId: 1, uid: "7" },
      { type: "turn-dropped", at: 10, turnId: 1, uid: "7" },
      { type: "reply-start", at: 20, turnId: 1, reply: 1, source: "command", latencyMs: null },
      { type: "reply-end", at: 30, turnId: 1, reply: 1, text: "x", playedMs: 10 },
    ]),
  ).toMatchObject([{ turn_id: 1, start: { type: "api_speak" } }]);
});

test("a call that ends in the middle of a turn ends the turn; one in which nobody was understood has none", () => {
  const unfinished: SessionEvent = { type: "turn-start", at: 3000, turnId: 2, uid: "7" };
  expect(turns([...asked, unfinished, { type: "closed", at: 3100, status: "STOPPED", reason: "OK" }])).toMatchObject([
    { turnId: 1, end: { type: "interrupted", cause: "api_leave" }, endedAt: epochMs + 3100 },
  ]);
  expect(turns([...asked, { type: "closed", at: 3100, status: "FAILED", reason: "Internal error" }])).toMatchObject([
    { end: { type: "error", module: "session", details: "Internal error" } },
  ]);
});

test("speech over the agent that does not count is a turn of its own, and the agent's goes on", () => {
  const ignored = (turnId: number, cause: "disable" | "keywords" | "semantic"): SessionEvent => ({
    type: "speech-ignored",
    at: 3400,
    turnId,
    uid: "7",
    text: "uh-huh",
    startMs: 3000,
    endMs: 3200,
    cause,
  });
  const events: SessionEvent[] = [
    ...asked,
    ...sounding,
    ignored(2, "semantic"),
    ignored(3, "keywords"),
    ignored(4, "disable"),
    { type: "reply-interrupted", at: 3700, turnId: 1, reply: 1, heard: "It is", text: "It is noon.", cause: "start_of_speech" },
    { type: "turn-start", at: 3700, turnId: 5, uid: "7" },
    { type: "turn-end", at: 4500, turnId: 5, uid: "7", text: "never mind", startMs: 3600, endMs: 4000, by: "voice" },
    { type: "reply-end", at: 5000, turnId: 5, reply: 2, text: "Fine.", playedMs: 100 },
  ];
  expect(wire(events)).toMatchObject([
    {
      turn_id: 2,
      start: { type: "voice_input", start_at: epochMs + 3000, metadata: { speech_duration_ms: 200, interrupt_duration_ms: 0 } },
      end: { type: "ignored", end_at: epochMs + 3200, metadata: { caused_by: "semantic" } },
    },
    { turn_id: 3, end: { type: "ignored", metadata: { caused_by: "keywords" } } },
    { turn_id: 4, end: { type: "ignored", metadata: { caused_by: "disable" } } },
    { turn_id: 1, end: { type: "interrupted" } },
    { turn_id: 5, start: { metadata: { interrupt_duration_ms: 100 } } },
  ]);
  for (const record of turns(events)) expect(TurnRecord.parse(record)).toEqual(record);
});

test("a word in between, while tools hold the answer, is no end of the turn", () => {
  const between: SessionEvent[] = [
    { type: "reply-begin", at: 2700, turnId: 1, reply: 1, trigger: "create" },
    { type: "reply-start", at: 2800, turnId: 1, reply: 1, source: "llm", latencyMs: null },
    { type: "reply-end", at: 3300, turnId: 1, reply: 1, text: "One moment.", playedMs: 500 },
    { type: "reply-begin", at: 5000, turnId: 1, reply: 2, trigger: "turn" },
    { type: "reply-start", at: 5200, turnId: 1, reply: 2, source: "llm", latencyMs: 3200 },
    { type: "reply-end", at: 6000, turnId: 1, reply: 2, text: "Noon.", playedMs: 800 },
  ];
  expect(wire([...asked, ...between])).toMatchObject([
    { turn_id: 1, end: { type: "ok", end_at: epochMs + 6000 }, metrics: { e2e_latency_ms: 3200 } },
  ]);
});

test("a fixed text that is cut, or fails, before its first sound is a turn; an answer that nobody asked for is none then", () => {
  const begin = (turnId: number, trigger: "command" | "create"): SessionEvent => ({
    type: "reply-begin",
    at: turnId * 1000,
    turnId,
    reply: turnId,
    trigger,
  });
  const cut = (turnId: number): SessionEvent => ({
    type: "reply-interrupted",
    at: turnId * 1000 + 50,
    turnId,
    reply: turnId,
    heard: "",
    text: "",
    cause: "api_speak",
  });
  expect(
    turns([
      begin(1, "command"),
      cut(1),
      begin(2, "command"),
      { type: "error", at: 2010, turnId: 2, module: "tts", code: 502, message: "no voice", remedy: "", cause: undefined },
      { type: "reply-end", at: 2020, turnId: 2, reply: 2, text: "", playedMs: 0 },
      begin(3, "create"),
      cut(3),
    ]),
  ).toMatchObject([
    { turnId: 1, start: { type: "speak" }, startedAt: epochMs + 1000, end: { type: "interrupted", cause: "api_speak" } },
    { turnId: 2, start: { type: "speak" }, end: { type: "error", module: "tts", details: "no voice" } },
  ]);
});
