/** From what happened in a session to the rows that are kept of it: entries of what was heard, and turns. Pure. */
import type { ReplySource, ReplyTrigger, SessionEvent } from "../core/events.ts";
import { TurnLog, type TurnRecord } from "../projects/turn-log.ts";

export interface EntryRow {
  readonly number: number;
  readonly turnId: number;
  readonly role: "user" | "assistant";
  /** What was heard. */
  readonly content: string;
  readonly source: "asr" | "message" | ReplySource;
  readonly uid: string;
  readonly interrupted: boolean;
  /** What would have been said; absent: what was. */
  readonly original?: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** What is recorded of a call whose engine was killed. */
export interface Past {
  readonly entries: readonly EntryRow[];
  readonly turns: readonly TurnRecord[];
}

export interface CallRows {
  readonly entries: readonly EntryRow[];
  readonly turns: readonly TurnRecord[];
}

interface Spoken {
  readonly turnId: number;
  readonly at: number;
  readonly heard: string;
  readonly text: string;
  readonly interrupted: boolean;
}

/** Turns whose source is remembered: those that are under way. */
const TURNS_KEPT = 16;

export class CallLog {
  readonly #epochMs: number;
  readonly #turns: TurnLog;
  /** Why the agent speaks in turns that are under way. */
  readonly #sources = new Map<number, ReplySource>();
  #entries: number;

  /** `epochMs`: Unix milliseconds of session time 0. `past`: the call goes on after it. */
  constructor(epochMs: number, past?: Past) {
    this.#epochMs = epochMs;
    this.#turns = new TurnLog(epochMs, past?.turns);
    this.#entries = past?.entries.at(-1)?.number ?? 0;
  }

  handle(event: SessionEvent): CallRows {
    return { turns: this.#turns.handle(event), entries: this.#entriesOf(event) };
  }

  #entriesOf(event: SessionEvent): EntryRow[] {
    switch (event.type) {
      case "user-joined":
      case "user-left":
      case "state":
      case "turn-start":
      case "turn-dropped":
      case "turn-marked":
      case "turn-overlong":
      case "echo-suspected":
      case "transcript":
      case "reply-text":
      case "tool-call":
      case "picture-taken":
      case "picture-refused":
      case "tool-result":
      case "metric":
      case "error":
      case "closed":
        return [];
      case "speech-ignored": {
        const { turnId, at, uid, text, remembered } = event;
        return remembered === true
          ? [this.#entry({ turnId, role: "user", content: text, source: "asr", uid, interrupted: false, at })]
          : [];
      }
      case "turn-end": {
        const { turnId, at, uid, text, by } = event;
        const source = by === "voice" ? "asr" : by === "text" ? "message" : "command";
        return [this.#entry({ turnId, role: "user", content: text, source, uid, interrupted: false, at })];
      }
      case "reply-begin":
        this.#note(event.turnId, sourceOf(event.trigger));
        return [];
      case "reply-start":
        this.#note(event.turnId, event.source);
        return [];
      case "reply-end":
        return this.#spoken({ ...event, heard: event.text, interrupted: false });
      case "reply-interrupted":
        return this.#spoken({ ...event, interrupted: true });
    }
  }

  #note(turnId: number, source: ReplySource): void {
    this.#sources.set(turnId, source);
    // A reply that never came to an end.
    this.#sources.delete(turnId - TURNS_KEPT);
  }

  #spoken({ turnId, at, heard, text, interrupted }: Spoken): EntryRow[] {
    const source = this.#sources.get(turnId) ?? "llm";
    this.#sources.delete(turnId);
    if (text === "") return [];
    return [
      this.#entry({
        turnId,
        role: "assistant",
        content: heard,
        source,
        uid: "",
        interrupted,
        ...(interrupted ? { original: text } : {}),
        at,
      }),
    ];
  }

  #entry(entry: Omit<EntryRow, "number">): EntryRow {
    this.#entries += 1;
    return { number: this.#entries, ...entry, at: Math.round(this.#epochMs + entry.at) };
  }
}

/** Why the agent speaks, as far as that is known before its first sound. */
function sourceOf(trigger: ReplyTrigger): ReplySource {
  return trigger === "turn" || trigger === "tool-result" || trigger === "create" ? "llm" : trigger;
}
