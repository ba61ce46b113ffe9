/** A session's settings, in the spelling of the wire: what the Voice Agent API documents can be typed in as it stands. */
import type { Encoding } from "./pcm.ts";

export interface AudioFormat {
  encoding?: Encoding;
  /** Hertz. 24,000 for `audio/pcm`, 8,000 for the two of G.711. */
  sample_rate?: number;
}

export interface TurnDetection {
  /** 0 to 1; higher is less sensitive. */
  vad_threshold?: number;
  /** Milliseconds of silence before a confident end of turn, 50 to 10,000. Setting it or `max_silence` switches adaptive waiting off. */
  min_silence?: number;
  /** Milliseconds of silence that end a turn in any case. */
  max_silence?: number;
  /** Whether the user can interrupt the agent. */
  interrupt_response?: boolean;
  /** Milliseconds of speech before it interrupts, 0 to 1,000. */
  interruption_delay?: number;
}

export interface InputSettings {
  format?: AudioFormat;
  /** Up to 100 words and names to listen for. */
  keyterms?: readonly string[] | null;
  turn_detection?: TurnDetection | null;
  transcription_mode?: "min_latency" | "balanced" | "max_accuracy" | null;
  transcription_prompt?: string | null;
  /** ISO 639-1. */
  language_codes?: readonly string[] | null;
  voice_focus?: "near-field" | "far-field" | null;
  voice_focus_threshold?: number | null;
  continuous_partials?: boolean | null;
}

export interface OutputSettings {
  voice?: string;
  format?: AudioFormat;
  /** 0 to 100; null is the voice's own level. */
  volume?: number | null;
}

/** What the model knows of a tool. Tools with a function of yours are made by `tool()`. */
export interface ToolDefinition {
  type: "function";
  name: string;
  description?: string;
  /** JSON Schema of an object. */
  parameters?: object;
  execution_mode?: "interactive" | "hold";
  /** 1 to 300; 120 where it is absent. */
  timeout_seconds?: number;
}

export interface LanguageModel {
  base_url: string;
  model: string;
  api_key?: string;
}

export interface SessionSettings {
  /** A stored agent; then nothing else may be set. */
  agent_id?: string;
  system_prompt?: string | null;
  /** Spoken first, word for word. Absent: the agent listens first. */
  greeting?: string | null;
  tools?: readonly ToolDefinition[] | null;
  input?: InputSettings;
  output?: OutputSettings;
  /** One language model of your own, where the operator allows it. */
  llm?: readonly LanguageModel[];
}

/** The configuration as the server has it: every default filled in. Fields that this version does not know are there, too. */
export interface SessionConfig {
  readonly [field: string]: unknown;
}

/** Settings with a later change in them: objects merge, lists and everything else replace. */
export function mergeSettings(settings: SessionSettings, change: SessionSettings): SessionSettings {
  return { ...settings, ...merge({ ...settings }, { ...change }) };
}

function merge(base: Readonly<Record<string, unknown>>, change: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [field, value] of Object.entries(change)) {
    const before = merged[field];
    merged[field] = isRecord(before) && isRecord(value) ? merge(before, value) : value;
  }
  return merged;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
