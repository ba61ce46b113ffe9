/**
 * An agent whose brain is a Voice Agent endpoint: to its doors a session like any other, on a transport like any other.
 * The bridge's core stands between the people and the endpoint.
 */
import { type SessionSettings, type Tool, VoiceAgent, type VoiceAgentEvent, VoiceAgentError } from "@parley/voice-agent";
import type { AgentState, Ending, InterruptCause, SessionEvent } from "../core/events.ts";
import { INPUT_RATE } from "../core/frame.ts";
import { History, type HistoryEntry } from "../core/history.ts";
import { Presence } from "../core/presence.ts";
import { AppError } from "../errors.ts";
import type { RunningSession, Said, SessionChange } from "../projects/running-session.ts";
import type { AgentConfig, ChosenBrain } from "../session/agent-config.ts";
import type { ClientMessage, ReadMessage } from "../session/client-message.ts";
import type { Cancel, Clock } from "../session/clock.ts";
import type { Restored } from "../session/parts.ts";
import { Fanout } from "../session/fanout.ts";
import { Tasks } from "../session/tasks.ts";
import type { Transport } from "../transports/transport.ts";
import { BrainAudio } from "./brain-audio.ts";
import { BridgeCore, type BridgeStep } from "./core.ts";
import { endpointFault } from "./endpoint-fault.ts";
import { settingsOf } from "./http-tool.ts";

export interface BrainSessionParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly config: Pick<AgentConfig, "idleTimeoutS" | "firstUserTimeoutS"> & { readonly brain: ChosenBrain };
  readonly readMessage: ReadMessage;
  /** What was said before the engine was killed. */
  readonly restored?: Restored;
  /** The way to the endpoint, an undici `Dispatcher`. */
  readonly dispatcher: unknown;
  /** What it may call; run here. */
  readonly tools: readonly Tool[];
}

/** Events that a reader may be behind before it loses the oldest. */
const maxEventsBehind = 4096;
/** Audio that waits for an endpoint that is away, in milliseconds: older words are not answered any more. */
const awayAudioMs = 2000;

export class BrainSession implements RunningSession {
  /** Resolves when everything is closed. */
  readonly closed: Promise<Ending>;
  readonly #parts: BrainSessionParts;
  readonly #core: BridgeCore;
  readonly #brain: VoiceAgent;
  readonly #history = new History();
  readonly #presence: Presence;
  readonly #events = new Fanout<SessionEvent>(maxEventsBehind);
  readonly #ending = Promise.withResolvers<Ending>();
  readonly #tasks = new Tasks((error) => this.#break(error));
  #audio: BrainAudio | undefined;
  #state: AgentState = "idle";
  #turnId = 0;
  /** Of the endpoint's last error. */
  #toldCode: string | undefined;
  #connecting = false;
  #ready = false;
  /** Changes that wait for the session with the endpoint. */
  #changes: SessionSettings[] = [];
  #ended = false;
  #cancelWatch: Cancel = () => {};
  /** Looks whether the agent has fallen silent. */
  #onQuiet: () => void = () => {};

