/** From a finished turn to the object that the contract's `turns` endpoint and its webhook 112 share (sections 3.9 and 7.3). Pure. */
import type { InterruptCause } from "../core/events.ts";
import type { TurnEnd, TurnMetrics, TurnRecord, TurnStart } from "./turn-log.ts";

type WireMetadata = Readonly<Record<string, string | number>>;

interface WirePart {
  readonly type: string;
  readonly metadata: WireMetadata;
}

interface WireTurn {
  readonly agent_id: string;
  readonly channel: string;
  readonly turn_id: number;
  readonly start: WirePart & { readonly start_at: number };
  readonly end: WirePart & { readonly end_at: number };
  readonly metrics: {
    readonly e2e_latency_ms?: number;
    readonly segmented_latency_ms: Segments;
  };
}

/** The parts of a turn's latency by their names, in milliseconds. */
export type Segments = Readonly<Record<string, number>>;

export function toTurn({ agentId, channel }: { readonly agentId: string; readonly channel: string }, turn: TurnRecord): WireTurn {
  const { turnId, start, startedAt, end, endedAt, metrics } = turn;
  return {
    agent_id: agentId,
    channel,
    turn_id: turnId,
    start: { start_at: startedAt, ...startOf(start) },
    end: { end_at: endedAt, ...endOf(end) },
    metrics: {
      ...(metrics.e2eMs === undefined ? {} : { e2e_latency_ms: metrics.e2eMs }),
      segmented_latency_ms: segmentsOf(metrics),
    },
  };
}

function startOf(start: TurnStart): WirePart {
  switch (start.type) {
    case "voice":
      return { type: "voice_input", metadata: { speech_duration_ms: start.speechMs, interrupt_duration_ms: start.interruptMs } };
    // The contract has no word for a typed message; it is text that is treated as a person's input, as `think` is.
    case "text":
      return { type: "api_think", metadata: { transport: "rtm" } };
    case "think":
      return { type: "api_think", metadata: { transport: "http" } };
    case "greeting":
      return { type: "greeting", metadata: { greeting_nth: start.nth } };
    case "silence":
      return { type: "silence_timeout", metadata: { action: start.action } };
    case "speak":
      return { type: "api_speak", metadata: { transport: "http" } };
  }
}

function endOf(end: TurnEnd): WirePart {
  switch (end.type) {
    case "ok":
      return { type: "ok", metadata: { playback_duration_ms: end.playedMs } };
    case "interrupted":
      return { type: "interrupted", metadata: causeOf(end.cause) };
    case "ignored":
      return { type: "ignored", metadata: { caused_by: end.cause } };
    case "error":
      return { type: "error", metadata: { reason: end.module === "llm" ? "LLM_REQUEST_ERR" : "INTERNAL_ERR", details: end.details } };
  }
}

function causeOf(cause: InterruptCause): WireMetadata {
  switch (cause) {
    case "start_of_speech":
      return { caused_by: "start_of_speech" };
    // A typed message that cuts the agent; the contract has no word for it.
    case "text":
      return { caused_by: "api_interrupt", transport: "rtm" };
    case "api_speak":
    case "api_interrupt":
    case "api_leave":
      return { caused_by: cause, transport: "http" };
  }
}

/**
 * `algorithm_processing` is the engine's own share: what the answer took beside recogniser, model and voice. Without it
 * the parts would not add up to the whole. `transport` is unknown for clients in browsers, and absent.
 */
function segmentsOf({ e2eMs, asrTtlwMs, llmTtfbMs, llmTtfsMs, llmTtfaMs, ttsTtfbMs }: TurnMetrics): Segments {
  const parts = {
    ...(asrTtlwMs === undefined ? {} : { asr_ttlw: asrTtlwMs }),
    ...(llmTtfbMs === undefined ? {} : { llm_ttft: llmTtfbMs }),
    ...(llmTtfbMs === undefined || llmTtfsMs === undefined ? {} : { llm_ftfs: Math.max(0, llmTtfsMs - llmTtfbMs) }),
    ...(llmTtfaMs === undefined ? {} : { llm_ttfa: llmTtfaMs }),
    ...(ttsTtfbMs === undefined ? {} : { tts_ttfb: ttsTtfbMs }),
  };
  if (e2eMs === undefined) return parts;
  const known = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return { algorithm_processing: Math.max(0, e2eMs - known), ...parts };
}
