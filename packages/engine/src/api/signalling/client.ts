/** One signalling socket: reads a client's messages, and tells it what happens in its channel. */
import { randomBytes } from "node:crypto";
import type { Rtc } from "@parley/media";
import {
  ClientMessage,
  closeCodes,
  packetFromBase64,
  packetToBase64,
  type IceServer,
  type ServerMessage,
  type User,
} from "@parley/protocol";
import type { Logger } from "pino";
import type { RawData } from "ws";
import { AppError, toAppError } from "../../errors.ts";
import { faultsOf, toError } from "../../faults.ts";
import { same } from "../../projects/projects.ts";
import { RateLimit } from "../../rate-limit.ts";
import type { Channels, LeaveReason, Member } from "../../rtc/channel.ts";
import { Person, type PersonEvent } from "../../rtc/person.ts";
import { admit, type Admission, type FindProject } from "./admission.ts";

/** What is needed of a `WebSocket` of ws. */
export interface ClientSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly bufferedAmount: number;
  on(event: "message", handler: (data: RawData, isBinary: boolean) => void): unknown;
  on(event: "close", handler: (code: number) => void): unknown;
  on(event: "pong" | "error", handler: () => void): unknown;
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface ClientOptions {
  readonly channels: Channels;
  readonly projects: FindProject;
  readonly rtc: Rtc;
  readonly iceServers: readonly IceServer[];
  readonly log: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Sockets by the session that they hold, for taking over. */
  readonly sessions: Map<string, Client>;
  /** Called once, when this client has left for good. */
  readonly onGone: () => void;
}

/** Time to send `join`, in milliseconds. */
const joinWithinMs = 5000;
/** Messages in a second, and in a burst. */
const messageRate = { perSecond: 100, burst: 400 };
/** Refused messages, beyond those that are allowed, from which a client is sent away. */
const maxRefused = 500;
/** What an RTC data stream takes (spec 8.1): packets in a second. */
const packetRate = { perSecond: 60, burst: 120 };
/** Unsent bytes from which a client counts as gone. */
const maxUnsent = 1024 * 1024;
/** How long before the end of a token the client is told, in milliseconds. */
const tokenWarningMs = 30_000;
/** RTP and pings that stay away for so long mean that nobody is there, in milliseconds. */
const vanishedMs = 3000;
/** Checks that lie so far apart mean that this process stood still, in milliseconds. */
const stallMs = 2500;
/** A socket that broke off may come back for so long, in milliseconds: its media goes on meanwhile. */
const graceMs = 3000;

