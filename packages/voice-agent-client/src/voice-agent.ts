/** A conversation with a voice agent over the Voice Agent socket: `Link` decides, this carries out. */
import { AudioBacklog } from "./audio-backlog.ts";
import { formatOf } from "./audio-format.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { Emitter } from "./emitter.ts";
import { VoiceAgentError } from "./errors.ts";
import { Link, type LinkDecision, type LinkInput, type Loss } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { defaults, type SessionEnd, type VoiceAgentEvent, type VoiceAgentOptions } from "./options.ts";
import { bytesOf, samplesOf } from "./pcm.ts";
import { readServerEvent, type ServerEvent } from "./server-event.ts";
import { isRecord, type SessionConfig, type SessionSettings } from "./settings.ts";
import { openSocket } from "./socket.ts";
import type { Tool } from "./tool.ts";
import { type ToolResult, ToolRuns } from "./tool-runs.ts";
import { Updates } from "./updates.ts";

/** Everything that a client says but audio. */
type ClientMessage = { readonly type: string; readonly [field: string]: unknown };

/** One second of PCM in a frame: well below the 1 MiB that a server takes. */
const maxFrameBytes = 48_000;
/** What may wait in the socket before audio is dropped: some ten seconds of it. */
const maxBufferedBytes = 1_000_000;

export class VoiceAgent implements AsyncDisposable {
  readonly #options: VoiceAgentOptions;
  readonly #link: Link;
  readonly #updates: Updates;
  readonly #tools: ToolRuns;
  readonly #emitter = new Emitter<VoiceAgentEvent>();
  readonly #outbox = new Outbox<ClientMessage>();
  readonly #backlog = new AudioBacklog();
  readonly #started = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<SessionEnd>();
  #declared: NonNullable<SessionSettings["tools"]>;
  #attempt: AbortController | undefined;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sessionId: string | undefined;
  #config: SessionConfig = {};
  #end: SessionEnd = { sessionSeconds: null, audioSeconds: null };
  #reply: string | undefined;
  #interruptedReply: string | undefined;
  #droppedAudioBytes = 0;
  /** Results that were sent a second time after a resume: so many errors about a `call_id` say nothing. */
  #repeatedResults = 0;

