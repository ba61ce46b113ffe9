/** One participant's voice as packets: put in order of their numbers, kept for a moment, handed to whoever listens. */
import { RTP_UNITS_PER_FRAME, RTP_UNITS_PER_MS, sequenceDelta } from "@parley/media";

/** One Opus packet, independent of the connection it came by. */
export interface VoicePacket {
  /** Counts on without wrapping; never used twice in one {@link Source}. */
  readonly sequence: number;
  /** 48 kHz, 32 bits, wraps. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  /** Loudness by RFC 6464, 0 to 127; undefined when the sender does not say. */
  readonly level: { readonly level: number; readonly voice: boolean } | undefined;
}

/** Takes packets of a source; `at` is when they came, in `performance.now()` milliseconds. */
export type VoiceSink = (packet: VoicePacket, at: number) => void;

/** Packets kept for redundancy: RED goes back two at most, and a recovered packet may be three behind. */
const kept = 8;

/** Numbers behind the newest that can still be told from doubles. */
const memory = 256;

/** A jump further than this, in packets, is a sender that began anew. */
const maxJump = 3000;

export class Source {
  readonly uid: string;
  readonly #sinks = new Set<VoiceSink>();
  readonly #recent = new Map<number, VoicePacket>();
  readonly #seen = new Set<number>();
  #highest = -1;
  /** The sender's 16-bit number and its SSRC at `#highest`. */
  #wire: { ssrc: number; sequenceNumber: number } | undefined;
  /** Added to the sender's timestamps, so that time goes on where a sender begins anew. */
  #timestampOffset = 0;
  #last: { timestamp: number; at: number } | undefined;

  constructor(uid: string) {
    this.uid = uid;
  }

  /** Hands every packet from now on to `sink`; the function returned ends it. */
  listen(sink: VoiceSink): () => void {
    this.#sinks.add(sink);
    return () => void this.#sinks.delete(sink);
  }

  /** A packet that was sent shortly before `sequence`, for redundancy. */
  recent(sequence: number): VoicePacket | undefined {
    return this.#recent.get(sequence);
  }

  /** Takes a packet with the sender's own 16-bit number. Doubles and packets far too late go nowhere. */
  take(wire: { readonly ssrc: number; readonly sequenceNumber: number }, packet: Omit<VoicePacket, "sequence">, at: number): void {
    const sequence = this.#number(wire, packet.timestamp, at);
    this.#deliver({ ...packet, sequence, timestamp: (packet.timestamp + this.#timestampOffset) >>> 0 }, at);
  }

  /** The next packet of a voice that is made here. */
  add(packet: Omit<VoicePacket, "sequence">, at: number): void {
    this.#deliver({ ...packet, sequence: this.#highest + 1 }, at);
  }

  #number({ ssrc, sequenceNumber }: { readonly ssrc: number; readonly sequenceNumber: number }, timestamp: number, at: number): number {
    const step = this.#wire?.ssrc === ssrc ? sequenceDelta(this.#wire.sequenceNumber, sequenceNumber) : undefined;
    if (step === undefined || Math.abs(step) > maxJump) {
      this.#wire = { ssrc, sequenceNumber };
      if (this.#last !== undefined) {
        const passed = Math.max(RTP_UNITS_PER_FRAME, Math.round((at - this.#last.at) * RTP_UNITS_PER_MS));
        this.#timestampOffset = this.#last.timestamp + passed - timestamp;
      }
      return this.#highest + 1;
    }
    if (step > 0) this.#wire = { ssrc, sequenceNumber };
    return this.#highest + step;
  }

  #deliver(packet: VoicePacket, at: number): void {
    if (packet.sequence <= this.#highest - memory || packet.sequence < 0 || this.#seen.has(packet.sequence)) return;
    this.#seen.add(packet.sequence);
    this.#recent.set(packet.sequence, packet);
    if (packet.sequence > this.#highest) {
      this.#highest = packet.sequence;
      this.#last = { timestamp: packet.timestamp, at };
    }
    forget(this.#seen, memory);
    forget(this.#recent, kept);
    for (const sink of this.#sinks) sink(packet, at);
  }
}

/** Leaves the newest `most` keys. */
function forget(keys: Set<number> | Map<number, unknown>, most: number): void {
  for (const key of keys.keys()) {
    if (keys.size <= most) return;
    keys.delete(key);
  }
}
