/**
 * Turns one person's packets into frames of continuous time: pure, driven by arrival times.
 *
 * What is in order is decoded at once. Only a hole waits, for packets that were overtaken; then it is filled from
 * the copy in the next packet (FEC), then by concealment. A sender that falls silent is heard as silence.
 */
import type { PacketDecoder } from "./opus.ts";
import { readRed } from "./red.ts";
import { RTP_UNITS_PER_FRAME, RTP_UNITS_PER_MS, sequenceDelta, timestampDelta } from "./rtp.ts";
import type { RtpPacket } from "./rtp.ts";

const FRAME_MS = 20;
/** How long a hole waits for packets that were overtaken. */
const HOLE_MS = 60;
/** So long may nothing at all arrive before time goes on without the sender; what comes late until then is used. */
const STALL_MS = 200;
/** Concealment fades out within this; silence after it. */
const CONCEAL_MS = 100;
/** A gap beyond this is no loss but another stream. */
const MAX_HOLE_MS = 3000;
/** A sequence number further away than this is another stream (RFC 3550, A.1). */
const MAX_DROPOUT = 3000;
/** Packets kept behind a hole: more than 60 ms can hold of 2.5 ms packets. */
const MAX_WAITING = 32;
/** A sender's clock may run so far ahead of ours before quiet frames are left out, or any. */
const AHEAD_MS = 40;
const FAR_AHEAD_MS = 200;
/** So far may it fall behind in {@link WINDOW_FRAMES} on end before a frame of silence is put in. */
const BEHIND_MS = 40;
const WINDOW_FRAMES = 250;
/** Peak below which a frame may be left out unheard: −50 dBFS. */
const QUIET = 104;

export interface ReceivedFrame {
  /** Time of the first sample, on the clock of the arrival times. Each frame begins where the one before has ended. */
  readonly at: number;
  /** 20 ms at the decoder's rate. */
  readonly pcm: Int16Array;
  /** Made up, in part at least: concealment or silence where nothing came. */
  readonly concealed: boolean;
}

export interface ReceiverOptions {
  readonly decoder: PacketDecoder;
  /** Payload types, as agreed for the m-line. */
  readonly opus: number;
  readonly red: number | null;
}

export interface ReceiverStats {
  readonly decoded: number;
  /** Of these, copies in RED that stood in for lost packets. */
  readonly redundant: number;
  /** Frames of 20 ms that were lost for good. */
  readonly lost: number;
  /** Of these, restored from FEC; the others were made up. */
  readonly recovered: number;
  /** Packets that came after their time, or twice. */
  readonly late: number;
  /** Payloads that were no Opus, or no RED. */
  readonly malformed: number;
  /** New beginnings: another SSRC, another clock. */
  readonly restarts: number;
}

interface Waiting {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly copy: boolean;
}

export class Receiver {
  readonly #decoder: PacketDecoder;
  readonly #opus: number;
  readonly #red: number | null;
  readonly #frameSamples: number;
  /** What is expected next; null before the first packet. */
  #next: { ssrc: number; sequenceNumber: number; timestamp: number } | null = null;
  /** Packets behind a hole, by timestamp. */
  #waiting: Waiting[] = [];
  #holeSince: number | null = null;
  /** When the late packets began that a sender with a new clock would send. */
  #lateSince: { at: number; timestamp: number } | null = null;
  /** Time of the next frame's first sample. */
  #at = 0;
  #partial: Int16Array;
  #partialLength = 0;
  #partialConcealed = false;
  #concealedMs = 0;
  #behind = { leastMs: Infinity, frames: 0 };
  #frames: ReceivedFrame[] = [];
  #stats = { decoded: 0, lost: 0, redundant: 0, recovered: 0, late: 0, malformed: 0, restarts: 0 };

  constructor({ decoder, opus, red }: ReceiverOptions) {
    this.#decoder = decoder;
    this.#opus = opus;
    this.#red = red;
    this.#frameSamples = (decoder.sampleRate * FRAME_MS) / 1000;
    this.#partial = new Int16Array(this.#frameSamples);
  }

