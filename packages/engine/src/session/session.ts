/** One conversation from join to leave: feeds the cores and carries out what they decide. Read this file first. */
import type { AgentState, Ending, InterruptCause, Module, ReplySource, SessionEvent } from "../core/events.ts";
import { FRAME_MS } from "../core/frame.ts";
import { History, type HistoryEntry } from "../core/history.ts";
import { DUCKED } from "../core/playout.ts";
import { Presence } from "../core/presence.ts";
import { defaultGate } from "../core/speech-gate.ts";
import { TurnTaking, type SayPriority, type TurnDecision, type TurnInput } from "../core/turn-taking.ts";
import { AppError, toAppError } from "../errors.ts";
import type { Played, Transport } from "../transports/transport.ts";
import type { Asr, Llm, Transcript, Voice } from "../vendors/vendor.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { Cancel, Clock } from "./clock.ts";
import type { ClientMessage, ReadMessage } from "./client-message.ts";
import { Ears } from "./ears.ts";
import { Fanout } from "./fanout.ts";
import { cutTransport } from "./played.ts";
import { metric, once, Reply, type Resampler } from "./reply.ts";
import { Tasks } from "./tasks.ts";
import type { OpenVad } from "./vad.ts";

export interface SessionParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly config: AgentConfig;
  readonly asr: Asr;
  readonly llm: Llm;
  readonly voice: Voice;
  readonly openVad: OpenVad;
  readonly resample: (from: number, to: number) => Resampler;
  readonly readMessage: ReadMessage;
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

export class Session implements AsyncDisposable {
  /** Resolves when everything is closed. */
  readonly closed: Promise<Ending>;

  readonly #parts: SessionParts;
  readonly #turns: TurnTaking;
  readonly #history = new History();
  readonly #presence: Presence;
  readonly #events = new Fanout<SessionEvent>(maxEventsBehind);
  readonly #ears: Ears;
  readonly #abort = new AbortController();
  readonly #ending = Promise.withResolvers<Ending>();
  readonly #tasks = new Tasks((error) => this.#break(error));
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
    this.#ears = this.#openEars();
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
    const stopFrames = clock.everyFrame((due) => this.#speak(due));
    this.#tasks.own(this.#hear());
    this.#tasks.own(this.#follow());
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
    await this.#ears[Symbol.asyncDispose]();
    await this.#tasks.over();
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
    for await (const frame of this.#parts.transport.frames) this.#ears.hear(frame);
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
          this.#ears.close(event.uid);
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
    if (floor === "people" && text !== "")
      this.#emit({ type: "transcript", at, turnId: turn, uid, text: this.#turns.text, startMs, endMs });
  }

  // Decide

  #input(input: TurnInput): TurnDecision[] {
    if (this.#ended) return [];
    const { clock } = this.#parts;
    const decisions = this.#turns.handle(input);
    for (const decision of decisions) this.#carryOut(decision);
    this.#cancelDeadline();
    const { deadline } = this.#turns;
    if (deadline !== undefined)
      this.#cancelDeadline = clock.at(deadline, () => this.#input({ type: "time", at: Math.max(deadline, clock.now()) }));
    this.#updateState();
    return decisions;
  }

  #carryOut(decision: TurnDecision): void {
    switch (decision.type) {
      case "turn-start":
        this.#emit({ type: "turn-start", at: decision.at, turnId: decision.turn, uid: decision.uid });
        break;
      case "utterance-end":
        this.#ears.endUtterance(decision.uid);
        break;
      case "turn-end": {
        const { at, turn, uid, text, startMs, endMs, by } = decision;
        this.#history.add({
          role: "user",
          content: text,
          turnId: turn,
          uid,
          source: by === "voice" ? "asr" : "message",
          startMs,
          endMs,
        });
        this.#emit({ type: "turn-end", at, turnId: turn, uid, text, startMs, endMs, by });
        if (by === "voice") this.#emit(metric(at, turn, "asr", "ttlw", at - endMs));
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
    const reply = this.#newReply("llm");
    this.#tasks.own(this.#voice(reply, this.#think(reply)));
    return reply;
  }

