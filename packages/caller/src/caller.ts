/** A participant in Node: joins a channel as a browser does, speaks recordings, hears everybody, reads the messages. */
import { EventEmitter } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { openRtc, RTP_UNITS_PER_MS, timestampDelta, type MediaPlan, type Rtc, type RtpPeer } from "@parley/media";
import {
  AgentMessage,
  closeCodes,
  encodeStreamMessage,
  packetFromBase64,
  packetToBase64,
  StreamMessageReader,
  type OfferLine,
  type ServerMessage,
  type User,
} from "@parley/protocol";
import type { CallerEvents, CallerOptions } from "./caller-contract.ts";
import { CallerError } from "./caller-error.ts";
import { Ear } from "./ear.ts";
import { Line } from "./line.ts";
import { Microphone, type Said } from "./microphone.ts";
import { reconnectDelay } from "./reconnect.ts";

/** Longest wait for `joined` and for an answer, in milliseconds. */
const ANSWER_MS = 10_000;
/** ICE that is not there after this is tried anew: an engine as answerer loses a few offers of this library to a race. */
const ICE_MS = 1500;
const MAX_ATTEMPTS = 5;
/** How often a caller says what it has heard of agents, in milliseconds. */
const REPORT_MS = 200;
/** Longest time that a line which broke off is tried again, in milliseconds, unless said otherwise. */
const RECONNECT_MS = 60_000;

export class Caller extends EventEmitter<CallerEvents> implements AsyncDisposable {
  /** Resolves when the caller has left or was thrown out. */
  readonly closed: Promise<CallerError | undefined>;
  readonly #options: CallerOptions;
  readonly #rtc: Rtc;
  readonly #abort = new AbortController();
  #line: Line;
  /** Why the line is gone; undefined: it is there. */
  #lost: CallerError | undefined;
  readonly #closing = Promise.withResolvers<CallerError | undefined>();
  readonly #users = new Map<string, User>();
  readonly #ears = new Map<string, { ear: Ear; mid: string }>();
  readonly #lines = new Map<string, string>();
  readonly #readers = new Map<string, StreamMessageReader>();
  /** Which RTP timestamp of an agent's voice is at which millisecond of its conversation. */
  readonly #voiceTimes = new Map<string, { rtpTimestamp: number; ms: number }>();
  /** Answers that have come, by the id of their offer. */
  readonly #answers = new Map<number, string>();
  readonly #ssrc = 1 + Math.floor(Math.random() * 0x7fff_0000);
  readonly #reporting: NodeJS.Timeout;
  #joined: Extract<ServerMessage, { type: "joined" }> | undefined;
  /** The place that is to be taken again. */
  #place: Extract<ServerMessage, { type: "joined" }> | undefined;
  #returning = false;
  #microphone: Microphone | undefined;
  #peer: RtpPeer | undefined;
  #offers = 0;
  #broadcasts = 0;
  #attempts = 0;
  #connected = false;
  #negotiating: Promise<void> = Promise.resolve();
  #failure: CallerError | undefined;
  #over = false;
  /** Resolved whenever something that {@link #until} may wait for has happened. */
  #changed = Promise.withResolvers<void>();

  private constructor(options: CallerOptions, rtc: Rtc, line: Line) {
    super();
    this.#options = options;
    this.#rtc = rtc;
    this.#line = line;
    this.closed = this.#closing.promise;
    this.#reporting = setInterval(() => this.#report(), REPORT_MS);
    this.#listen();
  }

  /** Joins and resolves when audio flows. Rejects with a {@link CallerError}. */
  static async join(options: CallerOptions): Promise<Caller> {
    const { url, signal = new AbortController().signal } = options;
    signal.throwIfAborted();
    const rtc = await openRtc({ udpPort: 0 });
    const line = await Line.open(url, signal).catch(async (error: unknown) => {
      await rtc[Symbol.asyncDispose]();
      throw error;
    });
    const caller = new Caller(options, rtc, line);
    const abort = () => void caller.leave();
    signal.addEventListener("abort", abort, { once: true });
    void caller.closed.then(() => signal.removeEventListener("abort", abort));
    try {
      await caller.#enter(options);
      return caller;
    } catch (error) {
      await caller.leave();
      throw error;
    }
  }

