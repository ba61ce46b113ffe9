import { AgentMessage } from "@parley/protocol";
import { expect, test } from "vitest";
import type { SessionEvent } from "../../core/events.ts";
import { Messages, type MessagesOptions } from "./messages.ts";

const epochMs = 1_767_000_000_000;
const translate = (events: readonly SessionEvent[], options: Partial<MessagesOptions> = {}): AgentMessage[] => {
  const messages = new Messages({ agentId: "AGENT", language: "en-US", words: false, metrics: false, errors: false, epochMs, ...options });
  const sent = events.flatMap((event) => messages.handle(event));
  for (const message of sent) AgentMessage.parse(message);
  return sent;
};
const kinds = (messages: readonly AgentMessage[]) => messages.map(({ object }) => object);

const turn: SessionEvent[] = [
  { type: "turn-start", at: 12_040, turnId: 2, uid: "1002" },
  { type: "transcript", at: 12_600, turnId: 2, uid: "1002", text: "what is", startMs: 12_040, endMs: 12_500 },
  { type: "turn-end", at: 13_580, turnId: 2, uid: "1002", text: "What is the weather?", startMs: 12_040, endMs: 12_940, by: "voice" },
  { type: "reply-start", at: 14_100, turnId: 2, reply: 2, source: "llm", latencyMs: 1160 },
  { type: "metric", at: 14_100, turnId: 2, module: "asr", name: "ttlw", latencyMs: 640 },
  { type: "metric", at: 14_100, turnId: 2, module: "llm", name: "ttfb", latencyMs: 300 },
  { type: "metric", at: 14_100, turnId: 2, module: "llm", name: "ttfs", latencyMs: 420 },
  { type: "metric", at: 14_100, turnId: 2, module: "tts", name: "ttfb", latencyMs: 90 },
  {
    type: "reply-text",
    at: 14_100,
    turnId: 2,
    reply: 2,
    text: "It is",
    words: [
      { text: "It", startMs: 14_100.2, endMs: 14_220 },
      { text: "is", startMs: 14_220, endMs: 14_310 },
    ],
  },
  {
    type: "reply-text",
    at: 14_400,
    turnId: 2,
    reply: 2,
    text: "It is sunny.",
    words: [{ text: "sunny.", startMs: 14_400, endMs: 14_900 }],
  },
];
const ended: SessionEvent = { type: "reply-end", at: 15_000, turnId: 2, reply: 2, text: "It is sunny.", playedMs: 900 };
const interrupted: SessionEvent = {
  type: "reply-interrupted",
  at: 14_500,
  turnId: 2,
  reply: 2,
  heard: "It is",
  text: "It is sunny.",
  cause: "start_of_speech",
};

test("people's words come as the whole text so far, and once more as final", () => {
  expect(translate(turn).slice(0, 2)).toEqual([
    {
      object: "user.transcription",
      text: "what is",
      start_ms: 12_040,
      duration_ms: 460,
      language: "en-US",
      turn_id: 2,
      stream_id: 1002,
      user_id: "1002",
      words: null,
      final: false,
    },
    {
      object: "user.transcription",
      text: "What is the weather?",
      start_ms: 12_040,
      duration_ms: 900,
      language: "en-US",
      turn_id: 2,
      stream_id: 1002,
      user_id: "1002",
      words: null,
      final: true,
    },
  ]);
});

test("in text mode no message of the agent has words, and each brings the whole text", () => {
  const agent = translate([...turn, ended]).filter((message) => message.object === "assistant.transcription");
  expect(agent.map(({ text, words, turn_seq_id, turn_status }) => ({ text, words, turn_seq_id, turn_status }))).toEqual([
    { text: "It is", words: null, turn_seq_id: 1, turn_status: 0 },
    { text: "It is sunny.", words: null, turn_seq_id: 2, turn_status: 0 },
    { text: "It is sunny.", words: null, turn_seq_id: 3, turn_status: 1 },
  ]);
});

test("in word mode every message of the agent has words, the last one the last word again", () => {
  const agent = translate([...turn, ended], { words: true }).filter((message) => message.object === "assistant.transcription");
  expect(agent.map(({ words }) => words)).toEqual([
    [
      { word: "It", start_ms: 14_100, duration_ms: 120, stable: true },
      { word: " is", start_ms: 14_220, duration_ms: 90, stable: true },
    ],
    [{ word: " sunny.", start_ms: 14_400, duration_ms: 500, stable: true }],
    [{ word: " sunny.", start_ms: 14_400, duration_ms: 500, stable: true }],
  ]);
});

