/** One Voice Agent session: a conversation that outlives the sockets through which its client reaches it. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { voiceAgent } from "@parley/protocol";
import type { Logger } from "pino";
import { z } from "zod";
import type { SessionEvent } from "../../core/events.ts";
import { toAppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import type { ChosenLlm } from "../../session/agent-config.ts";
import type { Cancel, Clock } from "../../session/clock.ts";
import type { Session } from "../../session/session.ts";
import type { AudioFormat, AudioProblem } from "../../transports/audio-input.ts";
import type { WebSocketTransport } from "../../transports/websocket.ts";
import type { Llm } from "../../vendors/vendor.ts";
import { type Configuration, type ConfigurationRules, formatOf, laterConfiguration, type Update } from "./configuration.ts";
import { toEcho } from "./echo.ts";
import type { Line } from "./line.ts";
import { Notes } from "./notes.ts";
import type { ReceivedEvent } from "./read-message.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { makeResumeToken } from "./resume-token.ts";
import { SessionLife, type SessionLifeInput, type SessionLimits } from "./session-life.ts";
import type { CloseReason, SessionLog, VoiceSessionRecord } from "./session-log.ts";
import { Timeline } from "./timeline.ts";
import { type Offer, toAgentConfig } from "./to-config.ts";
import { ToWire, type WireEvent } from "./to-wire.ts";
import type { MakeId } from "./ids.ts";

export interface VoiceSessionParts {
  readonly id: string;
  readonly project: Project;
  readonly configuration: Configuration;
  readonly session: Session;
  readonly transport: WebSocketTransport;
  /** The session's. */
  readonly clock: Clock;
  readonly offer: Offer;
  readonly rules: ConfigurationRules;
  readonly limits: SessionLimits;
  /** After a lost socket the reply goes on; false: it is cut. */
  readonly resumeReply: boolean;
  /** What a noise has cut off is said after all. */
  readonly resumeFalseInterruption: boolean;
  readonly legacyArgs: boolean;
  readonly openLlm: (chosen: ChosenLlm) => Llm;
  readonly makeId: MakeId;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly sessionLog: SessionLog;
  /** It has ended; its conversation may still be closing. */
  readonly onEnded: (session: VoiceSession, reason: CloseReason) => void;
}

/** Events that wait for a client that is away; the oldest are lost. */
const maxPending = 256;

/** Somebody says something, or begins or ends to. */
const signsOfLife: ReadonlySet<SessionEvent["type"]> = new Set([
  "turn-start",
  "transcript",
  "turn-end",
  "reply-begin",
  "reply-text",
  "reply-end",
  "tool-call",
]);

/** What the agent is told before the end. */
function wrapUp(leftMs: number): string {
  return `This conversation ends in ${Math.round(leftMs / 1000)} seconds. Wrap it up now, and say goodbye.`;
}

export class VoiceSession {
  readonly id: string;
  readonly project: Project;
  /** What the log says of its client's messages, over all of its sockets. */
  readonly notes = new Notes();
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<void>;
  readonly #parts: VoiceSessionParts;
  readonly #wire: ToWire;
  readonly #life: SessionLife;
  readonly #timeline = new Timeline();
  readonly #createdAt: number;
  readonly #resumeToken: string;
  #configuration: Configuration;
  #record: VoiceSessionRecord;
  #line: Line | undefined;
  /** What happened while nobody was there to be told. */
  #pending: WireEvent[] = [];
  /** What was told of late, and when: it may turn out to have been lost. */
  #told: { readonly at: number; readonly event: WireEvent }[] = [];
  /** What was not heard of the reply that speech has cut, until that speech turns out to be words. */
  #unsaid = "";
  #wordsAt: number | undefined;
  #cancelWords: Cancel = () => {};
  #cancelLife: Cancel = () => {};

