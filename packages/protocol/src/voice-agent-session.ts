/** Session configuration of the Voice Agent socket: what a client may write, and the echo with every default filled in. */
import { z } from "zod";

/** How audio is coded on the socket, with the rates that each encoding may have; the first is its default. */
export const audioRates = {
  "audio/pcm": [24_000, 8000, 16_000, 48_000],
  "audio/pcmu": [8000],
  "audio/pcma": [8000],
} as const;

export const AudioEncoding = z.enum(["audio/pcm", "audio/pcmu", "audio/pcma"]);
export type AudioEncoding = z.output<typeof AudioEncoding>;

/** Largest numbers of things in a configuration. */
export const sessionLimits = {
  keyterms: 100,
  keytermCharacters: 200,
  transcriptionPromptCharacters: 1750,
  systemPromptCharacters: 100_000,
  greetingCharacters: 10_000,
  tools: 128,
} as const;

export const AudioFormat = z.object({
  encoding: AudioEncoding.nullish(),
  sample_rate: z.int().nullish().describe("Samples per second; absent: what the encoding implies."),
});

const silenceMs = z.int().min(50).max(10_000);

export const TurnDetection = z.object({
  type: z.string().nullish().describe("Older clients send `server_vad`; without effect."),
  vad_threshold: z.number().min(0).max(1).nullish().describe("0 to 1; higher is less sensitive."),
  min_silence: silenceMs.nullish().describe("Milliseconds of silence after which a sentence that sounds complete ends the turn."),
  max_silence: silenceMs.nullish().describe("Milliseconds of silence that end the turn in any case."),
  interrupt_response: z.boolean().nullish().describe("False: speech does not cut the agent off."),
  interruption_delay: z.int().min(0).max(1000).nullish().describe("Milliseconds that speech lasts before it interrupts, 0 to 1000."),
});

export const TranscriptionMode = z.enum(["min_latency", "balanced", "max_accuracy"]);

export const InputSettings = z.object({
  type: z.string().nullish().describe("Always `audio`; without effect."),
  format: AudioFormat.nullish(),
  keyterms: z
    .array(z.string().min(1).max(sessionLimits.keytermCharacters))
    .max(sessionLimits.keyterms)
    .nullish()
    .describe("Words that recognition should expect."),
  turn_detection: TurnDetection.nullish(),
  transcription_mode: TranscriptionMode.nullish(),
  transcription_prompt: z.string().max(sessionLimits.transcriptionPromptCharacters).nullish(),
  language_codes: z
    .array(z.string().regex(/^[a-z]{2}$/, "is not a language code of two small letters (ISO 639-1)"))
    .max(18)
    .nullish()
    .describe("ISO 639-1; absent: the engine's own language."),
  voice_focus: z.enum(["near-field", "far-field"]).nullish(),
  voice_focus_threshold: z.number().min(0).max(1).nullish(),
  continuous_partials: z.boolean().nullish(),
});

export const OutputSettings = z.object({
  type: z.string().nullish().describe("Always `audio`; without effect."),
  voice: z.string().nullish().describe("Name of a voice: see `GET /v1/voices`."),
  format: AudioFormat.nullish(),
  volume: z.number().min(0).max(100).nullish().describe("0 to 100 percent of the voice's own level; null: that level."),
});

export const HttpHeader = z.object({ name: z.string().min(1).max(256), value: z.string().max(8192) });

/** A tool that the engine calls itself: stored agents only. */
export const HttpTool = z.object({
  url: z.string().min(1).max(2048),
  http_method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("POST"),
  headers: z.array(HttpHeader).max(32).nullish(),
});

const instructions = z.string().max(16_384);

/** What shapes the answer to a tool's result; a text alone is for success. */
export const ResponseInstructions = z.union([instructions, z.object({ success: instructions.nullish(), error: instructions.nullish() })]);

/** In seconds. */
export const toolTimeout = { min: 1, max: 300, default: 120 } as const;

