/** An agent in a channel: it hears the people it listens to, each by itself, and speaks with one voice to everybody. */
import {
  audioLevel,
  openOpusDecoder,
  openOpusEncoder,
  Receiver,
  RTP_UNITS_PER_MS,
  type OpusDecoder,
  type OpusEncoder,
} from "@parley/media";
import { FRAME_MS, INPUT_RATE, type Frame, type VoiceFrame } from "../core/frame.ts";
import type { Channel, ChannelEvent, Channels, Member } from "../rtc/channel.ts";
import { Source, type VoicePacket } from "../rtc/source.ts";
import type { Clock } from "../session/clock.ts";
import { Stream } from "../session/stream.ts";
import type { OpenTransport, Played, Transport, TransportCaps, TransportEvent } from "./transport.ts";

export interface ChannelTransportOptions {
  readonly channels: Channels;
  readonly appId: string;
  readonly channel: string;
  /** `0`: one that nobody has. */
  readonly uid: string;
  /** Whom the agent listens to; `*` is everybody who is no agent. */
  readonly remoteUids: readonly string[];
  /** Tells the uid that the agent got. */
  readonly onJoined?: (uid: string) => void;
  /** The clock that packets are stamped with, in milliseconds. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** Hertz of the agent's voice: Opus codes it as super-wideband speech. */
const sampleRate = 24_000;
/** Frames of people's audio that the session may be behind: two seconds of four people. */
const maxFrames = 400;
const maxEvents = 1000;
/** What lies between our sending and the ear of a browser that does not report, in milliseconds, beside half the round trip. */
const bufferMs = 60;
const estimatedRttMs = 40;
/** A report of hearing later than this after our sending is a mistake of the client's, in milliseconds. */
const maxLagMs = 5000;
/** Longest wait for `played` reports after a flush, in milliseconds. */
const reportMs = 150;
/** Fade at a cut, in samples: 5 ms. */
const fadeSamples = (sampleRate * 5) / 1000;
/** Payload type between source and receiver, both in this process. */
const opusPayloadType = 111;

/** Joins the channel when the session opens; throws `uid-taken` or `channel-full`. */
export function openChannelTransport(options: ChannelTransportOptions): OpenTransport {
  return async (clock, signal) => {
    const encoder = await openOpusEncoder(sampleRate);
    const channel = options.channels.open(options.appId, options.channel);
    const uid = options.uid === "0" ? channel.freeUid() : options.uid;
    const transport = new ChannelTransport(channel, uid, options, encoder, clock);
    try {
      signal.throwIfAborted();
      transport.join();
    } catch (error) {
      await transport[Symbol.asyncDispose]();
      throw error;
    }
    signal.addEventListener("abort", () => void transport[Symbol.asyncDispose](), { once: true, signal: transport.gone.signal });
    options.onJoined?.(uid);
    return transport;
  };
}

/** One person that the agent listens to. */
interface Heard {
  readonly member: Member;
  readonly receiver: Receiver;
  readonly decoder: OpusDecoder;
  readonly stop: () => void;
}

class ChannelTransport implements Transport, Member {
  /** Aborted when it has closed: nobody holds on to it any more. */
  readonly gone = new AbortController();
  readonly caps: TransportCaps = { sampleRate, leadMs: 0, perUserAudio: true, playoutReports: true, messages: true };
  readonly frames = new Stream<Frame>(maxFrames);
  readonly events = new Stream<TransportEvent>(maxEvents);
  readonly uid: string;
  readonly agent = true;
  readonly publishing = true;
  readonly muted = false;
  readonly ready = true;
  readonly rttMs = 0;
  readonly source: Source;
  readonly #channel: Channel;
  readonly #remoteUids: readonly string[];
  readonly #encoder: OpusEncoder;
  readonly #clock: Clock;
  readonly #now: () => number;
  /** Session time 0 on the `performance.now()` clock, which packets are stamped with. */
  readonly #origin: number;
  readonly #heard = new Map<string, Heard>();
  /** How long after our sending each client's loudspeaker plays, in milliseconds, as it reported. */
  readonly #lags = new Map<string, number>();
  readonly #stopTime: () => void;
  #reported: PromiseWithResolvers<void> | undefined;
  #written = 0;
  #lastPcm: Int16Array | undefined;
  #cut = false;
  #closed = false;

  constructor(
    channel: Channel,
    uid: string,
    { remoteUids, now = () => performance.now() }: Pick<ChannelTransportOptions, "remoteUids" | "now">,
    encoder: OpusEncoder,
    clock: Clock,
  ) {
    this.#channel = channel;
    this.uid = uid;
    this.source = new Source(uid);
    this.#remoteUids = remoteUids;
    this.#encoder = encoder;
    this.#clock = clock;
    this.#now = now;
    this.#origin = now() - clock.now();
    this.#stopTime = clock.everyFrame((due) => this.#passTime(due));
  }

  join(): void {
    const present = this.#channel.members;
    this.#channel.join(this);
    for (const member of present) {
      this.#arrives(member);
      if (member.ready) this.take({ type: "ready", member });
    }
    // Whoever is there already is told that there is a voice to subscribe to.
    this.#channel.tell(this, { type: "published", member: this });
  }

  // People

