/** From a session's configuration to what an agent should be, and to what changes in one that runs. Pure. */
import { z } from "zod";
import type { Project, ProjectDefaults } from "../../projects/project.ts";
import type { AgentConfig, ChosenAsr, ChosenLlm, ChosenTts, SystemMessage, TurnSettings } from "../../session/agent-config.ts";
import type { Tool, ToolSettings } from "../../session/tools.ts";
import { knowsLanguage } from "../../vendors/languages.ts";
import type { Vendor } from "../../vendors/vendor.ts";
import { voiceOptions } from "../../vendors/voice-options.ts";
import type { Configuration } from "./configuration.ts";
import { defaultSystemPrompt, defaultVadThreshold, defaultVoiceName, greetingOf, interruptionDelayOf } from "./echo.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { toTools } from "./to-tools.ts";

/** What this engine has to offer to an agent. */
export interface Offer {
  readonly project: Project;
  readonly vendors: readonly Vendor[];
  /** The local voice behind a name. */
  readonly localVoice: (name: string) => string | number | undefined;
  /** Runs tools that have an address. */
  readonly httpTool: (tool: NonNullable<Configuration["tools"]>[number]) => Tool["run"];
}

export type Translation = { readonly ok: true; readonly config: AgentConfig } | { readonly ok: false; readonly refusal: Refusal };

/** What of an agent changes while it talks. */
export type LiveConfig = Pick<AgentConfig, "systemMessages" | "turns" | "tts"> & {
  readonly tools: ToolSettings;
  readonly keyterms: readonly string[];
  readonly llm: ChosenLlm;
};

/** Spoken when the language model fails. */
const apology = "I'm sorry, I could not come up with an answer just now. Could you say that again?";

/** Entries of the conversation that a request carries. */
const MEMORY = 100;

/** Silences in milliseconds after which a turn ends: after a sentence that sounds complete, and in any case. */
const adaptiveSilence = {
  min_latency: { min: 320, max: 1400 },
  balanced: { min: 480, max: 2400 },
  max_accuracy: { min: 720, max: 3200 },
} as const;

/** Where a client fixes one of them. */
const fixedSilence = { min: 1000, max: 3000 };

/** The gate wants a threshold between 0 and 1, and its ends would be always or never. */
const thresholds = { least: 0.05, most: 0.95 };

/** What a language code stands for where a vendor wants a region. */
const regions: Readonly<Record<string, string>> = {
  en: "en-US",
  ar: "ar-AE",
  da: "da-DK",
  he: "he-IL",
  hi: "hi-IN",
  ja: "ja-JP",
  no: "nb-NO",
  sv: "sv-SE",
  vi: "vi-VN",
  zh: "zh-CN",
};

/** What of the voice's parameters a client may change. */
export const VoiceChoice = z.object({ voice: z.union([z.string(), z.number()]) });

export function toAgentConfig(configuration: Configuration, offer: Offer): Translation {
  const asr = toAsr(configuration, offer);
  if ("refusal" in asr) return { ok: false, refusal: asr.refusal };
  const greeting = greetingOf(configuration);
  const { systemMessages, turns, tts, tools, llm } = toLiveConfig(configuration, offer);
  return {
    ok: true,
    config: {
      asr: asr.chosen,
      tts,
      llm,
      systemMessages,
      maxHistory: MEMORY,
      ...(greeting === null ? {} : { greeting: { text: greeting, interruptable: true, mode: "first" } }),
      tools,
      failureMessage: apology,
      // How long it stays without anybody is for the door to say.
      idleTimeoutS: 0,
      firstUserTimeoutS: 0,
      turns,
    },
  };
}

function toLiveConfig(configuration: Configuration, offer: Offer): LiveConfig {
  return {
    systemMessages: toSystemMessages(configuration),
    turns: toTurns(configuration),
    tts: toTts(configuration, offer),
    tools: { tools: toTools(configuration.tools ?? [], offer.httpTool), answers: "new-reply" },
    keyterms: configuration.input?.keyterms ?? [],
    llm: toLlm(configuration, offer.project.defaults),
  };
}

