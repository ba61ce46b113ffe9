/** The agents of all projects: who runs, under which name, since when and why it went; conversations themselves are the session's. */
import { randomInt } from "node:crypto";
import type { rest } from "@parley/protocol";
import type { AgentState as Doing, SessionEvent } from "../core/events.ts";
import type { HistoryEntry } from "../core/history.ts";
import type { TextOptions } from "../core/turn-contract.ts";
import { AppError } from "../errors.ts";
import type { AgentConfig, SystemMessage } from "../session/agent-config.ts";
import type { OpenTransport } from "../transports/transport.ts";
import type { Llm } from "../vendors/vendor.ts";
import type { Project } from "./project.ts";
import type { TurnRecord } from "./turn-log.ts";

export type AgentState = rest.AgentState;

export interface AgentRecord {
  /** 32 upper-case letters and digits. */
  readonly agentId: string;
  readonly appId: string;
  readonly name: string;
  readonly channel: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: AgentState;
  /** Why it ended; empty while it runs. */
  readonly message: string;
  /** Unix milliseconds; 0: not yet. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly stoppedAt: number;
}

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
  leave(options?: { readonly graceS?: number }): Promise<unknown>;
}

export interface SessionChange {
  readonly systemMessages?: readonly SystemMessage[];
  readonly llm?: Llm;
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
  /** Called before anything happens in the session. */
  readonly onStart: (session: RunningSession) => void;
}

export interface Sessions {
  start(request: SessionRequest): Promise<RunningSession>;
}

/** Where records go; nothing here waits for it. */
export interface AgentLog {
  save(record: AgentRecord): void;
  find(agentId: string): Promise<AgentRecord | undefined>;
  list(filter: AgentFilter): Promise<AgentPage>;
  /** Finished turns of an agent, in order. */
  turns(agentId: string): Promise<readonly TurnRecord[]>;
  deleteCall(agentId: string): Promise<void>;
}

export interface AgentFilter {
  readonly appId: string;
  readonly channel?: string | undefined;
  /** Of creation, Unix milliseconds, inclusive. */
  readonly from: number;
  readonly to: number;
  readonly states: readonly AgentState[];
  readonly limit: number;
  /** Id of the agent at which the page starts. */
  readonly cursor?: string | undefined;
}

export interface AgentPage {
  /** Newest first, ties by id. */
  readonly agents: readonly AgentRecord[];
  /** Id at which the next page starts; empty: this is the last. */
  readonly next: string;
  readonly total: number;
}

export interface StartRequest {
  readonly project: Project;
  readonly name: string;
  readonly channel: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly config: AgentConfig;
  readonly open: OpenTransport;
  /** Seconds that `leave` gives the agent to finish what it is saying; default 0. */
  readonly graceS?: number;
  readonly notes?: CallNotes;
  /** Sees every event of the agent's conversation, in order. */
  readonly onEvent?: (agent: AgentRecord, event: SessionEvent) => void;
}

/** A name is the only guard against a retried `join`: who comes second gets the first's record. */
export type Started = { readonly type: "started" | "conflict"; readonly agent: AgentRecord };

const liveStates: ReadonlySet<AgentState> = new Set(["IDLE", "STARTING", "RUNNING", "STOPPING", "RECOVERING"]);

/** Records of exited agents kept at hand, so that an answer right after the end does not wait for the database. */
const EXITED_KEPT = 1000;

const noNotes: CallNotes = { epochMs: 0, turns: [], details: false, variables: {} };

interface Entry {
  record: AgentRecord;
  readonly request: StartRequest;
  session?: RunningSession;
  end?: Promise<void>;
  /** `leave` came before the session had started. */
  leaving: boolean;
  /** Its recogniser or its voice runs on this machine. */
  readonly embedded: boolean;
}

export interface AgentsOptions {
  readonly sessions: Sessions;
  /** Aborted when an agent that starts now has taken too long. */
  readonly startDeadline: () => AbortSignal;
  /** Calls with embedded speech that this machine holds; undefined: its models are not loaded yet. */
  readonly embeddedCalls: () => number | undefined;
  readonly log: AgentLog;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** A loop over a session's events failed: a bug, which ends that session alone. */
  readonly onBug: (agentId: string, error: unknown) => void;
}

/**
 * States of an agent:
 *
 *     STARTING ─▶ RUNNING ─▶ STOPPING ─▶ STOPPED
 *         └──────────┴───────────┴─────▶ FAILED
 */
