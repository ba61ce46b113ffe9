/** A person in a channel: their connection, the voices that are forwarded to them, and their own. */
import { randomInt } from "node:crypto";
import {
  readAudioLevel,
  readRed,
  readRtp,
  RTP_UNITS_PER_MS,
  SdpError,
  type MediaPlan,
  type ReceptionReport,
  type Rtc,
  type RtpPacket,
  type RtpPeer,
} from "@parley/media";
import type { OfferLine } from "@parley/protocol";
import { AppError } from "../errors.ts";
import { RateLimit } from "../rate-limit.ts";
import type { Channel, ChannelEvent, LeaveReason, Member } from "./channel.ts";
import { Forward } from "./forward.ts";
import { Source, type VoicePacket } from "./source.ts";

/** What a person's client is told; signalling spells it. */
export type PersonEvent =
  | Exclude<ChannelEvent, { type: "played" | "message" | "ready" }>
  | { type: "negotiate"; uids: readonly string[] }
  /** The agent's voice begins on a line of theirs: the packet with this timestamp is at `ms` of the agent's session. */
  | { type: "voice-time"; uid: string; rtpTimestamp: number; ms: number };

export interface PersonOptions {
  readonly uid: string;
  readonly channel: Channel;
  readonly rtc: Rtc;
  /** Until when their token lets them publish, Unix milliseconds; Infinity without tokens. */
  readonly publishUntil: () => number;
  readonly tell: (event: PersonEvent) => void;
  /** The engine ends their stay. */
  readonly onRemove: () => void;
  /** Media did not come to be, or broke off for good. */
  readonly onFailed: () => void;
}

/** The loudspeaker counts as playing so long after the connection stood, in milliseconds, if the client does not say so. */
const readyAfterMs = 600;

/** Packets of 20 ms come at 50 a second, of 10 ms at 100; what is more would be multiplied to everybody. */
const packetRate = { perSecond: 150, burst: 300 };
/** A packet of Opus is no longer (RFC 6716, 3.4). */
const maxPayload = 1275;

/** Whose packets go over a line, and how they are rewritten for it. */
interface Voice {
  readonly member: Member;
  readonly forward: Forward;
}

interface Subscription extends Voice {
  readonly stop: () => void;
}

export class Person implements Member {
  readonly uid: string;
  readonly agent = false;
  readonly source: Source;
  readonly #options: PersonOptions;
  #peer: RtpPeer;
  /** Of the other side's certificate: another one is another connection. */
  #fingerprint: string | undefined;
  /** By the mid of their line. */
  readonly #subscriptions = new Map<string, Subscription>();
  #wanted: readonly string[] = ["*"];
  #publishMid: string | undefined;
  #muted = false;
  #ready = false;
  #heard = false;
  #gone = false;
  #readyTimer: NodeJS.Timeout | undefined;
  #lastPacketAt = performance.now();
  readonly #packets = new RateLimit(packetRate);

  constructor(options: PersonOptions) {
    this.#options = options;
    this.uid = options.uid;
    this.source = new Source(options.uid);
    this.#peer = this.#openPeer();
  }

  get publishing(): boolean {
    return this.#publishMid !== undefined;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Round trip to them as RTCP measures it, in milliseconds; null before the first report. */
  get rttMs(): number | null {
    return this.#peer.stats().rttMs;
  }

  /** Milliseconds since anything came by RTP; undefined while there is no connection. */
  silentMs(now: number): number | undefined {
    return this.#heard ? now - this.#lastPacketAt : undefined;
  }

  get #mayPublish(): boolean {
    return Date.now() < this.#options.publishUntil();
  }

  hears(member: Member): boolean {
    return this.#wants(member);
  }

