/** The body of `join`: what an agent should be, in the spelling of the Agora Conversational AI v2 API (its section 4). */
import { z } from "zod";
import { anything, optional, withoutEffect } from "./rest-field.ts";
import { Interruption, TurnDetection, VadBody } from "./rest-turn-detection.ts";
import { InlineToolBody, McpServerBody } from "./rest-tools.ts";
import { ChannelName, Uid } from "./signalling.ts";

const flag = z.boolean();
const switchedOff = "Not built: `true` is refused.";
const CredentialMode = z.enum(["byok", "managed"]);

/** `*` stands for everybody. */
const RemoteUid = z.union([z.literal("*"), Uid], { error: 'is neither a uid nor "*"' });

/** One page of the contract shows headers as JSON text. */
const ObjectOrText = z.union([z.string(), z.record(z.string(), z.unknown())]);

export const AdvancedFeatures = z.object({
  enable_aivad: optional(flag).describe(
    "Intelligent interruption: the end of a turn is judged by what was said, and a cough or an “mhm” does not cut the agent. Default false.",
  ),
  enable_tools: optional(flag).describe("Tools of `llm.mcp_servers` may be used. Default false; `llm.tools` need no switch."),
  enable_mllm: optional(flag).describe("The older switch of `mllm.enable`."),
  enable_sal: optional(flag).describe(switchedOff),
  enable_rtm: withoutEffect(flag),
  enable_bhvs: withoutEffect(flag),
});

export const AsrBody = z.object({
  language: optional(z.string().min(1).max(35)).describe("Full BCP 47 tag, for instance en-US (default)."),
  vendor: optional(z.string().min(1)).describe("Absent: the project's default for the language, else the embedded recogniser."),
  params: optional(z.record(z.string(), z.unknown())).describe("The vendor's own parameters."),
  keywords: optional(z.array(z.string()).max(500)).describe("Words to expect."),
  credential_mode: optional(CredentialMode).describe("`managed`: key and address are the operator's default."),
  vendor_model: withoutEffect(z.string()),
});

export const TtsBody = z.object({
  vendor: z.string().min(1).describe("A vendor of voices; `local` is embedded and needs no key, `generic_http` is a voice of your own."),
  params: optional(z.record(z.string(), z.unknown())).describe("The vendor's own parameters."),
  skip_patterns: optional(z.array(z.int().min(1).max(5)).max(5)).describe(
    "Brackets whose content is not spoken, but remembered: 1 （）, 2 【】, 3 ( ), 4 [ ], 5 { }.",
  ),
  credential_mode: optional(CredentialMode).describe("`managed`: key and address are the operator's default."),
  url: optional(z.string().max(2048)).describe("Of `generic_http`: full address of the voice; nothing is appended."),
  headers: optional(z.record(z.string(), z.string())).describe(
    "Of `generic_http`: added to each request; with `Authorization` no `params.api_key` is needed.",
  ),
  adjust_volume: withoutEffect(z.number()),
});

export const SystemMessage = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string(), text: optional(z.string()) })).max(100)])
    .describe('Text, or a list of parts such as `{ "type": "text", "text": … }`.'),
});

export const GreetingConfigs = z.object({
  mode: optional(z.enum(["single_every", "single_first"])).describe(
    "Greet whoever comes while nobody else is there (default), or only the first.",
  ),
  delay_ms: optional(z.int().min(0).max(5000)).describe("Wait before the greeting. Default 0."),
  interruptable: optional(flag).describe("false: the greeting is played to its end. Default true."),
  uninterruptible_asr_policy: optional(z.enum(["merge_reply", "context"])).describe(
    "Speech over such a greeting is answered afterwards (`merge_reply`), or remembered without an answer (`context`). Absent: as `interruption` has it.",
  ),
  audio_download_timeout_ms: optional(z.int().min(1).max(30_000)).describe("Longest wait for `greeting_audio_url`. Default 5000."),
  audio_pcm_sample_rate: optional(z.int().min(8000).max(96_000)).describe(
    "Of `greeting_audio_url` where it is raw PCM, in hertz; a WAV file knows its own. Default 16000.",
  ),
});

