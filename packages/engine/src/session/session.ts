/** One conversation from join to leave: feeds the cores and carries out what they decide. Read this file first. */
import type { AgentState, Ending, Module, SessionEvent, TurnOrigin } from "../core/events.ts";
import { History, type EntrySource, type HistoryEntry } from "../core/history.ts";
import { Presence } from "../core/presence.ts";
import { defaultGate } from "../core/speech-gate.ts";
import { TurnTaking } from "../core/turn-taking.ts";
import type { ReplyRule, SayPriority, TextOptions, TurnDecision, TurnInput } from "../core/turn-contract.ts";
import type { Transcript } from "../vendors/vendor.ts";
import { Agenda } from "./agenda.ts";
import type { Cancel } from "./clock.ts";
import { type ClientMessage, obey } from "./client-message.ts";
import { obeying } from "./controls.ts";
import { Ears } from "./ears.ts";
import { Feed } from "./feed.ts";
import { openFiller } from "./filler.ts";
import { Host } from "./host.ts";
import { Mind } from "./mind.ts";
import { Mouth } from "./mouth.ts";
import type { SayOptions, SessionChange, SessionParts } from "./parts.ts";
import { openPictures, type Pictures } from "./pictures.ts";
import { metric, type Reply } from "./reply.ts";
import { type Remembered, type Snapshot, takeSnapshot, takeUp } from "./snapshot.ts";
import { Tasks } from "./tasks.ts";
import { noTools, type ResultTaken, type ToolOutput, Tools } from "./tools.ts";

/** Who said it, in the memory's words. */
const entrySource: Readonly<Record<TurnOrigin, EntrySource>> = { voice: "asr", text: "message", command: "command" };

export class Session implements AsyncDisposable {
  /** Resolves when everything is closed. */
  readonly closed: Promise<Ending>;