  get uid(): string {
    return (this.#joined ?? this.#place)?.uid ?? "";
  }

  /** A secret that lets another socket take this uid over. */
  get sessionId(): string {
    return (this.#joined ?? this.#place)?.sessionId ?? "";
  }

  /** How many offers it took until audio flowed; more than one means that ICE had to be tried again. */
  get connectAttempts(): number {
    return this.#attempts;
  }

  /** Everybody else who is there. */
  get users(): readonly User[] {
    return [...this.#users.values()];
  }

  /** Says a recording (16 kHz) after what is queued, in real time. */
  async say(pcm: Int16Array): Promise<Said> {
    if (this.#microphone === undefined) throw new CallerError("closed", "the caller has left", "Join again.");
    return await this.#microphone.say(pcm);
  }

  /** A message to an agent, of a kind of section 8.6 of the REST contract. */
  tell(uid: string, customType: string, body: unknown): void {
    this.#line.send({ type: "message", to: uid, customType, body: JSON.stringify(body) });
  }

  /** A data message to everybody in the channel, in the format of agents' messages. */
  broadcast(message: AgentMessage): void {
    const id = `${this.uid.replaceAll(/[^\w]/g, "")}-${++this.#broadcasts}`;
    for (const packet of encodeStreamMessage(id, message)) this.#line.send({ type: "stream-message", data: packetToBase64(packet) });
  }

  mute(muted: boolean): void {
    this.#line.send({ type: "mute", muted });
  }

  /** Leaves the channel; harmless if it has left. */
  async leave(): Promise<void> {
    this.#line.send({ type: "leave" });
    this.#end(undefined);
    this.#line.close();
    await this.#rtc[Symbol.asyncDispose]();
  }

  /** Breaks off without a word: no leave, no closing handshake, no more packets. */
  async vanish(): Promise<void> {
    this.#line.cut();
    this.#end(undefined);
    await this.#rtc[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  #end(error: CallerError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#abort.abort();
    this.#failure ??= error;
    this.#change();
    clearInterval(this.#reporting);
    this.#microphone?.[Symbol.dispose]();
    this.#peer?.close();
    for (const { ear } of this.#ears.values()) ear[Symbol.dispose]();
    this.#ears.clear();
    this.#closing.resolve(this.#failure);
    this.emit("closed", this.#failure);
  }

  // Signalling

  #listen(): void {
    const line = this.#line;
    line.listen({
      onMessage: (message) => this.#take(message),
      onClose: (code, reason) => {
        if (line === this.#line) this.#broke(code, reason);
      },
    });
  }

  /** From the first message until audio flows. */
  async #enter({
    appId,
    channel,
    uid,
    token,
    sessionId,
  }: Pick<CallerOptions, "appId" | "channel" | "uid" | "token" | "sessionId">): Promise<void> {
    this.#line.send({
      type: "join",
      appId,
      channel,
      ...(uid === undefined ? {} : { uid }),
      ...(token === undefined ? {} : { token }),
      ...(sessionId === undefined ? {} : { sessionId }),
    });
    await this.#until(() => this.#joined !== undefined, "the engine did not answer the join");
    await this.#inTurn(() => this.#connect());
    this.#line.send({ type: "ready" });
  }

  /** An end that the engine meant says so with its code; any other is a fault on the way, or a dead engine. */
  #broke(code: number, reason: string): void {
    const error = new CallerError("closed", `the engine closed the line (${code} ${reason})`, "Join again.");
    this.#lost = error;
    const meant = Object.values<number>(closeCodes).includes(code) || this.#failure !== undefined;
    const { reconnectWithinMs = RECONNECT_MS } = this.#options;
    if (meant || reconnectWithinMs === 0 || (!this.#connected && !this.#returning)) this.#end(error);
    else if (!this.#returning && !this.#over) void this.#comeBack(error, reconnectWithinMs);
    this.#change();
  }

  /** Joins again under the same uid, as often as it takes, for a bounded time. */
  async #comeBack(error: CallerError, withinMs: number): Promise<void> {
    this.#returning = true;
    const lostAt = performance.now();
    this.emit("reconnecting", { at: lostAt, error });
    for (let attempt = 0; !this.#over; attempt++) {
      const delayMs = reconnectDelay(attempt, performance.now() - lostAt, withinMs, Math.random());
      if (delayMs === undefined) this.#end(error);
      else if (await this.#tryAgain(delayMs)) {
        this.#returning = false;
        this.emit("reconnected", { at: performance.now(), attempts: attempt + 1 });
        return;
      }
    }
  }

  async #tryAgain(delayMs: number): Promise<boolean> {
    const { signal } = this.#abort;
    try {
      await pause(delayMs, undefined, { signal });
      const { uid, sessionId } = this;
      this.#forget();
      const line = await Line.open(this.#options.url, signal);
      this.#line = line;
      this.#lost = undefined;
      this.#listen();
      await this.#enter({ ...this.#options, uid, sessionId });
      return true;
    } catch (cause) {
      if (signal.aborted) this.#line.close();
      else {
        this.#line.cut();
        // What the engine refuses, it refuses again.
        const lost = cause instanceof CallerError && ["unreachable", "closed", "timeout"].includes(cause.code);
        if (this.#failure !== undefined || !lost)
          this.#end(cause instanceof CallerError ? cause : new CallerError("closed", String(cause), "Join again.", { cause }));
      }
      return false;
    }
  }

  /** What belonged to the line and the connection that are gone. */
  #forget(): void {
    this.#connected = false;
    const peer = this.#peer;
    this.#peer = undefined;
    peer?.close();
    for (const { ear } of this.#ears.values()) ear[Symbol.dispose]();
    this.#ears.clear();
    this.#lines.clear();
    this.#answers.clear();
    this.#voiceTimes.clear();
    if (this.#joined !== undefined) this.#place = this.#joined;
    this.#joined = undefined;
  }

  #take(message: ServerMessage): void {
    this.#handle(message);
    this.#change();
  }

  #handle(message: ServerMessage): void {
    const at = performance.now();
    switch (message.type) {
      case "joined":
        this.#joined = message;
        for (const uid of this.#users.keys()) if (!message.users.some((user) => user.uid === uid)) this.#forgetUser(uid, "vanished", at);
        for (const user of message.users) {
          const known = this.#users.has(user.uid);
          this.#users.set(user.uid, user);
          if (this.#returning && !known) this.emit("user-joined", { ...user, at });
        }
        break;
      case "answer":
        this.#answers.set(message.id, message.sdp);
        break;
      case "negotiate":
        this.#renegotiate(message.subscribe);
        break;
      case "user-joined": {
        const { type: _, ...user } = message;
        this.#users.set(user.uid, user);
        this.emit("user-joined", { ...user, at });
        break;
      }
      case "user-left":
        this.#forgetUser(message.uid, message.reason, at);
        break;
      case "user-published":
      case "user-unpublished": {
        const user = this.#users.get(message.uid);
        if (user !== undefined) this.#users.set(message.uid, { ...user, publishing: message.type === "user-published" });
        break;
      }
      case "user-muted":
        break;
      case "stream-message":
        this.#read(message.uid, message.data, at);
        break;
      case "flush":
        this.#report();
        break;
      case "voice-time":
        this.#voiceTimes.set(message.uid, { rtpTimestamp: message.rtpTimestamp, ms: message.ms });
        break;
      case "token-will-expire":
        break;
      case "taken-over":
        this.#failure = new CallerError("taken-over", "the same session joined from elsewhere", "Join again to take it back.");
        break;
      case "error":
        this.#refused(new CallerError(message.code, message.message, message.remedy), message.fatal);
        break;
    }
  }

  #forgetUser(uid: string, reason: string, at: number): void {
    this.#users.delete(uid);
    this.#readers.delete(uid);
    this.#voiceTimes.delete(uid);
    this.emit("user-left", { uid, reason, at });
  }

  #refused(error: CallerError, fatal: boolean): void {
    if (fatal) this.#failure = error;
    // Whoever waits for the answer would wait in vain.
    else if (error.code === "invalid-sdp") this.#end(error);
    else this.emit("refused", error);
  }

  #read(uid: string, data: string, at: number): void {
    const packet = packetFromBase64(data);
    if (packet === undefined) return;
    this.emit("data-packet", { uid, at, data: Buffer.from(packet, "latin1") });
    let reader = this.#readers.get(uid);
    if (reader === undefined) this.#readers.set(uid, (reader = new StreamMessageReader()));
    const message = AgentMessage.safeParse(reader.push(packet, at));
    if (message.success) this.emit("message", { uid, at, message: message.data });
  }

  /** What this caller has heard of each agent, now: its loudspeaker is its ear. */
  #report(): void {
    const nowMs = performance.now();
    for (const [uid, { ear }] of this.#ears) {
      const { position } = ear;
      if (position !== undefined && this.#users.get(uid)?.agent === true) this.#line.send({ type: "played", uid, ...position, nowMs });
      ear.time(nowMs);
    }
  }

  // Media

  async #connect(): Promise<void> {
    const uids = this.users.filter((user) => user.publishing).map((user) => user.uid);
    for (let attempt = 1; ; attempt++) {
      this.#attempts = attempt;
      this.#connected = await this.#tryToConnect(uids);
      if (this.#connected) return;
      if (attempt === MAX_ATTEMPTS)
        throw new CallerError("no-media", `no UDP connection after ${MAX_ATTEMPTS} tries`, "Let UDP pass to the engine's rtc.udp_port.");
    }
  }

  async #tryToConnect(uids: readonly string[]): Promise<boolean> {
    this.#peer?.close();
    this.#lines.clear();
    const peer = this.#rtc.openPeer(`caller ${this.uid}`);
    this.#peer = peer;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    peer.onState((state) => {
      if (state === "connected") resolve(true);
      if (state !== "failed" && state !== "closed") return;
      resolve(false);
      if (peer === this.#peer && this.#connected)
        this.#end(
          new CallerError("no-media", "the audio connection broke off", "Look at the network between here and the engine; join again."),
        );
    });
    peer.onPacket((mid, packet, at) => this.#hear(mid, packet, at));
    this.#microphone ??= await Microphone.open({
      ssrc: this.#ssrc,
      ...(this.#options.voice === undefined ? {} : { source: this.#options.voice }),
      send: (packet) => void this.#peer?.send("mic", packet),
      payloadType: () => this.#peer?.codecs("mic")?.opus,
    });
    // The end came while it was opened: nobody else closes it.
    if (this.#over) this.#microphone[Symbol.dispose]();
    await this.#offer(peer, uids);
    const timer = setTimeout(() => resolve(false), ICE_MS);
    const connected = await promise;
    clearTimeout(timer);
    if (this.#over) throw this.#failure ?? new CallerError("closed", "the caller has left", "Join again.");
    return connected;
  }

  #renegotiate(uids: readonly string[]): void {
    void this.#inTurn(async () => {
      if (this.#peer !== undefined && !this.#over) await this.#offer(this.#peer, uids);
    }).catch((error: unknown) => {
      this.#end(error instanceof CallerError ? error : new CallerError("no-media", String(error), "Join again.", { cause: error }));
    });
  }

