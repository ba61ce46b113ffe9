/** What a caller is asked for, and what it tells. */
import type { AgentMessage, User } from "@parley/protocol";
import type { CallerError } from "./caller-error.ts";
import type { HeardFrame } from "./ear.ts";
import type { VoiceSource } from "./microphone.ts";

export interface CallerOptions {
  /** The engine's address, for instance `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly appId: string;
  readonly channel: string;
  /** Absent: the token's, or one that the engine chooses. */
  readonly uid?: string;
  readonly token?: string;
  /** From an earlier {@link Caller.sessionId}: takes that uid over. */
  readonly sessionId?: string;
  /** A line that broke off is made again for so long, in milliseconds; 0: never. Default 60,000. */
  readonly reconnectWithinMs?: number;
  /** What the caller sounds like, for as long as it is there; absent: what {@link Caller.say} is given. */
  readonly voice?: VoiceSource;
  /** Aborting it leaves the channel. */
  readonly signal?: AbortSignal;
}

/** Everything carries `at`, milliseconds on the `performance.now()` clock. */
export interface CallerEvents {
  /** 20 ms of somebody's voice. */
  audio: [frame: HeardFrame];
  /** An RTP packet of theirs has arrived: for gaps in arrival. */
  packet: [arrival: { readonly uid: string; readonly at: number }];
  /** A data message of an agent, checked. */
  message: [message: { readonly uid: string; readonly at: number; readonly message: AgentMessage }];
  /** One data packet as it came (section 8.1 of the REST contract): for readers that put packets together themselves. */
  "data-packet": [packet: { readonly uid: string; readonly at: number; readonly data: Uint8Array }];
  /** What of an agent's voice is heard now: `ms` is on the axis of `start_ms` in its messages. */
  "voice-time": [time: { readonly uid: string; readonly at: number; readonly ms: number }];
  "user-joined": [user: User & { readonly at: number }];
  "user-left": [user: { readonly uid: string; readonly reason: string; readonly at: number }];
  /** The line broke off; it is tried again until `reconnected` or `closed`. Nobody is heard meanwhile. */
  reconnecting: [loss: { readonly at: number; readonly error: CallerError }];
  /** In the channel again, under the same uid, and audio flows. */
  reconnected: [back: { readonly at: number; readonly attempts: number }];
  /** A message of ours was refused; the call goes on. */
  refused: [error: CallerError];
  /** Left, or thrown out; nothing follows. Without an error it was our own wish. */
  closed: [error: CallerError | undefined];
}