  take(event: ChannelEvent): void {
    const { member } = event;
    if (this.#closed || !this.hears(member)) return;
    const at = this.#clock.now();
    switch (event.type) {
      case "joined":
        this.#arrives(member);
        break;
      case "left":
        this.#forget(member);
        this.events.push({ type: "user-left", at, uid: member.uid });
        break;
      case "ready":
        this.events.push({ type: "user-ready", at, uid: member.uid });
        break;
      case "message":
        this.events.push({ type: "message", at, uid: member.uid, customType: event.customType, body: event.body });
        break;
      case "played": {
        // Their word was on its way for half a round trip.
        const lagMs = at - (this.#sentAt(event.timestamp) + event.agoMs + (member.rttMs ?? 0) / 2);
        if (lagMs > maxLagMs || lagMs < -FRAME_MS) break;
        this.#lags.set(member.uid, Math.max(0, lagMs));
        this.#reported?.resolve();
        break;
      }
      case "published":
      case "unpublished":
      case "muted":
      case "packet":
      case "flush":
        break;
    }
  }

  remove(): void {
    if (this.#closed) return;
    this.events.push({ type: "closed", at: this.#clock.now(), reason: "RTC connection error" });
  }

  hears(member: Member): boolean {
    return !member.agent && (this.#remoteUids.includes("*") || this.#remoteUids.includes(member.uid));
  }

  #arrives(member: Member): void {
    if (!this.hears(member) || this.#heard.has(member.uid)) return;
    this.events.push({ type: "user-joined", at: this.#clock.now(), uid: member.uid });
    void this.#listen(member);
  }

  async #listen(member: Member): Promise<void> {
    const decoder = await openOpusDecoder(INPUT_RATE);
    if (this.#closed || this.#channel.find(member.uid) !== member) {
      decoder[Symbol.dispose]();
      return;
    }
    const receiver = new Receiver({ decoder, opus: opusPayloadType, red: null });
    const stop = member.source.listen((packet, at) => this.#deliver(member.uid, receiver.packet(asRtp(packet), at)));
    this.#heard.set(member.uid, { member, receiver, decoder, stop });
  }

  #forget(member: Member): void {
    const heard = this.#heard.get(member.uid);
    if (heard?.member !== member) return;
    this.#heard.delete(member.uid);
    this.#lags.delete(member.uid);
    heard.stop();
    heard.decoder[Symbol.dispose]();
  }

  #passTime(due: number): void {
    for (const [uid, { receiver }] of this.#heard) this.#deliver(uid, receiver.time(this.#origin + due));
  }

  #deliver(uid: string, frames: ReturnType<Receiver["time"]>): void {
    for (const { at, pcm, concealed } of frames) this.frames.push({ at: at - this.#origin, uid, pcm, concealed });
  }

  // The agent's voice

  write({ at, pcm }: VoiceFrame): void {
    if (this.#closed) return;
    this.#written = at;
    const faded = this.#cut ? fadedFrom(this.#lastPcm, pcm) : pcm;
    this.#cut = false;
    this.#lastPcm = pcm;
    const level = audioLevel(faded);
    this.source.add(
      { timestamp: timestampOf(at), payload: this.#encoder.encode(faded), level: { level, voice: level < 127 } },
      this.#now(),
    );
  }

  async flush(): Promise<Played> {
    this.#cut = true;
    const { promise, resolve } = (this.#reported = Promise.withResolvers<void>());
    const cancel = this.#clock.at(this.#clock.now() + (this.#heard.size === 0 ? 0 : reportMs), resolve);
    this.#channel.tell(this, { type: "flush", member: this });
    await promise;
    cancel();
    return this.played();
  }

  /** By the client that has heard most; without reports half a round trip and a browser's buffer behind our sending. */
  played(): Played {
    // Nobody has heard what was not sent.
    const now = Math.min(this.#clock.now(), this.#written + FRAME_MS);
    if (this.#lags.size > 0) return { until: now - Math.min(...this.#lags.values()), source: "client", errorMs: FRAME_MS };
    const rtts = [...this.#heard.values()].map(({ member }) => member.rttMs ?? estimatedRttMs);
    const rttMs = rtts.length === 0 ? estimatedRttMs : Math.min(...rtts);
    return { until: now - rttMs / 2 - bufferMs, source: "estimate", errorMs: bufferMs };
  }

  send(to: string, data: Uint8Array): void {
    const packet = Buffer.from(data).toString("latin1");
    const event: ChannelEvent = { type: "packet", member: this, packet };
    if (to === "*") this.#channel.tell(this, event);
    else this.#channel.find(to)?.take(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.gone.abort();
    this.#stopTime();
    this.#channel.leave(this, "left");
    for (const { member } of this.#heard.values()) this.#forget(member);
    this.#reported?.resolve();
    this.frames.end();
    this.events.end();
    this.#encoder[Symbol.dispose]();
  }

  /** Session time of the frame that had this RTP timestamp: the newest one that fits. */
  #sentAt(timestamp: number): number {
    const written = timestampOf(this.#written);
    const behind = (written - timestamp) | 0;
    return this.#written - behind / RTP_UNITS_PER_MS;
  }
}

/** Opus counts at 48 kHz whatever the audio's own rate (RFC 7587, 4.1). */
function timestampOf(at: number): number {
  return Math.round(at * RTP_UNITS_PER_MS) >>> 0;
}

function asRtp({ sequence, timestamp, payload }: VoicePacket): Parameters<Receiver["packet"]>[0] {
  return { payloadType: opusPayloadType, marker: false, sequenceNumber: sequence & 0xffff, timestamp, ssrc: 1, extensions: [], payload };
}

/** After a cut the last 5 ms are heard backwards, fading: a sudden end would click. */
function fadedFrom(last: Int16Array | undefined, next: Int16Array): Int16Array {
  if (last === undefined) return next;
  const faded = next.slice();
  for (let index = 0; index < fadeSamples; index++) {
    const echo = (last[last.length - 1 - index] ?? 0) * (1 - index / fadeSamples);
    faded[index] = Math.max(-32_768, Math.min(32_767, Math.round((faded[index] ?? 0) + echo)));
  }
  return faded;
}