export const ToolSettings = z.object({
  type: z.literal("function", { error: 'is no type of tool; "function" is the only one' }).nullish(),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "is no name of a tool: 1 to 64 letters, digits, _ and - are allowed"),
  description: z.string().max(16_384).nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish().describe("JSON Schema of an object."),
  execution_mode: z
    .enum(["interactive", "hold"])
    .nullish()
    .describe("interactive (default): the conversation goes on meanwhile. hold: nobody is answered until the result is there."),
  timeout_seconds: z
    .number()
    .min(toolTimeout.min)
    .max(toolTimeout.max)
    .nullish()
    .describe("Seconds until the agent says that it got no answer; default 120."),
  http: HttpTool.nullish(),
  response_instructions: ResponseInstructions.nullish().describe("How to speak of its result: when it succeeds, when it fails."),
});
export type ToolSettings = z.output<typeof ToolSettings>;

export const LlmSettings = z.object({
  base_url: z
    .url({ protocol: /^https?$/, error: "is no http or https address" })
    .max(2048)
    .describe("Address in front of `/chat/completions`."),
  model: z.string().min(1).max(256),
  api_key: z.string().max(4096).nullish(),
});
export type LlmSettings = z.output<typeof LlmSettings>;

/** `session` of `session.update`. `null` stands for the default; what is left out stays as it is. */
export const SessionSettings = z.object({
  id: z.unknown().optional().describe("The echo's own field; without effect."),
  agent_id: z.string().min(1).max(128).nullish().describe("A stored agent; first update only, and alone."),
  system_prompt: z
    .string()
    .max(sessionLimits.systemPromptCharacters)
    .nullish()
    .describe("What the agent is; counts from the next reply on."),
  greeting: z
    .string()
    .max(sessionLimits.greetingCharacters)
    .nullish()
    .describe("Spoken first, word for word; absent: the agent listens first."),
  input: InputSettings.nullish(),
  output: OutputSettings.nullish(),
  tools: z.array(ToolSettings).max(sessionLimits.tools).nullish().describe("The whole list, each time."),
  llm: z.array(LlmSettings).max(1).nullish().describe("For stored agents, and where the operator allows it."),
  pre_connect_requests: z.array(z.unknown()).max(2).nullish(),
});
export type SessionSettings = z.output<typeof SessionSettings>;

const EchoFormat = z.object({ encoding: AudioEncoding, sample_rate: z.int() });

export const EchoTool = z.object({
  type: z.literal("function"),
  name: z.string(),
  description: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  timeout_seconds: z.number(),
  execution_mode: z.enum(["interactive", "hold"]),
  http: z
    .object({ url: z.string(), http_method: z.string(), headers: z.array(z.object({ name: z.string() })) })
    .nullable()
    .describe("Without the headers' values."),
  response_instructions: z.object({ success: z.string().nullable(), error: z.string().nullable() }).nullable(),
});

/** The accepted configuration as the server tells it: `config` of `session.updated` and `session.ready`. */
export const SessionEcho = z.object({
  id: z.string(),
  agent_id: z.string().nullable(),
  system_prompt: z.string(),
  greeting: z.string().nullable(),
  input: z.object({
    type: z.literal("audio"),
    format: EchoFormat,
    keyterms: z.array(z.string()).nullable(),
    turn_detection: z
      .object({
        type: z.literal("server_vad"),
        vad_threshold: z.number(),
        min_silence: z.int().nullable(),
        max_silence: z.int().nullable(),
        interrupt_response: z.boolean(),
        interruption_delay: z.int(),
      })
      .nullable(),
    transcription_mode: TranscriptionMode.nullable(),
    transcription_prompt: z.string().nullable(),
    language_codes: z.array(z.string()).nullable(),
    voice_focus: z.enum(["near-field", "far-field"]).nullable(),
    voice_focus_threshold: z.number().nullable(),
    continuous_partials: z.boolean().nullable(),
  }),
  output: z.object({ type: z.literal("audio"), voice: z.string(), format: EchoFormat, volume: z.number().nullable() }),
  tools: z.array(EchoTool),
  llm: z.array(z.object({ base_url: z.string(), model: z.string() })).describe("Without keys."),
  pre_connect_requests: z.array(z.unknown()),
});
export type SessionEcho = z.output<typeof SessionEcho>;
