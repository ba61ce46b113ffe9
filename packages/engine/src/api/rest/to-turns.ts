/** From a `join` body to how turns are taken: three generations of fields, of which the newest wins, field by field. Pure. */
import type { rest } from "@parley/protocol";
import type { Fault } from "../../faults.ts";
import { defaultTurns, type TurnSettings } from "../../session/agent-config.ts";
import { invalid, missing, type Path } from "./body-faults.ts";

type TurnDetection = NonNullable<rest.JoinProperties["turn_detection"]>;
type Config = NonNullable<TurnDetection["config"]>;
type StartOfSpeech = NonNullable<Config["start_of_speech"]>;
type EndOfSpeech = NonNullable<Config["end_of_speech"]>;
type Interruption = Pick<TurnSettings, "interruption" | "keywords" | "overlapping">;

/** Of the contract, where `turn_detection` is used; the older `vad` has 300. */
const PREFIX_MS = 800;
/** Of the contract, after a sentence that is whole. */
const SEMANTIC_SILENCE_MS = 320;
/** `max_wait_ms: -1`: longer than anybody pauses. */
const UNLIMITED_MS = 24 * 3600 * 1000;
/** `interrupt_mode: adaptive` asks for more speech over the agent by this factor. */
const ADAPTIVE_FACTOR = 3;

const detectionPath = ["properties", "turn_detection"] as const;
const startPath = [...detectionPath, "config", "start_of_speech"];
const endPath = [...detectionPath, "config", "end_of_speech"];

/** `language`: what people speak; whether a sentence is whole is judged in English and Chinese alone. */
export function toTurns(properties: rest.JoinProperties, language: string, faults: Fault[]): TurnSettings {
  const { vad, turn_detection: flat, advanced_features: features } = properties;
  const start = flat?.config?.start_of_speech;
  const end = flat?.config?.end_of_speech;
  checkDetection(flat, faults);

  const careful = features?.enable_aivad ?? false;
  const wanted = end?.mode === undefined || end.mode === null ? careful : end.mode === "semantic";
  const semantic = wanted && /^(en|zh)-/.test(language);
  const newSemantic = semantic && end?.mode === "semantic";
  const factor = flat?.interrupt_mode === "adaptive" ? ADAPTIVE_FACTOR : 1;
  const onset = start?.mode === "keywords" ? start.keywords_config : start?.vad_config;
  return {
    onset: start?.mode === "manual" ? "manual" : "voice",
    endpointingMs:
      silenceOf(end) ??
      flat?.silence_duration_ms ??
      vad?.silence_duration_ms ??
      (newSemantic ? SEMANTIC_SILENCE_MS : defaultTurns.endpointingMs),
    endpointing: end?.mode === "manual" ? "manual" : semantic ? "semantic" : "silence",
    maxWaitMs: maxWaitOf(end),
    interruptMs: factor * (interruptOf(start) ?? flat?.interrupt_duration_ms ?? vad?.interrupt_duration_ms ?? defaultTurns.interruptMs),
    ...toInterruption(properties, careful, faults),
    prefixMs:
      onset?.prefix_padding_ms ??
      flat?.prefix_padding_ms ??
      vad?.prefix_padding_ms ??
      (flat === undefined || flat === null ? defaultTurns.prefixMs : PREFIX_MS),
    threshold: flat?.config?.speech_threshold ?? flat?.threshold ?? vad?.threshold ?? defaultTurns.threshold,
  };
}

function silenceOf(end: EndOfSpeech | null | undefined): number | null | undefined {
  return end?.mode === "semantic" ? end.semantic_config?.silence_duration_ms : end?.vad_config?.silence_duration_ms;
}

function maxWaitOf(end: EndOfSpeech | null | undefined): number {
  const wait = end?.semantic_config?.max_wait_ms ?? defaultTurns.maxWaitMs;
  return wait === -1 ? UNLIMITED_MS : wait;
}

function interruptOf(start: StartOfSpeech | null | undefined): number | null | undefined {
  if (start?.mode === "keywords") return start.keywords_config?.interrupt_duration_ms;
  return start?.vad_config?.speaking_interrupt_duration_ms ?? start?.vad_config?.interrupt_duration_ms;
}

/** `interruption` is the newest form, `start_of_speech` the one before, `interrupt_mode` the oldest. */
function toInterruption({ interruption, turn_detection: flat }: rest.JoinProperties, careful: boolean, faults: Fault[]): Interruption {
  const usual: Interruption = { interruption: careful ? "words" : "speech", keywords: [], overlapping: "append" };
  if (interruption !== undefined && interruption !== null) {
    if (interruption.enable === false) return never(interruption.disabled_config?.strategy);
    if (interruption.mode !== "keywords") return usual;
    return onKeywords(
      interruption.keywords_config?.trigger_keywords,
      ["properties", "interruption", "keywords_config", "trigger_keywords"],
      faults,
    );
  }
  const start = flat?.config?.start_of_speech;
  if (start?.mode === "disabled") return never(start.disabled_config?.strategy);
  if (start?.mode === "keywords") {
    return onKeywords(start.keywords_config?.triggered_keywords, [...startPath, "keywords_config", "triggered_keywords"], faults);
  }
  switch (flat?.interrupt_mode) {
    case "append":
    case "ignore":
      return never(flat.interrupt_mode);
    case "keyword":
    case "keywords":
      return onKeywords(flat.interrupt_keywords, [...detectionPath, "interrupt_keywords"], faults);
    case "interrupt":
    case "adaptive":
    case null:
    case undefined:
      return usual;
  }
}

function never(strategy: "append" | "ignore" | "ignored" | null | undefined): Interruption {
  return { interruption: "never", keywords: [], overlapping: (strategy ?? "append") === "append" ? "append" : "ignore" };
}

function onKeywords(keywords: readonly string[] | null | undefined, path: Path, faults: Fault[]): Interruption {
  if (keywords === undefined || keywords === null || keywords.length === 0) faults.push(missing(path, " where keywords interrupt"));
  return { interruption: "keywords", keywords: keywords ?? [], overlapping: "append" };
}

function checkDetection(flat: rest.JoinProperties["turn_detection"], faults: Fault[]): void {
  if (flat?.type === "server_vad" || flat?.type === "semantic_vad") {
    faults.push(
      invalid([...detectionPath, "type"], flat.type, "belongs to mllm, whose endpoint finds the ends of turns itself; allowed: agora_vad"),
    );
  }
  const { start_of_speech: start, end_of_speech: end } = flat?.config ?? {};
  if (start !== undefined && start !== null) checkMode(start, startPath, faults);
  if (end !== undefined && end !== null) checkMode(end, endPath, faults);
}

/** One `{mode}_config`, that of the mode. */
function checkMode(part: StartOfSpeech | EndOfSpeech, path: Path, faults: Fault[]): void {
  const mode = part.mode ?? "vad";
  for (const [name, config] of Object.entries(part)) {
    if (!name.endsWith("_config") || name === `${mode}_config` || config === undefined || config === null) continue;
    faults.push(
      invalid([...path, name], config, `does not belong to mode "${mode}"${mode === "manual" ? "" : `; only ${mode}_config does`}`),
    );
  }
}