  get stats(): ReceiverStats {
    return { ...this.#stats };
  }

  /** When `time` is due if no packet comes; undefined before the first. */
  get deadline(): number | undefined {
    if (this.#next === null) return undefined;
    return this.#holeSince === null ? this.#at + FRAME_MS + STALL_MS : this.#holeSince + HOLE_MS;
  }

  /** A packet has come. Returns the frames that are complete now. */
  packet(packet: RtpPacket, at: number): ReceivedFrame[] {
    if (packet.payload.length === 0) return [];
    const copies = this.#unpack(packet);
    const own = copies.at(-1);
    if (own === undefined) {
      this.#stats.malformed += 1;
      return [];
    }
    if (this.#next === null) this.#begin(packet, at);
    else if (packet.ssrc !== this.#next.ssrc || this.#isRestart(packet, at)) {
      this.#stats.restarts += 1;
      this.#giveUpWaiting(at);
      this.#begin(packet, at);
    }
    for (const copy of copies) this.#keep(copy);
    this.#drain(at);
    return this.#taken();
  }

  /** Time has passed: gives up holes that are due, and goes on in silence when nothing comes. */
  time(at: number): ReceivedFrame[] {
    if (this.#next === null) return [];
    this.#drain(at);
    while (this.#waiting.length === 0 && at >= this.#at + FRAME_MS + STALL_MS) this.#skip(RTP_UNITS_PER_FRAME, at);
    return this.#taken();
  }

  #unpack(packet: RtpPacket): Waiting[] {
    const { sequenceNumber, timestamp, payload } = packet;
    if (packet.payloadType === this.#opus) return [{ sequenceNumber, timestamp, payload, copy: false }];
    const blocks = packet.payloadType === this.#red ? readRed(payload) : null;
    if (blocks === null) return [];
    return blocks
      .map((block, index) => ({
        sequenceNumber: (sequenceNumber - (blocks.length - 1 - index)) & 0xffff,
        timestamp: (timestamp - block.timestampOffset) >>> 0,
        payload: block.payload,
        copy: index < blocks.length - 1,
        ours: block.payloadType === this.#opus && block.payload.length > 0,
      }))
      .filter(({ ours }) => ours);
  }

  #begin(packet: RtpPacket, at: number): void {
    const beginning = this.#next === null;
    this.#next = { ssrc: packet.ssrc, sequenceNumber: packet.sequenceNumber, timestamp: packet.timestamp };
    this.#lateSince = null;
    this.#holeSince = null;
    // The samples of a packet lie before its arrival.
    if (beginning) this.#at = at - FRAME_MS;
    else this.#emitSilence(Math.min(MAX_HOLE_MS, at - FRAME_MS - this.#at), at);
  }

  /** True when the sender has begun anew under its old SSRC: far away, or steadily late with fresh numbers. */
  #isRestart(packet: RtpPacket, at: number): boolean {
    const next = this.#next;
    if (next === null) return false;
    const steps = sequenceDelta(next.sequenceNumber, packet.sequenceNumber);
    const aheadMs = timestampDelta(next.timestamp, packet.timestamp) / RTP_UNITS_PER_MS;
    if (Math.abs(steps) > MAX_DROPOUT || aheadMs > MAX_HOLE_MS) return true;
    if (aheadMs >= 0 || steps < 0) {
      if (steps >= 0) this.#lateSince = null;
      return false;
    }
    // RFC 3551, 4.1: the marker says that speech begins.
    if (packet.marker || aheadMs < -MAX_HOLE_MS) return true;
    this.#lateSince ??= { at, timestamp: packet.timestamp };
    const passedMs = at - this.#lateSince.at;
    const sentMs = timestampDelta(this.#lateSince.timestamp, packet.timestamp) / RTP_UNITS_PER_MS;
    // What was held up comes in a burst; a paused clock goes on at the pace of ours.
    return passedMs >= 2 * FRAME_MS && Math.abs(passedMs - sentMs) <= FRAME_MS;
  }

  #keep(packet: Waiting): void {
    const next = this.#next;
    if (next === null) return;
    const aheadOf = (timestamp: number): number => timestampDelta(next.timestamp, timestamp);
    const ahead = aheadOf(packet.timestamp);
    const index = this.#waiting.findIndex(({ timestamp }) => aheadOf(timestamp) >= ahead);
    const twin = index === -1 ? undefined : this.#waiting[index];
    if (ahead < 0 || twin?.timestamp === packet.timestamp) {
      if (!packet.copy) this.#stats.late += 1;
      return;
    }
    if (index === -1) this.#waiting.push(packet);
    else this.#waiting.splice(index, 0, packet);
  }

  #drain(at: number): void {
    for (let head = this.#waiting[0]; head !== undefined && this.#next !== null; head = this.#waiting[0]) {
      const hole = timestampDelta(this.#next.timestamp, head.timestamp);
      if (hole > 0) {
        const missing = sequenceDelta(this.#next.sequenceNumber, head.sequenceNumber);
        if (missing > 0) {
          this.#holeSince ??= at;
          if (at < this.#holeSince + HOLE_MS && this.#waiting.length < MAX_WAITING) return;
          this.#fill(hole, head.payload, at);
        } else this.#skip(hole, at); // Nothing is missing: the sender was silent.
      }
      this.#holeSince = null;
      this.#waiting.shift();
      if (hole >= 0) this.#decode(head, at);
    }
  }

  /** Gives up every hole at once. */
  #giveUpWaiting(at: number): void {
    this.#holeSince = -Infinity;
    while (this.#waiting.length > 0) {
      this.#holeSince = -Infinity;
      this.#drain(at);
    }
    this.#holeSince = null;
  }

  #decode(packet: Waiting, at: number): void {
    const next = this.#next;
    if (next === null) return;
    let pcm: Int16Array;
    try {
      pcm = this.#decoder.decode(packet.payload);
      this.#concealedMs = 0;
      this.#stats.decoded += 1;
      if (packet.copy) this.#stats.redundant += 1;
      this.#emit(pcm, false, at);
    } catch {
      this.#stats.malformed += 1;
      pcm = this.#conceal(this.#frameSamples);
      this.#emit(pcm, true, at);
    }
    next.timestamp = (packet.timestamp + Math.round((pcm.length * RTP_UNITS_PER_MS * 1000) / this.#decoder.sampleRate)) >>> 0;
    next.sequenceNumber = (packet.sequenceNumber + 1) & 0xffff;
  }

  /** Fills lost time before `following`: concealment first, and right before it what its FEC holds. */
  #fill(units: number, following: Uint8Array, at: number): void {
    let left = units;
    while (left >= RTP_UNITS_PER_FRAME) {
      left -= RTP_UNITS_PER_FRAME;
      this.#stats.lost += 1;
      const recovered = left < RTP_UNITS_PER_FRAME ? this.#recover(following) : null;
      if (recovered !== null) this.#stats.recovered += 1;
      this.#emit(recovered ?? this.#conceal(this.#frameSamples), recovered === null, at);
    }
    this.#advance(units - left);
    if (left > 0) this.#skip(left, at);
  }

  #recover(following: Uint8Array): Int16Array | null {
    try {
      return this.#decoder.recover(following, this.#frameSamples);
    } catch {
      return null;
    }
  }

  /** Passes over time in which nothing was sent. */
  #skip(units: number, at: number): void {
    const samples = Math.round((units * this.#decoder.sampleRate) / (RTP_UNITS_PER_MS * 1000));
    for (let done = 0; done < samples; done += this.#frameSamples)
      this.#emit(this.#conceal(Math.min(this.#frameSamples, samples - done)), true, at);
    this.#advance(units);
  }

  #advance(units: number): void {
    if (this.#next !== null) this.#next.timestamp = (this.#next.timestamp + units) >>> 0;
  }

  #conceal(samples: number): Int16Array {
    this.#concealedMs += FRAME_MS;
    if (this.#concealedMs > CONCEAL_MS || samples !== this.#frameSamples) return new Int16Array(samples);
    return this.#decoder.conceal(samples);
  }

  #emitSilence(ms: number, at: number): void {
    for (let left = ms; left >= FRAME_MS; left -= FRAME_MS) this.#emit(new Int16Array(this.#frameSamples), true, at);
  }

  /** Cuts what was decoded into frames. */
  #emit(pcm: Int16Array, concealed: boolean, at: number): void {
    for (let offset = 0; offset < pcm.length;) {
      const length = Math.min(pcm.length - offset, this.#frameSamples - this.#partialLength);
      this.#partial.set(pcm.subarray(offset, offset + length), this.#partialLength);
      this.#partialLength += length;
      this.#partialConcealed ||= concealed;
      offset += length;
      if (this.#partialLength < this.#frameSamples) return;
      this.#frame(this.#partial, this.#partialConcealed, at);
      this.#partial = new Int16Array(this.#frameSamples);
      this.#partialLength = 0;
      this.#partialConcealed = false;
    }
  }

  /** Lets a frame out, unless the sender's clock has run ahead of ours; puts one in if it has fallen behind. */
  #frame(pcm: Int16Array, concealed: boolean, at: number): void {
    const behindMs = at - (this.#at + FRAME_MS);
    if (behindMs < -FAR_AHEAD_MS || (behindMs < -AHEAD_MS && isQuiet(pcm))) return;
    this.#behind.leastMs = Math.min(this.#behind.leastMs, behindMs);
    this.#behind.frames += 1;
    if (this.#behind.frames >= WINDOW_FRAMES) {
      const late = this.#behind.leastMs > BEHIND_MS;
      this.#behind = { leastMs: Infinity, frames: 0 };
      if (late) this.#push(new Int16Array(this.#frameSamples), true);
    }
    this.#push(pcm, concealed);
  }

  #push(pcm: Int16Array, concealed: boolean): void {
    this.#frames.push({ at: this.#at, pcm, concealed });
    this.#at += FRAME_MS;
  }

  #taken(): ReceivedFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }
}

function isQuiet(pcm: Int16Array): boolean {
  return pcm.every((sample) => sample > -QUIET && sample < QUIET);
}
