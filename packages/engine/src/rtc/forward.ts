/** One subscriber's copy of a voice: packets rewritten for its connection, with redundancy when it loses some. */
import { audioLevelExtension, RTP_UNITS_PER_FRAME, RTP_UNITS_PER_MS, timestampDelta, writeRed, writeRtp } from "@parley/media";
import type { MediaCodecs } from "@parley/media";
import { RedDistance } from "./red-distance.ts";
import type { Source, VoicePacket } from "./source.ts";

/** A copy in RED lies at most so far back, in timestamp units (14 bits; RFC 2198, 3). */
const maxOffset = 0x3fff;

/**
 * Numbers and times go on without a jump in numbers when the line is given to another source, so that the
 * subscriber's jitter buffer sees one stream.
 */
export class Forward {
  readonly ssrc: number;
  readonly redundancy = new RedDistance();
  #source: Source | undefined;
  /** First number of the current source that is sent; older ones belong before the switch. */
  #first = 0;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #last: { sequence: number; timestamp: number; at: number };

  /** `start`: any number and time to begin with, 16 and 32 bits. */
  constructor(ssrc: number, start: { readonly sequence: number; readonly timestamp: number }) {
    this.ssrc = ssrc;
    this.#last = { ...start, at: 0 };
  }

  /** The RTP packet to send; undefined for one that comes too late to be sent. `at` in milliseconds. */
  packet(source: Source, packet: VoicePacket, codecs: MediaCodecs, at: number): Buffer | undefined {
    if (source !== this.#source) this.#switch(source, packet, at);
    if (packet.sequence < this.#first) return undefined;
    const sequence = packet.sequence + this.#sequenceOffset;
    const timestamp = this.sentTimestamp(packet.timestamp);
    if (sequence > this.#last.sequence) this.#last = { sequence, timestamp, at };
    const red = codecs.red === null ? undefined : this.#red(source, packet, codecs.opus);
    return writeRtp({
      payloadType: red === undefined || codecs.red === null ? codecs.opus : codecs.red,
      marker: false,
      sequenceNumber: sequence & 0xffff,
      timestamp,
      ssrc: this.ssrc,
      extensions:
        codecs.audioLevelId === null || packet.level === undefined
          ? []
          : [audioLevelExtension(codecs.audioLevelId, packet.level.level, packet.level.voice)],
      payload: red ?? packet.payload,
    });
  }

  /** What a timestamp of the source becomes for the subscriber. */
  sentTimestamp(own: number): number {
    return (own + this.#timestampOffset) >>> 0;
  }

  /** The source's own timestamp for one that was sent to the subscriber. */
  sourceTimestamp(sent: number): number {
    return (sent - this.#timestampOffset) >>> 0;
  }

  #switch(source: Source, packet: VoicePacket, at: number): void {
    const first = this.#source === undefined;
    this.#source = source;
    this.#first = packet.sequence;
    this.#sequenceOffset = this.#last.sequence + 1 - packet.sequence;
    const elapsed = first ? 0 : Math.max(RTP_UNITS_PER_FRAME, Math.round((at - this.#last.at) * RTP_UNITS_PER_MS));
    this.#timestampOffset = this.#last.timestamp + elapsed - packet.timestamp;
  }

  /** The packet with those before it as RED wants them; undefined when none is needed. */
  #red(source: Source, packet: VoicePacket, opus: number): Uint8Array | undefined {
    const copies = Array.from({ length: this.redundancy.packets }, (_, back) => source.recent(packet.sequence - back - 1))
      .filter((earlier) => earlier !== undefined)
      .map(({ timestamp, payload }) => ({ payloadType: opus, timestampOffset: timestampDelta(timestamp, packet.timestamp), payload }))
      .filter(({ timestampOffset }) => timestampOffset > 0 && timestampOffset <= maxOffset)
      .toReversed();
    return copies.length === 0 ? undefined : writeRed([...copies, { payloadType: opus, timestampOffset: 0, payload: packet.payload }]);
  }
}
