/** What one says to a `VoiceAgent`, and what it tells. */
import type { BackOff } from "./back-off.ts";
import type { VoiceAgentError } from "./errors.ts";
import type { ServerEvent } from "./server-event.ts";
import type { SessionSettings } from "./settings.ts";
import type { Credential } from "./socket.ts";
import type { Tool } from "./tool.ts";

export type VoiceAgentOptions = Credential & {
  /** The engine: `https://host`, `wss://host`, or the socket's whole address. */
  readonly url: string | URL;
  /** In Node, undici's `Dispatcher` that the sockets go through: a proxy for instance. */
  readonly dispatcher?: unknown;
  /** What the agent is. Absent: the server's defaults. */
  readonly session?: SessionSettings;
  /** Functions that the agent may call. They need not be in `session.tools`. */
  readonly tools?: readonly Tool[];
  /** A result of a tool whose reply was interrupted is not sent. Default: it is, and the server decides what it is good for. */
  readonly dropInterruptedResults?: boolean;
  /** When the session cannot be resumed, begin a new one with the same settings, in place of the event `lost`. Default false. */
  readonly restart?: boolean;
  /** With `restart`: whether the new session begins with the greeting. Default true. A stored agent greets in any case. */
  readonly greetAgain?: boolean;
  /** How long the server keeps a session without a socket. Default 30,000. 0: a socket that breaks is not replaced. */
  readonly graceMs?: number;
  /** From an attempt's begin to `session.ready`. Default 15,000: an engine may take 10 s to start an agent. */
  readonly connectTimeoutMs?: number;
  /** Microphone audio that is kept while there is no session, and sent when there is; the newest is kept. Default 5,000. */
  readonly awayAudioMs?: number;
  /** Quiet for `quietMs` (8,000), the server is asked for a sign of life, and has `timeoutMs` (6,000) to give one. False: never. */
  readonly heartbeat?: { readonly quietMs: number; readonly timeoutMs: number } | false;
  /** Waits between attempts to resume. Default: from 250 to 4,000 ms, half of it random. */
  readonly backOff?: BackOff;
};

/** What this client tells beside the server's events. */
type ClientEvent =
  /** The socket is gone; the next attempt comes in `delayMs`. */
  | { readonly type: "reconnecting"; readonly attempt: number; readonly delayMs: number; readonly error: VoiceAgentError }
  /** The same session goes on, `awayMs` after its socket was lost. */
  | { readonly type: "resumed"; readonly sessionId: string; readonly awayMs: number }
  /** A new session with the same settings, which knows nothing of the one before: see `restart`. */
  | { readonly type: "restarted"; readonly sessionId: string; readonly previousId: string; readonly awayMs: number }
  /** A result went out: of a tool of yours, or that there is no such tool. */
  | { readonly type: "tool.result"; readonly call_id: string; readonly name: string; readonly result: string; readonly is_error: boolean }
  /** Last event: the session ended in order. */
  | { readonly type: "closed" }
  /** Last event: the session is gone, and why. */
  | { readonly type: "lost"; readonly error: VoiceAgentError };

/** `reply.audio` with its samples: the agent's voice, at `sampleRate` hertz. G.711 arrives decoded. */
export type AudioEvent = Extract<ServerEvent, { type: "reply.audio" }> & {
  readonly pcm: Int16Array<ArrayBuffer>;
  readonly sampleRate: number;
};

export type VoiceAgentEvent = Exclude<ServerEvent, { type: "reply.audio" }> | AudioEvent | ClientEvent;

/** How a session that ended in order went; null for what the server did not say. */
export interface SessionEnd {
  readonly sessionSeconds: number | null;
  readonly audioSeconds: number | null;
}

export const defaults = {
  graceMs: 30_000,
  connectTimeoutMs: 15_000,
  awayAudioMs: 5_000,
  heartbeat: { quietMs: 8_000, timeoutMs: 6_000 },
  backOff: { firstMs: 250, maxMs: 4_000 },
};
