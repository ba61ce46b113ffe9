/** All Voice Agent sessions of this engine: starts them, finds the one that a client comes back to, keeps to the limits. */
import type { Logger } from "pino";
import { toAppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import { RateLimit } from "../../rate-limit.ts";
import type { AgentConfig, ChosenLlm } from "../../session/agent-config.ts";
import type { Clock } from "../../session/clock.ts";
import type { Restored } from "../../session/parts.ts";
import type { Session } from "../../session/session.ts";
import type { SessionRequest } from "../../session/sessions.ts";
import { openWebSocketTransport, type WebSocketTransport } from "../../transports/websocket.ts";
import type { Llm } from "../../vendors/vendor.ts";
import { audioFormatOf } from "./audio-wire.ts";
import { type Configuration, type ConfigurationRules, firstConfiguration, type Update } from "./configuration.ts";
import type { MakeId } from "./ids.ts";
import type { Claimed, Keeping } from "./keeping.ts";
import type { KeptSession } from "./kept-state.ts";
import type { Line } from "./line.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { SessionLog } from "./session-log.ts";
import { type Offer, toAgentConfig } from "./to-config.ts";
import { VoiceSession } from "./voice-session.ts";

/** What the operator has set, in `voice_agent`. */
export interface VoiceAgentRules {
  /** How long a lost client may stay away. */
  readonly graceSeconds: number;
  readonly allowInlineLlm: boolean;
  readonly legacyArgs: boolean;
  readonly mutableVoice: boolean;
  readonly warnBeforeEnd: boolean;
  readonly resumeReply: boolean;
  readonly resumeFalseInterruption: boolean;
  /** Longest time without a word; absent: any. */
  readonly idleTimeoutSeconds?: number;
  readonly maxSessionSeconds: number;
  /** Of one project at once; absent: as many as the machine holds. */
  readonly maxSessions?: number;
  /** Of one project that may start in a minute; absent: any number. */
  readonly sessionsPerMinute?: number;
}

/** Who is at the other end of a socket. */
export interface Client {
  readonly project: Project;
  /** Uses up a temporary token; false: another session was first. */
  readonly spend: () => boolean;
  /** Longest session that its token opens; absent: as long as any. */
  readonly maxSessionSeconds?: number;
  /** Came with the resume token of this session: may go on with it, and nothing else. */
  readonly only?: string;
}

export interface VoiceSessionsOptions {
  readonly rules: VoiceAgentRules;
  readonly startSession: (request: SessionRequest) => Promise<Session>;
  readonly openLlm: (chosen: ChosenLlm) => Llm;
  readonly findAgent: (project: Project, agentId: string) => Promise<Configuration | undefined>;
  readonly offer: (project: Project) => Offer;
  readonly knowsVoice: (name: string) => boolean;
  readonly voiceNames: () => readonly string[];
  /** Who speaks in place of a voice that is not installed. */
  readonly substituteOf: (voice: string) => string | undefined;
  /** Its speech runs on this machine, which holds so many at once. */
  readonly isEmbedded: (config: AgentConfig) => boolean;
  /** Why this machine takes no more such sessions now; undefined: it does. */
  readonly full: (config: AgentConfig) => string | undefined;
  readonly makeId: MakeId;
  /** The engine is about to end: no new sessions; those that run may be resumed. */
  readonly draining: () => boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly sessionLog: SessionLog;
  /** What it takes to go on with sessions in another process; absent: they end with this one. */
  readonly keeping?: Pick<Keeping, "keep" | "claim" | "find" | "othersGoOn">;
  /** Sees every session as it begins. */
  readonly onStart: (session: Session) => void;
}

export type Started = { readonly ok: true; readonly session: VoiceSession } | { readonly ok: false; readonly refusal: Refusal };

/** Ids of sessions whose own time ran out while their client was away. */
const maxExpired = 10_000;
const warnMs = 30_000;
/** A session of another process is here within this long, in milliseconds, or its client is told to try again. */
const startMs = 10_000;
/** What the session calls its one person. */
const uid = "user";

export class VoiceSessions implements AsyncDisposable {
  readonly #options: VoiceSessionsOptions;
  readonly #rules: ConfigurationRules;
  /** Those that a client may come back to, or is in. */
  readonly #sessions = new Map<string, VoiceSession>();
  /** Until nothing of them is left. */
  readonly #closing = new Set<Promise<void>>();
  readonly #expired = new Map<string, Project>();
  readonly #rates = new Map<string, RateLimit>();
  /** Of each project: sessions that are being started. */
  readonly #starting = new Map<string, number>();
  /** Sessions of other engines, or of an earlier start of this one, that are being taken over. */
  readonly #returning = new Map<string, Promise<Started>>();
  #embedded = 0;

  constructor(options: VoiceSessionsOptions) {
    this.#options = options;
    const { rules, knowsVoice, voiceNames } = options;
    this.#rules = { allowInlineLlm: rules.allowInlineLlm, mutableVoice: rules.mutableVoice, knowsVoice, voiceNames };
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Those whose speech runs on this machine, also while they close. */
  get embedded(): number {
    return this.#embedded;
  }

  /** Starts a session for a client's first update; tells the line that it is ready before anything else is said. */
  async start(update: Update, client: Client, line: Line, signal: AbortSignal): Promise<Started> {
    const { appId } = client.project;
    if (client.only !== undefined)
      return no("UNAUTHORIZED", "A resume_token opens no new session: send session.resume, or come with an API key or a temporary token");
    const refused = this.#room(client.project);
    if (refused !== undefined) return { ok: false, refusal: refused };
    this.#starting.set(appId, (this.#starting.get(appId) ?? 0) + 1);
    try {
      return await this.#start(update, client, line, signal);
    } catch (error) {
      const known = toAppError(error);
      if (known.code === "internal") this.#options.log.error({ err: error }, "a voice agent session could not be started");
      return { ok: false, refusal: refusal("agent_init_failed", `The session could not be started: ${known.message}`) };
    } finally {
      this.#starting.set(appId, (this.#starting.get(appId) ?? 1) - 1);
    }
  }

  /** Who comes with a resume token; undefined: its session is over, or it is not the token of that session. */
  holder(id: string, token: string): Client | undefined | Promise<Client | undefined> {
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#holderElsewhere(id, token);
    return session.mayResume(token) ? { project: session.project, spend: () => true, only: id } : undefined;
  }

  /** Gives a session that is there, or was lost, to a new socket; one that is not there may be in the database. */
  resume(id: string, token: string | undefined, client: Client, line: Line): Started | Promise<Started> {
    const { keeping } = this.#options;
    const isHere = this.#sessions.has(id) || this.#expired.has(id);
    if (isHere || keeping === undefined || (client.only !== undefined && client.only !== id)) return this.#resume(id, token, client, line);
    const before = this.#returning.get(id);
    // Of two sockets that come at once the later one goes on.
    if (before !== undefined) return before.then(async () => await this.resume(id, token, client, line));
    if (this.#options.draining()) return draining;
    const claiming = keeping.claim(id, token, client.project, (configuration) => this.#noRoom(configuration, client.project));
    const returning = this.#takeOver(id, claiming, client, line).finally(() => this.#returning.delete(id));
    this.#returning.set(id, returning);
    return returning;
  }

  #resume(id: string, token: string | undefined, client: Client, line: Line): Started {
    const session = this.#sessions.get(id);
    const owner = session?.project ?? this.#expired.get(id);
    if (client.only !== undefined && client.only !== id) {
      return no("session_forbidden", "The socket's resume_token is that of another session", "session_id");
    }
    if (owner !== undefined && owner.appId !== client.project.appId) {
      return no("session_forbidden", "The session belongs to another account", "session_id");
    }
    if (session === undefined) {
      return owner === undefined
        ? no("session_not_found", "Session not found or grace window has expired", "session_id")
        : no("session_expired", "The session's own time has run out in the meantime", "session_id");
    }
    if (token !== undefined && !session.mayResume(token)) {
      return no("session_forbidden", "The resume_token is not the one of this session", "resume_token");
    }
    if (!client.spend()) return spentToken;
    session.resume(line);
    return { ok: true, session };
  }

  /** Resolves when no session is left, or the signal aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    while (this.#closing.size > 0 && !signal.aborted) await Promise.race([promise, Promise.all(this.#closing)]);
    signal.removeEventListener("abort", stop);
  }

  /** Ends all sessions, or leaves them to the other engines; resolves when nothing of them is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const othersGoOn = this.#options.keeping?.othersGoOn === true;
    for (const session of this.#sessions.values()) {
      if (othersGoOn) session.handOver();
      else session.end("server_shutdown");
    }
    await Promise.all(this.#closing);
  }

  #room(project: Project): Refusal | undefined {
    if (this.#options.draining()) return draining.refusal;
    const { maxSessions, sessionsPerMinute } = this.#options.rules;
    const running = [...this.#sessions.values()].filter((session) => session.project.appId === project.appId).length;
    if (maxSessions !== undefined && running + (this.#starting.get(project.appId) ?? 0) >= maxSessions) {
      return refusal(
        "concurrency_exceeded",
        `${running} sessions of this account are open, as many as voice_agent.max_sessions allows; one that lost its socket counts until its grace is over`,
      );
    }
    if (sessionsPerMinute === undefined) return undefined;
    const rate = this.#rates.get(project.appId) ?? new RateLimit({ perSecond: sessionsPerMinute / 60, burst: sessionsPerMinute });
    this.#rates.set(project.appId, rate);
    if (rate.admit(this.#options.now())) return undefined;
    return refusal("at_capacity", `More than ${sessionsPerMinute} sessions of this account were started in a minute; try again later`);
  }

  async #holderElsewhere(id: string, token: string): Promise<Client | undefined> {
    const project = await this.#options.keeping?.find(id, token);
    return project === undefined ? undefined : { project, spend: () => true, only: id };
  }

  /** A session of another process goes on here. */
  async #takeOver(id: string, claiming: Promise<Claimed>, client: Client, line: Line): Promise<Started> {
    const { log } = this.#options;
    const start = new AbortController();
    const late = setTimeout(() => start.abort(), startMs);
    let claimed: Claimed | undefined;
    try {
      claimed = await claiming;
      if (!claimed.ok) return claimed;
      const started = await this.#begin(claimed.kept.configuration, client, line, start.signal, claimed);
      if (!started.ok) claimed.keeper.stop();
      return started;
    } catch (error) {
      if (claimed?.ok === true) claimed.keeper.stop();
      const known = toAppError(error);
      if (known.code === "not-ready") return no("at_capacity", `${known.message}: try again in a moment`);
      if (known.code === "internal") log.error({ session: id, err: error }, "a voice agent session could not be taken over");
      return no("agent_init_failed", `The session could not go on: ${known.message}`);
    } finally {
      clearTimeout(late);
    }
  }

  /** Why a session with that configuration cannot run here now. */
  #noRoom(configuration: Configuration, project: Project): Refusal | undefined {
    const translated = toAgentConfig(configuration, this.#options.offer(project));
    if (!translated.ok) return translated.refusal;
    const why = this.#options.full(translated.config);
    return why === undefined ? undefined : refusal("at_capacity", why);
  }

  async #start(update: Update, client: Client, line: Line, signal: AbortSignal): Promise<Started> {
    const configured = await this.#configure(update, client.project);
    return configured.ok ? await this.#begin(configured.configuration, client, line, signal) : configured;
  }

  async #begin(configuration: Configuration, client: Client, line: Line, signal: AbortSignal, taken?: Taken): Promise<Started> {
    const { project } = client;
    const { offer, full, isEmbedded } = this.#options;
    const offered = offer(project);
    const translated = toAgentConfig(configuration, offered);
    if (!translated.ok) return translated;
    const why = full(translated.config);
    if (why !== undefined) return no("at_capacity", why);
    const embedded = isEmbedded(translated.config);
    if (embedded) this.#embedded += 1;
    try {
      const started = await this.#open(translated.config, { configuration, offer: offered, client, taken }, line, signal);
      if (embedded && started.ok) void started.session.closed.finally(() => (this.#embedded -= 1));
      else if (embedded) this.#embedded -= 1;
      return started;
    } catch (error) {
      if (embedded) this.#embedded -= 1;
      throw error;
    }
  }

  /** Opens transport and session; the line is told as soon as the session is there. */
  async #open(config: AgentConfig, wanted: Wanted, line: Line, signal: AbortSignal): Promise<Started> {
    const { startSession, now } = this.#options;
    const { configuration, client, taken } = wanted;
    const state = taken?.kept.state;

    let transport: WebSocketTransport | undefined;
    let clock: Clock | undefined;
    let started: Started | undefined;
    let voice: VoiceSession | undefined;
    const open = openWebSocketTransport({
      uid,
      input: audioFormatOf(configuration.input?.format),
      output: audioFormatOf(configuration.output?.format),
      volume: configuration.output?.volume ?? null,
      onAudio: (base64, at) => voice?.speak(base64, at),
      onOpened: (opened) => (transport = opened),
    });
    const session = await startSession({
      config,
      signal,
      ...(state === undefined ? {} : { beginsAt: Math.max(0, now() - state.epochMs), restored: toRestored(state) }),
      open: async (own, stop) => {
        clock = own;
        return await open(own, stop);
      },
      onStart: (starting) => {
        if (signal.aborted || transport === undefined || clock === undefined) return;
        if (taken?.custody.passedOn === true) {
          started = takenOver;
          return;
        }
        if (!client.spend()) {
          started = spentToken;
          return;
        }
        this.#options.onStart(starting);
        voice = this.#accompany({ ...wanted, session: starting, transport, clock }, line);
        started = { ok: true, session: voice };
      },
    });
    if (started?.ok === true) {
      this.#note(started.session, configuration);
      return started;
    }
    await session.leave();
    return started ?? no("agent_timeout", "The session could not be started in time");
  }

  async #configure(
    update: Update,
    project: Project,
  ): Promise<{ ok: true; configuration: Configuration } | { ok: false; refusal: Refusal }> {
    const merged = firstConfiguration(update, this.#rules);
    const agentId = merged.ok ? merged.configuration.agent_id : undefined;
    if (!merged.ok || typeof agentId !== "string") return merged;
    const settings = await this.#options.findAgent(project, agentId);
    if (settings === undefined) return no("agent_not_found", `There is no agent ${agentId.slice(0, 64)} in this account`, "agent_id");
    return { ok: true, configuration: { ...settings, agent_id: agentId } };
  }

  #accompany(
    {
      client,
      taken,
      ...parts
    }: Wanted & {
      readonly session: Session;
      readonly transport: WebSocketTransport;
      readonly clock: Clock;
    },
    line: Line,
  ): VoiceSession {
    const { rules, openLlm, makeId, now, log, sessionLog, keeping } = this.#options;
    const id = taken?.id ?? makeId("sess");
    const kept = taken ?? keeping?.keep(id, client.project);
    const voice = new VoiceSession(
      {
        ...parts,
        id,
        ...(kept === undefined ? {} : { keeper: kept.keeper }),
        ...(taken === undefined ? {} : { kept: taken.kept }),
        project: client.project,
        rules: this.#rules,
        limits: {
          graceMs: rules.graceSeconds * 1000,
          longestMs: Math.min(rules.maxSessionSeconds, client.maxSessionSeconds ?? Number.POSITIVE_INFINITY) * 1000,
          warnMs: rules.warnBeforeEnd ? warnMs : 0,
          idleMs: (rules.idleTimeoutSeconds ?? 0) * 1000,
        },
        resumeReply: rules.resumeReply,
        resumeFalseInterruption: rules.resumeFalseInterruption,
        legacyArgs: rules.legacyArgs,
        openLlm,
        makeId,
        now,
        log,
        sessionLog,
        onEnded: (ended, reason) => {
          this.#sessions.delete(ended.id);
          if (reason === "max_duration") this.#expire(ended);
        },
      },
      line,
    );
    this.#sessions.set(voice.id, voice);
    if (kept !== undefined) {
      kept.custody.onPassedOn = () => voice.passOn();
      kept.custody.onForgotten = () => voice.keepAgain();
    }
    const closing = voice.closed.catch((error: unknown) => log.error({ err: error }, "a voice agent session did not close"));
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
    return voice;
  }

  #note({ id, project }: VoiceSession, { agent_id: agent, output }: Configuration): void {
    const { log, substituteOf } = this.#options;
    const voice = output?.voice ?? undefined;
    const substitute = voice === undefined ? undefined : substituteOf(voice);
    const about = substitute === undefined ? {} : { voice, substitute };
    log.info(
      { session: id, appId: project.appId, ...(typeof agent === "string" ? { agent } : {}), ...about },
      "a voice agent session is ready",
    );
  }

  #expire({ id, project }: VoiceSession): void {
    this.#expired.set(id, project);
    for (const oldest of this.#expired.keys()) {
      if (this.#expired.size <= maxExpired) break;
      this.#expired.delete(oldest);
    }
  }
}

/** What a session is to be made of. */
interface Wanted {
  readonly configuration: Configuration;
  readonly offer: Offer;
  readonly client: Client;
  /** It was another process's. */
  readonly taken: Taken | undefined;
}

type Taken = Extract<Claimed, { ok: true }>;

/** A new session in the place of an old one; what it remembers is told to it by whoever accompanies it. */
function toRestored({ session: { turn }, replies, greeted }: KeptSession["state"]): Restored {
  return { history: [], turn, replies, greeted };
}

const draining = no("at_capacity", "This engine is shutting down: try again in a moment");

const takenOver = no("session_taken_over", "Another socket goes on with this session");

const spentToken: Started = no("UNAUTHORIZED", "The token was used for another session: fetch a new one for each socket");

function no(code: Refusal["code"], message: string, param: string | null = null): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: refusal(code, message, param) };
}