export const LlmBody = z.object({
  url: optional(z.url({ protocol: /^https?$/, error: "is not an http:// or https:// URL" })).describe(
    "Full address of the chat completion endpoint; nothing is appended. Not needed with style `local`.",
  ),
  api_key: optional(z.string()).describe("Sent as bearer token; empty: none is sent."),
  system_messages: optional(z.array(SystemMessage).max(1000)).describe("Put before every request, in order."),
  params: optional(ObjectOrText).describe("Merged into the top level of the request; an object, or JSON text of one."),
  max_history: optional(z.int().min(0).max(1024)).describe("Entries of short-term memory; 0: none. Default 10."),
  input_modalities: optional(z.array(z.enum(["text", "image"])).min(1)).describe(
    'Default ["text"]. With `image`, images of clients go with their next words.',
  ),
  output_modalities: optional(z.array(z.enum(["text", "audio"])).min(1)).describe(
    'Default ["text"]. With `audio` the sound of the answer is played (`delta.audio`), with `text` its text is spoken by `tts`; with ["audio"] and no `tts` the model speaks fixed texts, too.',
  ),
  greeting_message: optional(z.string().max(10_000)).describe("Spoken when the first person is there."),
  greeting_audio_url: optional(z.string().max(2048)).describe(
    "A WAV file or raw PCM (16 bits, mono), of at most 8 MiB, played as the greeting; `greeting_message` is what is said in it, and is spoken where it cannot be had.",
  ),
  greeting_configs: optional(GreetingConfigs),
  failure_message: optional(z.string().max(10_000)).describe("Spoken when the language model fails."),
  style: optional(z.string().min(1)).describe("Request style; default openai, `local` is embedded and needs no key."),
  vendor: optional(z.string()).describe("`custom`: requests and `history` tell turn, time and source of each message, too."),
  ignore_empty: optional(flag).describe("An answer without text is no error. Default false."),
  headers: optional(ObjectOrText).describe("Added to each request; an object of texts, or JSON text of one."),
  template_variables: optional(z.record(z.string(), z.string())).describe(
    "Put in place of {{name}} in `system_messages`, `greeting_message`, `failure_message` and `silence_config.content`.",
  ),
  credential_mode: optional(CredentialMode).describe("`managed`: key and address are the operator's default."),
  mcp_servers: optional(z.array(McpServerBody).max(32)).describe("Servers whose tools the model may use, with `enable_tools`."),
  tools: optional(z.array(InlineToolBody).max(128)).describe("HTTP requests that the model may ask for."),
  access_key: withoutEffect(z.string()),
  secret_key: withoutEffect(z.string()),
  region: withoutEffect(z.string()),
  model: withoutEffect(z.string()),
  silence_message: withoutEffect(z.string()),
});

const Area = z.enum(["GLOBAL", "NORTH_AMERICA", "EUROPE", "ASIA", "INDIA", "JAPAN"]);

/** Media stays where the engine runs. */
export const Geofence = z.object({ area: withoutEffect(Area), exclude_area: withoutEffect(Area.exclude(["GLOBAL"])) });

/** WebRTC encrypts by itself. */
export const RtcBody = z.object({
  encryption_mode: withoutEffect(z.int().min(1).max(8)),
  encryption_key: withoutEffect(z.string()),
  encryption_salt: withoutEffect(z.string()),
});

/** What is refused when it is switched on; what else it holds does not matter then. */
const SwitchedOff = z.object({ enable: optional(flag).describe(switchedOff) });

/** A model that hears, thinks and speaks by itself, in place of `asr`, `llm` and `tts`. */
export const MllmBody = z.object({
  enable: optional(flag),
  vendor: optional(z.string()).describe(
    "`assemblyai`: any endpoint of the Voice Agent API, an engine's own `/v1/ws` included. The others are not built.",
  ),
  url: optional(z.string().max(2048)).describe("WebSocket of the endpoint. Default `wss://agents.assemblyai.com/v1/ws`."),
  api_key: optional(z.string().max(4096)),
  params: optional(z.record(z.string(), z.unknown())).describe("`session` of the endpoint's first `session.update`; tools need `http`."),
  messages: optional(
    z.array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string().max(100_000) })).max(100),
  ).describe("What was said before: told to the endpoint, and not answered."),
  greeting_message: optional(z.string()).describe("In place of `params.greeting`."),
  failure_message: withoutEffect(z.string()),
  input_modalities: withoutEffect(anything),
  output_modalities: withoutEffect(anything),
  turn_detection: withoutEffect(anything),
  max_history: withoutEffect(anything),
  predefined_tools: withoutEffect(anything),
  tools: withoutEffect(anything),
  mcp_servers: withoutEffect(anything),
});