  readonly #parts: SessionParts;
  readonly #turns: TurnTaking;
  readonly #history = new History();
  readonly #presence: Presence;
  readonly #feed: Feed;
  readonly #ears: Ears;
  readonly #tools: Tools;
  readonly #pictures: Pictures;
  readonly #mind: Mind;
  readonly #mouth: Mouth;
  readonly #agenda: Agenda;
  readonly #host: Host;
  readonly #abort = new AbortController();
  readonly #ending = Promise.withResolvers<Ending>();
  readonly #tasks = new Tasks((error) => this.#break(error));
  readonly #says = new Map<number, () => Reply>();
  #nextSay = 1;
  #ended = false;
  #keyterms: readonly string[];
  #state: AgentState = "idle";
  /** Looks whether the agent has fallen silent. */
  #onQuiet: () => void = () => {};
  #cancelDeadline: Cancel = () => {};
  #cancelWatch: Cancel = () => {};
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#turns = new TurnTaking(parts.config.turns, parts.restored?.turn);
    const met = parts.restored !== undefined && (parts.restored.greeted || parts.restored.turn > 0);
    this.#feed = new Feed(parts.clock, () => this.#turns.turn);
    this.#presence = new Presence(parts.config.idleTimeoutS, parts.config.firstUserTimeoutS, { met });
    this.#keyterms = parts.config.asr.keyterms;
    for (const entry of parts.restored?.history ?? []) this.#history.add(entry);
    this.#ears = this.#openEars();
    this.#tools = this.#openTools();
    this.#pictures = openPictures(parts, this.#feed, () => this.#turns.turn);
    this.#mouth = this.#openMouth();
    this.#mind = this.#openMind();
    this.#agenda = new Agenda({
      tools: this.#tools,
      mind: this.#mind,
      mouth: this.#mouth,
      floorIsFree: () => this.#turns.floor === "nobody",
      say: (reply) => void this.#say(reply, "append", { interruptable: true }),
    });
    this.#host = this.#openHost();
    const fill = (text: string): void => this.#mouth.fill(text);
    openFiller(parts, this.#feed, { fill, history: this.#history, tasks: this.#tasks, signal: this.#abort.signal });
    this.closed = this.#run();
  }

  /** What happens from now on, until the session has closed. */
  get events(): AsyncIterable<SessionEvent> {
    return this.#feed.read();
  }

  /** Calls `listener` at each event, before anything that follows from it: it must be quick, and may not throw. */
  listen(listener: (event: SessionEvent) => void): () => void {
    return this.#feed.listen(listener);
  }

  get state(): AgentState {
    return this.#state;
  }

  get history(): readonly HistoryEntry[] {
    return this.#history.entries;
  }

  get remembered(): Remembered {
    return { memories: this.#history.memories, from: this.#history.forgotten };
  }

  /** What another process needs to go on, beside what is remembered; `until`: the agent's voice was heard up to then. */
  snapshot(until: number): Snapshot {
    return takeSnapshot({ tools: this.#tools, mouth: this.#mouth, agenda: this.#agenda }, this.#turns.turn, until);
  }

  /** Goes on where another process had to stop, before anything happens here. */
  goOn(past: Snapshot, remembered: Remembered): void {
    const say = (reply: () => Reply): void => void this.#say(reply, "append", { interruptable: true });
    takeUp(past, remembered, { history: this.#history, tools: this.#tools, mind: this.#mind, agenda: this.#agenda, say });
  }

  /** Speaks a fixed text; tells at once what becomes of it. */
  say(text: string, { priority, ...rule }: SayOptions): "spoken" | "queued" | "ignored" {
    return this.#say(() => this.#mind.recite(text, "command"), priority, rule);
  }

  /** Ends speaking and thinking at once; nothing happens while the agent does neither. */
  interrupt(): void {
    this.#input({ type: "interrupt", at: this.#parts.clock.now(), cause: "api_interrupt" });
  }

  /** Takes a text as if somebody had said it; tells at once whether it counts. */
  think(text: string, options: Omit<TextOptions, "origin">): "taken" | "ignored" {
    const decisions = this.#input({ type: "text", at: this.#parts.clock.now(), uid: "", text, ...options, origin: "command" });
    return decisions.some((decision) => decision.type === "text-dropped") ? "ignored" : "taken";
  }

  /** Lets the agent speak, now or after what goes on. While people speak, the instructions are for the answer to them. */
  create(instructions = ""): void {
    if (!this.#ended) this.#agenda.wish(instructions);
  }

  /** Adds to the memory without an answer. */
  remember(role: "user" | "assistant" | "system", text: string): void {
    const at = this.#parts.clock.now();
    if (role === "system") this.#history.note(text);
    else this.#history.add({ role, content: text, turnId: this.#turns.turn, source: "message", startMs: at, endMs: at });
  }

  /** A client's result of a call. */
  toolResult(callId: string, result: ToolOutput): ResultTaken {
    return this.#tools.result(callId, result);
  }

  /** Counts from the next request to the language model on, or from the next moment that people are listened to. */
  update({ systemMessages, llm, tools, turns, keyterms, voiceParams }: SessionChange): void {
    if (voiceParams !== undefined) this.#parts.voice?.tune?.(voiceParams);
    if (systemMessages !== undefined) this.#mind.systemMessages = systemMessages;
    if (llm !== undefined) this.#mind.llm = llm;
    if (tools !== undefined) this.#tools.settings = tools;
    if (keyterms !== undefined) this.#keyterms = keyterms;
    if (turns === undefined) return;
    this.#ears.gate = { ...defaultGate, threshold: turns.threshold };
    this.#input({ type: "settings", at: this.#parts.clock.now(), settings: turns });
  }

  /** Tells of something around the conversation that went wrong; it goes on. */
  report(module: Module, error: unknown): void {
    this.#feed.fail(module, error);
  }

  /** Ends the session; harmless if it has ended. `graceS`: the agent may finish what it says, for so many seconds. */
  async leave({ graceS = 0, reason = "OK" }: { readonly graceS?: number; readonly reason?: string } = {}): Promise<Ending> {
    if (graceS > 0) await this.#finishSpeaking(graceS);
    this.#end({ status: "STOPPED", reason });
    return await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  async #run(): Promise<Ending> {
    const { clock, transport } = this.#parts;
    const stopFrames = clock.everyFrame((due) => this.#tick(due));
    this.#tasks.own(this.#hear());
    this.#tasks.own(this.#follow());
    this.#watch();

    const ending = await this.#ending.promise;
    this.#agenda.close();
    this.#input({ type: "interrupt", at: clock.now(), cause: "api_leave" });
    this.#ended = true;
    await this.#mouth.settled;
    this.#abort.abort();
    this.#tools.stop();
    this.#cancelDeadline();
    this.#cancelWatch();
    this.#host[Symbol.dispose]();
    stopFrames();
    // What cannot be closed is told; it must not keep the session from ending.
    const closing = [transport[Symbol.asyncDispose](), this.#ears[Symbol.asyncDispose](), this.#tasks.over()];
    for (const part of await Promise.allSettled(closing)) if (part.status === "rejected") this.#feed.fail("session", part.reason);
    this.#feed.emit({ type: "closed", at: clock.now(), ...ending });
    this.#feed.end();
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
          this.#feed.emit({ type: "user-joined", at, uid: event.uid });
          break;
        case "user-ready":
          this.#host.ready();
          break;
        case "user-left":
          this.#presence.leave(event.uid, at);
          this.#feed.emit({ type: "user-left", at, uid: event.uid });
          this.#input({ type: "user-left", at, uid: event.uid });
          this.#ears.close(event.uid);
          if (!this.#presence.someone) this.#host.empty();
          break;
        case "message":
          this.#obey(this.#parts.readMessage(event.customType, event.body), event.uid);
          break;
        case "detached":
          this.#mouth.detach();
          break;
        case "attached":
          this.#mouth.attach(event.until);
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
    obey(message, uid, {
      clock: this.#parts.clock,
      input: (input) => this.#input(input),
      interrupt: () => this.interrupt(),
      pictures: this.#pictures,
      feed: this.#feed,
    });
  }

  #understand(uid: string, transcript: Transcript): void {
    const { text, final, complete, startMs, endMs } = transcript;
    const at = this.#parts.clock.now();
    this.#input({ type: "transcript", at, uid, text, final, ...(complete === undefined ? {} : { complete }) });
    // Words over the agent are told once they have interrupted it.
    const { floor, turn } = this.#turns;
    if (floor === "people" && text !== "")
      this.#feed.emit({ type: "transcript", at, turnId: turn, uid, text: this.#turns.text, startMs, endMs });
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
    this.#agenda.next();
    return decisions;
  }

  #carryOut(decision: TurnDecision): void {
    switch (decision.type) {
      case "turn-start":
      case "turn-dropped":
      case "turn-overlong":
      case "speech-ignored": {
        const { turn: turnId, ...told } = decision;
        if (told.type === "speech-ignored" && told.remembered === true) this.#history.overhear(told, turnId);
        this.#feed.emit({ ...told, turnId });
        break;
      }
      case "turn-marked":
        this.#feed.emit(decision);
        break;
      case "echo-suspected":
        this.#feed.emit({ ...decision, turnId: this.#turns.turn });
        break;
      case "utterance-end":
        this.#ears.endUtterance(decision.uid);
        break;
      case "turn-end": {
        const { at, turn, uid, text, startMs, endMs, by } = decision;
        const delay = by === "voice" ? { delayMs: at - endMs } : {};
        this.#history.add({ role: "user", content: text, turnId: turn, uid, source: entrySource[by], startMs, endMs, ...delay });
        this.#feed.emit({ type: "turn-end", at, turnId: turn, uid, text, startMs, endMs, by });
        if (by === "voice") this.#feed.emit(metric(at, turn, "asr", "ttlw", at - endMs));
        this.#agenda.answer(turn, endMs);
        break;
      }
      case "reply-duck": // Someone makes a sound.
        this.#mouth.duck();
        break;
      case "reply-hold": // They go on.
        this.#mouth.hold();
        break;
      case "reply-resume": // It was a cough.
        this.#mouth.resume();
        break;
      case "reply-interrupt": // They mean it.
        this.#agenda.interrupt();
        this.#mouth.cut(decision.cause);
        break;
      case "say-start": {
        const reply = this.#says.get(decision.id)?.();
        this.#says.delete(decision.id);
        if (reply !== undefined) this.#mouth.play(decision.turn, reply, undefined);
        break;
      }
      case "say-queued":
      case "text-dropped":
        break;
      case "say-dropped":
        this.#says.delete(decision.id);
        break;
    }
  }

  // Out

  /** 20 ms of the agent's voice are due. */
  #tick(due: number): void {
    try {
      this.#mouth.tick(due);
    } catch (error) {
      this.#break(error);
    }
  }

  #replyEnds(at: number): void {
    // A word in between was all: the answer still waits, and the floor with it.
    if (this.#agenda.holds) this.#agenda.next();
    else this.#input({ type: "reply-end", at });
  }

  async #finishSpeaking(graceS: number): Promise<void> {
    const { clock } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onQuiet = () => {
      if (this.#turns.floor !== "agent") resolve();
    };
    this.#onQuiet();
    const cancel = clock.at(clock.now() + graceS * 1000, resolve);
    await Promise.race([promise, this.#ending.promise]);
    cancel();
  }

  #say(reply: () => Reply, priority: SayPriority, rule: ReplyRule): "spoken" | "queued" | "ignored" {
    const id = this.#nextSay++;
    this.#says.set(id, reply);
    for (const decision of this.#input({ type: "say", at: this.#parts.clock.now(), id, priority, ...rule })) {
      if (decision.type === "say-start" && decision.id === id) return "spoken";
      if (decision.type === "say-queued" && decision.id === id) return "queued";
    }
    this.#says.delete(id);
    return "ignored";
  }

  // Around

  #openTools(): Tools {
    return new Tools(this.#parts.config.tools ?? noTools, {
      clock: this.#parts.clock,
      history: this.#history,
      signal: this.#abort.signal,
      turn: () => this.#turns.turn,
      emit: (event) => this.#feed.emit(event),
      onSettled: () => this.#agenda.next(),
      onError: (error) => this.#feed.fail("llm", error),
    });
  }

  #openMouth(): Mouth {
    return new Mouth({
      ...this.#parts,
      history: this.#history,
      tools: this.#tools,
      tasks: this.#tasks,
      emit: (event) => {
        if (event.type === "reply-text") this.#turns.handle({ type: "reply-words", at: event.at, words: event.words });
        this.#feed.emit(event);
      },
      onChange: () => this.#updateState(),
      onEnd: (at) => this.#replyEnds(at),
      onError: (error) => this.#feed.fail("session", error),
      onVoiceError: (error) => this.#feed.fail(this.#parts.voice === undefined ? "llm" : "tts", error),
    });
  }

  #openMind(): Mind {
    const { config, transport } = this.#parts;
    return new Mind({
      ...this.#parts,
      sampleRate: transport.caps.sampleRate,
      playout: { rewindable: transport.caps.leadMs > 0, wholeWords: !transport.caps.playoutReports },
      signal: this.#abort.signal,
      history: this.#history,
      tools: this.#tools,
      pictures: this.#pictures,
      systemMessages: config.systemMessages,
      maxHistory: config.maxHistory,
      failureMessage: config.failureMessage,
      settled: () => this.#mouth.settled,
      turn: () => ({ id: this.#turns.turn, at: this.#parts.clock.now(), interruptable: !this.#turns.deaf }),
      onControl: obeying(this.#parts, this.#feed, (input) => this.#input(input)),
      tasks: this.#tasks,
      onError: (module, error) => this.#feed.fail(module, error),
    });
  }

  #openHost(): Host {
    return new Host({
      ...this.#parts,
      recite: (text, source) => this.#mind.recite(text, source),
      say: (reply, priority, rule) => void this.#say(reply, priority, rule),
      think: (text) => void this.think(text, { priority: "ignore", whileSpeaking: "ignore" }),
    });
  }

  #openEars(): Ears {
    const { config } = this.#parts;
    const { threshold, prefixMs } = config.turns;
    const keyterms = (): readonly string[] => this.#keyterms;
    return new Ears({
      ...this.#parts,
      gate: { ...defaultGate, threshold },
      context: {
        language: config.asr.language,
        prefixMs,
        get keyterms() {
          return keyterms();
        },
      },
      signal: this.#abort.signal,
      onSpeech: (uid, decision) => this.#input({ ...decision, uid }),
      onTranscript: (uid, transcript) => this.#understand(uid, transcript),
      onError: (module, error) => this.#feed.fail(module, error),
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
    this.#onQuiet();
    this.#host.turned(state);
    this.#feed.emit({ type: "state", at: this.#parts.clock.now(), state, turnId: this.#turns.turn });
  }

  #stateNow(): AgentState {
    switch (this.#turns.floor) {
      case "agent":
        return this.#mouth.sounding ? "speaking" : "thinking";
      case "people":
        return "listening";
      case "nobody":
        return this.#presence.someone ? "silent" : "idle";
    }
  }

  /** A failure that nobody expected ends this session, and no other. */
  #break(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#feed.fail("session", error);
    this.#end({ status: "FAILED", reason: "Internal error" });
  }
}
