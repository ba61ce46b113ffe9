/** From what happened in a session to its finished turns: what began each, how it ended and how long its parts took. Pure. */
import { z } from "zod";
import type { IgnoredCause, InterruptCause, ReplySource, ReplyTrigger, SessionEvent } from "../core/events.ts";

const count = z.int().min(0);

const TurnStart = z.discriminatedUnion("type", [
  /** `interruptMs`: how long the person had talked over the agent before it fell silent; 0: they did not. */
  z.object({ type: z.literal("voice"), speechMs: count, interruptMs: count }),
  /** A message from a client's keyboard. */
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("think") }),
  /** The `nth` greeting of the call, from 1. */
  z.object({ type: z.literal("greeting"), nth: count }),
  z.object({ type: z.literal("silence"), action: z.enum(["speak", "think"]) }),
  z.object({ type: z.literal("speak") }),
]);
export type TurnStart = z.output<typeof TurnStart>;

const TurnEnd = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ok"), playedMs: count }),
  z.object({
    type: z.literal("interrupted"),
    cause: z.enum(["start_of_speech", "text", "api_speak", "api_interrupt", "api_leave"] satisfies InterruptCause[]),
  }),
  /** Speech over the agent that did not count: the agent's own turn went on. */
  z.object({ type: z.literal("ignored"), cause: z.enum(["disable", "keywords", "semantic"] satisfies IgnoredCause[]) }),
  z.object({ type: z.literal("error"), module: z.enum(["llm", "tts", "session"]), details: z.string() }),
]);
export type TurnEnd = z.output<typeof TurnEnd>;

/** In milliseconds; a part that a turn does not have is absent. */
const TurnMetrics = z.object({
  /** End of a person's speech to the first sound of the answer. */
  e2eMs: count.optional(),
  /** End of speech to its last word. */
  asrTtlwMs: count.optional(),
  /** Request to the first token. */
  llmTtfbMs: count.optional(),
  /** Request to the first clause. */
  llmTtfsMs: count.optional(),
  /** Request to the first sound, where the model speaks itself. */
  llmTtfaMs: count.optional(),
  /** First clause to its first sound. */
  ttsTtfbMs: count.optional(),
});
export type TurnMetrics = z.output<typeof TurnMetrics>;

/** Times of day are Unix milliseconds. The schema reads it back from the database. */
export const TurnRecord = z.object({
  turnId: z.int(),
  start: TurnStart,
  startedAt: z.int(),
  end: TurnEnd,
  endedAt: z.int(),
  metrics: TurnMetrics,
});
export type TurnRecord = z.output<typeof TurnRecord>;

type Heard = Extract<SessionEvent, { type: "turn-end" }>;

interface OpenTurn {
  readonly turnId: number;
  readonly at: number;
  heard: Heard | undefined;
  source: ReplySource | undefined;
  /** Of the reply under way. */
  trigger: ReplyTrigger | undefined;
  failure: Extract<TurnEnd, { type: "error" }> | undefined;
  metrics: TurnMetrics;
}

export class TurnLog {
  readonly #epochMs: number;
  /** Turns under way: an answer may end after the next turn has begun. */
  readonly #open = new Map<number, OpenTurn>();
  #greetings: number;
  /** Session time at which speech last cut the agent, and the turn that was cut. */
  #cut: { readonly at: number; readonly turnId: number } | undefined;

  /** `epochMs`: Unix milliseconds of session time 0. `past`: turns of the same call, before the engine was killed. */
  constructor(epochMs: number, past: readonly TurnRecord[] = []) {
    this.#epochMs = epochMs;
    this.#greetings = past.filter(({ start }) => start.type === "greeting").length;
  }