  constructor(parts: BrainSessionParts) {
    this.#parts = parts;
    const { restored, dispatcher, tools } = parts;
    this.#core = new BridgeCore({ type: "mix" }, { hearRate: INPUT_RATE, turn: restored?.turn ?? 0 });
    for (const entry of restored?.history ?? []) this.#history.add(entry);
    const { brain, idleTimeoutS, firstUserTimeoutS } = parts.config;
    this.#presence = new Presence(idleTimeoutS, firstUserTimeoutS);
    const { tools: _, greeting, ...session } = brain.session;
    // Who was greeted before knows the agent.
    const greets = typeof greeting === "string" && restored?.greeted !== true;
    this.#brain = new VoiceAgent({
      url: brain.url,
      apiKey: brain.apiKey,
      dispatcher,
      session: settingsOf(greets ? { ...session, greeting } : session),
      tools,
      restart: true,
      greetAgain: false,
      awayAudioMs,
    });
    this.closed = this.#run();
  }

  get events(): AsyncIterable<SessionEvent> {
    return this.#events.read();
  }

  get state(): AgentState {
    return this.#state;
  }

  get history(): readonly HistoryEntry[] {
    return this.#history.entries;
  }

  /** Endpoints speak words of their own: a text cannot be given to them. */
  say(): Said {
    throw new AppError("not-implemented", "this agent's brain is an endpoint that speaks its own words: a text cannot be spoken for it");
  }

  interrupt(): void {
    this.#cut("api_interrupt");
  }

  /** Takes a text as if somebody had said it. */
  think(text: string, { priority }: Parameters<RunningSession["think"]>[1]): "taken" | "ignored" {
    if (!this.#connecting || (priority === "ignore" && this.#state === "speaking")) return "ignored";
    if (priority === "interrupt") this.#cut("text");
    try {
      this.#brain.message("user", text);
      this.#brain.create();
      return "taken";
    } catch (error) {
      if (!(error instanceof VoiceAgentError)) throw error;
      // The endpoint has been away for too many texts, or its session is over: what becomes of that, `lost` tells.
      this.#complain(this.#failed(error), "llm");
      return "ignored";
    }
  }

  /** Told to the endpoint now, or when the session with it begins. */
  update({ systemMessages, llm, brain }: SessionChange): void {
    if (llm !== undefined)
      throw new AppError("not-implemented", "this agent's brain is an endpoint: it has no language model of its own to change");
    const prompt = systemMessages === undefined ? {} : { system_prompt: systemMessages.map(({ content }) => content).join("\n\n") };
    const change = { ...settingsOf(brain ?? {}), ...prompt };
    if (Object.keys(change).length === 0) return;
    if (this.#ready) this.#change(change);
    else this.#changes.push(change);
  }

  #change(change: SessionSettings): void {
    const answered = this.#brain.update(change).then(
      () => undefined,
      (error: unknown) => this.#complain(error),
    );
    this.#tasks.own(answered);
  }

  async leave({ graceS = 0, reason = "OK" }: { readonly graceS?: number; readonly reason?: string } = {}): Promise<Ending> {
    if (graceS > 0) await this.#finishSpeaking(graceS);
    this.#end({ status: "STOPPED", reason });
    return await this.closed;
  }

  async #run(): Promise<Ending> {
    const { clock, transport } = this.#parts;
    const stopFrames = clock.everyFrame((due) => this.#tick(due));
    this.#tasks.own(this.#hear());
    this.#tasks.own(this.#follow());
    this.#watch();

    const ending = await this.#ending.promise;

    this.#cut("api_leave");
    this.#ended = true;
    stopFrames();
    this.#cancelWatch();
    if (this.#connecting) await this.#brain.end();
    await transport[Symbol.asyncDispose]();
    await this.#tasks.over();
    this.#audio?.[Symbol.dispose]();
    this.#core[Symbol.dispose]();
    this.#emit({ type: "closed", at: clock.now(), ...ending });
    this.#events.end();
    return ending;
  }

  #end(ending: Ending): void {
    this.#ending.resolve(ending);
  }

  // People

  async #hear(): Promise<void> {
    for await (const { uid, pcm } of this.#parts.transport.frames) this.#core.hear(uid, pcm);
  }

  async #follow(): Promise<void> {
    for await (const event of this.#parts.transport.events) {
      const { at } = event;
      switch (event.type) {
        case "user-joined":
          this.#presence.join(event.uid);
          this.#take(this.#core.join(event.uid, at));
          break;
        case "user-ready":
          // Not before: nobody would hear its greeting.
          this.#connect();
          break;
        case "user-left":
          this.#presence.leave(event.uid, at);
          this.#take(this.#core.leave(event.uid, at));
          break;
        case "message":
          this.#obey(this.#parts.readMessage(event.customType, event.body));
          break;
        case "closed":
          this.#end({ status: "FAILED", reason: event.reason });
          break;
        case "detached":
        case "attached":
          break;
      }
      this.#watch();
    }
  }

  #obey(message: ClientMessage): void {
    switch (message.type) {
      case "text":
        this.think(message.text, { priority: message.priority });
        break;
      case "interrupt":
        this.interrupt();
        break;
      case "mark":
        this.#complain(new AppError("not-implemented", "this agent's brain is an endpoint that finds the ends of turns itself"));
        break;
      case "picture":
        this.#complain(new AppError("not-implemented", "this agent's brain is an endpoint that takes no images"));
        break;
      case "invalid":
        this.#complain(new AppError("invalid-field", message.message));
        break;
    }
  }

  // The endpoint

  get #host(): string {
    return new URL(this.#parts.config.brain.url).host;
  }

  #connect(): void {
    if (this.#connecting || this.#ended) return;
    this.#connecting = true;
    this.#tasks.own(this.#listen());
    const begun = this.#brain.connect().then(
      () => this.#begin(),
      () => undefined, // Why not, `lost` tells.
    );
    this.#tasks.own(begun);
  }

  /** What was said and changed before the session is part of it. */
  #begin(): void {
    this.#ready = true;
    this.#remind();
    for (const change of this.#changes) this.#change(change);
    this.#changes = [];
  }

  /** The endpoint's memory is that of one session: a new one is told what was said before it. */
  #remind(): void {
    for (const { role, content } of [...this.#parts.config.brain.messages, ...this.#history.entries]) this.#brain.message(role, content);
  }

  async #listen(): Promise<void> {
    for await (const event of this.#brain) {
      this.#take(this.#core.brain(event, this.#parts.clock.now()));
      this.#attend(event);
    }
  }

  #attend(event: VoiceAgentEvent): void {
    if (event.type === "session.ready") {
      this.#audio?.[Symbol.dispose]();
      this.#audio = new BrainAudio(event.config, INPUT_RATE);
    }
    if (event.type === "closed") this.#end({ status: "FAILED", reason: `${this.#host} has ended the session` });
    if (event.type === "restarted" && this.#brain.connected) this.#remind();
    if (event.type === "session.error") this.#toldCode = event.code;
    if (event.type === "lost") {
      const failed = this.#failed(event.error);
      // What the endpoint itself has said is told already.
      if (event.error.code !== this.#toldCode) this.#complain(failed);
      this.#end({ status: "FAILED", reason: failed.message });
    }
  }

  #failed(error: VoiceAgentError): AppError {
    return endpointFault(this.#host, error.code, error.message, { cause: error });
  }

  // Time, and what comes of it

  #tick(due: number): void {
    try {
      const { heard, spoken, ...step } = this.#core.tick(due);
      this.#take(step);
      this.#parts.transport.write({ at: due, pcm: spoken });
      // While the endpoint is away, the last of it waits.
      if (this.#audio !== undefined) this.#brain.sendAudio(this.#audio.encode(heard));
    } catch (error) {
      this.#break(error);
    }
  }

  #cut(cause: InterruptCause): void {
    if (this.#ended) return;
    const step = this.#core.interrupt(this.#parts.clock.now(), cause);
    if (step.events.some(({ type }) => type === "reply-interrupted") && this.#brain.connected) this.#brain.cancel();
    this.#take(step);
  }

  #take({ events, flushed }: BridgeStep): void {
    // How much was heard, the endpoint and the core know; the clients' reports are not waited for.
    if (flushed) this.#tasks.own(this.#parts.transport.flush().then(() => undefined));
    for (const event of events) {
      this.#note(event);
      this.#emit(event);
    }
  }

  #note(event: SessionEvent): void {
    if ("turnId" in event) this.#turnId = event.turnId;
    if (event.type === "state") {
      this.#state = event.state;
      this.#onQuiet();
    }
    if (event.type === "turn-end") {
      const { turnId, uid, text: content, startMs, endMs } = event;
      this.#history.add({ role: "user", content, turnId, uid, source: "asr", startMs, endMs });
    }
    if (event.type === "reply-end" && event.text !== "") {
      const { at, turnId, text: content, playedMs } = event;
      this.#history.add({ role: "assistant", content, turnId, source: "llm", startMs: at - playedMs, endMs: at });
    }
    if (event.type === "reply-interrupted" && event.text !== "") {
      const { at, turnId, heard: content, text: original } = event;
      this.#history.add({ role: "assistant", content, original, turnId, source: "llm", startMs: at, endMs: at });
    }
  }

  async #finishSpeaking(graceS: number): Promise<void> {
    const { clock } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onQuiet = () => {
      if (this.#state !== "speaking" && this.#state !== "thinking") resolve();
    };
    this.#onQuiet();
    const cancel = clock.at(clock.now() + graceS * 1000, resolve);
    await Promise.race([promise, this.#ending.promise]);
    cancel();
  }

  #watch(): void {
    this.#cancelWatch();
    const { deadline } = this.#presence;
    if (deadline === undefined) return;
    this.#cancelWatch = this.#parts.clock.at(deadline, () => this.#end({ status: "STOPPED", reason: "Idle for too long" }));
  }

  #complain(error: unknown, module: "session" | "llm" = "session"): void {
    const known = error instanceof AppError ? error : undefined;
    this.#emit({
      type: "error",
      at: this.#parts.clock.now(),
      turnId: this.#turnId,
      module,
      code: known?.vendorCode ?? known?.status ?? 500,
      message: error instanceof Error ? error.message : String(error),
      remedy: known?.remedy ?? "",
      cause: error,
    });
  }

  /** A bug: it ends this session, and no other. */
  #break(error: unknown): void {
    this.#complain(error);
    this.#end({ status: "FAILED", reason: error instanceof Error ? error.message : String(error) });
  }

  #emit(event: SessionEvent): void {
    this.#events.push(event);
  }
}