test("no two words of a turn share an instant, whatever the voice says of its words", () => {
  const words = ["a", "b", "c"].map((text) => ({ text, startMs: 100, endMs: 100 }));
  const [message] = translate([{ type: "reply-text", at: 100, turnId: 1, reply: 1, text: "a b c", words }], { words: true });
  expect(message?.object === "assistant.transcription" && message.words?.map(({ start_ms }) => start_ms)).toEqual([100, 101, 102]);
});

test("an interruption cuts after the last word that was heard, and the turn closes with what was heard", () => {
  const sent = translate([...turn, interrupted], { words: true });
  expect(sent.slice(-3)).toMatchObject([
    { object: "message.interrupt", data_type: "message", turn_id: 2, start_ms: 14_399, send_ts: epochMs + 14_500 },
    { object: "assistant.transcription", text: "It is", turn_status: 2, turn_seq_id: 3, words: [{ word: " sunny." }] },
    { object: "turn.finished" },
  ]);
});

test("words of a language without spaces stay together, and an interruption cuts between them", () => {
  const words = [
    { text: "你好，", startMs: 14_100, endMs: 14_300 },
    { text: "世界。", startMs: 14_300, endMs: 14_600, isGlued: true as const },
    { text: "再见。", startMs: 14_600, endMs: 14_900, isGlued: true as const },
  ];
  const text = "你好，世界。再见。";
  const [caption, cut] = translate(
    [
      { type: "reply-text", at: 14_100, turnId: 2, reply: 2, text, words },
      { ...interrupted, heard: "你好，世界。", text },
    ],
    { words: true },
  );
  expect(caption?.object === "assistant.transcription" && caption.words?.map(({ word }) => word).join("")).toBe(text);
  expect(cut).toMatchObject({ object: "message.interrupt", start_ms: 14_599 });
});

test("an answer that is cut before its first sound sends no text", () => {
  const sent = translate([{ ...interrupted, heard: "", text: "" }]);
  expect(kinds(sent)).toEqual(["turn.finished"]);
});

test("a finished turn carries its latency and where it was spent", () => {
  expect(translate([...turn, ended]).at(-1)).toEqual({
    object: "turn.finished",
    payload: {
      turn_id: 2,
      agent_id: "AGENT",
      start: { start_at: epochMs + 12_040 },
      metrics: {
        e2e_latency_ms: 1160,
        segmented_latency_ms: [
          { name: "asr_ttlw", latency: 640 },
          { name: "llm_ttft", latency: 300 },
          { name: "llm_ftfs", latency: 120 },
          { name: "tts_ttfb", latency: 90 },
        ],
      },
    },
  });
});

test("metrics and errors are sent where they are asked for, under modules that clients know", () => {
  const failure: SessionEvent = {
    type: "error",
    at: 10,
    turnId: 1,
    module: "session",
    code: 500,
    message: "it broke",
    remedy: "try again",
    cause: undefined,
  };
  expect(kinds(translate([...turn, failure]))).not.toContain("message.metrics");
  expect(kinds(translate([failure]))).toEqual([]);
  expect(translate([failure], { errors: true })).toEqual([
    { object: "message.error", module: "unknown", code: 500, message: "it broke (try again)", turn_id: 1, send_ts: epochMs + 10 },
  ]);
  expect(translate([...turn], { metrics: true }).filter(({ object }) => object === "message.metrics")).toMatchObject([
    { module: "asr", metric_name: "ttlw", latency_ms: 640 },
    { module: "llm", metric_name: "ttfb", latency_ms: 300 },
    { module: "llm", metric_name: "ttfs", latency_ms: 420 },
    { module: "tts", metric_name: "ttfb", latency_ms: 90 },
  ]);
});

test("words that turn out to be none are taken back with an empty final; a mere noise sends nothing", () => {
  const start: SessionEvent = { type: "turn-start", at: 0, turnId: 3, uid: "ann" };
  const dropped: SessionEvent = { type: "turn-dropped", at: 900, turnId: 3, uid: "ann" };
  const shown: SessionEvent = { type: "transcript", at: 500, turnId: 3, uid: "ann", text: "um", startMs: 0, endMs: 400 };
  expect(translate([start, dropped])).toEqual([]);
  expect(translate([start, shown, dropped])).toMatchObject([
    { text: "um", final: false },
    { text: "", final: true },
  ]);
});

