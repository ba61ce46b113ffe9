/** The part of `join` that says whose turn it is: today's `turn_detection` and `interruption`, and the forms before them. */
import { z } from "zod";
import { anything, optional, withoutEffect } from "./rest-field.ts";

const interruptMs = z.int().min(120).max(1200);
const silenceMs = z.int().min(120).max(2000);
const prefixMs = z.int().min(0).max(5000);
const threshold = z.number().gt(0).lt(1);
const keywords = z.array(z.string().min(1).max(128)).max(128);
/** Both spellings are in use. */
const Strategy = z.enum(["append", "ignore", "ignored"]);

/** The oldest form; later ranges do not hold for it. */
const legacyMs = z.number().min(0).max(60_000);
const legacyWholeMs = z.int().min(0).max(60_000);

export const VadBody = z.object({
  interrupt_duration_ms: optional(legacyMs).describe("Speech over the agent that silences it. Default 160."),
  prefix_padding_ms: optional(legacyWholeMs).describe("Audio kept from before the detected onset. Default 300."),
  silence_duration_ms: optional(legacyWholeMs).describe("Silence that ends a turn. Default 640."),
  threshold: optional(threshold).describe("Probability that counts as voice. Default 0.5."),
});

const StartOfSpeech = z.object({
  mode: z
    .enum(["vad", "keywords", "disabled", "manual"])
    .describe(
      "`vad`: speech that goes on interrupts; `keywords`: only these words; `disabled`: nothing; `manual`: the client says when (`user.manual_sos`).",
    ),
  vad_config: optional(
    z.object({
      interrupt_duration_ms: optional(interruptMs).describe("Speech over the agent that silences it. Default 160."),
      speaking_interrupt_duration_ms: optional(interruptMs).describe("The same while the agent speaks: wins where both are given."),
      prefix_padding_ms: optional(prefixMs).describe("Audio kept from before the detected onset. Default 800."),
    }),
  ),
  keywords_config: optional(
    z.object({
      interrupt_duration_ms: optional(interruptMs),
      prefix_padding_ms: optional(prefixMs),
      triggered_keywords: optional(keywords).describe("What interrupts, in any case."),
    }),
  ),
  disabled_config: optional(
    z.object({ strategy: optional(Strategy).describe("Speech over the agent is answered afterwards, or forgotten.") }),
  ),
});

const EndOfSpeech = z.object({
  mode: optional(z.enum(["vad", "semantic", "manual"])).describe(
    "`vad`: silence alone ends a turn (default); `semantic`: what was said counts, too (English, Chinese); `manual`: the client says when (`user.manual_eos`).",
  ),
  vad_config: optional(z.object({ silence_duration_ms: optional(silenceMs).describe("Default 640.") })),
  semantic_config: optional(
    z.object({
      silence_duration_ms: optional(silenceMs).describe("After a whole sentence. Default 320."),
      max_wait_ms: optional(
        z.int().refine((ms) => ms === -1 || (ms >= 500 && ms <= 10_000), "is neither -1 (without limit) nor from 500 to 10000"),
      ).describe("After an unfinished one. -1: without limit. Default 3000."),
      pause_state_enabled: withoutEffect(z.boolean()),
    }),
  ),
});

export const TurnDetection = z.object({
  mode: optional(z.literal("default")),
  language: optional(z.string().min(1).max(35)).describe("Used where `asr.language` is left out."),
  config: optional(
    z.object({
      speech_threshold: optional(threshold).describe("Probability that counts as voice. Default 0.5."),
      start_of_speech: optional(StartOfSpeech),
      end_of_speech: optional(EndOfSpeech),
    }),
  ),
  type: optional(z.enum(["agora_vad", "server_vad", "semantic_vad"])).describe("`agora_vad`; the others belong to `mllm`."),
  interrupt_mode: optional(z.enum(["interrupt", "append", "ignore", "keyword", "keywords", "adaptive"])).describe("Before `interruption`."),
  interrupt_keywords: optional(keywords),
  interrupt_duration_ms: optional(legacyMs),
  prefix_padding_ms: optional(legacyWholeMs),
  silence_duration_ms: optional(legacyWholeMs),
  threshold: optional(threshold),
  eagerness: withoutEffect(z.string()),
  create_response: withoutEffect(anything),
  interrupt_response: withoutEffect(anything),
});

export const Interruption = z.object({
  enable: optional(z.boolean()).describe("Whether anything interrupts the agent. Default true."),
  mode: optional(z.enum(["start_of_speech", "keywords"])).describe("Default start_of_speech."),
  keywords_config: optional(z.object({ trigger_keywords: optional(keywords).describe("What interrupts, in any case.") })),
  disabled_config: optional(
    z.object({ strategy: optional(Strategy).describe("Speech over the agent is answered afterwards, or forgotten.") }),
  ),
});
