/** A channel that this page has joined: who is there, their voices, and what the agent says of the conversation. */
import type { AgentMessage, ClientMessageInput, ServerMessage, User } from "@parley/protocol";
import { Absences } from "./absences.ts";
import { isAgentMessage } from "./agent-message.ts";
import { Emitter } from "./emitter.ts";
import { ParleyError } from "./errors.ts";
import type { Microphone } from "./microphone.ts";
import { PeerLink } from "./peer-link.ts";
import { Playback } from "./playback.ts";
import { fromBase64, Reassembly } from "./reassembly.ts";
import { reconnectDelay } from "./reconnect.ts";
import { rememberSession, sessionFor } from "./session-memory.ts";
import { openSocket, type SignallingSocket } from "./socket.ts";
import { summarise } from "./stats.ts";
import { VoiceTime } from "./voice-time.ts";

export type ChannelState = "connecting" | "connected" | "reconnecting" | "closed";

export interface ChannelEvents {
  state: ChannelState;
  "user-joined": User;
  "user-left": { uid: string; reason: "left" | "vanished" | "removed" };
  /** After a lost connection an agent may not be back yet: it is there without a voice, and gets one or leaves within a minute. */
  "user-changed": User;
  /** Someone's voice is at the loudspeaker. */
  audio: Playback;
  "audio-ended": { uid: string };
  /** The browser wants a gesture before it plays sound: call `resumeAudio` from a click. */
  "audio-blocked": { uid: string };
  /** What an agent says of the conversation: transcripts, interruptions, state, latencies. */
  message: { uid: string; message: AgentMessage };
  /** Any other data message. */
  data: { uid: string; value: unknown };
  /** One data packet as it came (section 8.1 of the REST contract): for readers that put packets together themselves. */
  "data-packet": { uid: string; data: Uint8Array };
  /** What of an agent's voice is at the loudspeaker now, five times a second: `ms` is on the axis of `start_ms` in its messages. */
  "voice-time": { uid: string; ms: number };
  /** The agent was interrupted: nothing but silence follows. */
  flush: { uid: string };
  "token-will-expire": { inSeconds: number };
  /** Something failed and the call goes on. */
  error: ParleyError;
  /** The last event. `error` is null where this side left. */
  closed: { error: ParleyError | null };
}

export interface JoinOptions {
  /** Where the engine is. Default: where the page comes from. */
  readonly url?: string | URL;
  readonly appId: string;
  readonly channel: string;
  /** Left out: the uid that the token names, else one that the engine chooses. */
  readonly uid?: string;
  readonly token?: string;
  /** Null: listen only. It stays the caller's: closing the channel does not close it. */
  readonly microphone: Microphone | null;
  /** Makes the element that plays someone's voice. Default: one that is not in the page. */
  audioElement?(uid: string): HTMLAudioElement;
  /** Asked for a new token before the old one expires. */
  renewToken?(): Promise<string>;
  readonly signal?: AbortSignal;
}

/** How often the loudspeaker's position is reported, and the connection's figures, in milliseconds. */
const playedEveryMs = 200;
const statsEveryMs = 5_000;
/** How long the engine may take to answer a join, in milliseconds. */
const joinTimeoutMs = 10_000;
/** How long audio may take to connect, in milliseconds. */
const mediaTimeoutMs = 12_000;

export class Channel {
  readonly #emitter = new Emitter<ChannelEvents>();
  readonly #options: JoinOptions;
  readonly #closing = new AbortController();
  readonly #users = new Map<string, User>();
  readonly #playbacks = new Map<string, Playback>();
  readonly #readers = new Map<string, Reassembly>();
  readonly #voiceTimes = new Map<string, VoiceTime>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #absences = new Absences((uid) => this.#forgetUser(uid, "vanished"));
  readonly #ended = Promise.withResolvers<void>();
  #state: ChannelState = "connecting";
  #uid = "";
  #token: string;
  #socket: SignallingSocket | null = null;
  #peer: PeerLink | null = null;
  #mediaTimer: ReturnType<typeof setTimeout> | undefined;
  /** Attempts since audio last flowed, and when it was lost. */
  #attempts = 0;
  #lostAt: number | null = null;
  /** Why this side gave up. */
  #failure: ParleyError | null = null;

