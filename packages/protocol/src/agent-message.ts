/** The JSON objects that an agent sends to clients, and clients to an agent (sections 8.3 and 8.6 of the REST contract). */
import { z } from "zod";

const TurnId = z.int().min(0);
const Ms = z.number();

/** Words are joined with nothing between them: `word` brings its leading space. */
export const TranscriptWord = z.object({ word: z.string(), start_ms: Ms, duration_ms: Ms, stable: z.boolean() });
export type TranscriptWord = z.infer<typeof TranscriptWord>;

const transcription = {
  /** The whole text so far. */
  text: z.string(),
  start_ms: Ms,
  duration_ms: Ms,
  language: z.string(),
  turn_id: TurnId,
  /** 0 for the agent; the uid of the person where it is a number. */
  stream_id: z.int().min(0),
  user_id: z.string(),
  /** Either never or always sent in a call: the web toolkit chooses its mode by the first. */
  words: z.array(TranscriptWord).nullable(),
};

export const UserTranscription = z.object({ object: z.literal("user.transcription"), ...transcription, final: z.boolean() });
export type UserTranscription = z.infer<typeof UserTranscription>;

export const AssistantTranscription = z.object({
  object: z.literal("assistant.transcription"),
  ...transcription,
  quiet: z.boolean(),
  /** Counts the messages of one turn. */
  turn_seq_id: z.int().min(0),
  /** 0 in progress, 1 end, 2 interrupted. */
  turn_status: z.union([z.literal(0), z.literal(1), z.literal(2)]),
});
export type AssistantTranscription = z.infer<typeof AssistantTranscription>;

/** The agent was interrupted; words after `start_ms` were not heard. */
export const InterruptMessage = z.object({
  object: z.literal("message.interrupt"),
  message_id: z.string(),
  data_type: z.literal("message"),
  turn_id: TurnId,
  start_ms: Ms,
  send_ts: z.number(),
});
export type InterruptMessage = z.infer<typeof InterruptMessage>;

export const MetricsMessage = z.object({
  object: z.literal("message.metrics"),
  module: z.string(),
  metric_name: z.string(),
  turn_id: TurnId,
  latency_ms: Ms,
  send_ts: z.number(),
});
export type MetricsMessage = z.infer<typeof MetricsMessage>;

export const ErrorMessage = z.object({
  object: z.literal("message.error"),
  module: z.string(),
  code: z.number(),
  message: z.string(),
  turn_id: TurnId,
  send_ts: z.number(),
});
export type ErrorMessage = z.infer<typeof ErrorMessage>;

/** The receipt for an image: `message` is JSON text with its `uuid`, `width`, `height`, `size_bytes` and source. */
export const InfoMessage = z.object({
  object: z.literal("message.info"),
  module: z.literal("context"),
  resource_type: z.literal("picture"),
  turn_id: TurnId,
  message: z.string(),
  send_ts: z.number(),
});
export type InfoMessage = z.infer<typeof InfoMessage>;

/**
 * What the agent is doing. Agora sends it by RTM presence only; its toolkits ignore this object. The flags are those of
 * the presence: a person may be heard while the agent speaks.
 */
export const StateMessage = z.object({
  object: z.literal("message.state"),
  state: z.enum(["idle", "silent", "listening", "thinking", "speaking"]),
  listening: z.boolean(),
  thinking: z.boolean(),
  speaking: z.boolean(),
  turn_id: TurnId,
  send_ts: z.number(),
});
export type StateMessage = z.infer<typeof StateMessage>;

export const TurnFinished = z.object({
  object: z.literal("turn.finished"),
  payload: z.object({
    turn_id: z.number(),
    agent_id: z.string(),
    start: z.object({ start_at: z.number() }),
    metrics: z.object({
      e2e_latency_ms: Ms.nullable(),
      segmented_latency_ms: z.array(z.object({ name: z.string(), latency: Ms })),
    }),
  }),
});
export type TurnFinished = z.infer<typeof TurnFinished>;

/** What these are is told under both keys: the contract has `event_type`, all the rest `object`. */
const ManualSosResult = z.literal("user.manual_sos.result");
const ManualEosResult = z.literal("user.manual_eos.result");
const AgentEosResult = z.literal("assistant.manual_eos.result");

const manualResult = {
  event_id: z.string(),
  event_ms: z.number(),
  payload: z.object({
    success: z.boolean(),
    request_id: z.string(),
    /** Null on failure, and where the turn gets its number only after what the agent is saying. */
    turn_id: TurnId.nullable(),
    error_message: z.string().nullable(),
  }),
};

/** What became of a client's mark of the start or the end of speech. */
export const ManualStart = z.object({ object: ManualSosResult, event_type: ManualSosResult, ...manualResult });
export const ManualEnd = z.object({ object: ManualEosResult, event_type: ManualEosResult, ...manualResult });

/** The agent has ended a turn that its client should have ended. */
export const ManualTurnEnded = z.object({
  object: AgentEosResult,
  event_type: AgentEosResult,
  event_id: z.string(),
  event_ms: z.number(),
  payload: z.object({ reason: z.string(), max_duration_ms: Ms, turn_id: TurnId }),
});
export type ManualTurnEnded = z.infer<typeof ManualTurnEnded>;

/** Whether the agent knows its speaker by their voice. */
export const SalStatus = z.object({
  object: z.literal("message.sal_status"),
  status: z.enum(["VP_DISABLED", "VP_UNREGISTER", "VP_REGISTERING", "VP_REGISTER_SUCCESS", "VP_REGISTER_FAIL", "VP_REGISTER_DUPLICATE"]),
  timestamp: z.number(),
  data_type: z.literal("message"),
  message_id: z.string(),
  send_ts: z.number(),
});
export type SalStatus = z.infer<typeof SalStatus>;

export const AgentMessage = z.discriminatedUnion("object", [
  UserTranscription,
  AssistantTranscription,
  InterruptMessage,
  MetricsMessage,
  ErrorMessage,
  InfoMessage,
  StateMessage,
  TurnFinished,
  SalStatus,
  ManualStart,
  ManualEnd,
  ManualTurnEnded,
]);
export type AgentMessage = z.infer<typeof AgentMessage>;

/** Body of `user.transcription` from a client: typed text. Spelling of the priority differs between Agora's toolkits. */
export const TypedText = z.object({
  priority: z.string().optional(),
  interruptable: z.boolean().optional(),
  message: z.string().min(1).max(8192),
});
export type TypedText = z.infer<typeof TypedText>;

/** Body of `user.manual_sos` and `user.manual_eos` from a client. */
export const ManualMark = z.object({ request_id: z.string().min(1).max(128) });
export type ManualMark = z.infer<typeof ManualMark>;

/** Body of `image.upload` from a client: an address, or the image itself. */
export const ImageUpload = z.object({
  uuid: z.string().min(1).max(128),
  image_url: z.string().max(32_768).nullish(),
  image_base64: z.string().nullish(),
});
export type ImageUpload = z.infer<typeof ImageUpload>;
