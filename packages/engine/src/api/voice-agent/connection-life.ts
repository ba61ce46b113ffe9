/** The life of one socket: what may come when, and what ends it. Pure: time comes in with each input. */
import { voiceAgent } from "@parley/protocol";
import type { ReceivedEvent } from "./read-message.ts";
import { type Refusal, refusal } from "./refusal.ts";

type Update = Extract<ReceivedEvent, { type: "session.update" }>;
type Resume = Extract<ReceivedEvent, { type: "session.resume" }>;

/** Times are milliseconds on any one scale. */
export type ConnectionInput =
  | { readonly type: "event"; readonly at: number; readonly event: ReceivedEvent }
  /** A frame that could not be read; `event`: what it would have been. */
  | { readonly type: "unreadable"; readonly at: number; readonly refusal: Refusal; readonly event: string }
  | { readonly type: "started"; readonly at: number }
  | { readonly type: "start-failed"; readonly at: number; readonly refusal: Refusal }
  | { readonly type: "resumed"; readonly at: number }
  | { readonly type: "resume-failed"; readonly at: number; readonly refusal: Refusal }
  /** The socket is gone, or its session is. */
  | { readonly type: "gone"; readonly at: number }
  | { readonly type: "time"; readonly at: number };

export type ConnectionDecision =
  | { readonly type: "start"; readonly event: Update }
  | { readonly type: "resume"; readonly event: Resume }
  /** For the session. */
  | { readonly type: "pass"; readonly event: ReceivedEvent }
  | { readonly type: "tell"; readonly refusal: Refusal }
  /** The start is not waited for any longer. */
  | { readonly type: "abandon" }
  | { readonly type: "close"; readonly refusal: Refusal; readonly code: number };

/** A first message has to come within this long; after the first resume that failed, in that long. In milliseconds. */
const firstMessageMs = 30_000;
const secondChanceMs = 10_000;
const startMs = 10_000;
/** So many resumes that fail close the socket. */
const maxResumes = 3;
/** What a first update that is refused closes the socket with. */
const fatalConfiguration = 1008;
/** Messages that may wait for the start. */
const maxQueued = 32;

/**
 *              session.update             started
 *   connected ───────────────▶ starting ──────────▶ ready
 *    │  ▲  │ session.resume        │                  ▲
 *    │  │  └──────▶ resuming ──────┼── resumed ───────┘
 *    │  └── failed ────┘           │ failed; 10 s from the first failed resume on, or the third
 *    └── 30 s ─────────────────────┴────────────────▶ gone
 */
type State =
  | { readonly name: "connected"; readonly until: number }
  | { readonly name: "starting"; readonly until: number; readonly queue: ReceivedEvent[] }
  | { readonly name: "resuming"; readonly queue: ReceivedEvent[] }
  | { readonly name: "ready" }
  | { readonly name: "gone" };

export class ConnectionLife {
  #state: State;
  #failedResumes = 0;
  /** When the time after the first resume that failed is over. */
  #secondChanceUntil: number | undefined;

  constructor(at: number) {
    this.#state = { name: "connected", until: at + firstMessageMs };
  }

  /** When the next `time` input is due. */
  get deadline(): number | undefined {
    return "until" in this.#state ? this.#state.until : undefined;
  }

  handle(input: ConnectionInput): ConnectionDecision[] {
    if (this.#state.name === "gone") return [];
    switch (input.type) {
      case "event":
        return this.#event(input.event, input.at);
      case "unreadable":
        return this.#unreadable(input.refusal, input.event);
      case "started":
      case "resumed": {
        const waiting = "queue" in this.#state ? this.#state.queue : [];
        this.#state = { name: "ready" };
        return waiting.map((event) => ({ type: "pass", event }));
      }
      case "start-failed":
        return this.#close(input.refusal);
      case "resume-failed":
        return this.#resumeFailed(input.refusal, input.at);
      case "gone": {
        const abandoned = this.#state.name === "starting";
        this.#state = { name: "gone" };
        return abandoned ? [{ type: "abandon" }] : [];
      }
      case "time":
        return this.deadline !== undefined && input.at >= this.deadline ? this.#tooLate() : [];
    }
  }

  #event(event: ReceivedEvent, at: number): ConnectionDecision[] {
    switch (this.#state.name) {
      case "connected":
        return this.#first(event, at);
      case "starting":
      case "resuming":
        return this.#early(event, this.#state.queue);
      case "ready":
        if (event.type !== "session.resume") return [{ type: "pass", event }];
        return [{ type: "tell", refusal: refusal("invalid_format", "session.resume is for the first message of a new socket", "type") }];
      case "gone":
        return [];
    }
  }

  #first(event: ReceivedEvent, at: number): ConnectionDecision[] {
    switch (event.type) {
      case "session.update":
        this.#state = { name: "starting", until: at + startMs, queue: [] };
        return [{ type: "start", event }];
      case "session.resume":
        this.#state = { name: "resuming", queue: [] };
        return [{ type: "resume", event }];
      case "input.audio":
      case "session.end":
      case "tool.result":
      case "reply.create":
      case "reply.cancel":
      case "conversation.message":
        return tooEarly(event);
    }
  }

  /** What changes or ends the session waits for it; what needs it ready is refused. */
  #early(event: ReceivedEvent, queue: ReceivedEvent[]): ConnectionDecision[] {
    const waits = event.type === "session.update" || event.type === "session.end";
    if (!waits || queue.length >= maxQueued) return tooEarly(event);
    queue.push(event);
    return [];
  }

  /** A first update that cannot be read is as fatal as one that cannot be carried out. */
  #unreadable(why: Refusal, event: string): ConnectionDecision[] {
    return this.#state.name === "connected" && event === "session.update" ? this.#close(why) : [{ type: "tell", refusal: why }];
  }

  /** Who tries again and again has no more time for it than who tries once. */
  #resumeFailed(why: Refusal, at: number): ConnectionDecision[] {
    this.#failedResumes += 1;
    if (voiceAgent.errorCloseCodes[why.code] !== undefined || this.#failedResumes >= maxResumes) return this.#close(why);
    this.#secondChanceUntil ??= at + secondChanceMs;
    this.#state = { name: "connected", until: this.#secondChanceUntil };
    return [{ type: "tell", refusal: why }];
  }

  #tooLate(): ConnectionDecision[] {
    if (this.#state.name === "starting") {
      return [{ type: "abandon" }, ...this.#close(refusal("agent_timeout", `The session could not be started within ${startMs / 1000} s`))];
    }
    const text = "No session.update and no session.resume came in time: send one of them as soon as the socket is open";
    return this.#close(refusal("session_start_timeout", text));
  }

  #close(why: Refusal): ConnectionDecision[] {
    this.#state = { name: "gone" };
    return [{ type: "close", refusal: why, code: voiceAgent.errorCloseCodes[why.code] ?? fatalConfiguration }];
  }
}

/** A microphone that starts with the socket is no mistake worth a word. */
function tooEarly({ type }: ReceivedEvent): ConnectionDecision[] {
  if (type === "input.audio") return [];
  const text = `${type} came before session.ready: send session.update or session.resume first, and wait for it`;
  return [{ type: "tell", refusal: refusal("invalid_format", text, "type") }];
}