  /** The turns that this event ends. */
  handle(event: SessionEvent): TurnRecord[] {
    switch (event.type) {
      case "user-joined":
      case "user-left":
      case "state":
      case "transcript":
      case "reply-text":
      case "tool-call":
      case "picture-taken":
      case "picture-refused":
      case "tool-result":
      case "turn-marked":
      case "turn-overlong":
      case "echo-suspected":
        return [];
      case "speech-ignored":
        return [this.#ignored(event)];
      case "turn-start":
        this.#turn(event.turnId, event.at);
        return [];
      case "turn-dropped":
        this.#open.delete(event.turnId);
        return [];
      case "turn-end":
        this.#turn(event.turnId, event.at).heard = event;
        return [];
      case "reply-begin":
        this.#turn(event.turnId, event.at).trigger = event.trigger;
        return [];
      case "reply-start": {
        const turn = this.#turn(event.turnId, event.at);
        turn.source = event.source;
        if (event.latencyMs !== null) turn.metrics = { ...turn.metrics, e2eMs: whole(event.latencyMs) };
        return [];
      }
      case "metric": {
        const turn = this.#open.get(event.turnId);
        if (turn !== undefined) turn.metrics = { ...turn.metrics, ...measured(event) };
        return [];
      }
      case "error": {
        const turn = this.#open.get(event.turnId);
        if (turn !== undefined) turn.failure ??= failureOf(event);
        return [];
      }
      case "reply-end":
        // A word in between, while tools hold the answer to somebody's turn: that is still to come.
        if (this.#isBetween(event.turnId)) return [];
        return this.#finish(event.turnId, event.at, { type: "ok", playedMs: whole(event.playedMs) });
      case "reply-interrupted":
        if (event.cause === "start_of_speech") this.#cut = event;
        return this.#finish(event.turnId, event.at, { type: "interrupted", cause: event.cause });
      case "closed": {
        const end: TurnEnd =
          event.status === "FAILED"
            ? { type: "error", module: "session", details: event.reason }
            : { type: "interrupted", cause: "api_leave" };
        return [...this.#open.keys()].flatMap((turnId) => this.#finish(turnId, event.at, end));
      }
    }
  }

  #turn(turnId: number, at: number): OpenTurn {
    let turn = this.#open.get(turnId);
    if (turn === undefined) {
      turn = { turnId, at, heard: undefined, source: undefined, trigger: undefined, failure: undefined, metrics: {} };
      this.#open.set(turnId, turn);
    }
    return turn;
  }

  #finish(turnId: number, at: number, end: TurnEnd): TurnRecord[] {
    const turn = this.#open.get(turnId);
    this.#open.delete(turnId);
    const start = turn === undefined ? undefined : this.#startOf(turn);
    // Neither was anybody understood, nor had the agent anything of its own to say.
    if (turn === undefined || start === undefined) return [];
    const { heard, failure, metrics } = turn;
    const startMs = heard?.by === "voice" ? Math.min(heard.startMs, turn.at) : turn.at;
    return [{ turnId, start, startedAt: this.#unix(startMs), end: failure ?? end, endedAt: this.#unix(Math.max(at, startMs)), metrics }];
  }

  #isBetween(turnId: number): boolean {
    const turn = this.#open.get(turnId);
    return turn?.heard !== undefined && turn.trigger === "create";
  }

  #ignored({ turnId, startMs, endMs, cause }: Extract<SessionEvent, { type: "speech-ignored" }>): TurnRecord {
    return {
      turnId,
      start: { type: "voice", speechMs: span(startMs, endMs), interruptMs: 0 },
      startedAt: this.#unix(startMs),
      end: { type: "ignored", cause },
      endedAt: this.#unix(endMs),
      metrics: {},
    };
  }

  #startOf({ turnId, heard, source, trigger }: OpenTurn): TurnStart | undefined {
    if (heard !== undefined) {
      switch (heard.by) {
        case "voice":
          return { type: "voice", speechMs: span(heard.startMs, heard.endMs), interruptMs: this.#overlap(turnId, heard) };
        case "text":
          return { type: "text" };
        case "command":
          return { type: "think" };
      }
    }
    switch (source ?? trigger) {
      // An answer that nobody had asked for, and nobody heard.
      case undefined:
      case "turn":
      case "tool-result":
      case "create":
        return undefined;
      case "greeting":
        this.#greetings += 1;
        return { type: "greeting", nth: this.#greetings };
      case "silence":
        return { type: "silence", action: "speak" };
      case "command":
        return { type: "speak" };
      // Thoughts that nobody had asked for: silence made it think.
      case "llm":
      case "llm_failure":
        return { type: "silence", action: "think" };
    }
  }

  /** How long the speech went on before it cut the turn before. */
  #overlap(turnId: number, { startMs, endMs }: Heard): number {
    const cut = this.#cut;
    if (cut === undefined || cut.turnId >= turnId || cut.at < startMs || cut.at > endMs) return 0;
    return span(startMs, cut.at);
  }

  #unix(at: number): number {
    return Math.round(this.#epochMs + at);
  }
}

/** What they are called here. How long the whole took, the reply's start has told. */
const measures: Readonly<Record<string, keyof TurnMetrics>> = {
  asr_ttlw: "asrTtlwMs",
  llm_ttfb: "llmTtfbMs",
  llm_ttfs: "llmTtfsMs",
  llm_ttfa: "llmTtfaMs",
  tts_ttfb: "ttsTtfbMs",
};

function measured({ module, name, latencyMs }: Extract<SessionEvent, { type: "metric" }>): TurnMetrics {
  const measure = measures[`${module}_${name}`];
  return measure === undefined ? {} : { [measure]: whole(latencyMs) };
}

/** Whether an error spoils the turn's answer: that a microphone fails or a client's message is wrong does not. */
function failureOf({ module, code, message }: Extract<SessionEvent, { type: "error" }>): Extract<TurnEnd, { type: "error" }> | undefined {
  switch (module) {
    case "llm":
    case "tts":
      return { type: "error", module, details: message };
    case "session":
      return code >= 500 ? { type: "error", module, details: message } : undefined;
    case "asr":
    case "vad":
    case "transport":
      return undefined;
  }
}

function span(from: number, to: number): number {
  return whole(to - from);
}

/** A length of time in whole milliseconds. */
function whole(ms: number): number {
  return Math.max(0, Math.round(ms));
}
