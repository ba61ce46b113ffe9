/**
 * The life of a connection, over as many sockets as it takes. Pure: it is told what happens and when, and says what to do.
 *
 *             connect          ready                 lost                   its time has come
 *     idle ───────────▶ connecting ─────▶ ready ─────────────▶ waiting ───────────────────────▶ connecting (resume)
 *                            │              │ ▲                   │  ▲                               │ ready: resumed
 *                            │ refused      │ └───────────────────│──│───────────────────────────────┤ lost again
 *                            ▼              ▼ end                 ▼  └───────────────────────────────┤
 *                          over ◀──────── ending            over: lost      session gone: connecting (restart), or over
 *
 * Times are in milliseconds on any steady scale. Sources: close codes and what can be resumed after them as the API documents them.
 */
import { backOffMs, type BackOff } from "./back-off.ts";

export interface LinkOptions {
  /** How long the server keeps a session whose socket broke. */
  readonly graceMs: number;
  /** From an attempt's begin to `session.ready`. */
  readonly connectTimeoutMs: number;
  /** Quiet for so long, the server is asked for a sign of life; no sign for so long, the socket is given up. Null: it is never asked. */
  readonly heartbeat: { readonly quietMs: number; readonly timeoutMs: number } | null;
  readonly backOff: BackOff;
  /** Whether a session that cannot be resumed is replaced by a new one. */
  readonly restart: boolean;
}

export type LinkInput = { readonly at: number } & (
  | { readonly type: "connect" | "time" | "end" }
  /** The network has come back, says the platform. */
  | { readonly type: "online" }
  /** The attempt's socket is open. */
  | { readonly type: "opened" }
  /** The attempt came to no socket: no token, or an address that cannot be opened. */
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "ready"; readonly sessionId: string; readonly resumeToken: string | null }
  /** Any other event of the server's. */
  | { readonly type: "heard" }
  | { readonly type: "refused"; readonly code: string; readonly message: string }
  | { readonly type: "ended" }
  | { readonly type: "closed"; readonly code: number; readonly reason: string }
);

export interface Loss {
  /** A wire or client error code, or "connection-lost". */
  readonly code: string;
  readonly message: string;
  readonly cause?: unknown;
}

export type LinkDecision =
  /** Get a credential and open a socket; there is none now. */
  | { readonly type: "open" }
  /** First message of a new session. */
  | { readonly type: "send-start" }
  | { readonly type: "send-resume"; readonly sessionId: string; readonly resumeToken: string | null }
  | { readonly type: "send-probe" }
  | { readonly type: "send-end" }
  /** Close the socket, or stop trying for one, and hear no more of it. */
  | { readonly type: "drop" }
  | { readonly type: "started"; readonly sessionId: string }
  | { readonly type: "reconnecting"; readonly attempt: number; readonly delayMs: number; readonly loss: Loss }
  | { readonly type: "resumed"; readonly sessionId: string; readonly awayMs: number }
  | { readonly type: "restarted"; readonly sessionId: string; readonly previousId: string; readonly awayMs: number }
  /** Ended in order, by either side. */
  | { readonly type: "over" }
  | { readonly type: "lost"; readonly loss: Loss };

interface Session {
  readonly id: string;
  readonly resumeToken: string | null;
}

/** A session that has no socket: since when, how often it was tried, and what took the last one. */
interface Away {
  readonly session: Session;
  /** When the first socket was lost. */
  readonly since: number;
  /** From when on trying is in vain. */
  readonly until: number;
  readonly attempts: number;
  readonly purpose: "resume" | "restart";
}

type State =
  | { readonly name: "idle" | "over" }
  /** `away` is absent for the very first session. `reused`: a refused resume, whose socket now starts anew. */
  | { readonly name: "connecting"; readonly until: number; readonly away?: Away; readonly reused: boolean; readonly refusal?: Loss }
  | { readonly name: "ready"; readonly session: Session; readonly heardAt: number; readonly askedAt?: number; readonly refusal?: Loss }
  | { readonly name: "waiting"; readonly until: number; readonly away: Away }
  | { readonly name: "ending"; readonly until: number };

/** How long the server may take to say that the session has ended. */
const endTimeoutMs = 3_000;

