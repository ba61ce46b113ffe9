/** The agents of all projects: who runs, under which name, since when and why it went; conversations themselves are the session's. */
import { randomInt } from "node:crypto";
import type { SessionEvent } from "../core/events.ts";
import { AppError } from "../errors.ts";
import { type DayClock, pauseUntil } from "../pause-until.ts";
import type { AgentConfig } from "../session/agent-config.ts";
import type { Restored } from "../session/parts.ts";
import type { OpenTransport } from "../transports/transport.ts";
import { type AgentFilter, type AgentLog, type AgentPage, type AgentRecord, type AgentState, newRecord } from "./agent-log.ts";
import type { Project } from "./project.ts";
import type { CallNotes, Priority, RunningCall, RunningSession, Said, Sessions } from "./running-session.ts";
import type { TurnRecord } from "./turn-log.ts";

export type { AgentFilter, AgentLog, AgentPage, AgentRecord } from "./agent-log.ts";
export type { CallNotes, Priority, RunningCall, RunningSession, Said, SessionChange, SessionRequest, Sessions } from "./running-session.ts";

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
  readonly restored?: Restored;
  /** Its record is written, nothing else is there. */
  readonly onCreated?: (agent: AgentRecord) => void;
  /** Its conversation is there and nothing has happened in it. */
  readonly onSession?: (session: RunningSession) => void;
  /** Sees every event of the agent's conversation, in order. */
  readonly onEvent?: (agent: AgentRecord, event: SessionEvent) => void;
}

/** A name is the only guard against a retried `join`: who comes second gets the first's record. */
export type Started = { readonly type: "started" | "conflict"; readonly agent: AgentRecord };

const liveStates: ReadonlySet<AgentState> = new Set(["IDLE", "STARTING", "RUNNING", "STOPPING", "RECOVERING"]);

/** Records of exited agents kept at hand, so that an answer right after the end does not wait for the database. */
const EXITED_KEPT = 1000;

/** A name is asked for so long, in milliseconds; then the call begins without. */
const LONGEST_CLAIM_MS = 3000;

const noNotes: CallNotes = { epochMs: 0, turns: [], details: false, variables: {}, updated: () => {} };

interface Entry {
  record: AgentRecord;
  /** Undefined: it waits to be restored. */
  request?: StartRequest;
  session?: RunningSession;
  end?: Promise<void>;
  /** `leave` came before the session had started. */
  leaving: boolean;
  /** Resolves when it is known whether the name is its own; who has it otherwise. */
  claiming?: Promise<AgentRecord | undefined>;
  /** Its recogniser or its voice runs on this machine. */
  embedded: boolean;
  /** Why it is let go. */
  because: string;
  /** Aborted when it has gone. */
  readonly over: AbortController;
}

export interface AgentsOptions extends DayClock {
  readonly sessions: Sessions;
  /** Aborted when an agent that starts now has taken too long. */
  readonly startDeadline: () => AbortSignal;
  /** Calls with embedded speech that this machine holds; undefined: its models are not loaded yet. */
  readonly embeddedCalls: () => number | undefined;
  readonly log: AgentLog;
  /** Nobody else records agents in the same database: those that live are all here. */
  readonly alone: boolean;
  /** A loop over a session's events failed: a bug, which ends that session alone. */
  readonly onBug: (agentId: string, error: unknown) => void;
}