export class Client {
  readonly #socket: ClientSocket;
  readonly #options: ClientOptions;
  readonly #messages = new RateLimit(messageRate);
  readonly #packets = new RateLimit(packetRate);
  readonly #joinTimer: NodeJS.Timeout;
  #person: Person | undefined;
  #admission: Admission | undefined;
  #sessionId = "";
  #appId = "";
  #channel = "";
  #alive = true;
  /** When their socket last gave a sign of life. */
  #heardAt = performance.now();
  #checkedAt = performance.now();
  #warned = false;
  #refused = 0;
  #graceTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: ClientSocket, options: ClientOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#joinTimer = setTimeout(() => this.#refuse(new AppError("not-joined", "no join came within five seconds"), true), joinWithinMs);
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("pong", () => (this.#heardAt = performance.now()));
    socket.on("error", () => {}); // What it means, `close` says.
    socket.on("close", (code) => this.#closed(code));
  }

  /** To be called about once a second: pings, notices who has vanished, warns of the end of a token. */
  check(): void {
    if (!this.#alive) return;
    const now = performance.now();
    // After a stall of our own their signs of life have yet to be read.
    if (now - this.#checkedAt > stallMs) this.#heardAt = now;
    this.#checkedAt = now;
    const silentMs = Math.min(now - this.#heardAt, this.#person?.silentMs(now) ?? Infinity);
    if (silentMs > vanishedMs) {
      this.#socket.terminate();
      this.#leave("vanished");
      return;
    }
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
    this.#checkToken();
  }

  /** The engine shuts down, or ends this person's stay. */
  close(code: number, reason: string): void {
    this.#leave("removed");
    this.#socket.close(code, reason);
  }

  // What comes in

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.#alive) return;
    this.#heardAt = performance.now();
    try {
      if (!this.#messages.admit(performance.now())) {
        this.#refused += 1;
        const flood = new AppError("rate-limited", `more than ${messageRate.perSecond} messages in a second`);
        if (this.#refused >= maxRefused) this.#refuse(flood, true);
        throw flood;
      }
      const message = read(data, isBinary);
      // One after the other: an offer must not overtake the join before it.
      this.#work = this.#work.then(() => this.#handle(message)).catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #handle(message: ClientMessage): Promise<void> {
    if (!this.#alive) return;
    if (message.type === "join") {
      this.#join(message);
      return;
    }
    const person = this.#person;
    if (person === undefined) throw new AppError("not-joined", `${message.type} came before join`);
    switch (message.type) {
      case "offer":
        this.#send({ type: "answer", id: message.id, sdp: await person.accept(message.sdp, message.plan) });
        if (message.plan.some((line) => "publish" in line) && !person.publishing) {
          throw new AppError("token-privilege", "the token does not allow to publish audio (privilege 2): others are heard, you are not");
        }
        break;
      case "ready":
        person.becomeReady();
        break;
      case "subscribe":
        person.subscribe(message.uids);
        break;
      case "mute":
        person.mute(message.muted);
        break;
      case "message":
        this.#tellAgent(person, message.to, message.customType, message.body);
        break;
      case "stream-message":
        this.#broadcast(person, message.data);
        break;
      case "played":
        person.played(message.uid, message.rtpTimestamp, Math.max(0, message.nowMs - message.atMs));
        break;
      case "renew":
        this.#admission = admit(
          this.#options.projects,
          { appId: this.#appId, channel: this.#channel, uid: person.uid, token: message.token },
          this.#options.now(),
        );
        this.#warned = false;
        break;
      case "stats":
        this.#options.log.debug({ uid: person.uid, channel: this.#channel, ...message }, "client statistics");
        break;
      case "leave":
        this.#leave("left");
        this.#socket.close(closeCodes.left, "left");
        break;
    }
  }

  #join(message: Extract<ClientMessage, { type: "join" }>): void {
    if (this.#person !== undefined)
      throw new AppError("already-joined", `this socket is in channel ${this.#channel} as ${this.#person.uid}`);
    const { channels, projects, rtc, iceServers, now, sessions } = this.#options;
    const admission = admit(projects, message, now());
    const channel = channels.open(message.appId, message.channel);
    const uid = admission.uid === "0" ? channel.freeUid() : admission.uid;
    this.#takeOver(message.sessionId, message.appId, message.channel, uid);
    const person = new Person({
      uid,
      channel,
      rtc,
      publishUntil: () => this.#admission?.publishUntil ?? 0,
      tell: (event) => this.#tell(event),
      onRemove: () => this.close(closeCodes.goingAway, "removed"),
      onFailed: () => this.#options.log.info({ uid, channel: channel.name }, "the media connection failed"),
    });
    const users = channel.members.map(asUser);
    try {
      channel.join(person);
    } catch (error) {
      person.leave("removed");
      throw error;
    }
    clearTimeout(this.#joinTimer);
    this.#person = person;
    this.#admission = admission;
    this.#appId = message.appId;
    this.#channel = message.channel;
    this.#sessionId = randomBytes(24).toString("base64url");
    sessions.set(this.#sessionId, this);
    const { expiresAt } = admission;
    this.#send({
      type: "joined",
      appId: message.appId,
      channel: message.channel,
      uid,
      sessionId: this.#sessionId,
      users,
      iceServers: [...iceServers],
      tokenExpiresInSeconds: expiresAt === Infinity ? null : Math.max(0, Math.floor((expiresAt - now()) / 1000)),
    });
  }

  /** Whoever holds the secret of the session that has this uid is the same person: the old socket goes. */
  #takeOver(sessionId: string | undefined, appId: string, channel: string, uid: string): void {
    if (sessionId === undefined) return;
    for (const [id, client] of this.#options.sessions) {
      if (!same(id, sessionId) || client.#appId !== appId || client.#channel !== channel || client.#person?.uid !== uid) continue;
      client.#send({ type: "taken-over" });
      client.#leave("left");
      client.#socket.close(closeCodes.takenOver, "taken-over");
    }
  }

  #tellAgent(person: Person, to: string, customType: string, body: string): void {
    const agent = this.#options.channels.open(this.#appId, this.#channel).find(to);
    if (agent?.agent !== true) throw new AppError("unknown-uid", `there is no agent ${to} in channel ${this.#channel}`);
    if (!agent.hears(person)) throw new AppError("forbidden", `agent ${to} listens to others only (remote_rtc_uids)`);
    agent.take({ type: "message", member: person, customType, body });
  }

  #broadcast(person: Person, data: string): void {
    if (!this.#packets.admit(performance.now()))
      throw new AppError("rate-limited", `more than ${packetRate.perSecond} data packets in a second`);
    if (this.#options.now() > (this.#admission?.dataUntil ?? 0))
      throw new AppError("token-privilege", "the token does not allow data messages (privilege 4)");
    const packet = packetFromBase64(data);
    if (packet === undefined) throw new AppError("invalid-message", "stream-message.data is not base64");
    this.#options.channels.open(this.#appId, this.#channel).tell(person, { type: "packet", member: person, packet });
  }

  // What goes out

  #tell(event: PersonEvent): void {
    switch (event.type) {
      case "joined":
        this.#send({ type: "user-joined", ...asUser(event.member) });
        break;
      case "left":
        this.#send({ type: "user-left", uid: event.member.uid, reason: event.reason });
        break;
      case "published":
        this.#send({ type: "user-published", uid: event.member.uid });
        break;
      case "unpublished":
        this.#send({ type: "user-unpublished", uid: event.member.uid });
        break;
      case "muted":
        this.#send({ type: "user-muted", uid: event.member.uid, muted: event.member.muted });
        break;
      case "packet":
        this.#send({ type: "stream-message", uid: event.member.uid, data: packetToBase64(event.packet) });
        break;
      case "flush":
        this.#send({ type: "flush", uid: event.member.uid });
        break;
      case "voice-time":
        this.#send(event);
        break;
      case "negotiate":
        this.#send({ type: "negotiate", subscribe: [...event.uids] });
        break;
    }
  }

  #send(message: ServerMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxUnsent) {
      this.#socket.terminate();
      return;
    }
    this.#socket.send(JSON.stringify(message));
  }

  #fail(error: unknown): void {
    if (!this.#alive) return;
    const known = toAppError(error);
    if (known.code === "internal") this.#options.log.error({ err: error }, "a signalling message failed");
    // Before it has joined, a client that is refused has nothing to stay for.
    this.#refuse(known, this.#person === undefined);
  }

  #refuse({ code, message, remedy }: AppError, fatal: boolean): void {
    this.#send({ type: "error", code, message, remedy, fatal });
    if (!fatal) return;
    this.#leave("removed");
    this.#socket.close(closeCodes.fatal, code);
  }

  // The end

  #closed(code: number): void {
    clearTimeout(this.#joinTimer);
    if (!this.#alive) return;
    // A page that goes says so (1000, 1001); a network that breaks does not, and its client may come back.
    if (code === 1000 || code === 1001 || code === 1005 || this.#person === undefined) this.#leave("left");
    else this.#graceTimer = setTimeout(() => this.#leave("vanished"), graceMs);
  }

  #leave(reason: LeaveReason): void {
    if (!this.#alive) return;
    this.#alive = false;
    clearTimeout(this.#joinTimer);
    clearTimeout(this.#graceTimer);
    this.#options.sessions.delete(this.#sessionId);
    this.#options.onGone();
    this.#person?.leave(reason);
  }

  #checkToken(): void {
    const expiresAt = this.#admission?.expiresAt ?? Infinity;
    const leftMs = expiresAt - this.#options.now();
    if (leftMs <= 0) {
      this.#refuse(new AppError("token-expired", "the token has expired in mid-call, and no renew came"), true);
    } else if (leftMs <= tokenWarningMs && !this.#warned) {
      this.#warned = true;
      this.#send({ type: "token-will-expire", inSeconds: Math.ceil(leftMs / 1000) });
    }
  }
}

function asUser({ uid, agent, publishing, muted }: Member): User {
  return { uid, agent, publishing, muted };
}

/** Throws `invalid-message`, naming what is wrong. */
function read(data: RawData, isBinary: boolean): ClientMessage {
  if (isBinary || !Buffer.isBuffer(data)) throw new AppError("invalid-message", "a binary message came, JSON text is expected");
  let value: unknown;
  try {
    value = JSON.parse(data.toString("utf8"));
  } catch (cause) {
    throw new AppError("invalid-message", "the message is not JSON", { cause });
  }
  const parsed = ClientMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid-message", toError(faultsOf(parsed.error, value), "").message);
}
