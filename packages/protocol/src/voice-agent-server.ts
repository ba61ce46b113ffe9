/** What the engine sends on the Voice Agent socket, one JSON object in a text frame, and the codes of its errors. */
import { z } from "zod";
import { SessionEcho } from "./voice-agent-session.ts";

/** Where the engine listens; the second is an older name of the same. */
export const voiceAgentPaths = ["/v1/ws", "/v1/voice"] as const;

/** Largest frame that a client may send, in bytes; a larger one closes the socket with 1009. */
export const maxFrameBytes = 1024 * 1024;

export const SessionErrorCode = z.enum([
  "UNAUTHORIZED",
  "FORBIDDEN",
  "INTERNAL_ERROR",
  "at_capacity",
  "concurrency_exceeded",
  "agent_not_found",
  "agent_init_failed",
  "agent_timeout",
  "session_start_timeout",
  "session_taken_over",
  "invalid_format",
  "invalid_audio",
  "invalid_value",
  "invalid_config",
  "immutable_field",
  "agent_id_not_first",
  "audio_rate_violation",
  "audio_rate_mismatch",
  "llm_error",
  "tts_error",
  "stt_error",
  "session_not_found",
  "session_forbidden",
  "session_expired",
]);
export type SessionErrorCode = z.output<typeof SessionErrorCode>;

/** Close codes of the errors that end the socket. A refused first `session.update` closes it with 1008, whatever its code. */
export const errorCloseCodes: Readonly<Partial<Record<SessionErrorCode, number>>> = {
  UNAUTHORIZED: 1008,
  FORBIDDEN: 1008,
  INTERNAL_ERROR: 1011,
  at_capacity: 1013,
  concurrency_exceeded: 1008,
  agent_not_found: 1008,
  agent_init_failed: 1011,
  agent_timeout: 1011,
  session_start_timeout: 1008,
  session_taken_over: 1008,
};

/** Unix seconds, with fractions. */
const timestamp = z.number();
const itemId = z.string();
const replyId = z.string();

/** An accepted `session.update`. */
export const SessionUpdated = z.object({ type: z.literal("session.updated"), config: SessionEcho, timestamp });

/** The session has started, or goes on after `session.resume`. */
export const SessionReady = z.object({
  type: z.literal("session.ready"),
  session_id: z.string(),
  config: SessionEcho,
  expires_at: z.int().describe("Unix seconds of its forced end."),
  resume_token: z.string().describe("A credential for this session alone: a new socket may resume with it in place of a new token."),
  timestamp,
});

/** The last event. */
export const SessionEnded = z.object({
  type: z.literal("session.ended"),
  session_duration_seconds: z.number(),
  audio_duration_seconds: z.number().nullable().describe("Seconds of the user's audio that came."),
  timestamp,
});

export const SessionError = z.object({
  type: z.literal("session.error"),
  code: SessionErrorCode,
  message: z.string(),
  param: z.string().nullable().describe("The field at fault, as a dotted path in `session`, or in the message."),
  session_id: z.string().nullable(),
  timestamp,
});

/** The user speaks and has the floor: drop what waits to be played. */
export const SpeechStarted = z.object({ type: z.literal("input.speech.started"), timestamp });
/** The user's turn is over. */
export const SpeechStopped = z.object({ type: z.literal("input.speech.stopped"), timestamp });

/** All words of the item so far. */
export const UserTranscriptDelta = z.object({ type: z.literal("transcript.user.delta"), item_id: itemId, text: z.string(), timestamp });
export const UserTranscript = z.object({ type: z.literal("transcript.user"), item_id: itemId, text: z.string(), timestamp });

export const ReplyStarted = z.object({ type: z.literal("reply.started"), reply_id: replyId, item_id: itemId, timestamp });
/** 20 ms of the agent's voice in `output.format`, base64. */
export const ReplyAudio = z.object({ type: z.literal("reply.audio"), reply_id: replyId, data: z.string(), timestamp });

/** The next word, sent when it is due to be heard; times count from the reply's first sample. */
export const AgentTranscriptDelta = z.object({
  type: z.literal("transcript.agent.delta"),
  reply_id: replyId,
  item_id: itemId,
  delta: z.string(),
  start_ms: z.int().nullable(),
  end_ms: z.int().nullable(),
  timestamp,
});

/** What the agent said; of an interrupted reply the words that were heard. */
export const AgentTranscript = z.object({
  type: z.literal("transcript.agent"),
  reply_id: replyId,
  item_id: itemId,
  text: z.string(),
  interrupted: z.boolean(),
  timestamp,
});

export const ToolCall = z.object({
  type: z.literal("tool.call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  args: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("The same again, for clients of March 2026, where the operator has set `voice_agent.legacy_args`."),
  timestamp,
});

export const ReplyDone = z.object({
  type: z.literal("reply.done"),
  reply_id: replyId,
  status: z.enum(["completed", "interrupted"]),
  timestamp,
});

export const ServerEvent = z.discriminatedUnion("type", [
  SessionUpdated,
  SessionReady,
  SessionEnded,
  SessionError,
  SpeechStarted,
  SpeechStopped,
  UserTranscriptDelta,
  UserTranscript,
  ReplyStarted,
  ReplyAudio,
  AgentTranscriptDelta,
  AgentTranscript,
  ToolCall,
  ReplyDone,
]);
export type ServerEvent = z.output<typeof ServerEvent>;