/** These tell of a session that cannot be resumed any more. */
const gone = new Set(["session_not_found", "session_forbidden", "session_expired"]);

/**
 * Sockets that broke or were closed for a reason that passes: no status, no close frame, going away, server fault, restart, try later,
 * bad gateway, and 3005, which one vendor's client knows as passing.
 */
const passing = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 3005]);

export class Link {
  readonly #options: LinkOptions;
  readonly #random: () => number;
  #state: State = { name: "idle" };

  constructor(options: LinkOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  get state(): State["name"] {
    return this.#state.name;
  }

  /** When the next `time` input is due. */
  get deadline(): number | undefined {
    const state = this.#state;
    switch (state.name) {
      case "connecting":
      case "waiting":
      case "ending":
        return state.until;
      case "ready": {
        const { heartbeat } = this.#options;
        if (heartbeat === null) return undefined;
        return state.askedAt === undefined ? state.heardAt + heartbeat.quietMs : state.askedAt + heartbeat.timeoutMs;
      }
      case "idle":
      case "over":
        return undefined;
    }
  }

  handle(input: LinkInput): LinkDecision[] {
    switch (input.type) {
      case "connect":
        return this.#state.name === "idle" ? this.#attempt(input.at) : [];
      case "opened":
        return this.#opened();
      case "failed":
        return this.#failed(input.at, input.error);
      case "ready":
        return this.#ready(input.at, { id: input.sessionId, resumeToken: input.resumeToken });
      case "heard":
        if (this.#state.name === "ready") this.#state = { name: "ready", session: this.#state.session, heardAt: input.at };
        return [];
      case "refused":
        return this.#refused(input.at, { code: input.code, message: input.message });
      case "ended":
        return this.#hasSocket() ? this.#finish({ type: "over" }) : [];
      case "closed":
        return this.#closed(input.at, input.code, input.reason);
      case "end":
        return this.#end(input.at);
      case "online":
        return this.#online(input.at);
      case "time":
        return this.deadline === undefined || input.at < this.deadline ? [] : this.#time(input.at);
    }
  }

  #hasSocket(): boolean {
    return this.#state.name === "connecting" || this.#state.name === "ready" || this.#state.name === "ending";
  }

  #attempt(at: number, away?: Away): LinkDecision[] {
    const until = at + this.#options.connectTimeoutMs;
    this.#state = { name: "connecting", until, reused: false, ...(away && { away: { ...away, attempts: away.attempts + 1 } }) };
    return [{ type: "open" }];
  }

  #opened(): LinkDecision[] {
    if (this.#state.name !== "connecting") return [];
    const { away } = this.#state;
    if (away?.purpose !== "resume") return [{ type: "send-start" }];
    return [{ type: "send-resume", sessionId: away.session.id, resumeToken: away.session.resumeToken }];
  }

