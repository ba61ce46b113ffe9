/** A Voice Agent endpoint on loopback that speaks the true protocol, and can misbehave in the ways that real ones do. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";

export interface VoiceAgentReply {
  readonly text: string;
  /** Tools that it calls first; their results lead to the reply after it in the script. */
  readonly calls?: readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[];
}

export interface VoiceAgentSimulatorOptions {
  /** Other keys are refused as the protocol says; absent: every key does. */
  readonly apiKey?: string;
  /** What it hears, one text per utterance; after the last one it begins again. */
  readonly transcripts?: readonly string[];
  /** What it answers, one reply per utterance or tool result; after the last one it begins again. */
  readonly replies?: readonly (string | VoiceAgentReply)[];
  /** `real-time`: 20 ms frames by the clock. `burst`: the whole reply at once, as the service did for a while. */
  readonly pace?: "real-time" | "burst";
  /** Milliseconds of voice for each word, a multiple of 20. Default 240. */
  readonly wordMs?: number;
  /** Hertz of the hum that its voice is. Default 440. */
  readonly hertz?: number;
  /** Speech over a reply does not interrupt it. */
  readonly deafWhileSpeaking?: boolean;
  /** Sends no words one by one, only whole texts. */
  readonly withoutDeltas?: boolean;
  /** A refused resume, for every session. */
  readonly forgetsSessions?: boolean;
  /** An error after `session.ready`. */
  readonly complains?: { readonly code: string; readonly message: string };
  /** 0: any free port. */
  readonly port?: number;
}

/** One message of a client's, but for audio. */
export interface VoiceAgentMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Rate of the voice, and of what is heard unless the client asks for another, in hertz. */
const rate = 24_000;
const frameMs = 20;
/** Root mean square above which a chunk is speech, of 32,768. */
const speechRms = 500;
/** Speech that begins a turn, and silence that ends one, in milliseconds of audio. */
const startMs = 120;
const stopMs = 500;

interface Session {
  readonly id: string;
  config: Record<string, unknown>;
  spoken: number;
  heard: number;
  ended: boolean;
  readonly openCalls: Set<string>;
}

export class VoiceAgentSimulator implements AsyncDisposable {
  /** `ws://127.0.0.1:…/v1/ws` */
  readonly url: string;
  readonly #server: WebSocketServer;
  readonly #options: VoiceAgentSimulatorOptions;
  readonly #sessions = new Map<string, Session>();
  #lines: Line[] = [];
  /** Everything that clients sent but audio, over all sockets, in order. */
  readonly received: VoiceAgentMessage[] = [];
  /** How each socket was asked for. */
  readonly requests: { readonly url: string; readonly authorization: string | undefined }[] = [];
  #pcm: Int16Array[] = [];
  #waiting: (() => void)[] = [];

