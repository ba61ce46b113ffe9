/** A conversation that runs, as far as the doors and the life of its agent need it. */
import type { rest, voiceAgent } from "@parley/protocol";
import type { AgentState as Doing, SessionEvent } from "../core/events.ts";
import type { HistoryEntry } from "../core/history.ts";
import type { TextOptions } from "../core/turn-contract.ts";
import type { Restored } from "../session/parts.ts";
import type { AgentConfig, SystemMessage } from "../session/agent-config.ts";
import type { OpenTransport } from "../transports/transport.ts";
import type { Llm } from "../vendors/vendor.ts";
import type { AgentRecord } from "./agent-log.ts";
import type { TurnRecord } from "./turn-log.ts";

export type Priority = "interrupt" | "append" | "ignore";
export type Said = "spoken" | "queued" | "ignored";

/** A conversation that runs, as far as the doors need it. */
export interface RunningSession {
  readonly events: AsyncIterable<SessionEvent>;
  readonly closed: Promise<{ readonly status: "STOPPED" | "FAILED"; readonly reason: string }>;
  readonly state: Doing;
  /** What was heard, in order. */
  readonly history: readonly HistoryEntry[];
  say(text: string, options: { readonly priority: Priority; readonly interruptable: boolean }): Said;
  interrupt(): void;
  /** Takes a text as if somebody had said it. */
  think(text: string, options: Omit<TextOptions, "origin">): "taken" | "ignored";
  /** Counts from the next request to the language model on. */
  update(change: SessionChange): void;
  /** Ends it; `closed` tells when. `graceS`: it may finish what it says, for so many seconds. */
  leave(options?: { readonly graceS?: number; readonly reason?: string }): Promise<unknown>;
}

export interface SessionChange {
  readonly systemMessages?: readonly SystemMessage[];
  readonly llm?: Llm;
  /** For an endpoint that is the agent's brain: fields of its session. */
  readonly brain?: voiceAgent.SessionSettings;
}

/** What the door that started an agent keeps for later questions about its call. */
export interface CallNotes {
  /** Unix milliseconds of session time 0. */
  readonly epochMs: number;
  /** Finished ones, in the order in which they ended. */
  readonly turns: readonly TurnRecord[];
  /** `history` tells turn, time and source of each entry. */
  readonly details: boolean;
  /** Put in place of `{{name}}`. */
  readonly variables: Readonly<Record<string, string>>;
  /** The agent was changed: it is to be the same after a restart of the engine, too. */
  updated(change: rest.UpdateBody): void;
}

/** A conversation that runs, and what its door noted of it. */
export interface RunningCall {
  readonly agent: AgentRecord;
  readonly session: RunningSession;
  readonly config: AgentConfig;
  readonly notes: CallNotes;
}

export interface SessionRequest {
  readonly config: AgentConfig;
  readonly open: OpenTransport;
  /** Aborted when nobody waits for the start any more. */
  readonly signal: AbortSignal;
  /** What was said before the engine was killed, and the number of the last turn. */
  readonly restored?: Restored;
  /** Called before anything happens in the session. */
  readonly onStart: (session: RunningSession) => void;
}

export interface Sessions {
  start(request: SessionRequest): Promise<RunningSession>;
}