  constructor(parts: VoiceSessionParts, line: Line) {
    const { id, project, configuration, clock, now, makeId, legacyArgs } = parts;
    this.#parts = parts;
    this.id = id;
    this.#resumeToken = makeResumeToken(id);
    this.project = project;
    this.#configuration = configuration;
    this.#line = line;
    this.#wire = new ToWire({ id: makeId, sessionId: id, legacyArgs });
    this.#life = new SessionLife(clock.now(), parts.limits);
    this.#createdAt = now();
    this.#record = {
      id,
      project: project.appId,
      agentId: configuration.agent_id ?? null,
      status: "created",
      closeReason: null,
      createdAt: this.#createdAt,
      endedAt: null,
      durationMs: null,
      audioMs: null,
      config: this.#echo,
    };
    line.send({ type: "session.updated", config: this.#echo });
    this.#sayReady(line);
    parts.sessionLog.opened(this.#record);
    parts.session.listen((event) => this.#hear(event));
    this.#watchLife();
    this.closed = this.#close();
  }

  // What the socket brings

  receive(event: ReceivedEvent): void {
    const { session, clock } = this.#parts;
    if (this.#life.ended) return;
    if (!isQuiet(event)) this.#live({ type: "active", at: clock.now() });
    switch (event.type) {
      case "input.audio":
        this.#hearAudio(event.audio);
        break;
      case "session.update":
        this.#update(event.update);
        break;
      case "session.end":
        this.end("client_end");
        break;
      case "tool.result":
        this.#takeResult(event);
        break;
      case "reply.create":
        this.#timeline.wished(event.instructions ?? "");
        session.create(event.instructions ?? "");
        break;
      case "reply.cancel": {
        const open = this.#wire.replyId;
        if (open !== undefined && (typeof event.reply_id !== "string" || event.reply_id === open)) session.interrupt();
        break;
      }
      case "conversation.message":
        if (event.content.trim() === "")
          this.#refuse(refusal("invalid_value", "content: is empty; there is nothing to remember", "content"));
        else session.remember(event.role, event.content);
        break;
      case "session.resume":
        break;
    }
  }

  /** A number to send with a ping. */
  pinged(): number {
    return this.#parts.transport.pinged();
  }

  ponged(ping: number): void {
    this.#parts.transport.ponged(ping);
  }

  // What becomes of sockets

  mayResume(token: string): boolean {
    const [given, own] = [token, this.#resumeToken].map((text) => createHash("sha256").update(text).digest());
    return given !== undefined && own !== undefined && timingSafeEqual(given, own);
  }

  /** The client is back on another socket; what it missed follows. */
  resume(line: Line): void {
    const { transport, clock } = this.#parts;
    const old = this.#line;
    if (old !== undefined) {
      this.lost(old, old.silentMs);
      this.#tellError(old, refusal("session_taken_over", "Another socket goes on with this session"));
      old.close(1008, "session_taken_over");
    }
    this.#line = line;
    this.#live({ type: "attached", at: clock.now() });
    this.#sayReady(line);
    for (const event of this.#pending.splice(0)) line.send(event);
    this.#wire.attach(transport.deliveredUntil);
    transport.attach();
    this.#parts.log.info({ session: this.id }, "a voice agent session was resumed");
  }

  /** That socket is gone; `silentMs`: what was sent within so long did not arrive. */
  lost(line: Line, silentMs = 0): void {
    if (this.#line !== line || this.#life.ended) return;
    const { transport, session, clock, resumeReply } = this.#parts;
    this.#line = undefined;
    if (silentMs > 0) {
      const unheard = this.#told.filter(({ at }) => at >= clock.now() - silentMs).map(({ event }) => event);
      this.#pending.unshift(...unheard);
    }
    this.#told = [];
    this.#wire.detach();
    transport.detach();
    if (!resumeReply && this.#wire.replyId !== undefined) session.interrupt();
    this.#live({ type: "lost", at: clock.now() });
  }

  end(reason: CloseReason, why?: Refusal): void {
    for (const decision of this.#life.handle({ type: "end", at: this.#parts.clock.now(), reason })) {
      if (decision.type === "end") this.#end(reason, decision.code, why);
    }
  }

  // What happens in the conversation

  #hear(event: SessionEvent): void {
    const { clock, log } = this.#parts;
    if (event.type === "error") {
      log.warn({ session: this.id, module: event.module, code: event.code, err: event.cause }, event.message);
    } else if (event.type === "echo-suspected") {
      log.info(
        { session: this.id },
        "echo_suspected: the user's words repeat what the agent is saying. Its voice reaches the microphone: headphones help, or echoCancellation: true",
      );
    }
    this.#weighInterruption(event);
    const told = this.#wire.handle(event, clock.now());
    this.#timeline.handle(event, told);
    this.#tell(told);
    if (signsOfLife.has(event.type)) this.#live({ type: "active", at: clock.now() });
  }

  /** Speech that cut a reply and held no words was none. */
  #weighInterruption(event: SessionEvent): void {
    const { session, resumeFalseInterruption } = this.#parts;
    if (event.type === "reply-interrupted") {
      this.#unsaid =
        event.cause === "start_of_speech" && event.text.startsWith(event.heard) ? event.text.slice(event.heard.length).trim() : "";
    } else if (event.type === "turn-end") {
      this.#unsaid = "";
    } else if (event.type === "turn-dropped" && this.#unsaid !== "") {
      const rest = this.#unsaid;
      this.#unsaid = "";
      // After what this event leads to.
      if (resumeFalseInterruption) queueMicrotask(() => session.say(rest, { priority: "append", interruptable: true }));
    }
  }

  /** 20 ms of the agent's voice. */
  speak(data: string, at: number): void {
    const { clock, transport } = this.#parts;
    for (const event of this.#wire.audio(at, data, clock.now())) {
      if (event.type === "reply.audio") this.#line?.send(event, () => transport.delivered(at));
      else this.#tell([event]);
    }
    this.#watchWords();
  }

  #tell(events: readonly WireEvent[]): void {
    if (this.#life.ended) return;
    for (const event of events) {
      const sent = this.#line?.send(event) === true;
      // What is only worth something at its time is not kept.
      if (event.type === "reply.audio" || event.type === "transcript.user.delta") continue;
      if (!sent) this.#pending.push(event);
      // Lost words come again with the audio that they belong to.
      else if (event.type !== "transcript.agent.delta") this.#told.push({ at: this.#parts.clock.now(), event });
      if (this.#pending.length > maxPending) this.#pending.shift();
      if (this.#told.length > maxPending) this.#told.shift();
    }
    this.#watchWords();
  }

  /** Words are told when they are due to be heard. */
  #watchWords(): void {
    const { clock } = this.#parts;
    const { deadline } = this.#wire;
    if (deadline === this.#wordsAt) return;
    this.#cancelWords();
    this.#wordsAt = deadline;
    if (deadline === undefined || this.#life.ended) return;
    this.#cancelWords = clock.at(deadline, () => {
      this.#wordsAt = undefined;
      this.#tell(this.#wire.time(Math.max(deadline, clock.now())));
    });
  }

  // What the client asks for

  #hearAudio(audio: string): void {
    for (const problem of this.#parts.transport.hear(audio)) this.#refuse(toRefusal(problem));
  }

  #takeResult(event: Extract<ReceivedEvent, { type: "tool.result" }>): void {
    const taken = this.#parts.session.toolResult(event.call_id, { output: event.result, isError: event.is_error ?? false });
    if (taken === "unknown" || taken === "duplicate") {
      const text = taken === "unknown" ? "is no call of this session" : "has its result already";
      this.#refuse(refusal("invalid_value", `call_id: "${event.call_id.slice(0, 64)}" ${text}`, "call_id"));
    }
  }

  /** All of it counts, or nothing. */
  #update(update: Update): void {
    // Clients ask in this way whether anybody is there: it is answered, and is no change.
    if (isEmpty(update)) {
      this.#line?.send({ type: "session.updated", config: this.#echo });
      return;
    }
    const { rules, offer, openLlm, session, transport, clock, sessionLog } = this.#parts;
    const merged = laterConfiguration(this.#configuration, update, rules);
    if (!merged.ok) return this.#refuse(merged.refusal);
    const translated = toAgentConfig(merged.configuration, offer);
    if (!translated.ok) return this.#refuse(translated.refusal);
    const { systemMessages, tools, llm, turns, asr, tts } = translated.config;
    let opened: Llm | undefined;
    if (update.settings.llm !== undefined) {
      try {
        opened = openLlm(llm);
      } catch (error) {
        return this.#refuse(refusal("invalid_value", toAppError(error).message, "llm"));
      }
    }
    const voice = Voice.safeParse(merged.configuration.output?.voice === this.#configuration.output?.voice ? undefined : tts.options);
    if (voice.success) session.update({ voiceParams: voice.data });
    this.#configuration = merged.configuration;
    session.update({
      systemMessages,
      turns,
      keyterms: asr.keyterms,
      ...(tools === undefined ? {} : { tools }),
      ...(opened === undefined ? {} : { llm: opened }),
    });
    transport.changeInput(audioFormatOf(merged.configuration.input?.format));
    transport.changeVolume(merged.configuration.output?.volume ?? null);
    this.#record = { ...this.#record, config: this.#echo };
    this.#line?.send({ type: "session.updated", config: this.#echo });
    this.#timeline.changed(clock.now(), this.#echo);
    sessionLog.changed(this.#record);
  }

  #refuse(why: Refusal): void {
    if (this.#line !== undefined) this.#tellError(this.#line, why);
  }

  #tellError(line: Line, { code, message, param }: Refusal): void {
    line.send({ type: "session.error", code, message, param, session_id: this.id });
  }

  #sayReady(line: Line): void {
    const { clock } = this.#parts;
    const leftMs = this.#life.endsAt - clock.now();
    // Whole seconds: some clients take no others.
    const expiresAt = Math.round((this.#parts.now() + leftMs) / 1000);
    line.send({ type: "session.ready", session_id: this.id, config: this.#echo, expires_at: expiresAt, resume_token: this.#resumeToken });
  }

  get #echo(): voiceAgent.SessionEcho {
    return toEcho(this.id, this.#configuration);
  }

  // Its life

  #live(input: SessionLifeInput): void {
    for (const decision of this.#life.handle(input)) {
      if (decision.type === "warn") this.#parts.session.remember("system", wrapUp(decision.leftMs));
      else this.#end(decision.reason, decision.code);
    }
    this.#watchLife();
  }

  #watchLife(): void {
    const { clock } = this.#parts;
    this.#cancelLife();
    const { deadline } = this.#life;
    if (deadline === undefined || deadline === Number.POSITIVE_INFINITY) return;
    this.#cancelLife = clock.at(Math.min(deadline, clock.now() + longestTimerMs), () => this.#live({ type: "time", at: clock.now() }));
  }

  #end(reason: CloseReason, code: number, why?: Refusal): void {
    const { session, transport, now, log, onEnded } = this.#parts;
    this.#cancelWords();
    this.#cancelLife();
    const durationMs = now() - this.#createdAt;
    const audioMs = transport.heardMs;
    this.#record = { ...this.#record, status: "completed", closeReason: reason, endedAt: now(), durationMs, audioMs };
    const line = this.#line;
    this.#line = undefined;
    this.#pending = [];
    if (line !== undefined) {
      if (why !== undefined) this.#tellError(line, why);
      line.send({ type: "session.ended", session_duration_seconds: durationMs / 1000, audio_duration_seconds: audioMs / 1000 });
      line.close(code, reason);
    }
    log.info({ session: this.id, reason, durationMs: Math.round(durationMs) }, "a voice agent session has ended");
    onEnded(this, reason);
    void session.leave({ reason });
  }

  async #close(): Promise<void> {
    const { session, sessionLog } = this.#parts;
    const { status, reason } = await session.closed;
    this.end(
      status === "FAILED" ? "error" : "server_shutdown",
      status === "FAILED" ? refusal("INTERNAL_ERROR", `The session has failed: ${reason}`) : undefined,
    );
    sessionLog.ended(this.#record, {
      session_id: this.id,
      started_at_unix_ms: Math.round(this.#createdAt),
      turns: this.#timeline.turns,
      config_changes: this.#timeline.changes,
      ended: {
        reason,
        public_reason: this.#record.closeReason ?? "error",
        duration_seconds: (this.#record.durationMs ?? 0) / 1000,
      },
    });
  }
}

/** Audio may be silence, and an empty update only asks whether anybody is there: neither is a word. */
function isQuiet(event: ReceivedEvent): boolean {
  return event.type === "input.audio" || (event.type === "session.update" && isEmpty(event.update));
}

function isEmpty({ settings }: Update): boolean {
  return Object.keys(settings).length === 0;
}

/** What of the voice's parameters a client may change. */
const Voice = z.object({ voice: z.union([z.string(), z.number()]) });

/** Timers of Node hold 24 days at most; ours look again after an hour. */
const longestTimerMs = 3_600_000;

export function audioFormatOf(format: Parameters<typeof formatOf>[0]): AudioFormat {
  const { encoding, sample_rate: rate } = formatOf(format);
  if (encoding !== "audio/pcm") return { encoding, sampleRate: 8000 };
  return { encoding, sampleRate: rate === 8000 || rate === 16_000 || rate === 48_000 ? rate : 24_000 };
}

function toRefusal({ code, message }: AudioProblem): Refusal {
  switch (code) {
    case "invalid-audio":
      return refusal("invalid_audio", message, "audio");
    case "audio-rate-violation":
      return refusal("audio_rate_violation", message);
    case "audio-rate-mismatch":
      return refusal("audio_rate_mismatch", message, "input.format.sample_rate");
  }
}