function toSystemMessages({ system_prompt: prompt }: Configuration): SystemMessage[] {
  return [{ role: "system", content: prompt ?? defaultSystemPrompt }];
}

export function toTurns(configuration: Configuration): TurnSettings {
  const { turn_detection: detection, transcription_mode: mode } = configuration.input ?? {};
  const { min_silence: min = null, max_silence: max = null } = detection ?? {};
  const silence = min === null && max === null ? adaptiveSilence[mode ?? "balanced"] : fixed(min, max);
  return {
    onset: "voice",
    endpointingMs: silence.min,
    endpointing: "semantic",
    maxWaitMs: silence.max,
    interruptMs: interruptionDelayOf(configuration),
    interruption: detection?.interrupt_response === false ? "never" : "words",
    keywords: [],
    overlapping: "append",
    prefixMs: 300,
    threshold: Math.min(thresholds.most, Math.max(thresholds.least, detection?.vad_threshold ?? defaultVadThreshold)),
  };
}

/** What was not given yields to what was. */
function fixed(min: number | null, max: number | null): { min: number; max: number } {
  if (min === null) return { min: Math.min(fixedSilence.min, max ?? fixedSilence.max), max: max ?? fixedSilence.max };
  return { min, max: max ?? Math.max(fixedSilence.max, min) };
}

function toAsr({ input }: Configuration, { project, vendors }: Offer): { readonly chosen: ChosenAsr } | { readonly refusal: Refusal } {
  const codes = input?.language_codes ?? [];
  const keyterms = input?.keyterms ?? [];
  const wanted = codes.length === 0 ? ["en"] : codes;
  const knows: string[] = [];
  for (const code of wanted) {
    const chosen = recogniserOf(code, project.defaults, keyterms);
    const { languages } = vendors.find(({ name }) => name === chosen.vendor)?.asr ?? {};
    if (languages === undefined || knowsLanguage(languages, chosen.language)) return { chosen };
    knows.push(`"${chosen.vendor}" knows ${languages.join(", ")}`);
  }
  return {
    refusal: refusal(
      "invalid_value",
      `input.language_codes: no recogniser here knows ${codes.join(", ")} (${knows[0] ?? ""}); the operator can name one in defaults.asr`,
      "input.language_codes",
    ),
  };
}

function recogniserOf(code: string, { asr }: ProjectDefaults, keyterms: readonly string[]): ChosenAsr {
  const tag = Object.keys(asr).find((key) => key === code || key.startsWith(`${code}-`));
  const { vendor, params } = (tag === undefined ? asr["*"] : asr[tag]) ?? { vendor: "local", params: {} };
  return { vendor, language: tag ?? regions[code] ?? `${code}-${code.toUpperCase()}`, options: params, keyterms };
}

/** A name chooses among local voices. Where the operator has chosen another vendor, that one speaks. */
function toTts({ output }: Configuration, { project, vendors, localVoice }: Offer): ChosenTts {
  const own = project.defaults.tts;
  const { vendor, ...wish } = own ?? { vendor: "local", params: {} };
  const params = voiceOptions(vendors.find(({ name }) => name === vendor)?.tts ?? {}, wish, { trusted: true });
  const name = output?.voice ?? (own === undefined ? defaultVoiceName : undefined);
  const voice = vendor === "local" && name !== undefined ? localVoice(name) : undefined;
  return { vendor, options: voice === undefined ? params : { ...params, voice } };
}

function toLlm({ llm }: Configuration, { llm: byDefault }: ProjectDefaults): ChosenLlm {
  const [own] = llm ?? [];
  if (own !== undefined) {
    const url = `${own.base_url.replace(/\/+$/, "")}/chat/completions`;
    const apiKey = own.api_key ?? "";
    return { style: "openai", options: { url, apiKey, params: { model: own.model } } };
  }
  if (byDefault === undefined) return { style: "local", options: { params: {}, headers: {} } };
  const { style, ...options } = byDefault;
  // The operator's own choice may lie in any network.
  return { style, options: { ...options, trusted: true } };
}
