/** All Voice Agent sessions of this engine: starts them, finds the one that a client comes back to, keeps to the limits. */
import type { Logger } from "pino";
import { toAppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import { RateLimit } from "../../rate-limit.ts";
import type { AgentConfig, ChosenLlm } from "../../session/agent-config.ts";
import type { Clock } from "../../session/clock.ts";
import type { Session } from "../../session/session.ts";
import type { SessionRequest } from "../../session/sessions.ts";
import { openWebSocketTransport, type WebSocketTransport } from "../../transports/websocket.ts";
import type { Llm } from "../../vendors/vendor.ts";
import { type Configuration, type ConfigurationRules, firstConfiguration, type Update } from "./configuration.ts";
import type { MakeId } from "./ids.ts";
import type { Line } from "./line.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { SessionLog } from "./session-log.ts";
import { type Offer, toAgentConfig } from "./to-config.ts";
import { audioFormatOf, VoiceSession } from "./voice-session.ts";

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
  /** Sees every session as it begins. */
  readonly onStart: (session: Session) => void;
}

export type Started = { readonly ok: true; readonly session: VoiceSession } | { readonly ok: false; readonly refusal: Refusal };

/** Ids of sessions whose own time ran out while their client was away. */
const maxExpired = 10_000;
const warnMs = 30_000;
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
  holder(id: string, token: string): Client | undefined {
    const session = this.#sessions.get(id);
    return session?.mayResume(token) === true ? { project: session.project, spend: () => true, only: id } : undefined;
  }

  /** Gives a session that is there, or was lost, to a new socket. */
  resume(id: string, token: string | undefined, client: Client, line: Line): Started {
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

  /** Ends all sessions; resolves when nothing of them is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) session.end("server_shutdown");
    await Promise.all(this.#closing);
  }

  #room(project: Project): Refusal | undefined {
    if (this.#options.draining()) return refusal("at_capacity", "This engine is shutting down: try again in a moment");
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

  async #start(update: Update, client: Client, line: Line, signal: AbortSignal): Promise<Started> {
    const { project } = client;
    const { offer, full, isEmbedded } = this.#options;
    const configured = await this.#configure(update, project);
    if (!configured.ok) return configured;
    const { configuration } = configured;
    const offered = offer(project);
    const translated = toAgentConfig(configuration, offered);
    if (!translated.ok) return translated;
    const why = full(translated.config);
    if (why !== undefined) return no("at_capacity", why);
    const embedded = isEmbedded(translated.config);
    if (embedded) this.#embedded += 1;
    try {
      const started = await this.#open(translated.config, configuration, offered, client, line, signal);
      if (embedded && started.ok) void started.session.closed.finally(() => (this.#embedded -= 1));
      else if (embedded) this.#embedded -= 1;
      return started;
    } catch (error) {
      if (embedded) this.#embedded -= 1;
      throw error;
    }
  }

  /** Opens transport and session; the line is told as soon as the session is there. */
  async #open(
    config: AgentConfig,
    configuration: Configuration,
    offered: Offer,
    client: Client,
    line: Line,
    signal: AbortSignal,
  ): Promise<Started> {
    const { startSession, makeId } = this.#options;

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
      open: async (own, stop) => {
        clock = own;
        return await open(own, stop);
      },
      onStart: (starting) => {
        if (signal.aborted || transport === undefined || clock === undefined) return;
        if (!client.spend()) {
          started = spentToken;
          return;
        }
        this.#options.onStart(starting);
        voice = this.#accompany({ id: makeId("sess"), client, configuration, session: starting, transport, clock, offer: offered }, line);
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
      ...parts
    }: {
      readonly id: string;
      readonly client: Client;
      readonly configuration: Configuration;
      readonly session: Session;
      readonly transport: WebSocketTransport;
      readonly clock: Clock;
      readonly offer: Offer;
    },
    line: Line,
  ): VoiceSession {
    const { rules, openLlm, makeId, now, log, sessionLog } = this.#options;
    const voice = new VoiceSession(
      {
        ...parts,
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

const spentToken: Started = no("UNAUTHORIZED", "The token was used for another session: fetch a new one for each socket");

function no(code: Refusal["code"], message: string, param: string | null = null): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: refusal(code, message, param) };
}
