/** Counts what arrives from one source, as receiver reports tell it (RFC 3550, 6.4.1 and appendix A). */
import { compactNtp } from "./rtcp.ts";
import type { ReportBlock, SenderInfo } from "./rtcp.ts";
import { RTP_UNITS_PER_MS, sequenceDelta, timestampDelta } from "./rtp.ts";

/** A jump further than this means that the source has begun again (appendix A.1: MAX_DROPOUT). */
const MAX_DROPOUT = 3000;

export class Reception {
  readonly ssrc: number;
  #first = 0;
  #highest = 0;
  #received = 0;
  #jitter = 0;
  #previous: { timestamp: number; at: number } | null = null;
  #reported = { expected: 0, received: 0 };
  #senderReport: { compact: number; at: number } | null = null;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /** `at` in milliseconds. */
  packet(sequenceNumber: number, timestamp: number, at: number): void {
    const step = this.#received === 0 ? 0 : sequenceDelta(this.#highest & 0xffff, sequenceNumber);
    if (this.#received === 0 || Math.abs(step) > MAX_DROPOUT) {
      // 65,536 more: a packet behind the first one may not make the extended number negative.
      this.#first = this.#highest = sequenceNumber + 0x1_0000;
      this.#received = 0;
      this.#reported = { expected: 0, received: 0 };
      this.#previous = null;
    } else if (step > 0) this.#highest += step;
    this.#received += 1;
    if (this.#previous !== null && this.#previous.timestamp !== timestamp) {
      const drift = (at - this.#previous.at) * RTP_UNITS_PER_MS - timestampDelta(this.#previous.timestamp, timestamp);
      this.#jitter += (Math.abs(drift) - this.#jitter) / 16;
    }
    this.#previous = { timestamp, at };
  }

  senderReport(info: SenderInfo, at: number): void {
    this.#senderReport = { compact: compactNtp(info.ntp), at };
  }

  /** Packets lost since the beginning; duplicates make it smaller. */
  get lost(): number {
    return this.#expected - this.#received;
  }

  get jitterMs(): number {
    return this.#jitter / RTP_UNITS_PER_MS;
  }

  /** The block for the next report; the interval of `fractionLost` begins anew. Null before the first packet. */
  report(at: number): ReportBlock | null {
    if (this.#received === 0) return null;
    const expected = this.#expected - this.#reported.expected;
    const lost = expected - (this.#received - this.#reported.received);
    this.#reported = { expected: this.#expected, received: this.#received };
    const last = this.#senderReport;
    return {
      ssrc: this.ssrc,
      fractionLost: expected <= 0 || lost <= 0 ? 0 : lost / expected,
      lost: this.lost,
      highestSequence: (this.#highest - 0x1_0000) >>> 0,
      jitter: Math.round(this.#jitter),
      lastSenderReport: last?.compact ?? 0,
      delaySinceLastSenderReport: last === null ? 0 : Math.round(((at - last.at) / 1000) * 65_536),
    };
  }

  get #expected(): number {
    return this.#received === 0 ? 0 : this.#highest - this.#first + 1;
  }
}