export class Agents implements AsyncDisposable {
  readonly #options: AgentsOptions;
  readonly #live = new Map<string, Entry>();
  /** Agent ids of live agents by project and name. */
  readonly #names = new Map<string, string>();
  readonly #exited = new Map<string, AgentRecord>();
  /** One for each live agent: over when its session has closed and its record is complete. */
  readonly #ends = new Set<Promise<void>>();
  #draining = false;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#live.size;
  }

  /** Starts an agent, or returns the one that has the name. */
  async start(request: StartRequest): Promise<Started> {
    if (this.#draining) throw new AppError("draining", "the engine is shutting down and takes no new agents");
    const { project, name } = request;
    const nameKey = keyOf(project.appId, name);
    const holder = this.#live.get(this.#names.get(nameKey) ?? "");
    if (holder !== undefined) return { type: "conflict", agent: holder.record };
    const embedded = usesEmbeddedSpeech(request.config);
    this.#checkRoom(project, embedded);

    const agentId = newAgentId();
    const entry: Entry = { record: this.#newRecord(agentId, request), request, leaving: false, embedded };
    this.#live.set(agentId, entry);
    this.#names.set(nameKey, agentId);
    const settled = Promise.withResolvers<void>();
    this.#ends.add(settled.promise);
    try {
      const session = await this.#inTime(
        async (signal) =>
          await this.#options.sessions.start({
            config: request.config,
            open: request.open,
            signal,
            onStart: (starting) => {
              if (!signal.aborted) this.#accompany(entry, starting, request);
            },
          }),
      );
      entry.session = session;
      if (entry.record.stoppedAt === 0)
        this.#change(entry, { state: entry.leaving ? "STOPPING" : "RUNNING", startedAt: this.#options.now() });
      if (entry.leaving) await session.leave();
      return { type: "started", agent: entry.record };
    } catch (error) {
      this.#finish(entry, "FAILED", error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      this.#ends.delete(settled.promise);
      settled.resolve();
    }
  }

  /** A project's agent, running or not. */
  async find(project: Project, agentId: string): Promise<AgentRecord> {
    const record = this.#live.get(agentId)?.record ?? this.#exited.get(agentId) ?? (await this.#options.log.find(agentId));
    if (record?.appId !== project.appId) throw notFound(agentId);
    return record;
  }

  /** Deletes the record of an agent that has exited. */
  async forget(project: Project, agentId: string): Promise<void> {
    const { state } = await this.find(project, agentId);
    if (liveStates.has(state))
      throw new AppError("agent-already-running", `agent ${agentId} is ${state}; its record can be deleted when it has exited`);
    await this.#options.log.deleteCall(agentId);
    this.#exited.delete(agentId);
  }

  /** Resolves when the agent has gone and its record says so. */
  async gone(agentId: string): Promise<void> {
    await this.#live.get(agentId)?.end;
  }

  async list(filter: AgentFilter): Promise<AgentPage> {
    // Every live agent is here, so only questions about the past go to the database.
    if (filter.states.every((state) => liveStates.has(state))) return this.#listLive(filter);
    return this.#options.log.list(filter);
  }

  say(
    project: Project,
    agentId: string,
    text: string,
    options: { priority: Priority; interruptable: boolean },
  ): { agent: AgentRecord; action: Said } {
    const entry = this.#running(project, agentId);
    return { agent: entry.record, action: entry.session.say(text, options) };
  }

  /** A conversation that runs. */
  call(project: Project, agentId: string): RunningCall {
    const { record, session, request } = this.#running(project, agentId);
    return { agent: record, session, config: request.config, notes: request.notes ?? noNotes };
  }

  /** Finished turns of an agent, running or not. */
  async turns(project: Project, agentId: string): Promise<{ readonly agent: AgentRecord; readonly turns: readonly TurnRecord[] }> {
    const agent = await this.find(project, agentId);
    return { agent, turns: this.#live.get(agentId)?.request.notes?.turns ?? (await this.#options.log.turns(agentId)) };
  }

  interrupt(project: Project, agentId: string): AgentRecord {
    const entry = this.#running(project, agentId);
    entry.session.interrupt();
    return entry.record;
  }

  /** Lets an agent go; returns at once. A second `leave` finds nobody. */
  leave(project: Project, agentId: string): AgentRecord {
    const entry = this.#live.get(agentId);
    if (entry?.record.appId !== project.appId) throw notFound(agentId);
    if (entry.record.state === "STOPPING") throw new AppError("agent-not-found", `agent ${agentId} is already leaving`);
    this.#beginLeave(entry);
    return entry.record;
  }

  /** Takes no new agents and waits until the running ones have gone, or until the signal says to let them go. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    const leaveAll = () => {
      for (const entry of this.#live.values()) {
        entry.leaving = true;
        void entry.session?.leave();
      }
    };
    if (signal.aborted) leaveAll();
    else signal.addEventListener("abort", leaveAll, { once: true });
    while (this.#ends.size > 0) await Promise.all(this.#ends);
    signal.removeEventListener("abort", leaveAll);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(AbortSignal.abort());
  }

  /** What is there only after the deadline is let go again. */
  async #inTime(start: (signal: AbortSignal) => Promise<RunningSession>): Promise<RunningSession> {
    const deadline = this.#options.startDeadline();
    const abandoned = new AbortController();
    const starting = start(abandoned.signal);
    const late = Promise.withResolvers<never>();
    const giveUp = (): void => {
      const error = new AppError("start-timeout", "the agent was not in its channel in time");
      abandoned.abort(error);
      late.reject(error);
      starting.then(
        async (session) => await session.leave(),
        () => {},
      );
    };
    if (deadline.aborted) giveUp();
    else deadline.addEventListener("abort", giveUp, { once: true });
    try {
      return await Promise.race([starting, late.promise]);
    } finally {
      deadline.removeEventListener("abort", giveUp);
    }
  }

  #newRecord(agentId: string, { project, name, channel, uid, labels }: StartRequest): AgentRecord {
    const record: AgentRecord = {
      agentId,
      appId: project.appId,
      name,
      channel,
      uid,
      labels,
      state: "STARTING",
      message: "",
      createdAt: this.#options.now(),
      startedAt: 0,
      stoppedAt: 0,
    };
    this.#options.log.save(record);
    return record;
  }

  /** Follows a conversation to its end and closes its record. */
  #accompany(entry: Entry, session: RunningSession, request: StartRequest): void {
    const watch = async (): Promise<void> => {
      for await (const event of session.events) request.onEvent?.(entry.record, event);
    };
    const follow = async (): Promise<void> => {
      try {
        await watch();
      } catch (error) {
        this.#options.onBug(entry.record.agentId, error);
        await session.leave();
      }
      const { status, reason } = await session.closed;
      this.#finish(entry, status, reason);
    };
    const end = follow().finally(() => this.#ends.delete(end));
    entry.end = end;
    this.#ends.add(end);
  }

  #beginLeave(entry: Entry): void {
    this.#change(entry, { state: "STOPPING" });
    entry.leaving = true;
    void entry.session?.leave({ graceS: entry.request.graceS ?? 0 });
  }

  #change(entry: Entry, change: Partial<AgentRecord>): void {
    entry.record = { ...entry.record, ...change };
    this.#options.log.save(entry.record);
  }

  #finish(entry: Entry, state: "STOPPED" | "FAILED", message: string): void {
    this.#change(entry, { state, message, stoppedAt: this.#options.now() });
    const { agentId, appId, name } = entry.record;
    this.#live.delete(agentId);
    this.#names.delete(keyOf(appId, name));
    this.#exited.set(agentId, entry.record);
    for (const oldest of this.#exited.keys()) {
      if (this.#exited.size <= EXITED_KEPT) break;
      this.#exited.delete(oldest);
    }
  }

  #running(project: Project, agentId: string): Entry & { session: RunningSession } {
    const entry = this.#live.get(agentId);
    if (entry?.record.appId !== project.appId || entry.session === undefined) throw notFound(agentId);
    return { ...entry, session: entry.session };
  }

  /** Refuses an agent before calls begin to stutter. */
  #checkRoom({ appId, limits }: Project, embedded: boolean): void {
    const live = [...this.#live.values()];
    const mine = live.filter(({ record }) => record.appId === appId).length;
    if (limits.agents !== undefined && mine >= limits.agents) {
      throw new AppError("at-capacity", `project ${appId} runs ${mine} agents, as many as its limits.agents allows`);
    }
    if (!embedded) return;
    const room = this.#options.embeddedCalls();
    if (room === undefined) throw new AppError("speech-not-loaded", "the embedded recogniser and voice are still loading");
    const running = live.filter((entry) => entry.embedded).length;
    if (running >= room) {
      throw new AppError(
        "at-capacity",
        `this machine holds ${room} call${room === 1 ? "" : "s"} with embedded speech at once, and ${running} ${running === 1 ? "is" : "are"} running`,
      );
    }
  }

  #listLive({ appId, channel, from, to, states, limit, cursor }: AgentFilter): AgentPage {
    const matching = [...this.#live.values()]
      .map(({ record }) => record)
      .filter((record) => record.appId === appId && (channel === undefined || record.channel === channel))
      .filter((record) => record.createdAt >= from && record.createdAt <= to && states.includes(record.state))
      .toSorted((a, b) => b.createdAt - a.createdAt || (a.agentId < b.agentId ? -1 : 1));
    const start = cursor === undefined ? 0 : matching.findIndex(({ agentId }) => agentId === cursor);
    const rest = start === -1 ? [] : matching.slice(start);
    return { agents: rest.slice(0, limit), next: rest[limit]?.agentId ?? "", total: matching.length };
  }
}

function notFound(agentId: string): AppError {
  return new AppError("agent-not-found", `agent ${agentId.slice(0, 64)} is unknown or has exited`);
}

function usesEmbeddedSpeech({ asr, tts }: AgentConfig): boolean {
  return asr.vendor === "local" || tts.vendor === "local";
}

function keyOf(appId: string, name: string): string {
  return `${appId} ${name}`;
}

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

function newAgentId(): string {
  return Array.from({ length: 32 }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join("");
}