test("a person whose uid is text has a stream of their own that is never the agent's", () => {
  const event: SessionEvent = { type: "turn-end", at: 1, turnId: 1, uid: "friday", text: "hi", startMs: 0, endMs: 1, by: "text" };
  const [message] = translate([event]);
  expect(message).toMatchObject({ user_id: "friday" });
  expect(message?.object === "user.transcription" && message.stream_id).toBeGreaterThan(0);
});

test("what the agent is doing is told with the turn it belongs to", () => {
  expect(translate([{ type: "state", at: 5, state: "thinking", turnId: 4 }])).toEqual([
    {
      object: "message.state",
      state: "thinking",
      listening: false,
      thinking: true,
      speaking: false,
      turn_id: 4,
      send_ts: epochMs + 5,
    },
  ]);
});

test("a client's mark is answered under its request, with the contract's own words where it counts for nothing", () => {
  const marked = (mark: "start" | "end", turn: number | null, refused: "not-manual" | "no-turn" | null): SessionEvent => ({
    type: "turn-marked",
    at: 5,
    mark,
    uid: "7",
    requestId: "r1",
    turn,
    refused,
  });
  const payload = (message: AgentMessage | undefined) => message !== undefined && "event_type" in message && message.payload;
  const [taken, ...refused] = translate([
    marked("start", 3, null),
    marked("start", null, "not-manual"),
    marked("end", null, "not-manual"),
    marked("start", null, "no-turn"),
    marked("end", null, "no-turn"),
  ]);
  expect(taken).toEqual({
    object: "user.manual_sos.result",
    event_type: "user.manual_sos.result",
    event_id: "AGENT-1",
    event_ms: epochMs + 5,
    payload: { success: true, request_id: "r1", turn_id: 3, error_message: null },
  });
  expect(kinds(refused)).toEqual(["user.manual_sos.result", "user.manual_eos.result", "user.manual_sos.result", "user.manual_eos.result"]);
  expect(refused.map(payload)).toEqual(
    [
      "Current mode is not manual.",
      "Current mode is not manual.",
      "No turns available for SOS labeling.",
      "No turns available for EOS labeling.",
    ].map((error) => ({ success: false, request_id: "r1", turn_id: null, error_message: error })),
  );
});

test("a turn that grew too long without its mark is told", () => {
  expect(translate([{ type: "turn-overlong", at: 60_000, turnId: 2, uid: "7", maxMs: 60_000 }])).toEqual([
    {
      object: "assistant.manual_eos.result",
      event_type: "assistant.manual_eos.result",
      event_id: "AGENT-1",
      event_ms: epochMs + 60_000,
      payload: { reason: "max_duration", max_duration_ms: 60_000, turn_id: 2 },
    },
  ]);
});

test("speech that does not count and echoes say nothing to clients: the agent's turn goes on", () => {
  expect(
    translate([
      { type: "speech-ignored", at: 9, turnId: 3, uid: "7", text: "uh-huh", startMs: 1, endMs: 5, cause: "semantic" },
      { type: "echo-suspected", at: 9, turnId: 2, uid: "7", text: "it is sunny" },
    ]),
  ).toEqual([]);
});

test("who comes is told that nobody is known by their voice", () => {
  expect(translate([{ type: "user-joined", at: 0, uid: "7" }])).toMatchObject([{ object: "message.sal_status", status: "VP_DISABLED" }]);
});

test("an image is receipted with all that clients read; a refused one is known by either shape, whether errors are told or not", () => {
  const picture = { at: 2000, turnId: 0, uid: "7", id: "u1" };
  const [taken, refused] = translate([
    { type: "picture-taken", ...picture, width: 640, height: 480, bytes: 1234, source: "url", url: "https://a.example/b.png", count: 3 },
    { type: "picture-refused", ...picture, message: "too large" },
  ]);
  expect(taken).toMatchObject({ object: "message.info", module: "context", resource_type: "picture", turn_id: 1 });
  expect(JSON.parse((taken as { message: string }).message)).toEqual({
    uuid: "u1",
    width: 640,
    height: 480,
    size_bytes: 1234,
    source_type: "url",
    source_value: "https://a.example/b.png",
    upload_time: epochMs + 2000,
    total_user_images: 3,
  });
  expect(refused).toMatchObject({ object: "message.error", module: "context", code: 400 });
  expect(JSON.parse((refused as { message: string }).message)).toEqual({
    module: "picture",
    resource_type: "picture",
    uuid: "u1",
    success: false,
    error: { code: 400, message: "too large" },
  });
});
