/** Where an agent's voice stands in its conversation, from RTP timestamps: `voice-time` of the signalling says where it began. */

/** RTP counts Opus at 48 kHz whatever the audio's own rate (RFC 7587, 4.1). */
const unitsPerMs = 48;

export class VoiceTime {
  #rtpTimestamp: number;
  #ms: number;

  /** The sample with this timestamp is at `ms` of the conversation. */
  constructor({ rtpTimestamp, ms }: { readonly rtpTimestamp: number; readonly ms: number }) {
    this.#rtpTimestamp = rtpTimestamp;
    this.#ms = ms;
  }

  /** Milliseconds of the conversation at which this sample is. Timestamps wrap: asked at least once in twelve hours, it counts on. */
  at(rtpTimestamp: number): number {
    this.#ms += ((rtpTimestamp - this.#rtpTimestamp) | 0) / unitsPerMs;
    this.#rtpTimestamp = rtpTimestamp;
    return this.#ms;
  }
}