  private constructor(server: WebSocketServer, options: VoiceAgentSimulatorOptions) {
    this.#server = server;
    this.#options = options;
    const address = server.address();
    this.url = `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/v1/ws`;
    server.on("connection", (socket, request) => this.#greet(socket, request));
  }

  static async start(options: VoiceAgentSimulatorOptions = {}): Promise<VoiceAgentSimulator> {
    const server = new WebSocketServer({ port: options.port ?? 0, host: "127.0.0.1", maxPayload: 1024 * 1024 });
    await once(server, "listening");
    return new VoiceAgentSimulator(server, options);
  }

  /** All audio that came, as samples of the declared format. */
  get heard(): Int16Array {
    const whole = new Int16Array(this.#pcm.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const part of this.#pcm) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  /** Sockets that are open. */
  get connections(): number {
    return this.#lines.length;
  }

  /** Resolves when `isTrue` is; looked at whenever something has come. */
  async until(isTrue: (simulator: this) => boolean): Promise<void> {
    while (!isTrue(this)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  /** Breaks every socket without a word, as a network does. */
  drop(): void {
    for (const { socket } of this.#lines) socket.terminate();
  }

  /** Speaks now, as after `reply.create`. */
  say(text: string): void {
    for (const line of this.#lines) line.reply({ text });
  }

  /** An event of the protocol, or one that is not. */
  send(event: Readonly<Record<string, unknown>>): void {
    for (const line of this.#lines) line.send(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.close();
    for (const socket of this.#server.clients) socket.terminate();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #greet(socket: WebSocket, { url = "/", headers }: IncomingMessage): void {
    this.requests.push({ url, authorization: headers.authorization });
    const given = new URL(url, "ws://localhost").searchParams.get("token") ?? headers.authorization?.replace(/^Bearer /, "");
    const line = new Line(socket, this.#options, {
      session: (id) => this.#sessions.get(id),
      keep: (session) => void this.#sessions.set(session.id, session),
      take: (message) => {
        this.received.push(message);
        this.#changed();
      },
      hear: (pcm) => {
        this.#pcm.push(pcm);
        this.#changed();
      },
    });
    this.#lines.push(line);
    socket.on("error", () => {});
    socket.on("close", () => {
      line.close();
      this.#lines = this.#lines.filter((each) => each !== line);
      this.#changed();
    });
    this.#changed();
    if (given === undefined || (this.#options.apiKey !== undefined && given !== this.#options.apiKey)) {
      line.send({ type: "session.error", code: "UNAUTHORIZED", message: "Authentication failed", param: null, session_id: null });
      socket.close(1008);
      return;
    }
    socket.on("message", (data: Buffer) => line.take(data.toString("utf8")));
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

interface Surroundings {
  session(id: string): Session | undefined;
  keep(session: Session): void;
  take(message: VoiceAgentMessage): void;
  hear(pcm: Int16Array): void;
}

interface Speaking {
  readonly id: string;
  readonly itemId: string;
  readonly words: readonly string[];
  readonly startedAt: number;
  sentMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** One socket. */
class Line {
  readonly socket: WebSocket;
  readonly #options: VoiceAgentSimulatorOptions;
  readonly #around: Surroundings;
  #session: Session | undefined;
  #speaking: Speaking | undefined;
  /** Milliseconds of audio: speech without a pause, silence without speech. */
  #speechMs = 0;
  #quietMs = 0;
  #inTurn = false;
  #item = "";

  constructor(socket: WebSocket, options: VoiceAgentSimulatorOptions, around: Surroundings) {
    this.socket = socket;
    this.#options = options;
    this.#around = around;
  }

  send(event: Readonly<Record<string, unknown>>): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify({ ...event, timestamp: Date.now() / 1000 }));
  }

  close(): void {
    clearTimeout(this.#speaking?.timer);
    this.#speaking = undefined;
  }

  take(text: string): void {
    const message = readMessage(text);
    if (message === undefined) return this.#refuse("invalid_format", "not a JSON object with a type");
    if (message.type === "input.audio") return this.#hear(message["audio"]);
    this.#around.take(message);
    switch (message.type) {
      case "session.update":
        return this.#update(record(message["session"]));
      case "session.resume":
        return this.#resume(String(message["session_id"]));
      case "session.end":
        return this.#end();
      case "tool.result":
        return this.#toolResult(String(message["call_id"]));
      case "reply.create":
        return this.reply(this.#next());
      case "reply.cancel":
        return this.#stop();
      case "conversation.message":
        return undefined; // It is in `received`; there is no answer to it.
      default:
        return this.#refuse("invalid_format", `Unknown message type: ${message.type}`);
    }
  }

  reply(reply: VoiceAgentReply): void {
    this.#stop();
    const words = reply.text.split(/\s+/).filter((word) => word !== "");
    const speaking: Speaking = { id: id("resp"), itemId: id("msg"), words, startedAt: performance.now(), sentMs: 0, timer: undefined };
    this.#speaking = speaking;
    this.send({ type: "reply.started", reply_id: speaking.id, item_id: speaking.itemId });
    if (this.#options.pace === "burst") while (this.#speaking === speaking) this.#speak(reply);
    else this.#pace(reply);
  }

  #update(changes: Record<string, unknown>): void {
    const known = this.#session;
    const session: Session = known ?? { id: id("sess"), config: {}, spoken: 0, heard: 0, ended: false, openCalls: new Set() };
    session.config = { ...defaults(session.id), ...session.config, ...changes };
    this.send({ type: "session.updated", config: session.config });
    if (known !== undefined) return;
    this.#session = session;
    this.#around.keep(session);
    this.#ready(session);
    if (this.#options.complains !== undefined) this.#refuse(this.#options.complains.code, this.#options.complains.message);
    const { greeting } = session.config;
    if (typeof greeting === "string" && greeting !== "") this.reply({ text: greeting });
  }

  #resume(sessionId: string): void {
    const session = this.#around.session(sessionId);
    if (session === undefined || session.ended || this.#options.forgetsSessions === true)
      return this.#refuse("session_not_found", "Session not found or grace window has expired");
    this.#session = session;
    this.#ready(session);
  }

  #ready(session: Session): void {
    const { id: sessionId, config } = session;
    this.send({
      type: "session.ready",
      session_id: sessionId,
      config,
      expires_at: Math.round(Date.now() / 1000) + 3600,
      resume_token: "resume",
    });
  }

  #end(): void {
    if (this.#session !== undefined) this.#session.ended = true;
    this.close();
    this.send({ type: "session.ended", session_duration_seconds: 1, audio_duration_seconds: null });
    this.socket.close(1000);
  }

  // Ears: loud is speech

  #hear(audio: unknown): void {
    if (this.#session === undefined) return;
    const bytes = Buffer.from(String(audio), "base64");
    const pcm = Int16Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readInt16LE(index * 2));
    this.#around.hear(pcm);
    const ms = (pcm.length * 1000) / rate;
    const rms = Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, pcm.length));
    this.#speechMs = rms >= speechRms ? this.#speechMs + ms : 0;
    this.#quietMs = rms >= speechRms ? 0 : this.#quietMs + ms;
    if (!this.#inTurn && this.#speechMs >= startMs) this.#begin();
    else if (this.#inTurn && this.#quietMs >= stopMs) this.#stopTurn();
  }

  #begin(): void {
    if (this.#speaking !== undefined && this.#options.deafWhileSpeaking === true) return;
    this.#inTurn = true;
    this.#item = id("msg");
    this.send({ type: "input.speech.started" });
    this.#stop();
    const [first = ""] = this.#transcript().split(" ");
    this.send({ type: "transcript.user.delta", item_id: this.#item, text: first });
  }

  #stopTurn(): void {
    const text = this.#transcript();
    this.#inTurn = false;
    if (this.#session !== undefined) this.#session.heard += 1;
    this.send({ type: "input.speech.stopped" });
    this.send({ type: "transcript.user", item_id: this.#item, text });
    this.reply(this.#next());
  }

  #transcript(): string {
    const { transcripts = ["hello there"] } = this.#options;
    return transcripts[(this.#session?.heard ?? 0) % transcripts.length] ?? "";
  }

  #next(): VoiceAgentReply {
    const { replies = ["Hello from the simulator."] } = this.#options;
    const reply = replies[(this.#session?.spoken ?? 0) % replies.length] ?? "";
    if (this.#session !== undefined) this.#session.spoken += 1;
    return typeof reply === "string" ? { text: reply } : reply;
  }

  #toolResult(callId: string): void {
    const open = this.#session?.openCalls;
    if (open?.delete(callId) !== true) return this.#refuse("invalid_value", "unknown call_id", "call_id");
    if (open.size === 0) this.reply(this.#next());
  }

  // Mouth

  #pace(reply: VoiceAgentReply): void {
    const speaking = this.#speaking;
    if (speaking === undefined) return;
    while (this.#speaking === speaking && speaking.sentMs <= performance.now() - speaking.startedAt) this.#speak(reply);
    if (this.#speaking === speaking) speaking.timer = setTimeout(() => this.#pace(reply), 5);
  }

  /** The next frame, or the end. */
  #speak({ text, calls = [] }: VoiceAgentReply): void {
    const speaking = this.#speaking;
    if (speaking === undefined) return;
    const { wordMs = 240, hertz = 440, withoutDeltas = false } = this.#options;
    const { id: replyId, itemId, words, sentMs } = speaking;
    if (sentMs < words.length * wordMs) {
      const index = sentMs / wordMs;
      const word = Number.isInteger(index) ? words[index] : undefined;
      const start = index * wordMs;
      if (word !== undefined && !withoutDeltas) {
        this.send({
          type: "transcript.agent.delta",
          reply_id: replyId,
          item_id: itemId,
          delta: word,
          start_ms: start,
          end_ms: start + wordMs,
        });
      }
      this.send({ type: "reply.audio", reply_id: replyId, data: hum(sentMs, hertz).toString("base64") });
      speaking.sentMs += frameMs;
      return;
    }
    for (const call of calls) {
      const callId = id("call");
      this.#session?.openCalls.add(callId);
      this.send({ type: "tool.call", call_id: callId, ...call });
    }
    if (text !== "") this.send({ type: "transcript.agent", reply_id: replyId, item_id: itemId, text, interrupted: false });
    this.send({ type: "reply.done", reply_id: replyId, status: "completed" });
    this.#speaking = undefined;
  }

  /** A barge-in: what was heard is what the clock allows. */
  #stop(): void {
    const speaking = this.#speaking;
    if (speaking === undefined) return;
    clearTimeout(speaking.timer);
    this.#speaking = undefined;
    const { wordMs = 240 } = this.#options;
    const { id: replyId, itemId, words, startedAt } = speaking;
    const text = words.slice(0, Math.floor((performance.now() - startedAt) / wordMs)).join(" ");
    this.send({ type: "transcript.agent", reply_id: replyId, item_id: itemId, text, interrupted: true });
    this.send({ type: "reply.done", reply_id: replyId, status: "interrupted" });
  }

  #refuse(code: string, message: string, param: string | null = null): void {
    this.send({ type: "session.error", code, message, param, session_id: this.#session?.id ?? null });
  }
}

function defaults(sessionId: string): Record<string, unknown> {
  const format = { encoding: "audio/pcm", sample_rate: rate };
  return {
    id: sessionId,
    system_prompt: "",
    greeting: null,
    input: { type: "audio", format },
    output: { type: "audio", voice: "alba", format },
    tools: [],
  };
}

function hum(fromMs: number, hertz: number): Buffer {
  const samples = (rate * frameMs) / 1000;
  const bytes = Buffer.alloc(samples * 2);
  for (let index = 0; index < samples; index += 1) {
    bytes.writeInt16LE(Math.round(9000 * Math.sin(2 * Math.PI * hertz * (fromMs / 1000 + index / rate))), index * 2);
  }
  return bytes;
}

function id(kind: string): string {
  return `${kind}_${randomBytes(16).toString("hex")}`;
}

function readMessage(text: string): VoiceAgentMessage | undefined {
  try {
    const message = record(JSON.parse(text));
    const { type } = message;
    return typeof type === "string" ? { ...message, type } : undefined;
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