  async *#think(reply: Reply): AsyncGenerator<string, void, undefined> {
    const { config, llm } = this.#parts;
    await this.#settling;
    const memory = this.#history.recall(config.maxHistory).map(({ role, content }) => ({ role, content }));
    try {
      yield* llm([...config.systemMessages, ...memory], { signal: reply.signal });
    } catch (error) {
      if (reply.signal.aborted) return;
      this.#fail("llm", error);
      if (config.failureMessage === undefined) return;
      reply.source = "llm_failure";
      yield ` ${config.failureMessage}`;
    }
  }

  /** A fixed text. */
  #recite(text: string, source: ReplySource): Reply {
    const reply = this.#newReply(source);
    this.#tasks.own(this.#voice(reply, once(text)));
    return reply;
  }

  async #voice(reply: Reply, text: AsyncIterable<string>): Promise<void> {
    try {
      await reply.speak(text);
    } catch (error) {
      if (!reply.signal.aborted) this.#fail("tts", error);
    }
    reply.playout.end();
  }

  #newReply(source: ReplySource): Reply {
    const { clock, voice, transport, resample } = this.#parts;
    return new Reply(source, {
      clock,
      voice,
      sampleRate: transport.caps.sampleRate,
      resample,
      signal: this.#abort.signal,
    });
  }

  /** From now on the frames come from this reply. */
  #play(turnId: number, reply: Reply, speechEndMs: number | undefined): void {
    this.#current = { turnId, reply, speechEndMs, sounding: false };
  }

  /** One frame of the agent's voice every 20 ms, silence included. */
  #speak(due: number): void {
    try {
      this.#tick(due);
    } catch (error) {
      this.#break(error);
    }
  }

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
    else if (current.reply.isStalled(due)) this.#replyStalls(due, current);
  }

  #replyStarts(at: number, current: Current): void {
    current.sounding = true;
    for (const event of current.reply.started(at, current.turnId, current.speechEndMs)) {
      this.#emit(event);
    }
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

  #replyStalls(at: number, current: Current): void {
    this.#fail("session", new AppError("reply-stalled", "the reply stopped in the middle: no word and no sound came any more"));
    current.reply.abort();
    this.#replyEnds(at, current);
  }

  #cut(cause: InterruptCause): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { turnId, reply } = current;
    const { clock, transport } = this.#parts;
    const at = clock.now();
    reply.abort();
    const entry = (played: Played): HistoryEntry => {
      const { text: heard, all, ms } = reply.playout.heard(played.until);
      return {
        role: "assistant",
        content: heard,
        original: all,
        turnId,
        source: reply.source,
        startMs: at - ms,
        endMs: at,
      };
    };
    // The entry takes its place now; how much of it was heard is known when the clients have answered.
    const guess = entry(transport.played());
    if (guess.original !== "") this.#history.add(guess);
    this.#settling = cutTransport(transport, clock).then((played) => {
      const known = entry(played);
      this.#history.replace(guess, known);
      this.#emit({ type: "reply-interrupted", at, turnId, heard: known.content, text: known.original ?? "", cause });
    });
    this.#tasks.own(this.#settling);
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

  #openEars(): Ears {
    const { clock, config, asr, openVad } = this.#parts;
    const { threshold, prefixMs } = config.turns;
    return new Ears({
      clock,
      openVad,
      asr,
      gate: { ...defaultGate, threshold },
      context: { language: config.asr.language, keyterms: config.asr.keyterms, prefixMs },
      signal: this.#abort.signal,
      onSpeech: (uid, decision) => this.#input({ ...decision, uid }),
      onTranscript: (uid, transcript) => this.#understand(uid, transcript),
      onError: (module, error) => this.#fail(module, error),
    });
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

  #fail(module: Module, error: unknown): void {
    const { vendorCode, status, message, remedy } = toAppError(error);
    this.#emit({
      type: "error",
      at: this.#parts.clock.now(),
      turnId: this.#turns.turn,
      module,
      code: vendorCode ?? status,
      message,
      remedy,
      cause: error,
    });
  }

  #emit(event: SessionEvent): void {
    this.#events.push(event);
  }

  /** A failure that nobody expected ends this session, and no other. */
  #break(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#fail("session", error);
    this.#end({ status: "FAILED", reason: "Internal error" });
  }
}
