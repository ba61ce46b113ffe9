/** What a client sends on the Voice Agent socket, one JSON object in a text frame. */
import { z } from "zod";
import { SessionSettings } from "./voice-agent-session.ts";

/** Starts the session (first message), or changes it. */
export const SessionUpdate = z.object({ type: z.literal("session.update"), session: SessionSettings });

/** First message of a new socket: goes on with a session whose socket was lost. */
export const SessionResume = z.object({
  type: z.literal("session.resume"),
  session_id: z.string().min(1).max(128),
  resume_token: z.string().max(512).nullish().describe("From `session.ready`; checked when sent, never needed."),
});

/** Ends the session for good. */
export const SessionEnd = z.object({ type: z.literal("session.end") });

/** The user's voice in `input.format`, base64; any length. */
export const InputAudio = z.object({ type: z.literal("input.audio"), audio: z.string().min(1) });

/** What a tool gave; `is_error`: it failed, and `result` says why. */
export const ToolResult = z.object({
  type: z.literal("tool.result"),
  call_id: z.string().min(1).max(256),
  result: z.string(),
  is_error: z.boolean().nullish(),
});

/** The agent speaks now; `instructions` count for this reply alone. */
export const ReplyCreate = z.object({ type: z.literal("reply.create"), instructions: z.string().max(32_768).nullish() });

/** Becomes part of the conversation; nobody answers it by itself. */
export const ConversationMessage = z.object({
  type: z.literal("conversation.message"),
  role: z.enum(["user", "system", "assistant"]),
  content: z.string().max(100_000),
});

/** An addition of Parley's: stops the agent as a barge-in does. */
export const ReplyCancel = z.object({ type: z.literal("reply.cancel"), reply_id: z.string().max(128).nullish() });

export const ClientEvent = z.discriminatedUnion("type", [
  SessionUpdate,
  SessionResume,
  SessionEnd,
  InputAudio,
  ToolResult,
  ReplyCreate,
  ConversationMessage,
  ReplyCancel,
]);
/** A client's event as the engine reads it. */
export type ClientEvent = z.output<typeof ClientEvent>;
/** A client's event as a client may write it. */
export type ClientEventInput = z.input<typeof ClientEvent>;