  constructor(options: JoinOptions) {
    this.#options = options;
    this.#token = options.token ?? "";
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** This side's uid. */
  get uid(): string {
    return this.#uid;
  }

  /** Everybody else who is there. */
  get users(): readonly User[] {
    return [...this.#users.values()];
  }

  on<Type extends keyof ChannelEvents>(type: Type, handler: (event: ChannelEvents[Type]) => void): () => void {
    return this.#emitter.on(type, handler);
  }

  /** Says `text` to an agent, as typing does: it interrupts as speech would. */
  say(text: string, to: string | undefined = this.users.find((user) => user.agent)?.uid): void {
    if (to === undefined)
      throw new ParleyError("agent-gone", "There is no agent in this channel.", {
        remedy: "Start one, then write again.",
      });
    this.tell(to, "user.transcription", { priority: "interrupt", interruptable: true, message: text });
  }

  /** Sends an agent a message of any kind that it understands (section 8.6 of the REST contract). */
  tell(to: string, customType: string, body: unknown): void {
    this.#send({ type: "message", to, customType, body: JSON.stringify(body) });
  }

  /** Makes an agent fall silent. */
  interrupt(to: string): void {
    this.tell(to, "message.interrupt", { customType: "message.interrupt" });
  }

  /** Plays what the browser held back; to be called from a click. */
  async resumeAudio(): Promise<void> {
    for (const playback of this.#playbacks.values()) await this.#play(playback);
  }

  /** Leaves, and resolves when everything is closed. */
  async close(): Promise<void> {
    this.#send({ type: "leave" });
    this.#closing.abort();
    this.#socket?.close();
    await this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Runs the channel from join to the end; `joined` is called once. Used by {@link joinChannel}. */
  async run(joined: () => void): Promise<void> {
    const { microphone } = this.#options;
    const offs = [
      microphone?.on("track", (track) => void this.#peer?.replaceTrack(track)),
      microphone?.on("muted", (muted) => this.#send({ type: "mute", muted })),
    ];
    this.#timers.push(
      setInterval(() => this.#reportPlayed(), playedEveryMs),
      setInterval(() => this.#tellVoiceTimes(), playedEveryMs),
      setInterval(() => void this.#reportStats(), statsEveryMs),
    );
    let error: ParleyError | null = null;
    try {
      await this.#stayConnected(joined);
    } catch (cause) {
      error = cause instanceof ParleyError ? cause : new ParleyError("server-gone", "The connection to the engine failed.", { cause });
    }
    error = this.#failure ?? (this.#closing.signal.aborted ? null : error);
    for (const off of offs) off?.();
    for (const timer of this.#timers) clearInterval(timer);
    this.#absences.close();
    this.#closePeer();
    this.#setState("closed");
    this.#emitter.emit("closed", { error });
    this.#ended.resolve();
    if (error !== null) throw error;
  }

  async #stayConnected(joined: () => void): Promise<void> {
    const { signal } = this.#closing;
    for (; !signal.aborted; this.#attempts++) {
      try {
        const once = await this.#converse(joined);
        if (once !== "lost") return;
      } catch (error) {
        if (signal.aborted) return;
        if (this.#uid === "" || !(error instanceof ParleyError) || error.code !== "server-gone") throw error;
      }
      if (signal.aborted) return;
      this.#lostAt ??= performance.now();
      this.#closePeer();
      this.#setState("reconnecting");
      const delayMs = reconnectDelay(this.#attempts, performance.now() - this.#lostAt, Math.random());
      if (delayMs === undefined) throw new ParleyError("server-gone", "The connection to the engine was lost and did not come back.");
      await pause(delayMs, signal);
    }
  }

  /** One socket from open to close. `left`: the end was meant; `lost`: it was not. Throws what is final. */
  async #converse(joined: () => void): Promise<"left" | "lost"> {
    const url = signallingUrl(this.#options.url);
    const socket = await openSocket(url, this.#closing.signal);
    this.#socket = socket;
    const unanswered = setTimeout(() => socket.close(), joinTimeoutMs);
    try {
      socket.send(this.#join(url));
      for await (const message of socket.messages()) {
        clearTimeout(unanswered);
        if (message.type === "joined") this.#take(message, url, joined);
        else this.#handle(message);
      }
    } finally {
      clearTimeout(unanswered);
      socket.close();
      this.#socket = null;
    }
    if (this.#closing.signal.aborted) return "left";
    if (socket.end?.code === 4001) throw new ParleyError("taken-over", "This call was taken over by another window.");
    if (socket.end?.reason === "removed") throw new ParleyError("removed", "The engine has ended this stay in the channel.");
    if (this.#uid === "") throw new ParleyError("server-gone", `The engine at ${url.host} did not answer the join.`);
    return "lost";
  }

  /** The first message. The session of an earlier join takes the uid back: after a lost socket, or a reload. */
  #join(url: URL): ClientMessageInput {
    const { appId, channel } = this.#options;
    const uid = this.#uid === "" ? (this.#options.uid ?? "") : this.#uid;
    const sessionId = sessionFor(url, appId, channel, uid);
    return {
      type: "join",
      appId,
      channel,
      token: this.#token,
      ...(uid === "" ? {} : { uid }),
      ...(sessionId === undefined ? {} : { sessionId }),
    };
  }

  #take(message: Extract<ServerMessage, { type: "joined" }>, url: URL, joined: () => void): void {
    this.#uid = message.uid;
    rememberSession(url, message.appId, message.channel, [message.uid, this.#options.uid ?? ""], message.sessionId);
    for (const user of this.#users.values()) if (!message.users.some(({ uid }) => uid === user.uid)) this.#miss(user);
    for (const user of message.users) this.#noteUser(user);
    if (this.#options.microphone?.muted === true) this.#send({ type: "mute", muted: true });
    const track = this.#options.microphone?.track ?? null;
    this.#peer = new PeerLink(message.iceServers, track, {
      send: (offer) => this.#send(offer),
      onReceiver: (uid, receiver) => this.#hear(uid, receiver),
      onReceiverGone: (uid) => this.#unhear(uid),
      onState: (state) => this.#onMediaState(state),
      onFailure: (cause) =>
        this.#fail(new ParleyError("bad-message", `The audio connection could not be negotiated: ${String(cause)}`, { cause })),
    });
    this.#peer.hear(message.users.filter((user) => user.publishing).map((user) => user.uid));
    clearTimeout(this.#mediaTimer);
    this.#mediaTimer = setTimeout(() => this.#mediaFailed(), mediaTimeoutMs);
    joined();
  }

  #handle(message: Exclude<ServerMessage, { type: "joined" }>): void {
    switch (message.type) {
      case "answer":
        return void this.#peer?.answered(message.id, message.sdp);
      case "negotiate":
        return this.#peer?.hear(message.subscribe);
      case "user-joined":
        return this.#noteUser({
          uid: message.uid,
          agent: message.agent,
          publishing: message.publishing,
          muted: message.muted,
        });
      case "user-left":
        return this.#forgetUser(message.uid, message.reason);
      case "user-published":
        return this.#changeUser(message.uid, { publishing: true });
      case "user-unpublished":
        return this.#changeUser(message.uid, { publishing: false });
      case "user-muted":
        return this.#changeUser(message.uid, { muted: message.muted });
      case "stream-message":
        return this.#read(message.uid, message.data);
      case "flush":
        this.#sendPlayed(message.uid);
        return this.#emitter.emit("flush", { uid: message.uid });
      case "voice-time":
        return void this.#voiceTimes.set(message.uid, new VoiceTime(message));
      case "token-will-expire":
        return void this.#renew(message.inSeconds);
      case "taken-over":
        throw new ParleyError("taken-over", "This call was taken over by another window.");
      case "error": {
        const error = new ParleyError(message.code, message.message, { remedy: message.remedy });
        if (message.fatal) throw error;
        return this.#emitter.emit("error", error);
      }
    }
  }

  /** Gone while nobody told. */
  #miss(user: User): void {
    if (!user.agent) return this.#forgetUser(user.uid, "left");
    this.#changeUser(user.uid, { publishing: false });
    this.#absences.begin(user.uid);
  }

  #noteUser(user: User): void {
    if (user.publishing) this.#absences.end(user.uid);
    const known = this.#users.has(user.uid);
    this.#users.set(user.uid, user);
    this.#emitter.emit(known ? "user-changed" : "user-joined", user);
  }

  #changeUser(uid: string, change: Partial<User>): void {
    const user = this.#users.get(uid);
    if (user !== undefined) this.#noteUser({ ...user, ...change });
  }

  #forgetUser(uid: string, reason: "left" | "vanished" | "removed"): void {
    this.#absences.end(uid);
    this.#readers.delete(uid);
    this.#voiceTimes.delete(uid);
    if (this.#users.delete(uid)) this.#emitter.emit("user-left", { uid, reason });
  }

  #read(uid: string, data: string): void {
    const reader = this.#readers.get(uid) ?? new Reassembly();
    this.#readers.set(uid, reader);
    const packet = fromBase64(data) ?? "";
    this.#emitter.emit("data-packet", { uid, data: Uint8Array.from(packet, (character) => character.charCodeAt(0)) });
    const value = reader.push(packet, performance.now());
    if (isAgentMessage(value)) this.#emitter.emit("message", { uid, message: value });
    else if (value !== undefined) this.#emitter.emit("data", { uid, value });
  }

  #hear(uid: string, receiver: RTCRtpReceiver): void {
    if (this.#playbacks.get(uid)?.receiver === receiver) return;
    this.#unhear(uid);
    const element = this.#options.audioElement?.(uid) ?? new Audio();
    const playback = new Playback(uid, receiver, element);
    this.#playbacks.set(uid, playback);
    this.#emitter.emit("audio", playback);
    void this.#play(playback);
  }

  async #play(playback: Playback): Promise<void> {
    const allowed = await playback.play();
    if (!allowed) this.#emitter.emit("audio-blocked", { uid: playback.uid });
    else this.#sayReady();
  }

  /** The greeting begins at this: the loudspeaker plays, and packets can come. */
  #sayReady(): void {
    const playing = [...this.#playbacks.values()].some((playback) => playback.playing);
    if (playing && this.#peer?.state === "connected") this.#send({ type: "ready" });
  }

  #unhear(uid: string): void {
    const playback = this.#playbacks.get(uid);
    if (playback === undefined) return;
    this.#playbacks.delete(uid);
    playback.close();
    this.#emitter.emit("audio-ended", { uid });
  }

  #onMediaState(state: RTCPeerConnectionState): void {
    if (state === "connected") {
      clearTimeout(this.#mediaTimer);
      // A join alone is no return: where audio stays away, trying again has an end.
      this.#attempts = 0;
      this.#lostAt = null;
      this.#setState("connected");
      this.#sayReady();
    }
    if (state === "failed") this.#mediaFailed();
  }

  /** Where audio had flowed, the path has changed: join again. Where it never did, it is blocked. */
  #mediaFailed(): void {
    if (this.#state === "connecting")
      this.#fail(
        new ParleyError("media-unreachable", "Signalling works, but no audio comes through: UDP to the engine seems to be blocked."),
      );
    else this.#socket?.close();
  }

  #fail(error: ParleyError): void {
    this.#failure ??= error;
    void this.close();
  }

  #reportPlayed(): void {
    for (const [uid, playback] of this.#playbacks)
      if (this.#users.get(uid)?.agent === true && playback.sounding(performance.now())) this.#sendPlayed(uid);
  }

  #tellVoiceTimes(): void {
    for (const [uid, time] of this.#voiceTimes) {
      const position = this.#playbacks.get(uid)?.position();
      if (position !== undefined)
        this.#emitter.emit("voice-time", { uid, ms: time.at(position.rtpTimestamp) + position.nowMs - position.atMs });
    }
  }

  #sendPlayed(uid: string): void {
    const position = this.#playbacks.get(uid)?.position();
    if (position !== undefined) this.#send({ type: "played", uid, ...position });
  }

  async #reportStats(): Promise<void> {
    const report = await this.#peer?.stats();
    if (report !== undefined && this.#state === "connected") this.#send({ type: "stats", ...summarise(report.values()) });
  }

  async #renew(inSeconds: number): Promise<void> {
    this.#emitter.emit("token-will-expire", { inSeconds });
    try {
      const token = await this.#options.renewToken?.();
      if (token === undefined) return;
      this.#token = token;
      this.#send({ type: "renew", token });
    } catch (cause) {
      this.#emitter.emit(
        "error",
        new ParleyError("token-expired", "No new token could be had; the call ends when the old one expires.", {
          cause,
        }),
      );
    }
  }

  #closePeer(): void {
    clearTimeout(this.#mediaTimer);
    for (const uid of this.#playbacks.keys()) this.#unhear(uid);
    this.#peer?.close();
    this.#peer = null;
  }

  #setState(state: ChannelState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#emitter.emit("state", state);
  }

  #send(message: ClientMessageInput): void {
    this.#socket?.send(message);
  }
}

/**
 * Joins a channel; resolves when the engine has said who is there. Rejects with a {@link ParleyError}. To miss no
 * event, give `prepare`: it gets the channel before the first one.
 */
export function joinChannel(options: JoinOptions, prepare?: (channel: Channel) => void): Promise<Channel> {
  options.signal?.throwIfAborted();
  const channel = new Channel(options);
  prepare?.(channel);
  return new Promise((resolve, reject) => {
    const abort = (): void => void channel.close();
    options.signal?.addEventListener("abort", abort, { once: true });
    channel
      .run(() => resolve(channel))
      .then(() => reject(new ParleyError("left", "The channel was left before it was joined.")), reject)
      .finally(() => options.signal?.removeEventListener("abort", abort));
  });
}

function signallingUrl(base: string | URL | undefined): URL {
  const url = new URL("/rtc", base ?? location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
