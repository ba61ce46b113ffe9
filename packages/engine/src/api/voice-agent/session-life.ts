/** The life of one session beyond its sockets: how long it waits for a lost client, and how long it may last. Pure. */
import type { SessionEvent } from "../../core/events.ts";
import type { CloseReason } from "./session-log.ts";

export interface SessionLimits {
  /** How long a lost client may stay away, in milliseconds. */
  readonly graceMs: number;
  /** Longest session, in milliseconds. */
  readonly longestMs: number;
  /** The agent is told when this much is left, in milliseconds; 0: it is not. */
  readonly warnMs: number;
  /** Longest time without a word of anybody's, in milliseconds; 0: any. */
  readonly idleMs: number;
}

/** What has become of a life so far: JSON. Times are milliseconds on the session's scale. */
export interface LifeSnapshot {
  readonly endsAt: number;
  readonly warned: boolean;
}

/** Times are milliseconds on the session's scale. */
export type SessionLifeInput =
  /** The socket is lost. */
  | { readonly type: "lost"; readonly at: number }
  /** A socket has it (again). */
  | { readonly type: "attached"; readonly at: number }
  /** Somebody has said or asked something. */
  | { readonly type: "active"; readonly at: number }
  | { readonly type: "end"; readonly at: number; readonly reason: CloseReason }
  | { readonly type: "time"; readonly at: number };

export type SessionLifeDecision =
  /** The end is near: the agent should wrap up. */
  | { readonly type: "warn"; readonly leftMs: number }
  /** `code`: to close the socket with. */
  | { readonly type: "end"; readonly reason: CloseReason; readonly code: number };

const codes: Readonly<Record<CloseReason, number>> = {
  client_end: 1000,
  idle_timeout: 1000,
  server_shutdown: 1001,
  client_disconnect: 1001,
  max_duration: 1008,
  error: 1011,
};

/**
 *              lost             grace over
 *   attached ───────▶ detached ────────────▶ ended
 *      ▲ ◀── attached ──┘                      ▲
 *      └────────── end, longest, idle ─────────┘
 */
type State = { readonly name: "attached" } | { readonly name: "detached"; readonly until: number } | { readonly name: "ended" };

export class SessionLife {
  readonly #limits: SessionLimits;
  readonly #endsAt: number;
  #state: State = { name: "attached" };
  #warned = false;
  #activeAt: number;

  /** `past`: it goes on, and ends when it would have. */
  constructor(at: number, limits: SessionLimits, past?: LifeSnapshot) {
    this.#limits = limits;
    this.#endsAt = past?.endsAt ?? at + limits.longestMs;
    this.#activeAt = at;
    // A session that is shorter than the warning is not worth one.
    this.#warned = past?.warned ?? (limits.warnMs === 0 || limits.longestMs <= limits.warnMs);
  }

  snapshot(): LifeSnapshot {
    return { endsAt: this.#endsAt, warned: this.#warned };
  }

  /** When it ends in any case. */
  get endsAt(): number {
    return this.#endsAt;
  }

  get ended(): boolean {
    return this.#state.name === "ended";
  }

  /** When the next `time` input is due. */
  get deadline(): number | undefined {
    if (this.#state.name === "ended") return undefined;
    return Math.min(
      this.#endsAt,
      this.#warned ? Number.POSITIVE_INFINITY : this.#endsAt - this.#limits.warnMs,
      this.#state.name === "detached" ? this.#state.until : this.#idleUntil,
    );
  }

  handle(input: SessionLifeInput): SessionLifeDecision[] {
    if (this.#state.name === "ended") return [];
    switch (input.type) {
      case "lost":
        if (this.#state.name === "attached") this.#state = { name: "detached", until: input.at + this.#limits.graceMs };
        return [];
      case "attached":
        this.#state = { name: "attached" };
        this.#activeAt = input.at;
        return [];
      case "active":
        this.#activeAt = input.at;
        return [];
      case "end":
        return this.#end(input.reason);
      case "time":
        return this.#time(input.at);
    }
  }

  #time(at: number): SessionLifeDecision[] {
    if (at >= this.#endsAt) return this.#end("max_duration");
    if (this.#state.name === "detached" && at >= this.#state.until) return this.#end("client_disconnect");
    if (this.#state.name === "attached" && at >= this.#idleUntil) return this.#end("idle_timeout");
    if (this.#warned || at < this.#endsAt - this.#limits.warnMs) return [];
    this.#warned = true;
    return [{ type: "warn", leftMs: this.#endsAt - at }];
  }

  #end(reason: CloseReason): SessionLifeDecision[] {
    this.#state = { name: "ended" };
    return [{ type: "end", reason, code: codes[reason] }];
  }

  get #idleUntil(): number {
    return this.#limits.idleMs === 0 ? Number.POSITIVE_INFINITY : this.#activeAt + this.#limits.idleMs;
  }
}

/** Somebody says something, or begins or ends to. */
export const signsOfLife: ReadonlySet<SessionEvent["type"]> = new Set([
  "turn-start",
  "transcript",
  "turn-end",
  "reply-begin",
  "reply-text",
  "reply-end",
  "tool-call",
]);

/** What the agent is told before the end. */
export function wrapUp(leftMs: number): string {
  return `This conversation ends in ${Math.round(leftMs / 1000)} seconds. Wrap it up now, and say goodbye.`;
}
