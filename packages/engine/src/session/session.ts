/** One conversation from join to leave: feeds the cores and carries out what they decide. Read this file first. */
import type { AgentState, InterruptCause, Module, ReplySource, SessionEvent } from "../core/events.ts";
import { FRAME_MS } from "../core/frame.ts";
import { History, type HistoryEntry } from "../core/history.ts";
import { DUCKED } from "../core/playout.ts";
import { Presence } from "../core/presence.ts";
import { defaultGate } from "../core/speech-gate.ts";
import { TurnTaking, type SayPriority, type TurnDecision, type TurnInput } from "../core/turn-taking.ts";
import { AppError, toAppError } from "../errors.ts";
import type { Played, Transport } from "../transports/transport.ts";
import type { Asr, Llm, LlmMessage, Transcript, Voice } from "../vendors/vendor.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { Cancel, Clock } from "./clock.ts";
import { Ear } from "./ear.ts";
import { Fanout } from "./fanout.ts";
import { Reply, type Resampler } from "./reply.ts";
import type { OpenVad } from "./vad.ts";

/** What a client's message asks for, once its door has read it. */
export type ClientMessage =
  | { type: "text"; text: string; priority: SayPriority }
  | { type: "interrupt" }
  /** Not understood: told to the client and the log. */
  | { type: "invalid"; message: string };

export interface SessionParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly config: AgentConfig;
  readonly asr: Asr;
  readonly llm: Llm;
  readonly voice: Voice;
  readonly openVad: OpenVad;
  readonly resample: (from: number, to: number) => Resampler;
  /** Reads a client's message; the session does not know how it is spelt. */
  readonly readMessage: (customType: string, body: string) => ClientMessage;
}

/** How a session ended, in the words of the public contracts. */
export interface Ending {
  readonly status: "STOPPED" | "FAILED";
  readonly reason: string;
}

export interface SayOptions {
  readonly priority: SayPriority;
  /** People's speech may cut it. */
  readonly interruptable: boolean;
}

interface Current {
  readonly turnId: number;
  readonly reply: Reply;
  /** When the speech that it answers ended. */
  readonly speechEndMs: number | undefined;
  sounding: boolean;
}

/** Events that a reader may be behind before it loses the oldest. */
const maxEventsBehind = 4096;
/** Longest wait for clients to say what they have played, in milliseconds; then the estimate counts. */
const playedPatienceMs = 250;

export class Session implements AsyncDisposable {
  /** Resolves when everything is closed. */
  readonly closed: Promise<Ending>;

