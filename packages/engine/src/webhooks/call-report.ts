/** What webhooks are told of one call: collects what happens until the agent has gone. Pure. */
import type { SessionEvent } from "../core/events.ts";
import type { AgentRecord } from "../projects/agents.ts";
import type { TurnRecord } from "../projects/turn-log.ts";
import { CallLog, type EntryRow, type Past } from "../store/call-log.ts";
import { failed, joined, left, type Notice, TURNS_SENT } from "./notices.ts";

/** Errors of one call that are told: a vendor that fails for an hour would fail thousands of times. */
const MOST_ERRORS = 100;

/** Entries kept beyond those that are sent: the newest may yet move before others. */
const SPARE_ENTRIES = 8;

export class CallReport {
  #agent: AgentRecord;
  #log: CallLog | undefined;
  #maxHistory = 0;
  #joined = false;
  #errors = 0;
  #turnCount = 0;
  readonly #entries: EntryRow[] = [];
  readonly #turns: TurnRecord[] = [];
  readonly #past: Past | undefined;
  /** Its errors are numbered from here. */
  readonly #firstError: number;

  /** `past`: what was recorded before the engine was killed, which has told of errors under numbers below `firstError`. */
  constructor(agent: AgentRecord, past?: Past, firstError = 1) {
    this.#agent = agent;
    this.#past = past;
    this.#firstError = firstError;
    this.#entries.push(...(past?.entries ?? []));
    this.#keepTurns(past?.turns ?? []);
  }

  get agent(): AgentRecord {
    return this.#agent;
  }

  /** The conversation begins. `epochMs`: Unix milliseconds of its time 0. */
  follow(epochMs: number, maxHistory: number): void {
    this.#log = new CallLog(epochMs, this.#past);
    this.#maxHistory = maxHistory;
  }

  handle(event: SessionEvent): Notice[] {
    const rows = this.#log?.handle(event);
    this.#entries.push(...(rows?.entries ?? []));
    this.#entries.splice(0, this.#entries.length - this.#maxHistory - SPARE_ENTRIES);
    this.#keepTurns(rows?.turns ?? []);
    if (event.type !== "error" || this.#errors === MOST_ERRORS) return [];
    this.#errors += 1;
    return [failed(this.#agent, this.#firstError + this.#errors - 1, event)];
  }

  /** Its record has changed. */
  saved(agent: AgentRecord): Notice[] {
    this.#agent = agent;
    if (agent.stoppedAt > 0) return this.#left(agent);
    if (agent.startedAt === 0 || this.#joined) return [];
    this.#joined = true;
    return [joined(agent)];
  }

  #keepTurns(turns: readonly TurnRecord[]): void {
    this.#turns.push(...turns);
    this.#turnCount += turns.length;
    this.#turns.splice(0, this.#turns.length - TURNS_SENT);
  }

  #left(agent: AgentRecord): Notice[] {
    // It never began: whoever asked for it was told why.
    if (!this.#joined && this.#log === undefined) return [];
    const story = { entries: this.#entries, maxHistory: this.#maxHistory, turns: this.#turns, turnCount: this.#turnCount };
    return [...(this.#joined ? [] : [joined(agent)]), ...left(agent, story)];
  }
}
