/** From what happened in a session to the rows that are kept of it: entries of what was heard, and turns. Pure. */
import type { ReplySource, SessionEvent } from "../core/events.ts";

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

export interface TurnRow {
  readonly turnId: number;
  readonly startType: "voice_input" | "text_input" | "greeting" | "api_speak";
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly endType: "ok" | "interrupted" | "error";
  readonly endedAt: number;
  /** What ended it early; empty: nothing. */
  readonly causedBy: string;
  readonly latencyMs: number | null;
  /** By module and name, for instance `llm_ttfb`, in milliseconds. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface CallRows {
  readonly entries: readonly EntryRow[];
  readonly turns: readonly TurnRow[];
}

interface OpenTurn {
  startType: TurnRow["startType"];
  readonly startedAt: number;
  source: ReplySource;
  latencyMs: number | null;
  failed: boolean;
  readonly metrics: Record<string, number>;
}

const nothing: CallRows = { entries: [], turns: [] };

/** Turns at most that are under way at once. */
const TURNS_KEPT = 16;

export class CallLog {
  readonly #epochMs: number;
  readonly #turns = new Map<number, OpenTurn>();
  #entries = 0;

  /** `epochMs`: Unix milliseconds of session time 0. */
  constructor(epochMs: number) {
    this.#epochMs = epochMs;
  }

  handle(event: SessionEvent): CallRows {
    switch (event.type) {
      case "user-joined":
      case "user-left":
      case "state":
      case "transcript":
      case "reply-text":
      case "closed":
        return nothing;
      case "turn-start":
        this.#turn(event.turnId, event.at);
        return nothing;
      case "turn-dropped":
        this.#turns.delete(event.turnId);
        return nothing;
      case "turn-end": {
        const { turnId, at, uid, text, by } = event;
        this.#turn(turnId, at).startType = by === "voice" ? "voice_input" : "text_input";
        return {
          ...nothing,
          entries: [
            this.#entry({
              turnId,
              role: "user",
              content: text,
              source: by === "voice" ? "asr" : "message",
              uid,
              interrupted: false,
              at: this.#unix(at),
            }),
          ],
        };
      }
      case "reply-start": {
        const turn = this.#turn(event.turnId, event.at);
        turn.source = event.source;
        turn.latencyMs = event.latencyMs;
        if (event.source === "greeting") turn.startType = "greeting";
        if (event.source === "command") turn.startType = "api_speak";
        return nothing;
      }
      case "metric":
        this.#turn(event.turnId, event.at).metrics[`${event.module}_${event.name}`] = event.latencyMs;
        return nothing;
      case "error": {
        const turn = this.#turns.get(event.turnId);
        if (turn !== undefined && event.module === "llm") turn.failed = true;
        return nothing;
      }
      case "reply-end":
        return this.#end(event.turnId, event.at, { heard: event.text, text: event.text, causedBy: "" });
      case "reply-interrupted":
        return this.#end(event.turnId, event.at, { heard: event.heard, text: event.text, causedBy: event.cause });
    }
  }

  #end(turnId: number, at: number, { heard, text, causedBy }: { heard: string; text: string; causedBy: string }): CallRows {
    const { startType, startedAt, source, latencyMs, failed, metrics }: OpenTurn = this.#turn(turnId, at);
    this.#turns.delete(turnId);
    const interrupted = causedBy !== "";
    const entry = {
      turnId,
      role: "assistant",
      content: heard,
      source,
      uid: "",
      interrupted,
      ...(interrupted ? { original: text } : {}),
      at: this.#unix(at),
    } as const;
    return {
      entries: text === "" ? [] : [this.#entry(entry)],
      turns: [
        {
          turnId,
          startType,
          startedAt: this.#unix(startedAt),
          endType: failed ? "error" : interrupted ? "interrupted" : "ok",
          endedAt: this.#unix(at),
          causedBy,
          latencyMs: latencyMs === null ? null : Math.round(latencyMs),
          metrics,
        },
      ],
    };
  }

  #turn(turnId: number, at: number): OpenTurn {
    let turn = this.#turns.get(turnId);
    if (turn === undefined) {
      turn = { startType: "voice_input", startedAt: at, source: "llm", latencyMs: null, failed: false, metrics: {} };
      this.#turns.set(turnId, turn);
      // A turn that never came to an end.
      this.#turns.delete(turnId - TURNS_KEPT);
    }
    return turn;
  }

  #entry(entry: Omit<EntryRow, "number">): EntryRow {
    this.#entries += 1;
    return { number: this.#entries, ...entry };
  }

  #unix(at: number): number {
    return Math.round(this.#epochMs + at);
  }
}
