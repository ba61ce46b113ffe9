/** One Voice Agent session: a conversation that outlives the sockets through which its client reaches it. */
import type { voiceAgent } from "@parley/protocol";
import type { SessionEvent } from "../../core/events.ts";
import { toAppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import type { Cancel } from "../../session/clock.ts";
import type { Llm } from "../../vendors/vendor.ts";
import { audioFormatOf, toRefusal } from "./audio-wire.ts";
import { type Configuration, isEmpty, laterConfiguration, type Update } from "./configuration.ts";
import { toEcho } from "./echo.ts";
import { FalseInterruption } from "./false-interruption.ts";
import { type KeptSession, type KeptState, pastTimeline, pastWire, withHeard } from "./kept-state.ts";
import type { Line } from "./line.ts";
import { Notes } from "./notes.ts";
import { isQuiet, type ReceivedEvent } from "./read-message.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { makeResumeToken, sameToken } from "./resume-token.ts";
import type { Subject } from "./session-keeper.ts";
import { SessionLife, type SessionLifeInput, signsOfLife, wrapUp } from "./session-life.ts";
import type { CloseReason, VoiceSessionRecord } from "./session-log.ts";
import { Timeline } from "./timeline.ts";
import { toAgentConfig, VoiceChoice } from "./to-config.ts";
import { ToWire, type WireEvent } from "./to-wire.ts";
import { logTrouble } from "./trouble.ts";
import { Untold } from "./untold.ts";
import type { VoiceSessionParts } from "./voice-session-parts.ts";

/** These may be laid down a little later: they come in numbers. */
const unhurried: ReadonlySet<SessionEvent["type"]> = new Set(["transcript", "reply-text", "state", "metric", "reply-start"]);

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
  readonly #timeline: Timeline;
  readonly #createdAt: number;
  readonly #resumeToken: string;
  #configuration: Configuration;
  #record: VoiceSessionRecord;
  #line: Line | undefined;
  readonly #untold: Untold;
  /** The newest reply that was begun. */
  #reply: number;
  #greeted: boolean;
  /** What the user has said of a turn that is not over. */
  #partial = "";
  /** Milliseconds of the user's audio that other processes had. */
  readonly #audioBefore: number;
  /** Another engine goes on with it, or may. */
  #passedOn = false;
  #handedOver = false;
  readonly #interruption = new FalseInterruption();
  #wordsAt: number | undefined;
  #cancelWords: Cancel = () => {};
  #cancelLife: Cancel = () => {};

  constructor(parts: VoiceSessionParts, line: Line) {
    const { id, project, configuration, clock, now, makeId, legacyArgs, kept } = parts;
    const state = kept?.state;
    this.#parts = parts;
    this.id = id;
    this.#resumeToken = state?.resumeToken ?? makeResumeToken(id);
    this.#reply = state?.replies ?? 0;
    this.#greeted = state?.greeted ?? false;
    this.#audioBefore = state?.audioMs ?? 0;
    this.#untold = new Untold(state?.untold);
    this.#timeline = new Timeline(kept === undefined ? undefined : pastTimeline(kept, parts.resumeReply));
    this.project = project;
    this.#configuration = configuration;
    this.#line = line;
    this.#wire = new ToWire({ id: makeId, sessionId: id, legacyArgs, ...(state === undefined ? {} : { past: pastWire(state) }) });
    this.#life = new SessionLife(clock.now(), parts.limits, state?.life);
    this.#createdAt = state?.createdAt ?? now();
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
    if (kept === undefined) line.send({ type: "session.updated", config: this.#echo });
    this.#sayReady(line);
    parts.sessionLog[kept === undefined ? "opened" : "resumed"](this.#record);
    parts.session.listen((event) => this.#hear(event));
    this.#watchLife();
    if (kept === undefined) parts.keeper?.open(this.#subject);
    else this.#goOn(kept, line);
    this.closed = this.#close();
  }

  // What the socket brings

  receive(event: ReceivedEvent): void {
    const { session, clock } = this.#parts;
    if (this.#life.ended) return;
    if (!isQuiet(event)) {
      this.#live({ type: "active", at: clock.now() });
      this.#parts.keeper?.soon();
    }
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
    return sameToken(token, this.#resumeToken);
  }

  /** The client is back on another socket; what it missed follows. */
  resume(line: Line): void {
    const { transport, clock } = this.#parts;
    const old = this.#line;
    if (old !== undefined) {
      this.lost(old, old.silentMs);
      this.#sayTakenOver(old);
    }
    this.#line = line;
    this.#live({ type: "attached", at: clock.now() });
    this.#sayReady(line);
    for (const event of this.#untold.take()) line.send(event);
    this.#wire.attach(transport.deliveredUntil);
    transport.attach();
    this.#parts.keeper?.soon();
    this.#parts.log.info({ session: this.id }, "a voice agent session was resumed");
  }

  /** That socket is gone; `silentMs`: what was sent within so long did not arrive. */
  lost(line: Line, silentMs = 0): void {
    if (this.#line !== line || this.#life.ended) return;
    const { transport, session, clock, resumeReply } = this.#parts;
    this.#line = undefined;
    this.#untold.lost(this.#since(silentMs));
    this.#wire.detach();
    transport.detach();
    if (!resumeReply && this.#wire.replyId !== undefined) session.interrupt();
    this.#live({ type: "lost", at: clock.now() });
    this.#parts.keeper?.soon();
  }

  /** Another engine goes on with it. */
  passOn(): void {
    this.#leaveIt("a voice agent session goes on in another engine", (line) => this.#sayTakenOver(line));
  }

  /** Engines that took this one for dead have ended it in the database: it is open there again. */
  keepAgain(): void {
    if (this.#life.ended) return;
    const { keeper, sessionLog, log } = this.#parts;
    sessionLog.resumed(this.#record);
    keeper?.openAgain();
    log.warn({ session: this.id }, "other engines took a voice agent session for ended while the database was out of reach; it goes on");
  }

  /** This engine ends: its client finds it at another one. */
  handOver(): void {
    const { keeper } = this.#parts;
    this.#handedOver = true;
    keeper?.layDown();
    keeper?.stop();
    this.#leaveIt("a voice agent session is left to another engine", (line) => line.close(1001, "server_shutdown"));
  }

  end(reason: CloseReason, why?: Refusal): void {
    for (const decision of this.#life.handle({ type: "end", at: this.#parts.clock.now(), reason })) {
      if (decision.type === "end") this.#end(reason, decision.code, why);
    }
  }

  // What another process can go on with

  get #subject(): Subject {
    const { session, clock } = this.#parts;
    return {
      clock,
      state: () => this.#state(),
      configuration: () => this.#configuration,
      remembered: () => session.remembered,
      changes: () => this.#timeline.changes,
      turns: () => this.#timeline.turns,
      takeFreshTurns: () => this.#timeline.takeFresh(),
    };
  }

  #state(): KeptState {
    const { session, transport, clock, now } = this.#parts;
    return {
      version: 1,
      epochMs: now() - clock.now(),
      createdAt: this.#createdAt,
      resumeToken: this.#resumeToken,
      ifNobodyComes: this.#line === undefined ? "client_disconnect" : this.#handedOver ? "server_shutdown" : "error",
      greeted: this.#greeted,
      replies: this.#reply,
      audioMs: this.#audioMs,
      life: this.#life.snapshot(),
      wire: this.#wire.snapshot(),
      timeline: this.#timeline.snapshot(),
      session: session.snapshot(transport.deliveredUntil),
      partial: this.#partial,
      untold: this.#untold.asOf(this.#since(this.#line?.silentMs ?? 0)),
    };
  }

  /** When a client that has been silent for so long fell silent. */
  #since(silentMs: number): number {
    return silentMs > 0 ? this.#parts.clock.now() - silentMs : Number.POSITIVE_INFINITY;
  }

  #goOn(kept: KeptSession, line: Line): void {
    const { session, keeper, clock, resumeReply } = this.#parts;
    const { state, remembered } = kept;
    const at = clock.now();
    keeper?.goOn(this.#subject, kept);
    for (const event of this.#untold.take()) line.send(event);
    const { reply, ...rest } = state.session;
    const goesOn = resumeReply && reply !== undefined;
    const told = state.wire.reply;
    if (told !== null && !(goesOn && reply.number === told.number)) {
      const [heard, text] = reply === undefined ? ["", ""] : [reply.said, `${reply.said} ${reply.rest}`.trim()];
      this.#hear({ type: "reply-interrupted", at, turnId: rest.turn, reply: told.number, heard, text, cause: "api_interrupt" });
    }
    session.goOn(goesOn ? state.session : rest, goesOn || reply === undefined ? remembered : withHeard(remembered, reply, rest.turn, at));
    if (state.wire.speaking !== null) {
      if (state.partial.trim() !== "") session.think(state.partial, { priority: "append" });
      else this.#hear({ type: "turn-dropped", at, turnId: rest.turn, uid: "" });
    }
    this.#watchWords();
    this.#parts.log.info({ session: this.id }, "a voice agent session of another engine, or of an earlier start, goes on here");
  }

  // What happens in the conversation

  #hear(event: SessionEvent): void {
    const { clock, log, keeper, session, resumeFalseInterruption } = this.#parts;
    this.#follow(event);
    logTrouble(log, this.id, event);
    const rest = this.#interruption.weigh(event);
    // After what this event leads to.
    if (rest !== "" && resumeFalseInterruption) queueMicrotask(() => session.say(rest, { priority: "append", interruptable: true }));
    const told = this.#wire.handle(event, clock.now());
    this.#timeline.handle(event, told);
    this.#tell(told);
    if (signsOfLife.has(event.type)) this.#live({ type: "active", at: clock.now() });
    if (unhurried.has(event.type)) keeper?.later();
    else keeper?.soon();
  }

  #follow(event: SessionEvent): void {
    if (event.type === "transcript") this.#partial = event.text;
    else if (event.type === "turn-end" || event.type === "turn-dropped") this.#partial = "";
    else if (event.type === "reply-begin") {
      this.#reply = Math.max(this.#reply, event.reply);
      this.#greeted ||= event.trigger === "greeting";
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
    this.#parts.keeper?.later();
  }

  #tell(events: readonly WireEvent[]): void {
    if (this.#life.ended) return;
    for (const event of events) this.#untold.note(event, this.#line?.send(event) === true, this.#parts.clock.now());
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
    const voice = VoiceChoice.safeParse(merged.configuration.output?.voice === this.#configuration.output?.voice ? undefined : tts.options);
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

  #sayTakenOver(line: Line): void {
    this.#tellError(line, refusal("session_taken_over", "Another socket goes on with this session"));
    line.close(1008, "session_taken_over");
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
    const { session, now, log, onEnded } = this.#parts;
    const durationMs = now() - this.#createdAt;
    const audioMs = this.#audioMs;
    this.#record = { ...this.#record, status: "completed", closeReason: reason, endedAt: now(), durationMs, audioMs };
    const line = this.#leaveLine();
    if (line !== undefined) {
      if (why !== undefined) this.#tellError(line, why);
      line.send({ type: "session.ended", session_duration_seconds: durationMs / 1000, audio_duration_seconds: audioMs / 1000 });
      line.close(code, reason);
    }
    log.info({ session: this.id, reason, durationMs: Math.round(durationMs) }, "a voice agent session has ended");
    onEnded(this, reason);
    void session.leave({ reason });
  }

  /** Nothing more is told. */
  #leaveLine(): Line | undefined {
    this.#cancelWords();
    this.#cancelLife();
    const line = this.#line;
    this.#line = undefined;
    this.#untold.clear();
    return line;
  }

  get #audioMs(): number {
    return this.#audioBefore + this.#parts.transport.heardMs;
  }

  /** Nothing is told of its end. */
  #leaveIt(text: string, farewell: (line: Line) => void): void {
    if (this.#life.ended) return;
    const { session, clock, log, onEnded } = this.#parts;
    this.#passedOn = true;
    this.#life.handle({ type: "end", at: clock.now(), reason: "server_shutdown" });
    const line = this.#leaveLine();
    if (line !== undefined) farewell(line);
    log.info({ session: this.id }, text);
    onEnded(this, undefined);
    void session.leave({ reason: text });
  }

  async #close(): Promise<void> {
    const { session, sessionLog, keeper } = this.#parts;
    const { status, reason } = await session.closed;
    if (this.#passedOn) return sessionLog.passedOn(this.id);
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
    keeper?.end();
  }
}

/** Timers of Node hold 24 days at most; ours look again after an hour. */
const longestTimerMs = 3_600_000;
