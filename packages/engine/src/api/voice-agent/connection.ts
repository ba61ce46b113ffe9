/** One socket of the Voice Agent door: frames in and out, pings, and the life that `connection-life.ts` decides. */
import type { Logger } from "pino";
import type { RawData } from "ws";
import type { Cancel, Clock } from "../../session/clock.ts";
import { type ConnectionDecision, type ConnectionInput, ConnectionLife } from "./connection-life.ts";
import type { Line } from "./line.ts";
import { Notes } from "./notes.ts";
import { readMessage } from "./read-message.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { WireEvent } from "./to-wire.ts";
import type { VoiceSession } from "./voice-session.ts";
import type { Client, Started, VoiceSessions } from "./voice-sessions.ts";

/** What is needed of a `WebSocket` of ws. */
export interface Socket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly bufferedAmount: number;
  on(event: "message", handler: (data: RawData, isBinary: boolean) => void): unknown;
  on(event: "close", handler: (code: number) => void): unknown;
  on(event: "pong", handler: (data: Buffer) => void): unknown;
  on(event: "error", handler: (error: Error) => void): unknown;
  send(text: string, done: (error?: Error) => void): void;
  ping(data: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface ConnectionParts {
  readonly socket: Socket;
  readonly client: Client;
  readonly sessions: VoiceSessions;
  readonly clock: Clock;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  /** Called once, when the socket is gone. */
  readonly onGone: (connection: Connection) => void;
}

/** Unsent bytes from which a client that does not read is dropped: some 15 s of audio. It may come back and resume. */
const maxUnsent = 1024 * 1024;
/** How often a socket is pinged, in milliseconds: so exactly is known, when it is lost, what has arrived. */
const pingMs = 1000;
/** A ping without an answer for so long means that nobody is there. */
const silentMs = 20_000;
/** A ping without an answer for so long, in milliseconds, when a socket is lost: the network was gone before. */
const patienceMs = 3000;
/** A client has so long to answer our goodbye. */
const goodbyeMs = 2000;

export class Connection implements Line {
  readonly #parts: ConnectionParts;
  readonly #life: ConnectionLife;
  /** What was noted before there was a session. */
  readonly #notes = new Notes();
  #session: VoiceSession | undefined;
  #start: AbortController | undefined;
  #cancelDeadline: Cancel = () => {};
  #cancelCheck: Cancel = () => {};
  #closing = false;
  #gone = false;
  /** When pings without an answer went out, the oldest first. */
  #unanswered: number[] = [];

  constructor(parts: ConnectionParts) {
    const { socket, clock } = parts;
    this.#parts = parts;
    this.#life = new ConnectionLife(clock.now());
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("pong", (data) => this.#ponged(data));
    socket.on("error", (error) => parts.log.info({ err: error }, "a voice agent socket failed"));
    socket.on("close", () => this.#closed());
    this.#watch();
    this.#check();
  }

  get silentMs(): number {
    const now = this.#parts.clock.now();
    const silentMs = now - (this.#unanswered[0] ?? now);
    return silentMs > patienceMs ? silentMs : 0;
  }

  send(event: WireEvent, onSent?: () => void): boolean {
    const { socket, now, log } = this.#parts;
    if (this.#closing || socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount > maxUnsent) {
      log.warn(
        { session: this.#session?.id, unsent: socket.bufferedAmount },
        "a client does not read what it is sent: its socket is dropped",
      );
      this.#closing = true;
      socket.terminate();
      return false;
    }
    socket.send(JSON.stringify({ ...event, timestamp: now() / 1000 }), (error) => {
      if (error === undefined || error === null) onSent?.();
    });
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    const { socket, clock } = this.#parts;
    socket.close(code, reason);
    clock.at(clock.now() + goodbyeMs, () => {
      if (!this.#gone) socket.terminate();
    });
  }

  // In

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closing) return;
    const { clock, log } = this.#parts;
    const at = clock.now();
    if (isBinary || !Buffer.isBuffer(data)) {
      const text = "The frame is binary; every message is JSON in a text frame, audio as base64 in input.audio";
      this.#handle({ type: "unreadable", at, refusal: refusal("invalid_format", text), event: "" });
      return;
    }
    const received = readMessage(data.toString("utf8"));
    if (!received.ok) {
      this.#handle({ type: "unreadable", at, refusal: received.refusal, event: received.type });
      return;
    }
    // A session has its own, over all of its sockets.
    for (const note of (this.#session?.notes ?? this.#notes).fresh(received.notes))
      log.info({ session: this.#session?.id, appId: this.#parts.client.project.appId }, note);
    this.#handle({ type: "event", at, event: received.event });
  }

  #handle(input: ConnectionInput): void {
    for (const decision of this.#life.handle(input)) this.#carryOut(decision);
    this.#watch();
  }

  #carryOut(decision: ConnectionDecision): void {
    switch (decision.type) {
      case "start":
        void this.#begin(decision.event);
        break;
      case "resume": {
        const { session_id: id, resume_token: token } = decision.event;
        const resumed = this.#parts.sessions.resume(id, token ?? undefined, this.#parts.client, this);
        if (resumed instanceof Promise) void resumed.then((later) => this.#resumed(later));
        else this.#resumed(resumed);
        break;
      }
      case "pass":
        this.#session?.receive(decision.event);
        break;
      case "tell":
        this.#tell(decision.refusal);
        break;
      case "abandon":
        this.#start?.abort();
        break;
      case "close":
        this.#tell(decision.refusal);
        this.close(decision.code, decision.refusal.code);
        break;
    }
  }

  #resumed(resumed: Started): void {
    const { clock } = this.#parts;
    if (resumed.ok) this.#holds(resumed.session);
    this.#handle(resumed.ok ? { type: "resumed", at: clock.now() } : { type: "resume-failed", at: clock.now(), refusal: resumed.refusal });
    // It went while its session was being fetched.
    if (resumed.ok && this.#gone) resumed.session.lost(this);
  }

  async #begin({ update }: Extract<ConnectionDecision, { type: "start" }>["event"]): Promise<void> {
    const { sessions, client, clock, log } = this.#parts;
    const start = new AbortController();
    this.#start = start;
    const started = await sessions.start(update, client, this, start.signal);
    if (start.signal.aborted) {
      // Nobody waits for it any more.
      if (started.ok) started.session.end("client_disconnect");
      return;
    }
    if (started.ok) {
      this.#holds(started.session);
      started.session.notes.include(this.#notes);
      this.#handle({ type: "started", at: clock.now() });
      return;
    }
    log.info({ appId: client.project.appId, code: started.refusal.code, param: started.refusal.param }, started.refusal.message);
    this.#handle({ type: "start-failed", at: clock.now(), refusal: started.refusal });
  }

  /** From now on it is asked how much has arrived. */
  #holds(session: VoiceSession): void {
    this.#session = session;
    this.#cancelCheck();
    this.#check();
  }

  #tell({ code, message, param }: Refusal): void {
    this.send({ type: "session.error", code, message, param, session_id: this.#session?.id ?? null });
  }

  // Time

  #watch(): void {
    const { clock } = this.#parts;
    this.#cancelDeadline();
    const { deadline } = this.#life;
    if (deadline === undefined || this.#gone) return;
    this.#cancelDeadline = clock.at(deadline, () => this.#handle({ type: "time", at: Math.max(deadline, clock.now()) }));
  }

  /** Pings: to know that somebody is there, and how much of what was sent has arrived. */
  #check(): void {
    const { socket, clock, log } = this.#parts;
    if (this.#gone) return;
    const now = clock.now();
    this.#cancelCheck = clock.at(now + pingMs, () => this.#check());
    if (now - (this.#unanswered[0] ?? now) >= silentMs) {
      log.info({ session: this.#session?.id }, "a client has not answered pings for 20 s: its socket is dropped");
      socket.terminate();
      return;
    }
    // Before there is a session nothing is to be known, and clients that read frames by hand expect none.
    if (this.#session === undefined || socket.readyState !== socket.OPEN) return;
    this.#unanswered.push(now);
    socket.ping(`${this.#session.pinged()} ${now}`);
  }

  #ponged(data: Buffer): void {
    const [ping = 0, at = Number.NaN] = data.toString("latin1").split(" ").map(Number);
    if (!this.#unanswered.includes(at)) return;
    this.#unanswered = this.#unanswered.filter((sent) => sent > at);
    if (ping > 0) this.#session?.ponged(ping);
  }

  #closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#cancelDeadline();
    this.#cancelCheck();
    this.#handle({ type: "gone", at: this.#parts.clock.now() });
    this.#session?.lost(this, this.silentMs);
    this.#parts.onGone(this);
  }
}