/**
 * States of an agent. Where its engine was killed, its record says RECOVERING until the next start has restored it.
 *
 *                      ┌─▶ RECOVERING ─┐
 *                      │ (killed)      │ (restored: the same agent, a new session)
 *     STARTING ─▶ RUNNING ◀────────────┘
 *         │        │   └─▶ STOPPING ─▶ STOPPED
 *         │        │           │
 *         └────────┴───────────┴─────▶ FAILED
 *
 * A killed STARTING agent is restored like a running one, a killed STOPPING one has STOPPED. RECOVERING ends in FAILED
 * where it cannot be restored, and in STOPPED where it is let go meanwhile.
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

  /** Running agents whose speech runs on this machine. */
  get embedded(): number {
    return [...this.#live.values()].filter((entry) => entry.embedded).length;
  }

  /** Starts an agent, or returns the one that has the name. */
  async start(request: StartRequest): Promise<Started> {
    if (this.#draining) throw new AppError("draining", "the engine is shutting down and takes no new agents");
    const { project, name } = request;
    const nameKey = keyOf(project.appId, name);
    const holder = this.#live.get(this.#names.get(nameKey) ?? "");
    if (holder !== undefined) return { type: "conflict", agent: (await holder.claiming) ?? holder.record };
    const embedded = usesEmbeddedSpeech(request.config);
    this.#checkRoom(project, embedded);

    const record = newRecord(newAgentId(), request, this.#options.now());
    const entry: Entry = { record, request, leaving: false, because: "OK", embedded, over: new AbortController() };
    this.#add(entry);
    const begun = Promise.withResolvers<void>();
    this.#ends.add(begun.promise);
    try {
      if (this.#options.alone) this.#options.log.save(record);
      else {
        const other = await this.#claim(entry);
        if (other !== undefined) return { type: "conflict", agent: other };
      }
      request.onCreated?.(record);
      await this.#launch(entry, request);
      return { type: "started", agent: entry.record };
    } finally {
      this.#ends.delete(begun.promise);
      begun.resolve();
    }
  }

  /** An agent that this engine lost when it was killed: it is known, and has its name, until it is restored or given up. */
  hold(record: AgentRecord): void {
    const holder = this.#live.get(this.#names.get(keyOf(record.appId, record.name)) ?? "");
    const entry: Entry = { record, leaving: false, because: "OK", embedded: false, over: new AbortController() };
    if (holder === undefined) this.#add(entry);
    else this.#finish(entry, "FAILED", `The agent could not be restored: agent ${holder.record.agentId} has its name`);
    if (this.#draining && holder === undefined) this.#finish(entry, "STOPPED", "OK");
  }

  /** Whether an agent waits to be restored. */
  holds(agentId: string): boolean {
    const entry = this.#live.get(agentId);
    return entry !== undefined && entry.request === undefined;
  }

  /** Starts an agent that is held again, as who it was; throws where that is not possible, and it is FAILED then. */
  async restore(agentId: string, request: StartRequest): Promise<void> {
    const entry = this.#live.get(agentId);
    if (entry === undefined || entry.request !== undefined) return;
    try {
      const embedded = usesEmbeddedSpeech(request.config);
      this.#checkRoom(request.project, embedded, (other) => other.request !== undefined);
      entry.request = request;
      entry.embedded = embedded;
    } catch (error) {
      this.abandon(agentId, error);
      throw error;
    }
    await this.#launch(entry, request);
  }

  /** Gives up an agent that is held. */
  abandon(agentId: string, error: unknown): void {
    const entry = this.#live.get(agentId);
    if (entry === undefined || entry.session !== undefined) return;
    this.#finish(entry, "FAILED", `The agent could not be restored: ${messageOf(error)}`);
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
    // Whoever is alone knows all that live, also while the database cannot be asked.
    if (this.#options.alone && filter.states.every((state) => liveStates.has(state))) return this.#listLive(filter);
    return await this.#options.log.list(filter);
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
    return { agent, turns: this.#live.get(agentId)?.request?.notes?.turns ?? (await this.#options.log.turns(agentId)) };
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
    // They have no call that could be finished.
    for (const entry of this.#live.values()) if (entry.request === undefined) this.#finish(entry, "STOPPED", "OK");
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

  #add(entry: Entry): void {
    const { agentId, appId, name } = entry.record;
    this.#live.set(agentId, entry);
    this.#names.set(keyOf(appId, name), agentId);
  }

  #remove({ agentId, appId, name }: AgentRecord): void {
    this.#live.delete(agentId);
    const nameKey = keyOf(appId, name);
    if (this.#names.get(nameKey) === agentId) this.#names.delete(nameKey);
  }

  async #launch(entry: Entry, request: StartRequest): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#ends.add(settled.promise);
    void this.#limitLife(entry, request.project);
    const { config, open, restored } = request;
    try {
      const session = await this.#inTime(
        async (signal) =>
          await this.#options.sessions.start({
            config,
            open,
            signal,
            ...(restored === undefined ? {} : { restored }),
            onStart: (starting) => {
              if (signal.aborted) return;
              request.onSession?.(starting);
              this.#accompany(entry, starting, request);
            },
          }),
      );
      entry.session = session;
      if (entry.record.stoppedAt === 0) {
        const { startedAt } = entry.record;
        this.#change(entry, {
          state: entry.leaving ? "STOPPING" : "RUNNING",
          startedAt: startedAt === 0 ? this.#options.now() : startedAt,
        });
      }
      if (entry.leaving) await session.leave({ reason: entry.because });
    } catch (error) {
      this.#finish(entry, "FAILED", `${entry.record.state === "RECOVERING" ? "The agent could not be restored: " : ""}${messageOf(error)}`);
      throw error;
    } finally {
      this.#ends.delete(settled.promise);
      settled.resolve();
    }
  }

  /** An agent's life ends so long after its creation, restarts of the engine included. */
  async #limitLife({ record: { agentId, createdAt }, over }: Entry, { limits: { agentLifetimeS } }: Project): Promise<void> {
    if (agentLifetimeS === undefined) return;
    try {
      await pauseUntil(createdAt + agentLifetimeS * 1000, this.#options, over.signal);
    } catch {
      return;
    }
    const entry = this.#live.get(agentId);
    if (entry === undefined) return;
    entry.leaving = true;
    entry.because = "Task lifetime limit exceeded";
    if (entry.record.state !== "STOPPING") this.#change(entry, { state: "STOPPING" });
    void entry.session?.leave({ reason: entry.because });
  }

  /** Whoever has the name at another engine; undefined: it is this agent's. */
  async #claim(entry: Entry): Promise<AgentRecord | undefined> {
    const { log, pause } = this.#options;
    const { record } = entry;
    const over = new AbortController();
    const patience = pause(LONGEST_CLAIM_MS, over.signal).then(() => {
      throw new AppError("not-ready", "the records do not answer");
    });
    const claiming = Promise.race([log.claim(record), patience]).finally(() => over.abort());
    entry.claiming = claiming.catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === "not-ready")) throw error;
      // Calls do not wait for the database: until it is back, names are this engine's own.
      log.save(record);
      return undefined;
    });
    let isOurs = false;
    try {
      const other = await entry.claiming;
      isOurs = other === undefined;
      return other;
    } finally {
      if (!isOurs) this.#remove(record);
    }
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
    if (entry.request === undefined) this.#finish(entry, "STOPPED", "OK");
    else void entry.session?.leave({ graceS: entry.request.graceS ?? 0 });
  }

  #change(entry: Entry, change: Partial<AgentRecord>): void {
    entry.record = { ...entry.record, ...change };
    this.#options.log.save(entry.record);
  }

  #finish(entry: Entry, state: "STOPPED" | "FAILED", message: string): void {
    if (entry.record.stoppedAt > 0) return;
    this.#change(entry, { state, message, stoppedAt: this.#options.now() });
    entry.over.abort();
    this.#remove(entry.record);
    this.#exited.set(entry.record.agentId, entry.record);
    for (const oldest of this.#exited.keys()) {
      if (this.#exited.size <= EXITED_KEPT) break;
      this.#exited.delete(oldest);
    }
  }

  #running(project: Project, agentId: string): Entry & { session: RunningSession; request: StartRequest } {
    const entry = this.#live.get(agentId);
    if (entry?.record.appId !== project.appId || entry.session === undefined || entry.request === undefined) throw notFound(agentId);
    return { ...entry, session: entry.session, request: entry.request };
  }

  /** Refuses an agent before calls begin to stutter. */
  #checkRoom({ appId, limits }: Project, embedded: boolean, counts: (other: Entry) => boolean = () => true): void {
    const live = [...this.#live.values()].filter(counts);
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

function usesEmbeddedSpeech({ asr, tts, brain }: AgentConfig): boolean {
  return brain === undefined && (asr.vendor === "local" || tts.vendor === "local");
}

function keyOf(appId: string, name: string): string {
  return `${appId} ${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

function newAgentId(): string {
  return Array.from({ length: 32 }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join("");
}