  take(event: ChannelEvent): void {
    switch (event.type) {
      case "joined":
      case "muted":
      case "packet":
      case "flush":
        this.#options.tell(event);
        break;
      case "left":
        this.#options.tell(event);
        this.#dropFrom(event.member);
        break;
      case "published":
      case "unpublished":
        this.#options.tell(event);
        if (this.#wants(event.member)) this.#askForOffer();
        break;
      case "ready":
      case "message":
      case "played":
        break;
    }
  }

  remove(): void {
    this.#options.onRemove();
  }

  /** They are heard, and may be greeted. */
  becomeReady(): void {
    clearTimeout(this.#readyTimer);
    if (this.#ready || this.#gone) return;
    this.#ready = true;
    this.#options.channel.tell(this, { type: "ready", member: this });
  }

  mute(muted: boolean): void {
    if (muted === this.#muted) return;
    this.#muted = muted;
    this.#options.channel.tell(this, { type: "muted", member: this });
  }

  /** Whom they want to hear; `*` is everybody. */
  subscribe(uids: readonly string[]): void {
    this.#wanted = uids;
    this.#askForOffer();
  }

  /** Answers their offer; without the right to publish, their own line becomes inactive. Throws `invalid-sdp`. */
  async accept(sdp: string, lines: readonly OfferLine[]): Promise<string> {
    const fingerprint = /^a=fingerprint:(.+)$/m.exec(sdp)?.[1];
    // Another certificate: the client began anew, after a connection that did not come to be or broke off.
    const anew = this.#fingerprint !== undefined && fingerprint !== undefined && fingerprint !== this.#fingerprint;
    const peer = anew ? this.#openPeer() : this.#peer;
    const { media, voices } = this.#plan(lines);
    let answer: string;
    try {
      answer = await peer.accept(sdp, media);
    } catch (error) {
      if (anew) peer.close();
      throw error instanceof SdpError ? new AppError("invalid-sdp", error.message, { cause: error }) : error;
    }
    if (this.#gone) {
      peer.close();
      return answer;
    }
    if (anew) {
      this.#peer.close();
      this.#peer = peer;
    }
    this.#fingerprint = fingerprint;
    this.#forward(voices);
    const published = this.#mayPublish ? lines.find((line) => "publish" in line)?.mid : undefined;
    if ((published === undefined) !== (this.#publishMid === undefined)) {
      this.#publishMid = published;
      this.#options.channel.tell(this, { type: published === undefined ? "unpublished" : "published", member: this });
    }
    this.#publishMid = published;
    return answer;
  }

  /** A `played` report of theirs: tells the agent whose voice it was. */
  played(uid: string, rtpTimestamp: number, agoMs: number): void {
    for (const { member, forward } of this.#subscriptions.values()) {
      if (member.uid === uid && member.agent)
        member.take({ type: "played", member: this, timestamp: forward.sourceTimestamp(rtpTimestamp), agoMs });
    }
  }

  leave(reason: LeaveReason): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#readyTimer);
    for (const { stop } of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
    this.#options.channel.leave(this, reason);
    this.#peer.close();
  }

  #openPeer(): RtpPeer {
    const { rtc, channel, uid, onFailed } = this.#options;
    const peer = rtc.openPeer(`${channel.name}/${uid}`);
    peer.onPacket((mid, packet, at) => this.#receive(mid, packet, at));
    peer.onReport((report) => this.#reported(report));
    peer.onState((state) => {
      if (peer !== this.#peer || this.#gone) return;
      if (state === "connected") this.#readyTimer ??= setTimeout(() => this.becomeReady(), readyAfterMs);
      if (state === "failed") onFailed();
    });
    return peer;
  }

  // Their voice

  #receive(mid: string, bytes: Buffer, at: number): void {
    this.#lastPacketAt = at;
    this.#heard = true;
    if (mid !== this.#publishMid || this.#muted || !this.#mayPublish || !this.#packets.admit(at)) return;
    const codecs = this.#peer.codecs(mid);
    const packet = readRtp(bytes);
    if (packet === null || codecs === undefined) return;
    const level = codecs.audioLevelId === null ? undefined : (readAudioLevel(packet, codecs.audioLevelId) ?? undefined);
    if (packet.payloadType === codecs.opus) this.#publish(packet, 0, packet.timestamp, packet.payload, level, at);
    else if (packet.payloadType === codecs.red) {
      const blocks = readRed(packet.payload) ?? [];
      blocks.forEach((block, index) => {
        const back = blocks.length - 1 - index;
        this.#publish(packet, back, (packet.timestamp - block.timestampOffset) >>> 0, block.payload, back === 0 ? level : undefined, at);
      });
    }
  }

  #publish(packet: RtpPacket, back: number, timestamp: number, payload: Uint8Array, level: VoicePacket["level"], at: number): void {
    if (payload.length === 0 || payload.length > maxPayload) return;
    const sequenceNumber = (packet.sequenceNumber - back) & 0xffff;
    this.source.take({ ssrc: packet.ssrc, sequenceNumber }, { timestamp, payload, level }, at);
  }

  // Others' voices

  /** What each line shall do, and whose voice goes over it. Nothing changes before the client's side is known to be good. */
  #plan(lines: readonly OfferLine[]): { media: MediaPlan[]; voices: Map<string, Voice> } {
    const voices = new Map<string, Voice>();
    const media = lines.map((line): MediaPlan => {
      const { mid } = line;
      if ("publish" in line) return { mid, direction: this.#mayPublish ? "recvonly" : "inactive", ssrc: 0 };
      const member = "subscribe" in line ? this.#options.channel.find(line.subscribe) : undefined;
      // Somebody may have left while the offer was on its way: their line stays silent.
      if (member === undefined || member === this || !member.publishing) return { mid, direction: "inactive", ssrc: 0 };
      const before = this.#subscriptions.get(mid);
      const voice = before?.member === member ? before : { member, forward: newForward() };
      voices.set(mid, voice);
      return { mid, direction: "sendonly", ssrc: voice.forward.ssrc, streamId: member.uid };
    });
    return { media, voices };
  }

  #forward(voices: ReadonlyMap<string, Voice>): void {
    for (const [mid, { forward }] of this.#subscriptions) if (voices.get(mid)?.forward !== forward) this.#drop(mid);
    for (const [mid, { member, forward }] of voices) {
      // Who has left in between is not listened to: nobody would end it.
      if (this.#subscriptions.has(mid) || this.#options.channel.find(member.uid) !== member) continue;
      const { source, uid } = member;
      let dated = !member.agent;
      const stop = source.listen((packet, at) => {
        const codecs = this.#peer.codecs(mid);
        if (codecs === undefined) return;
        const bytes = forward.packet(source, packet, codecs, at);
        if (!dated)
          this.#options.tell({
            type: "voice-time",
            uid,
            rtpTimestamp: forward.sentTimestamp(packet.timestamp),
            ms: packet.timestamp / RTP_UNITS_PER_MS,
          });
        dated = true;
        if (bytes !== undefined) this.#peer.send(mid, bytes);
      });
      this.#subscriptions.set(mid, { member, forward, stop });
    }
  }

  #drop(mid: string): void {
    this.#subscriptions.get(mid)?.stop();
    this.#subscriptions.delete(mid);
  }

  #dropFrom(member: Member): void {
    for (const [mid, subscription] of this.#subscriptions) if (subscription.member === member) this.#drop(mid);
    if (member.publishing) this.#askForOffer();
  }

  #wants(member: Member): boolean {
    return this.#wanted.includes("*") || this.#wanted.includes(member.uid);
  }

  #askForOffer(): void {
    if (this.#gone) return;
    const { members } = this.#options.channel;
    const uids = members.filter((member) => member !== this && member.publishing && this.#wants(member)).map((member) => member.uid);
    this.#options.tell({ type: "negotiate", uids });
  }

  #reported({ mid, fractionLost }: ReceptionReport): void {
    this.#subscriptions.get(mid)?.forward.redundancy.report(fractionLost);
  }
}

/** Begins anywhere, as RFC 3550 (5.1) asks. */
function newForward(): Forward {
  return new Forward(randomInt(1, 0x7fff_ffff), { sequence: randomInt(0x8000), timestamp: randomInt(0x7fff_ffff) });
}
