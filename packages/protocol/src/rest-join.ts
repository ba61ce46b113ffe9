/** The body of `join`: what an agent should be, in the spelling of the Agora Conversational AI v2 API (its section 4). */
import { z } from "zod";
import { ChannelName, Uid } from "./signalling.ts";

/** `null` and absence mean the same everywhere in this contract. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish();

const flag = z.boolean();
const milliseconds = z.number().min(0).max(60_000);
const wholeMilliseconds = z.int().min(0).max(60_000);

/** `*` stands for everybody. */
const RemoteUid = z.union([z.literal("*"), Uid], { error: 'is neither a uid nor "*"' });

export const AdvancedFeatures = z.object({
  enable_aivad: optional(flag).describe(
    "Intelligent interruption: the end of a turn is judged by what was said, and a cough or an “mhm” does not cut the agent. Default false.",
  ),
});

export const AsrBody = z.object({
  language: optional(z.string().min(1).max(35)).describe("Full BCP 47 tag, for instance en-US (default)."),
  vendor: optional(z.string().min(1)).describe("Absent: the project's default for the language, else the embedded recogniser."),
  params: optional(z.record(z.string(), z.unknown())).describe("The vendor's own parameters."),
  keywords: optional(z.array(z.string()).max(500)).describe("Words to expect."),
});

export const TtsBody = z.object({
  vendor: z.string().min(1).describe("A vendor of voices; `local` is embedded and needs no key."),
  params: optional(z.record(z.string(), z.unknown())).describe("The vendor's own parameters."),
});

export const SystemMessage = z.looseObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string(),
});

export const GreetingConfigs = z.object({
  interruptable: optional(flag).describe("false: the greeting is played to its end. Default true."),
});

export const LlmBody = z.object({
  url: optional(z.url({ protocol: /^https?$/, error: "is not an http:// or https:// URL" })).describe(
    "Full address of the chat completion endpoint; nothing is appended. Not needed with style `local`.",
  ),
  api_key: optional(z.string()).describe("Sent as bearer token; empty: none is sent."),
  system_messages: optional(z.array(SystemMessage).max(1000)).describe("Put before every request, in order."),
  params: optional(z.record(z.string(), z.unknown())).describe("Merged into the top level of the request."),
  max_history: optional(z.int().min(0).max(1024)).describe("Entries of short-term memory; 0: none. Default 10."),
  input_modalities: optional(z.array(z.enum(["text", "image"])).min(1)).describe('Default ["text"].'),
  output_modalities: optional(z.array(z.enum(["text", "audio"])).min(1)).describe('Default ["text"].'),
  greeting_message: optional(z.string().max(10_000)).describe("Spoken when the first person is there."),
  greeting_configs: optional(GreetingConfigs),
  failure_message: optional(z.string().max(10_000)).describe("Spoken when the language model fails."),
  style: optional(z.string().min(1)).describe("Request style; default openai, `local` is embedded and needs no key."),
  headers: optional(z.record(z.string(), z.string())).describe("Added to each request."),
});

export const VadBody = z.object({
  interrupt_duration_ms: optional(milliseconds).describe("Speech over the agent that silences it. Default 160."),
  prefix_padding_ms: optional(wholeMilliseconds).describe("Audio kept from before the detected onset. Default 300."),
  silence_duration_ms: optional(wholeMilliseconds).describe("Silence that ends a turn. Default 640."),
  threshold: optional(z.number().gt(0).lt(1)).describe("Probability that counts as voice. Default 0.5."),
});

export const ParametersBody = z.object({
  enable_metrics: optional(flag).describe("Latencies are sent to clients as they are measured. Default false."),
  enable_error_message: optional(flag).describe("Errors of vendors are sent to clients, too. Default false."),
  transcript: optional(z.object({ enable_words: optional(flag).describe("Captions carry words with their times. Default false.") })),
});

/** `properties` of `join`. */
export const JoinProperties = z.object({
  channel: ChannelName.describe("Name of the channel, at most 64 characters."),
  token: z.string().describe("007 token for the channel and the agent's uid; empty: the engine lets its own agent in."),
  agent_rtc_uid: Uid.describe('The agent\'s uid; "0": a random one is assigned.'),
  remote_rtc_uids: z.array(RemoteUid).min(1).max(1000).describe('Whom the agent hears; ["*"]: everybody.'),
  enable_string_uid: optional(flag).describe("Uids are any text; false (default): whole numbers that fit 32 bit."),
  idle_timeout: optional(z.int().min(0).max(259_200)).describe(
    "Seconds after the last person has left until the agent goes; 0: never. Default 30.",
  ),
  advanced_features: optional(AdvancedFeatures),
  asr: optional(AsrBody),
  tts: optional(TtsBody).describe("Absent: the project's default, else the embedded voice."),
  llm: optional(LlmBody).describe("Absent: the project's default, else the embedded brain."),
  vad: optional(VadBody),
  parameters: optional(ParametersBody),
  labels: optional(z.record(z.string().max(128), z.string().max(1024))).describe("Kept with the agent's record."),
});

/** Body of `POST …/v2/projects/{appid}/join`. */
export const JoinBody = z.object({
  name: z.string().min(1).max(256).describe("Unique among the project's agents that have not exited."),
  properties: JoinProperties,
});

export type JoinBody = z.output<typeof JoinBody>;
export type JoinProperties = z.output<typeof JoinProperties>;

/** A uid without `enable_string_uid`: an unsigned 32-bit number in decimal, without leading zeros. */
export function isNumericUid(uid: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(uid) && Number(uid) <= 0xffff_ffff;
}