  /** One negotiation after the other: the engine may ask for an offer while one is under way. */
  async #inTurn(negotiate: () => Promise<void>): Promise<void> {
    const turn = this.#negotiating.then(negotiate);
    this.#negotiating = turn.catch(() => {});
    await turn;
  }

  /** Offers a line for the microphone and one for each uid; lines that are not used any more stay, unused. */
  async #offer(peer: RtpPeer, uids: readonly string[]): Promise<void> {
    for (const uid of uids) if (!this.#lines.has(uid)) this.#lines.set(uid, `s${this.#lines.size}`);
    const media: MediaPlan[] = [{ mid: "mic", direction: "sendonly", ssrc: this.#ssrc }];
    const plan: OfferLine[] = [{ mid: "mic", publish: true }];
    for (const [uid, mid] of this.#lines) {
      const wanted = uids.includes(uid);
      media.push({ mid, direction: wanted ? "recvonly" : "inactive", ssrc: 0 });
      plan.push(wanted ? { mid, subscribe: uid } : { mid, unused: true });
    }
    const id = ++this.#offers;
    const sdp = await peer.offer(media);
    this.#line.send({ type: "offer", id, sdp, plan });
    await this.#until(() => this.#answers.get(id) !== undefined, "the engine did not answer the offer");
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    if (answer !== undefined) await peer.answered(answer);
    for (const [uid, mid] of this.#lines) {
      const codecs = peer.codecs(mid);
      if (codecs === undefined || this.#ears.get(uid)?.mid === mid || this.#over) continue;
      const ear = await Ear.open(uid, codecs, (frame) => this.emit("audio", frame));
      if (this.#over || peer !== this.#peer) return ear[Symbol.dispose]();
      this.#ears.get(uid)?.ear[Symbol.dispose]();
      this.#ears.set(uid, { ear, mid });
    }
  }

  #hear(mid: string, packet: Buffer, at: number): void {
    for (const [uid, entry] of this.#ears) {
      if (entry.mid !== mid) continue;
      this.emit("packet", { uid, at });
      entry.ear.packet(packet, at);
      this.#tellVoiceTime(uid, entry.ear, at);
      return;
    }
  }

  #tellVoiceTime(uid: string, { position }: Ear, at: number): void {
    const time = this.#voiceTimes.get(uid);
    if (time === undefined || position === undefined) return;
    time.ms += timestampDelta(time.rtpTimestamp, position.rtpTimestamp) / RTP_UNITS_PER_MS;
    time.rtpTimestamp = position.rtpTimestamp;
    this.emit("voice-time", { uid, at, ms: time.ms });
  }

  /** Resolves when it is true; rejects when the line has gone, or after {@link ANSWER_MS}. Looks again at every message. */
  async #until(isTrue: () => boolean, complaint: string): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#changed.resolve();
    }, ANSWER_MS);
    try {
      while (!isTrue()) {
        if (this.#over) throw this.#failure ?? new CallerError("closed", "the caller has left", "Join again.");
        if (this.#lost !== undefined) throw this.#failure ?? this.#lost;
        if (late) throw new CallerError("timeout", `${complaint} within ${ANSWER_MS / 1000} s`, "See the engine's log.");
        await this.#changed.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #change(): void {
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }
}