  constructor(options: VoiceAgentOptions) {
    this.#options = options;
    const heartbeat = options.heartbeat === false ? null : (options.heartbeat ?? defaults.heartbeat);
    const { graceMs, connectTimeoutMs, backOff } = { ...defaults, ...options };
    this.#link = new Link({ graceMs, connectTimeoutMs, heartbeat, backOff, restart: options.restart ?? false }, Math.random);
    this.#updates = new Updates(options.session ?? {});
    this.#declared = options.session?.tools ?? [];
    this.#tools = new ToolRuns({
      tools: options.tools ?? [],
      dropInterrupted: options.dropInterruptedResults ?? false,
      send: (result) => this.#sendResult(result),
      now: () => performance.now(),
    });
    // Who never asks for these promises has the events.
    this.#started.promise.catch(() => undefined);
  }

  /** Null before the session has started. */
  get sessionId(): string | null {
    return this.#sessionId ?? null;
  }

  /** The configuration as the server has it: every default filled in. */
  get config(): SessionConfig {
    return this.#config;
  }

  /** Whether audio and messages reach the agent now. */
  get connected(): boolean {
    return this.#link.state === "ready";
  }

  /** Milliseconds of microphone audio that never left: the connection was away for too long, or too slow. */
  get droppedAudioMs(): number {
    return Math.round(this.#droppedAudioBytes / this.#bytesPerMs);
  }

  /** Calls `handler` for each event of this type, until the function that it returns is called. */
  on<Type extends VoiceAgentEvent["type"]>(type: Type, handler: (event: Extract<VoiceAgentEvent, { type: Type }>) => void): () => void {
    return this.#emitter.on(type, handler);
  }

  /** Every event from now on, until the session is over. */
  [Symbol.asyncIterator](): AsyncIterableIterator<VoiceAgentEvent> {
    return this.#emitter.read();
  }

  /**
   * Starts the session. Register handlers before: the greeting follows at once.
   * @throws VoiceAgentError with the code of a `session.error`, or `connect-failed`, `connect-timeout`, `token-failed`,
   * `api-key-in-browser`, `bad-address`, and `not-connected` where the session is over
   */
  async connect(): Promise<void> {
    if (this.#link.state === "idle") {
      if (typeof addEventListener === "function") addEventListener("online", this.#online);
      this.#handle({ type: "connect", at: performance.now() });
    }
    await this.#started.promise;
    if (this.#link.state === "over") throw new VoiceAgentError("not-connected", "The session has ended.");
  }

  /**
   * Sends what the user says: samples, or bytes in the session's input format, as fast as they are spoken. What comes
   * while there is no session waits for it, within `awayAudioMs`; after the session's end it goes nowhere.
   */
  sendAudio(audio: Int16Array | Uint8Array): void {
    const bytes = bytesOf(audio);
    if (this.#link.state === "over" || this.#link.state === "ending" || bytes.length === 0) return;
    if (this.#link.state === "ready") return this.#sendAudio(bytes);
    this.#droppedAudioBytes += this.#backlog.push(bytes, (this.#options.awayAudioMs ?? defaults.awayAudioMs) * this.#bytesPerMs);
  }

  /**
   * Changes settings: objects merge, lists replace. Resolves with the configuration that is in force then.
   * @throws VoiceAgentError `immutable_field`, `invalid_value`, … as the server says, or `not-connected`
   */
  async update(change: SessionSettings): Promise<SessionConfig> {
    this.#mustLive();
    if (change.tools !== undefined) this.#declared = change.tools ?? [];
    const answer = this.#updates.add(change.tools === undefined ? change : { ...change, tools: this.#allTools() });
    this.#sendUpdates(false);
    return await answer;
  }

  /** From now on these functions, in place of the ones before. */
  async setTools(tools: readonly Tool[]): Promise<void> {
    this.#tools.use(tools);
    await this.update({ tools: this.#declared });
  }

  /** Makes the agent speak now, or after what it is saying; `instructions` are for this one reply. */
  create(instructions?: string): void {
    this.#say({ type: "reply.create", ...(instructions !== undefined && { instructions }) });
  }

  /** Stops the agent's reply as an interruption does: the current one, or the one that is named. */
  cancel(replyId?: string): void {
    this.#say({ type: "reply.cancel", ...(replyId !== undefined && { reply_id: replyId }) });
  }

  /** Adds to the conversation without starting a reply; `create()` has it answered. */
  message(role: "user" | "system" | "assistant", content: string): void {
    this.#say({ type: "conversation.message", role, content });
  }

  /** Answers a call of a tool in `session.tools` that has no function here. Strings are sent as they are, the rest as JSON. */
  toolResult(callId: string, output: unknown, { isError = false }: { isError?: boolean } = {}): void {
    const result = typeof output === "string" ? output : (JSON.stringify(output) ?? "null");
    this.#mustLive();
    this.#tools.answer(callId, result, isError);
  }

  /** Ends the session. Resolves when it is over, after 3 s at most; a session whose socket is away ends by itself when its time is over. */
  async end(): Promise<SessionEnd> {
    this.#handle({ type: "end", at: performance.now() });
    return await this.#over.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  readonly #online = (): void => this.#handle({ type: "online", at: performance.now() });

  get #bytesPerMs(): number {
    const { encoding, sampleRate } = formatOf(this.#config["input"], this.#updates.settings.input);
    return ((encoding === "audio/pcm" ? 2 : 1) * sampleRate) / 1000;
  }

  #handle(input: LinkInput): void {
    for (const decision of this.#link.handle(input)) this.#carryOut(decision);
    clearTimeout(this.#timer);
    const { deadline } = this.#link;
    if (deadline === undefined) return;
    this.#timer = setTimeout(
      () => this.#handle({ type: "time", at: performance.now() }),
      Math.max(0, Math.ceil(deadline - performance.now())),
    );
  }

  #carryOut(decision: LinkDecision): void {
    switch (decision.type) {
      case "open":
        return this.#open();
      case "drop":
        return this.#drop();
      case "send-start":
        return this.#send({ type: "session.update", session: this.#startSettings() });
      case "send-resume": {
        const { sessionId, resumeToken } = decision;
        return this.#send({ type: "session.resume", session_id: sessionId, ...(resumeToken !== null && { resume_token: resumeToken }) });
      }
      case "send-probe":
        this.#updates.probe();
        return this.#send({ type: "session.update", session: {} });
      case "send-end":
        return this.#send({ type: "session.end" });
      case "started":
        this.#started.resolve();
        return this.#catchUp(false);
      case "reconnecting": {
        const { attempt, delayMs, loss } = decision;
        return this.#emitter.emit({ type: "reconnecting", attempt, delayMs, error: errorOf(loss) });
      }
      case "resumed":
        this.#emitter.emit(decision);
        return this.#catchUp(true);
      case "restarted":
        this.#tools.abandon("Another session has taken this one's place.");
        this.#reply = undefined;
        this.#emitter.emit(decision);
        return this.#catchUp(false);
      case "over":
        return this.#finish({ type: "closed" }, new VoiceAgentError("not-connected", "The session has ended."));
      case "lost": {
        const error = errorOf(decision.loss);
        return this.#finish({ type: "lost", error }, error);
      }
    }
  }

  #open(): void {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { signal } = attempt;
    const handlers = {
      opened: () => this.#handle({ type: "opened", at: performance.now() }),
      message: (text: string) => this.#hear(text),
      closed: (code: number, reason: string) => {
        this.#drop();
        this.#handle({ type: "closed", at: performance.now(), code, reason });
      },
    };
    openSocket(this.#options.url, this.#options, handlers, signal).then(
      (socket) => {
        if (!signal.aborted) this.#socket = socket;
      },
      (error: unknown) => {
        if (!signal.aborted) this.#handle({ type: "failed", at: performance.now(), error });
      },
    );
  }

  #drop(): void {
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#socket = undefined;
  }

  #finish(last: VoiceAgentEvent, error: VoiceAgentError): void {
    clearTimeout(this.#timer);
    if (typeof removeEventListener === "function") removeEventListener("online", this.#online);
    this.#tools.abandon("The session has ended.");
    this.#updates.fail(error);
    this.#started.reject(error);
    this.#over.resolve(this.#end);
    this.#emitter.emit(last);
    this.#emitter.close();
  }

  #hear(text: string): void {
    const event = readServerEvent(text);
    const at = performance.now();
    if (event === undefined) return this.#handle({ type: "heard", at });
    switch (event.type) {
      case "session.ready":
        this.#sessionId = event.session_id;
        this.#config = event.config;
        this.#emitter.emit(event);
        return this.#handle({ type: "ready", at, sessionId: event.session_id, resumeToken: event.resume_token });
      case "session.ended":
        this.#end = { sessionSeconds: event.session_duration_seconds, audioSeconds: event.audio_duration_seconds };
        this.#emitter.emit(event);
        return this.#handle({ type: "ended", at });
      case "session.error":
        return this.#hearError(event, at);
      case "session.updated":
        this.#config = event.config;
        if (this.#updates.accepted(event.config)) this.#emitter.emit(event);
        break;
      case "reply.audio":
        this.#hearAudio(event);
        break;
      case "reply.started":
        this.#reply = event.reply_id;
        this.#emitter.emit(event);
        break;
      case "reply.done":
        if (event.status === "interrupted") {
          this.#interruptedReply = event.reply_id;
          this.#tools.interrupted(event.reply_id);
        }
        this.#reply = undefined;
        this.#emitter.emit(event);
        break;
      case "tool.call":
        this.#hearCall(event);
        break;
      case "input.speech.started":
      case "input.speech.stopped":
      case "transcript.user.delta":
      case "transcript.user":
      case "transcript.agent.delta":
      case "transcript.agent":
        this.#emitter.emit(event);
        break;
    }
    this.#handle({ type: "heard", at });
  }

  #hearError(event: Extract<ServerEvent, { type: "session.error" }>, at: number): void {
    if (event.param === "call_id" && this.#repeatedResults > 0) {
      this.#repeatedResults--;
      return this.#handle({ type: "heard", at });
    }
    this.#updates.refused(event.code, event.message, event.param);
    this.#emitter.emit(event);
    this.#handle({ type: "refused", at, code: event.code, message: event.message });
  }

  #hearAudio(event: Extract<ServerEvent, { type: "reply.audio" }>): void {
    // Nothing of an interrupted reply may be heard, whatever was still on its way.
    if (event.reply_id !== "" && event.reply_id === this.#interruptedReply) return;
    const bytes = decodeBase64(event.data);
    if (bytes === undefined) return;
    const { encoding, sampleRate } = formatOf(this.#config["output"], this.#updates.settings.output);
    this.#emitter.emit({ ...event, pcm: samplesOf(bytes, encoding), sampleRate });
  }

  #hearCall(event: Extract<ServerEvent, { type: "tool.call" }>): void {
    const { call_id: callId, name } = event;
    if (this.#tools.knows(callId)) return;
    const mine = this.#tools.has(name) || this.#declared.some((one) => one.name === name);
    const servers = !mine && this.#isServers(name);
    if (mine) this.#tools.call(callId, name, event.arguments, this.#reply);
    if (servers) this.#tools.ignore(callId);
    this.#emitter.emit(event);
    if (!mine && !servers) this.#tools.refuse(callId, name);
  }

  /** Whether the server runs this tool itself. */
  #isServers(name: string): boolean {
    const { tools } = this.#config;
    return Array.isArray(tools) && tools.some((one) => isRecord(one) && one["name"] === name && isRecord(one["http"]));
  }

  #startSettings(): SessionSettings {
    // Who was in a session before has been greeted.
    const greets = this.#sessionId === undefined || (this.#options.greetAgain ?? true);
    const settings = this.#updates.start(greets);
    // A stored agent stands alone; its tools' functions may be here all the same.
    if (settings.agent_id !== undefined || this.#allTools().length === 0) return settings;
    return { ...settings, tools: this.#allTools() };
  }

  #allTools(): NonNullable<SessionSettings["tools"]> {
    return [...this.#declared, ...this.#tools.definitions];
  }

  /** After a session has started or come back: what waited for it. */
  #catchUp(sameSession: boolean): void {
    this.#sendUpdates(sameSession);
    if (sameSession) {
      for (const { result, repeated } of this.#tools.takeUnsettled()) {
        if (repeated) this.#repeatedResults++;
        this.#send(wireOf(result));
      }
    }
    for (const message of this.#outbox.take()) this.#send(message);
    for (const chunk of this.#backlog.take()) this.#sendAudio(chunk);
  }

  #sendUpdates(again: boolean): void {
    if (this.#link.state !== "ready") return;
    for (const change of this.#updates.take(again)) this.#send({ type: "session.update", session: change });
  }

  /** Returns whether it went out now. */
  #sendResult(result: ToolResult): boolean {
    const ready = this.#link.state === "ready";
    if (ready) this.#send(wireOf(result));
    const { callId, name, isError } = result;
    this.#emitter.emit({ type: "tool.result", call_id: callId, name, result: result.result, is_error: isError });
    return ready;
  }

  #say(message: ClientMessage): void {
    this.#mustLive();
    if (this.#link.state === "ready") this.#send(message);
    else this.#outbox.push(message);
  }

  #mustLive(): void {
    const { state } = this.#link;
    if (state === "connecting" || state === "ready" || state === "waiting") return;
    throw new VoiceAgentError("not-connected", "There is no session.");
  }

  #sendAudio(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    for (let at = 0; at < bytes.length; at += maxFrameBytes) {
      const part = bytes.subarray(at, at + maxFrameBytes);
      if (socket.bufferedAmount > maxBufferedBytes) this.#droppedAudioBytes += part.length;
      else socket.send(`{"type":"input.audio","audio":"${encodeBase64(part)}"}`);
    }
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }
}

function wireOf({ callId, result, isError }: ToolResult): ClientMessage {
  return { type: "tool.result", call_id: callId, result, is_error: isError };
}

function errorOf({ code, message, cause }: Loss): VoiceAgentError {
  return cause instanceof VoiceAgentError ? cause : new VoiceAgentError(code, message, cause === undefined ? {} : { cause });
}
