/** A channel with clients whose other end is the test, without network, on vitest's clock. */
import { EventEmitter } from "node:events";
import { openFakeRtc, writeRtp, type RtpPeer } from "@parley/media";
import { ServerMessage, type ClientMessageInput } from "@parley/protocol";
import { pino } from "pino";
import { vi } from "vitest";
import { buildToken } from "../../projects/tokens.ts";
import { Channels } from "../../rtc/channel.ts";
import { Client, type ClientOptions, type ClientSocket } from "./client.ts";

const project = { appId: "0123456789abcdef0123456789abcdef", certificate: "fedcba9876543210fedcba9876543210" };
export const { appId } = project;

/** Timers, `performance` and `Date` stand still until {@link Room.pass}. */
export function stopClock(): void {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
    now: Date.UTC(2026, 0, 1),
  });
}

/** A socket whose other end is the test. */
export class FakeSocket extends EventEmitter implements ClientSocket {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  answersPings = true;
  readonly said: ServerMessage[] = [];
  closed: { code: number; reason: string } | undefined;

  send(text: string): void {
    this.said.push(ServerMessage.parse(JSON.parse(text)));
  }

  ping(): void {
    if (this.answersPings) queueMicrotask(() => this.emit("pong"));
  }

  close(code: number, reason: string): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    this.closed = { code, reason };
    queueMicrotask(() => this.emit("close", code));
  }

  terminate(): void {
    this.close(1006, "");
  }
}

export interface Participant {
  readonly socket: FakeSocket;
  readonly client: Client;
  say(message: ClientMessageInput): void;
  raw(data: string | Buffer, isBinary?: boolean): void;
  /** The types of what was said to them, and the codes of errors. */
  heard(): string[];
}

export class Room {
  readonly channels = new Channels();
  readonly rtc = openFakeRtc({ now: () => performance.now() });
  readonly clients = new Set<Client>();
  readonly #sessions: ClientOptions["sessions"] = new Map();

  connect(): Participant {
    const socket = new FakeSocket();
    const client: Client = new Client(socket, {
      channels: this.channels,
      projects: { find: (id) => (id === appId ? project : undefined) },
      rtc: this.rtc,
      iceServers: [],
      log: pino({ level: "silent" }),
      now: () => Date.now(),
      sessions: this.#sessions,
      onGone: () => this.clients.delete(client),
    });
    this.clients.add(client);
    const raw = (data: string | Buffer, isBinary = false) => void socket.emit("message", Buffer.from(data), isBinary);
    return {
      socket,
      client,
      raw,
      say: (message) => raw(JSON.stringify(message)),
      heard: () => socket.said.map((message) => (message.type === "error" ? message.code : message.type)),
    };
  }

  async join(uid: string, { token = this.token(uid), sessionId = "" } = {}): Promise<Participant> {
    const participant = this.connect();
    participant.say({ type: "join", appId, channel: "lobby", uid, token, ...(sessionId === "" ? {} : { sessionId }) });
    await this.pass(0);
    return participant;
  }

  token(uid: string, change: Partial<Parameters<typeof buildToken>[0]> = {}): string {
    return buildToken({ ...project, channel: "lobby", uid, expireSeconds: 3600, now: Date.now(), ...change });
  }

  /** Lets time pass, with a check each second. */
  async pass(ms: number): Promise<void> {
    let left = ms;
    for (; left >= 1000; left -= 1000) {
      await vi.advanceTimersByTimeAsync(1000);
      for (const client of this.clients) client.check();
    }
    await vi.advanceTimersByTimeAsync(left);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  get uids(): string[] {
    return this.channels.open(appId, "lobby").members.map(({ uid }) => uid);
  }
}

export const sessionOf = ({ socket }: Participant): string => {
  const [joined] = socket.said;
  return joined?.type === "joined" ? joined.sessionId : "";
};

/** Offers a microphone, and a line for each uid; resolves with the peer once it is connected. */
export async function publish(room: Room, participant: Participant, uids: readonly string[] = []): Promise<RtpPeer> {
  const peer = room.rtc.openPeer("browser");
  const sdp = await peer.offer([
    { mid: "0", direction: "sendonly", ssrc: 4 },
    ...uids.map((_, index) => ({ mid: String(index + 1), direction: "recvonly" as const, ssrc: 0 })),
  ]);
  participant.say({
    type: "offer",
    id: 1,
    sdp,
    plan: [{ mid: "0", publish: true }, ...uids.map((uid, index) => ({ mid: String(index + 1), subscribe: uid }))],
  });
  await room.pass(0);
  const answer = participant.socket.said.find((message) => message.type === "answer");
  if (answer?.type !== "answer") throw new Error(`no answer, but ${participant.heard().join(", ")}`);
  await peer.answered(answer.sdp);
  await room.pass(0);
  return peer;
}

export function speak(peer: RtpPeer, sequenceNumber: number, payload = Buffer.alloc(60, 1)): void {
  const opus = peer.codecs("0")?.opus ?? 0;
  peer.send(
    "0",
    writeRtp({ payloadType: opus, marker: false, sequenceNumber, timestamp: sequenceNumber * 960, ssrc: 4, extensions: [], payload }),
  );
}