/** Words in between, while an answer is on its way. What it holds does not matter while it is switched off. */
export const FillerWords = z.object({
  enable: optional(flag),
  trigger: optional(
    z.object({
      mode: optional(z.literal("fixed_time")),
      fixed_time_config: optional(
        z.object({
          response_wait_ms: optional(z.int().min(100).max(10_000)).describe(
            "From the end of somebody's turn; nothing is said where the answer sounds before. Default 1500.",
          ),
        }),
      ),
    }),
  ),
  content: optional(
    z.object({
      mode: optional(z.enum(["static", "generated"])).describe(
        "Phrases of `static_config` (default), or words that a language model makes for each answer.",
      ),
      static_config: optional(
        z.object({
          phrases: optional(z.array(z.string().min(1).max(1000)).max(100)).describe("50 words each at most."),
          selection_rule: optional(z.enum(["shuffle", "round_robin"])).describe("By chance (default), or in their order."),
        }),
      ),
      generated_config: optional(
        z.object({
          llm_provider: optional(
            z.object({
              url: optional(z.string().max(2048)).describe(
                "Address of a chat completion endpoint; `/chat/completions` is appended where it is missing. Absent: the agent's own model.",
              ),
              api_key: optional(z.string()).describe("Sent as bearer token; empty: none is sent."),
              params: optional(z.record(z.string(), z.unknown())).describe("Merged into the top level of the request: model, …"),
            }),
          ),
          prompt: optional(z.string().max(10_000)).describe("What the model is to do; the conversation follows it. Absent: one of ours."),
          fallback_strategy: optional(z.enum(["static"])).describe(
            "Where nothing is made in time, a phrase of `static_config`, which is needed then. Absent: such a phrase, if there is one.",
          ),
          context_message_limit: optional(z.int().min(0).max(1024)).describe(
            "Newest entries of the conversation that it is told. Default 6.",
          ),
          history_character_limit: optional(z.int().min(0).max(100_000)).describe("Characters of them, together. Default 2000."),
        }),
      ),
    }),
  ),
});

export const SilenceConfig = z.object({
  timeout_ms: optional(z.int().min(0).max(60_000)).describe("Without anybody saying anything; 0 (default): off."),
  action: optional(z.enum(["speak", "think"])).describe("Speak the content (default), or give it to the language model."),
  content: optional(z.string().max(10_000)),
});

export const FarewellConfig = z.object({
  graceful_enabled: optional(flag).describe("`leave` lets the agent finish what it is saying. Default false."),
  graceful_timeout_seconds: optional(z.number().min(0).max(120)).describe("At most so long. Default 30."),
});

export const ParametersBody = z.object({
  enable_metrics: optional(flag).describe("Latencies are sent to clients as they are measured. Default false."),
  enable_error_message: optional(flag).describe("Errors of vendors are sent to clients, too. Default false."),
  silence_config: optional(SilenceConfig),
  farewell_config: optional(FarewellConfig),
  opt_out: optional(flag).describe("Nothing that is said is kept in the database. Default false."),
  transcript: optional(
    z.object({
      enable_words: optional(flag).describe("Captions carry words with their times. Default false."),
      enable: withoutEffect(flag),
      protocol_version: withoutEffect(anything),
      redundant: withoutEffect(anything),
    }),
  ),
  data_channel: withoutEffect(z.enum(["datastream", "rtm", "rtc"])),
  audio_scenario: withoutEffect(z.enum(["default", "chorus", "aiserver"])),
  speak: withoutEffect(anything),
  enable_flexible: withoutEffect(anything),
  output_audio_codec: withoutEffect(anything),
  aivad_force_threshold: withoutEffect(anything),
  enable_dump: withoutEffect(anything),
  sc: withoutEffect(anything),
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
  turn_detection: optional(TurnDetection),
  interruption: optional(Interruption),
  vad: optional(VadBody).describe("The oldest form: `turn_detection` wins, field by field."),
  parameters: optional(ParametersBody),
  labels: optional(z.record(z.string().max(128), z.string().max(1024))).describe("Kept with the agent's record."),
  mllm: optional(MllmBody),
  avatar: optional(SwitchedOff),
  filler_words: optional(FillerWords),
  sal: withoutEffect(anything),
  geofence: optional(Geofence),
  rtc: optional(RtcBody),
  agent_rtm_uid: withoutEffect(anything),
  silence_timeout: withoutEffect(anything),
});

/** Body of `POST …/v2/projects/{appid}/join`. */
export const JoinBody = z.object({
  name: z.string().min(1).max(256).describe("Unique among the project's agents that have not exited."),
  properties: JoinProperties,
  preset: optional(z.string().max(1024)).describe(
    "Names of the operator's `defaults.presets`, separated by commas: they choose their parts.",
  ),
  pipeline_id: optional(z.string().max(256)).describe(
    "A name of the operator's `defaults.presets`: its parts stand where `properties` have none.",
  ),
  graph_id: withoutEffect(anything),
});

export type JoinBody = z.output<typeof JoinBody>;
export type JoinProperties = z.output<typeof JoinProperties>;

/** A uid without `enable_string_uid`: an unsigned 32-bit number in decimal, without leading zeros. */
export function isNumericUid(uid: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(uid) && Number(uid) <= 0xffff_ffff;
}