  #ready(at: number, session: Session): LinkDecision[] {
    const state = this.#state;
    if (state.name === "ready") this.#state = { name: "ready", session, heardAt: at };
    if (state.name !== "connecting") return [];
    this.#state = { name: "ready", session, heardAt: at };
    const { away } = state;
    if (away === undefined) return [{ type: "started", sessionId: session.id }];
    const awayMs = at - away.since;
    if (away.purpose === "resume") return [{ type: "resumed", sessionId: session.id, awayMs }];
    return [{ type: "restarted", sessionId: session.id, previousId: away.session.id, awayMs }];
  }

  #refused(at: number, refusal: Loss): LinkDecision[] {
    const state = this.#state;
    if (state.name === "ready") {
      // Told as an event, and remembered: it may be why the socket closes next.
      this.#state = { name: "ready", session: state.session, heardAt: at, refusal };
      return [];
    }
    if (state.name !== "connecting") return [];
    if (state.away?.purpose !== "resume" || !gone.has(refusal.code)) {
      this.#state = { ...state, refusal };
      return [];
    }
    if (!this.#options.restart) return this.#finish({ type: "lost", loss: refusal }, true);
    // The server waits on this socket for a new session: the credential is not used up.
    const until = at + this.#options.connectTimeoutMs;
    this.#state = { name: "connecting", until, away: this.#restarting(at, state.away), reused: true, refusal };
    return [{ type: "send-start" }];
  }

  #failed(at: number, error: unknown): LinkDecision[] {
    if (this.#state.name !== "connecting") return [];
    const message = error instanceof Error ? error.message : String(error);
    const loss = { code: codeOf(error) ?? "connect-failed", message, cause: error };
    return this.#lose(at, loss, false);
  }

  #closed(at: number, code: number, reason: string): LinkDecision[] {
    const state = this.#state;
    if (!this.#hasSocket()) return [];
    if (state.name === "ending") return this.#finish({ type: "over" }, false);
    const refusal = state.name === "connecting" || state.name === "ready" ? state.refusal : undefined;
    const described = `The connection was closed with ${code}${reason === "" ? "" : `: ${reason}`}.`;
    const loss = refusal ?? { code: state.name === "ready" ? "connection-lost" : "connect-failed", message: described };
    if (state.name === "connecting" && state.reused && state.away !== undefined) return this.#retry(at, state.away, loss);
    if (!passing.has(code)) return this.#finish(code === 1000 ? { type: "over" } : { type: "lost", loss }, false);
    return this.#lose(at, loss, false);
  }

  /** The socket is gone, for a reason that may pass; `drop` says whether it still has to be closed. */
  #lose(at: number, loss: Loss, drop: boolean): LinkDecision[] {
    const state = this.#state;
    const before: LinkDecision[] = drop ? [{ type: "drop" }] : [];
    if (state.name === "ready") {
      const away: Away = { session: state.session, since: at, until: at + this.#options.graceMs, attempts: 0, purpose: "resume" };
      return [...before, ...this.#retry(at, away, loss)];
    }
    if (state.name === "connecting" && state.away !== undefined) return [...before, ...this.#retry(at, state.away, loss)];
    return [...before, ...this.#finish({ type: "lost", loss }, false)];
  }

  #retry(at: number, away: Away, loss: Loss): LinkDecision[] {
    const delayMs = backOffMs(this.#options.backOff, away.attempts, this.#random());
    if (at + delayMs >= away.until) {
      if (away.purpose === "restart" || !this.#options.restart) return this.#finish({ type: "lost", loss }, false);
      return this.#retry(at, this.#restarting(at, away), loss);
    }
    this.#state = { name: "waiting", until: at + delayMs, away };
    return [{ type: "reconnecting", attempt: away.attempts + 1, delayMs, loss }];
  }

  /** From resuming to starting anew, which gets as much time as resuming had. */
  #restarting(at: number, away: Away): Away {
    return { ...away, purpose: "restart", attempts: 0, until: at + this.#options.graceMs };
  }

  #end(at: number): LinkDecision[] {
    if (this.#state.name === "ready") {
      this.#state = { name: "ending", until: at + endTimeoutMs };
      return [{ type: "send-end" }];
    }
    if (this.#state.name === "ending" || this.#state.name === "over") return [];
    return this.#finish({ type: "over" });
  }

  #online(at: number): LinkDecision[] {
    const state = this.#state;
    if (state.name === "waiting") return this.#attempt(at, state.away);
    // The old network's socket may be dead without a word: ask now.
    if (state.name === "ready" && state.askedAt === undefined && this.#options.heartbeat !== null) return this.#ask(at, state);
    return [];
  }

  #ask(at: number, state: State & { readonly name: "ready" }): LinkDecision[] {
    this.#state = { ...state, askedAt: at };
    return [{ type: "send-probe" }];
  }

  #time(at: number): LinkDecision[] {
    const state = this.#state;
    switch (state.name) {
      case "connecting": {
        const loss = state.refusal ?? { code: "connect-timeout", message: `No session within ${this.#options.connectTimeoutMs} ms.` };
        return this.#lose(at, loss, true);
      }
      case "waiting":
        return this.#attempt(at, state.away);
      case "ready":
        if (state.askedAt === undefined) return this.#ask(at, state);
        return this.#lose(at, { code: "connection-lost", message: "The server gives no sign of life." }, true);
      case "ending":
        return this.#finish({ type: "over" });
      case "idle":
      case "over":
        return [];
    }
  }

  #finish(last: LinkDecision, drop = this.#hasSocket()): LinkDecision[] {
    this.#state = { name: "over" };
    return drop ? [{ type: "drop" }, last] : [last];
  }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
