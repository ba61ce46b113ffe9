/** Where a Voice Agent session tells what becomes of it; the REST beside the socket keeps and serves it. */
import type { voiceAgent } from "@parley/protocol";

/** Why a session ended, in the contract's words (`public_close_reason`). */
export type CloseReason =
  | "client_end"
  | "max_duration"
  | "idle_timeout"
  /** The socket was lost, and nobody came back in time. */
  | "client_disconnect"
  | "server_shutdown"
  | "error";

/** Times are Unix milliseconds. */
export interface VoiceSessionRecord {
  /** `sess_` and 32 hexadecimal digits. */
  readonly id: string;
  /** App ID of its project. */
  readonly project: string;
  readonly agentId: string | null;
  readonly status: "created" | "completed";
  /** Null while it is open. */
  readonly closeReason: CloseReason | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** Milliseconds of wall time, grace included. */
  readonly durationMs: number | null;
  /** Milliseconds of the user's audio. */
  readonly audioMs: number | null;
  /** As it was last told to the client; without secrets. */
  readonly config: voiceAgent.SessionEcho;
}

/** What gave the agent the floor in a turn. */
export type TimelineTrigger = "greeting" | "user_speech" | "tool_result" | "reply_create";

export interface TimelineToolCall {
  readonly call_id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly result: string | null;
  readonly dispatched_at_ms: number;
  readonly result_received_at_ms: number | null;
  readonly duration_ms: number | null;
  readonly is_error: boolean | null;
  readonly timed_out: boolean;
}

/** One turn of the timeline artifact, in the spelling of the contract; times are milliseconds since the session began. */
export interface TimelineTurn {
  readonly turn_id: number;
  /** Of the user's words, or where there are none, of the agent's. */
  readonly item_id: string;
  readonly status: "completed" | "interrupted" | "no_reply";
  readonly trigger: TimelineTrigger;
  readonly requested_instructions: string | null;
  readonly user_transcript: string | null;
  readonly user_speech_started_at_ms: number | null;
  readonly user_speech_ended_at_ms: number | null;
  readonly user_confidence: number | null;
  readonly agent_text: string | null;
  readonly agent_reply_started_at_ms: number | null;
  readonly agent_reply_ended_at_ms: number | null;
  readonly interrupted_at_ms: number | null;
  readonly time_to_first_audio_ms: number | null;
  readonly tool_calls: readonly TimelineToolCall[];
}

export interface ConfigChange {
  readonly at_ms: number;
  readonly config: voiceAgent.SessionEcho;
}

export interface SessionTimeline {
  readonly session_id: string;
  readonly started_at_unix_ms: number;
  readonly turns: readonly TimelineTurn[];
  readonly config_changes: readonly ConfigChange[];
  readonly ended: { readonly reason: string; readonly public_reason: CloseReason; readonly duration_seconds: number };
}

/** Nothing waits for it: it takes what it is told, and keeps it in its own time. */
export interface SessionLog {
  /** The session is ready; its record says `created`. */
  opened(record: VoiceSessionRecord): void;
  /** Another process had opened it, and it goes on here. */
  resumed(record: VoiceSessionRecord): void;
  /** It goes on elsewhere: this engine has nothing more to say of it. */
  passedOn(id: string): void;
  /** The configuration has changed. */
  changed(record: VoiceSessionRecord): void;
  /** It is over. Told once for each session that was opened. */
  ended(record: VoiceSessionRecord, timeline: SessionTimeline): void;
}