  readonly #parts: SessionParts;
  readonly #turns: TurnTaking;
  readonly #history = new History();
  readonly #presence: Presence;
  readonly #events = new Fanout<SessionEvent>(maxEventsBehind);
  readonly #ears = new Map<string, Ear>();
  readonly #abort = new AbortController();
  readonly #ending = Promise.withResolvers<Ending>();
  /** Work under way, which closing waits for. */
  readonly #tasks = new Set<Promise<void>>();
  readonly #says = new Map<number, () => Reply>();
  #nextSay = 1;
  #ended = false;
  #current: Current | undefined;
  #state: AgentState = "idle";
  #greeting: (() => Reply) | undefined;
  #cancelDeadline: Cancel = () => {};
  #cancelWatch: Cancel = () => {};
  /** Finding out what was heard of an interrupted reply; the next request waits for it. */
  #settling: Promise<void> = Promise.resolve();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#turns = new TurnTaking(parts.config.turns);
    this.#presence = new Presence(parts.config.idleTimeoutS, parts.config.firstUserTimeoutS);
    this.closed = this.#run();
  }

  /** What happens from now on, until the session has closed. */
  get events(): AsyncIterable<SessionEvent> {
    return this.#events.read();
  }

  get state(): AgentState {
    return this.#state;
  }

  get history(): readonly HistoryEntry[] {
    return this.#history.entries;
  }

  /** Speaks a fixed text; tells at once what becomes of it. */
  say(text: string, { priority, interruptable }: SayOptions): "spoken" | "queued" | "ignored" {
    return this.#say(() => this.#recite(text, "command"), priority, interruptable);
  }

  /** Ends speaking and thinking at once; nothing happens while the agent does neither. */
  interrupt(): void {
    this.#input({ type: "interrupt", at: this.#parts.clock.now(), cause: "api_interrupt" });
  }

  /** Ends the session; harmless if it has ended. */
  async leave(): Promise<Ending> {
    this.#end({ status: "STOPPED", reason: "OK" });
    return await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  async #run(): Promise<Ending> {
    const { clock, transport, config } = this.#parts;
    const { greeting } = config;
    if (greeting !== undefined) {
      // Spoken into its playout now, so that the first person need not wait for the voice.
      const reply = this.#recite(greeting.text, "greeting");
      this.#greeting = () => reply;
    }
    const stopFrames = clock.everyFrame((due) => this.#guard(() => this.#tick(due)));
    this.#own(this.#hear());
    this.#own(this.#follow());
    this.#watch();

    const ending = await this.#ending.promise;

    this.#input({ type: "interrupt", at: clock.now(), cause: "api_leave" });
    await this.#settling;
    this.#ended = true;
    this.#abort.abort();
    this.#cancelDeadline();
    this.#cancelWatch();
    stopFrames();
    await transport[Symbol.asyncDispose]();
    await Promise.all([...this.#ears.values()].map((ear) => ear[Symbol.asyncDispose]()));
    await Promise.all(this.#tasks);
    this.#emit({ type: "closed", at: clock.now(), ...ending });
    this.#events.end();
    return ending;
  }

  #end(ending: Ending): void {
    this.#ending.resolve(ending);
  }

  // In

  /** People's audio: each frame goes to its speaker's ear, which never makes this loop wait. */
  async #hear(): Promise<void> {
    for await (const frame of this.#parts.transport.frames) this.#ear(frame.uid).hear(frame);
  }

  /** Comings, goings and messages. */
  async #follow(): Promise<void> {
    for await (const event of this.#parts.transport.events) {
      const { at } = event;
      switch (event.type) {
        case "user-joined":
          this.#presence.join(event.uid);
          this.#emit({ type: "user-joined", at, uid: event.uid });
          break;
        case "user-ready":
          this.#greet();
          break;
        case "user-left":
          this.#presence.leave(event.uid, at);
          this.#emit({ type: "user-left", at, uid: event.uid });
          this.#input({ type: "user-left", at, uid: event.uid });
          this.#closeEar(event.uid);
          break;
        case "message":
          this.#obey(this.#parts.readMessage(event.customType, event.body), event.uid);
          break;
        case "closed":
          this.#end({ status: "FAILED", reason: event.reason });
          break;
      }
      this.#watch();
      this.#updateState();
    }
  }

  #obey(message: ClientMessage, uid: string): void {
    switch (message.type) {
      case "text":
        this.#input({ type: "text", at: this.#parts.clock.now(), uid, text: message.text, priority: message.priority });
        break;
      case "interrupt":
        this.interrupt();
        break;
      case "invalid":
        this.#fail("session", new AppError("invalid-field", message.message));
        break;
    }
  }

  #understand(uid: string, transcript: Transcript): void {
    const { text, final, complete, startMs, endMs } = transcript;
    const at = this.#parts.clock.now();
    this.#input({ type: "transcript", at, uid, text, final, ...(complete === undefined ? {} : { complete }) });
    // Words over the agent are told once they have interrupted it.
    const { floor, turn } = this.#turns;
    if (floor === "people" && text !== "") this.#emit({ type: "transcript", at, turnId: turn, uid, text: this.#turns.text, startMs, endMs });
  }

  // Decide

  #input(input: TurnInput): TurnDecision[] {
    if (this.#ended) return [];
    const { clock } = this.#parts;
    const decisions = this.#turns.handle(input);
    for (const decision of decisions) this.#carryOut(decision);
    this.#cancelDeadline();
    const { deadline } = this.#turns;
    if (deadline !== undefined) this.#cancelDeadline = clock.at(deadline, () => this.#input({ type: "time", at: Math.max(deadline, clock.now()) }));
    this.#updateState();
    return decisions;
  }

  #carryOut(decision: TurnDecision): void {
    switch (decision.type) {
      case "turn-start":
        this.#emit({ type: "turn-start", at: decision.at, turnId: decision.turn, uid: decision.uid });
        break;
      case "utterance-end":
        this.#ears.get(decision.uid)?.endUtterance();
        break;
      case "turn-end": {
        const { at, turn, uid, text, startMs, endMs, by } = decision;
        this.#history.add({ role: "user", content: text, turnId: turn, uid, source: by === "voice" ? "asr" : "message", startMs, endMs });
        this.#emit({ type: "turn-end", at, turnId: turn, uid, text, startMs, endMs, by });
        if (by === "voice") this.#metric(turn, "asr", "ttlw", Math.max(0, at - endMs));
        this.#play(turn, this.#answer(), endMs);
        break;
      }
      case "turn-dropped":
        this.#emit({ type: "turn-dropped", at: decision.at, turnId: decision.turn, uid: decision.uid });
        break;
      case "reply-duck": // Someone makes a sound: speak more softly.
        if (this.#current !== undefined) this.#current.reply.playout.gain = DUCKED;
        break;
      case "reply-hold": // They go on: fall silent now, lose nothing.
        if (this.#current !== undefined) this.#current.reply.playout.held = true;
        break;
      case "reply-resume": // It was a cough.
        this.#current?.reply.playout.resume();
        break;
      case "reply-interrupt": // They mean it: stop making words, drop the rest, remember what was heard.
        this.#cut(decision.cause);
        break;
      case "say-start": {
        const reply = this.#says.get(decision.id)?.();
        this.#says.delete(decision.id);
        if (reply !== undefined) this.#play(decision.turn, reply, undefined);
        break;
      }
      case "say-queued":
        break;
      case "say-dropped":
        this.#says.delete(decision.id);
        break;
    }
  }

  // Out

  /** The agent's answer to what the history ends with. */
  #answer(): Reply {
    const { config, llm } = this.#parts;
    const reply = this.#newReply("llm");
    const words = async function* (this: Session): AsyncGenerator<string, void, undefined> {
      await this.#settling;
      const memory = this.#history.recall(config.maxHistory).map(({ role, content }) => ({ role, content }));
      const messages: LlmMessage[] = [...config.systemMessages, ...memory];
      try {
        yield* llm(messages, { signal: reply.signal });
      } catch (error) {
        if (reply.signal.aborted) return;
        this.#fail("llm", error);
        if (config.failureMessage === undefined) return;
        reply.source = "llm_failure";
        yield ` ${config.failureMessage}`;
      }
    }.bind(this);
    this.#own(this.#speak(reply, words()));
    return reply;
  }

  /** A fixed text. */
  #recite(text: string, source: ReplySource): Reply {
    const reply = this.#newReply(source);
    const words = async function* (): AsyncGenerator<string, void, undefined> {
      yield text;
    };
    this.#own(this.#speak(reply, words()));
    return reply;
  }

  async #speak(reply: Reply, text: AsyncIterable<string>): Promise<void> {
    try {
      await reply.speak(text);
    } catch (error) {
      if (!reply.signal.aborted) this.#fail("tts", error);
    }
    reply.playout.end();
  }

  #newReply(source: ReplySource): Reply {
    const { clock, voice, transport, resample } = this.#parts;
    return new Reply(source, { clock, voice, sampleRate: transport.caps.sampleRate, resample, signal: this.#abort.signal });
  }

  /** From now on the frames come from this reply. */
  #play(turnId: number, reply: Reply, speechEndMs: number | undefined): void {
    this.#current = { turnId, reply, speechEndMs, sounding: false };
  }

  /** One frame of the agent's voice every 20 ms, silence included. */
  #tick(due: number): void {
    const { transport } = this.#parts;
    const current = this.#current;
    if (current === undefined) {
      transport.write({ at: due, pcm: new Int16Array((transport.caps.sampleRate * FRAME_MS) / 1000) });
      return;
    }
    const taken = current.reply.take(due);
    transport.write({ at: due, pcm: taken.pcm });
    if (taken.first) this.#replyStarts(due, current);
    for (const { text, words } of taken.started) this.#emit({ type: "reply-text", at: due, turnId: current.turnId, text, words });
    if (taken.finished) this.#replyEnds(due, current);
  }

  #replyStarts(at: number, current: Current): void {
    const { turnId, reply, speechEndMs } = current;
    const { askedAt, firstTextAt, firstClauseAt, firstAudioAt } = reply.times;
    const latencyMs = speechEndMs === undefined ? null : Math.max(0, at - speechEndMs);
    current.sounding = true;
    this.#emit({ type: "reply-start", at, turnId, source: reply.source, latencyMs });
    if (reply.source === "llm" && firstTextAt !== undefined && firstClauseAt !== undefined) {
      this.#metric(turnId, "llm", "ttfb", firstTextAt - askedAt);
      this.#metric(turnId, "llm", "ttfs", firstClauseAt - askedAt);
    }
    if (firstAudioAt !== undefined && firstClauseAt !== undefined) this.#metric(turnId, "tts", "ttfb", firstAudioAt - firstClauseAt);
    if (latencyMs !== null) this.#metric(turnId, "total", "e2e", latencyMs);
    this.#updateState();
  }

  #replyEnds(at: number, { turnId, reply }: Current): void {
    this.#current = undefined;
    const endMs = at + FRAME_MS;
    const { all, ms } = reply.playout.heard(endMs);
    if (all !== "") this.#history.add({ role: "assistant", content: all, turnId, source: reply.source, startMs: endMs - ms, endMs });
    this.#emit({ type: "reply-end", at, turnId, text: all, playedMs: ms });
    this.#input({ type: "reply-end", at });
  }

  #cut(cause: InterruptCause): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { turnId, reply } = current;
    const at = this.#parts.clock.now();
    reply.abort();
    const entry = (played: Played): HistoryEntry => {
      const { text: heard, all, ms } = reply.playout.heard(played.until);
      return { role: "assistant", content: heard, original: all, turnId, source: reply.source, startMs: at - ms, endMs: at };
    };
    // The entry takes its place now; how much of it was heard is known when the clients have answered.
    const guess = entry(this.#parts.transport.played());
    if (guess.original !== "") this.#history.add(guess);
    this.#settling = this.#whatWasPlayed().then((played) => {
      const known = entry(played);
      this.#history.replace(guess, known);
      this.#emit({ type: "reply-interrupted", at, turnId, heard: known.content, text: known.original ?? "", cause });
    });
    this.#own(this.#settling);
  }

  /** What was at the ear when the reply was cut. */
  async #whatWasPlayed(): Promise<Played> {
    const { transport, clock } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<Played>();
    const cancel = clock.at(clock.now() + playedPatienceMs, () => resolve(transport.played()));
    transport.flush().then(resolve, () => resolve(transport.played()));
    const played = await promise;
    cancel();
    return played;
  }

  #greet(): void {
    const reply = this.#greeting;
    this.#greeting = undefined;
    if (reply !== undefined) this.#say(reply, "append", this.#parts.config.greeting?.interruptable ?? true);
  }

  #say(reply: () => Reply, priority: SayPriority, interruptable: boolean): "spoken" | "queued" | "ignored" {
    const id = this.#nextSay++;
    this.#says.set(id, reply);
    for (const decision of this.#input({ type: "say", at: this.#parts.clock.now(), id, priority, interruptable })) {
      if (decision.type === "say-start" && decision.id === id) return "spoken";
      if (decision.type === "say-queued" && decision.id === id) return "queued";
    }
    this.#says.delete(id);
    return "ignored";
  }

  // Around

  #ear(uid: string): Ear {
    let ear = this.#ears.get(uid);
    if (ear === undefined) {
      const { clock, config, asr, openVad } = this.#parts;
      const { threshold, prefixMs } = config.turns;
      ear = new Ear({
        clock,
        vad: openVad(),
        gate: { ...defaultGate, threshold },
        asr,
        context: { language: config.asr.language, keyterms: config.asr.keyterms, prefixMs },
        signal: this.#abort.signal,
        onSpeech: (decision) => this.#input({ ...decision, uid }),
        onTranscript: (transcript) => this.#understand(uid, transcript),
        onError: (module, error) => this.#fail(module, error),
      });
      this.#ears.set(uid, ear);
    }
    return ear;
  }

  #closeEar(uid: string): void {
    const ear = this.#ears.get(uid);
    this.#ears.delete(uid);
    if (ear !== undefined) this.#own(ear[Symbol.asyncDispose]());
  }

  /** An agent that nobody talks to goes in the end. */
  #watch(): void {
    const { clock } = this.#parts;
    this.#cancelWatch();
    const { deadline } = this.#presence;
    if (deadline !== undefined) this.#cancelWatch = clock.at(deadline, () => this.#end({ status: "STOPPED", reason: "Idle for too long" }));
  }

  #updateState(): void {
    const state = this.#stateNow();
    if (state === this.#state) return;
    this.#state = state;
    this.#emit({ type: "state", at: this.#parts.clock.now(), state, turnId: this.#turns.turn });
  }

  #stateNow(): AgentState {
    switch (this.#turns.floor) {
      case "agent":
        return this.#current?.sounding === true ? "speaking" : "thinking";
      case "people":
        return "listening";
      case "nobody":
        return this.#presence.someone ? "silent" : "idle";
    }
  }

  #metric(turnId: number, module: "asr" | "llm" | "tts" | "total", name: "ttlw" | "ttfb" | "ttfs" | "e2e", latencyMs: number): void {
    this.#emit({ type: "metric", at: this.#parts.clock.now(), turnId, module, name, latencyMs: Math.round(latencyMs) });
  }

  #fail(module: Module, error: unknown): void {
    const { vendorCode, status, message, remedy } = toAppError(error);
    this.#emit({ type: "error", at: this.#parts.clock.now(), turnId: this.#turns.turn, module, code: vendorCode ?? status, message, remedy, cause: error });
  }

  #emit(event: SessionEvent): void {
    this.#events.push(event);
  }

  /** Waits for the work when closing; a failure nobody expected ends this session, and no other. */
  #own(work: Promise<void>): void {
    const task = work
      .catch((error: unknown) => {
        if (this.#abort.signal.aborted) return;
        this.#fail("session", error);
        this.#end({ status: "FAILED", reason: "Internal error" });
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#own(Promise.reject(error instanceof Error ? error : new Error(String(error))));
    }
  }
}
