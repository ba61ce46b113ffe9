/**
 * The peer connection: m-lines agreed in SDP, packets sorted to them by SSRC, RTCP answered and evaluated.
 *
 * The transport below is set up once and carries everything; offers after the first change only what is kept here.
 */
import { randomInt } from "node:crypto";

import { SdpError } from "./peer.ts";
import type { Direction, MediaCodecs, MediaPlan, PeerState, PeerStats, ReceptionReport, RtpPeer } from "./peer.ts";
import { Reception } from "./reception.ts";
import { compactNtp, ntpTime, readRtcp, writeRtcp } from "./rtcp.ts";
import type { ReportBlock, SenderInfo } from "./rtcp.ts";
import { isRtcp, RTP_UNITS_PER_MS } from "./rtp.ts";
import { intersect, OUR_AUDIO_LEVEL_ID, OUR_OPUS, OUR_RED, readSdp, receives, reverse, sends, writeSdp } from "./sdp.ts";
import type { LocalMedia, TransportParameters } from "./sdp.ts";
import type { OpenWire, Wire } from "./wire.ts";

/** How often we report; Chromium reacts to loss at this pace. */
const REPORT_MS = 1000;
/** A sender that has sent nothing for so long is no longer one (RFC 3550, 6.3.5: a few intervals). */
const SENDER_MS = 5000;
const RTP_HEADER_BYTES = 12;

interface Line {
  codecs: MediaCodecs;
  /** What we send with, and how the other side shall name it; null while we do not send. */
  source: { ssrc: number; streamId: string } | null;
  /** SSRCs that the other side announced. */
  remoteSsrcs: readonly number[];
  reception: Reception | null;
  sent: { packets: number; bytes: number; timestamp: number; at: number } | null;
}

export class Connection implements RtpPeer {
  readonly #wire: Wire;
  /** The agreed m-lines in their order; refused ones are not among them. */
  #lines = new Map<string, Line>();
  #byRemoteSsrc = new Map<number, Line>();
  #byOurSsrc = new Map<number, Line>();
  /** Where SSRCs belong that nobody announced: the one m-line that receives, if it came without any. */
  #unannounced: Line | null = null;
  #local: TransportParameters | null = null;
  #remote: TransportParameters | null = null;
  #offered: readonly MediaPlan[] | null = null;
  /** Negotiations one after the other. */
  #negotiation: Promise<unknown> = Promise.resolve();
  readonly #sessionId = String(randomInt(1, 2 ** 47));
  #version = 0;
  #state: PeerState = "new";
  #reports: NodeJS.Timeout | null = null;
  readonly #reporterSsrc = randomInt(1, 0xffff_ffff);
  #rttMs: number | null = null;
  #bytesSent = 0;
  #bytesReceived = 0;
  #handlePacket: (mid: string, packet: Buffer, at: number) => void = () => {};
  #handleState: (state: PeerState) => void = () => {};
  #handleReport: (report: ReceptionReport) => void = () => {};

  constructor(name: string, openWire: OpenWire) {
    this.#wire = openWire(name, {
      onState: (state) => this.#setState(state),
      onPacket: (packet, at) => this.#receive(packet, at),
    });
  }

  get state(): PeerState {
    return this.#state;
  }

  accept(offerSdp: string, plan: readonly MediaPlan[]): Promise<string> {
    return this.#negotiate(async () => {
      const offer = readSdp(offerSdp);
      checkPlan(plan);
      const planned = new Map(plan.map((entry) => [entry.mid, entry]));
      for (const { mid } of plan) {
        if (!offer.media.some((line) => line.mid === mid))
          throw new SdpError(
            `The plan names the m-line ${mid}, which the offer lacks; it has ${offer.media.map((line) => line.mid).join(", ")}`,
          );
      }
      if (this.#offered !== null) throw new SdpError("An offer came while ours waits for its answer");
      const local = await this.#connect(offer.transport, () => this.#wire.answer(offer.transport));
      const lines = new Map<string, Line>();
      const media: LocalMedia[] = [];
      for (const remote of offer.media) {
        if (!remote.usable) {
          media.push({ type: "refused", media: remote });
          continue;
        }
        const { mid, opus, red, audioLevelId, ssrcs } = remote;
        const wanted = planned.get(mid);
        const direction = wanted === undefined ? "inactive" : intersect(wanted.direction, reverse(remote.direction));
        const line = this.#line({ mid, direction, opus, red, audioLevelId }, wanted, ssrcs);
        lines.set(mid, line);
        media.push({ type: "agreed", codecs: line.codecs, source: line.source });
      }
      this.#agree(lines);
      return this.#describe(local, media);
    });
  }

  offer(plan: readonly MediaPlan[]): Promise<string> {
    return this.#negotiate(async () => {
      checkPlan(plan);
      if (plan.length === 0) throw new SdpError("An offer needs at least one m-line");
      if (this.#remote !== null && this.#local?.setup !== "actpass")
        throw new SdpError("This side has answered before: the other side offers");
      this.#local ??= await this.#wire.offer();
      const planned = new Map(plan.map((entry) => [entry.mid, entry]));
      // Earlier m-lines stay in their places (RFC 3264, 8); those without a plan become inactive.
      const earlier = [...this.#lines.keys()].map((mid) => planned.get(mid) ?? { mid, direction: "inactive" as const, ssrc: 0 });
      const offered = [...earlier, ...plan.filter(({ mid }) => !this.#lines.has(mid))];
      this.#offered = offered;
      const media = offered.map((entry): LocalMedia => {
        const codecs = this.#lines.get(entry.mid)?.codecs ?? { opus: OUR_OPUS, red: OUR_RED, audioLevelId: OUR_AUDIO_LEVEL_ID };
        return {
          type: "agreed",
          codecs: { ...codecs, mid: entry.mid, direction: entry.direction },
          source: sourceOf(entry, entry.direction),
        };
      });
      // Without candidates: else the other side's checks can set off DTLS before the library has stored the fingerprint
      // to hold the certificate against, and 8 % of local calls fail. And passive: the other side is the one to know
      // last that ICE has connected, and a DTLS greeting that comes before is only repeated after a second.
      return this.#describe({ ...this.#local, candidates: [], setup: "passive" }, media);
    });
  }

  answered(answerSdp: string): Promise<void> {
    return this.#negotiate(async () => {
      if (this.#offered === null) throw new SdpError("An answer came without an offer of ours");
      const answer = readSdp(answerSdp);
      const mids = answer.media.map(({ mid }) => mid);
      const expected = this.#offered.map(({ mid }) => mid);
      if (mids.join(" ") !== expected.join(" "))
        throw new SdpError(`The answer has the m-lines ${mids.join(", ")}; offered were ${expected.join(", ")}`);
      if (answer.transport.setup !== "active")
        throw new SdpError(`The offer says a=setup:passive, so the answer says active, not ${answer.transport.setup}`);
      await this.#connect(answer.transport, () => this.#wire.answered(answer.transport));
      const lines = new Map<string, Line>();
      for (const [index, wanted] of this.#offered.entries()) {
        const remote = answer.media[index];
        if (remote === undefined) continue;
        const { mid, opus, red, audioLevelId, ssrcs, usable } = remote;
        const direction = usable ? intersect(wanted.direction, reverse(remote.direction)) : "inactive";
        lines.set(mid, this.#line({ mid, direction, opus: usable ? opus : OUR_OPUS, red, audioLevelId }, wanted, ssrcs));
      }
      this.#offered = null;
      this.#agree(lines);
    });
  }

  codecs(mid: string): MediaCodecs | undefined {
    return this.#lines.get(mid)?.codecs;
  }

  send(mid: string, packet: Uint8Array): boolean {
    const line = this.#lines.get(mid);
    if (line === undefined || line.source === null || this.#state !== "connected" || packet.length < RTP_HEADER_BYTES) return false;
    if (!this.#wire.send(packet)) return false;
    this.#bytesSent += packet.length;
    const sent = (line.sent ??= { packets: 0, bytes: 0, timestamp: 0, at: 0 });
    sent.packets += 1;
    sent.bytes += packet.length - RTP_HEADER_BYTES;
    sent.timestamp = uint32(packet, 4);
    sent.at = performance.now();
    return true;
  }

  onPacket(handler: (mid: string, packet: Buffer, at: number) => void): void {
    this.#handlePacket = handler;
  }

  onState(handler: (state: PeerState) => void): void {
    this.#handleState = handler;
  }

  onReport(handler: (report: ReceptionReport) => void): void {
    this.#handleReport = handler;
  }

  stats(): PeerStats {
    const { localCandidate, remoteCandidate } = this.#wire.stats();
    return {
      state: this.#state,
      rttMs: this.#rttMs,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      localCandidate,
      remoteCandidate,
    };
  }

  close(): void {
    this.#setState("closed");
  }

  /** The first time the transports meet; later descriptions must speak of the same. */
  async #connect(remote: TransportParameters, meet: () => Promise<TransportParameters> | void): Promise<TransportParameters> {
    if (this.#remote === null) {
      try {
        this.#local = (await meet()) ?? this.#local;
      } catch (error) {
        throw new SdpError(`The connection was not set up: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
      this.#remote = remote;
    } else if (remote.ufrag !== this.#remote.ufrag || remote.fingerprint !== this.#remote.fingerprint) {
      throw new SdpError("The other side restarts ICE or comes with another certificate: open a new connection in its place");
    }
    if (this.#local === null) throw new SdpError("The connection has no transport yet");
    return this.#local;
  }

  #negotiate<Result>(step: () => Promise<Result>): Promise<Result> {
    const run = async (): Promise<Result> => {
      if (this.#state === "closed") throw new SdpError("The connection is closed");
      return await step();
    };
    const result = this.#negotiation.then(run);
    this.#negotiation = result.catch(() => {});
    return result;
  }

  #describe(local: TransportParameters, media: readonly LocalMedia[]): string {
    this.#version += 1;
    return writeSdp({ id: this.#sessionId, version: this.#version }, local, media);
  }

  /** What was counted of an m-line goes on through negotiations. */
  #line(codecs: MediaCodecs, plan: MediaPlan | undefined, remoteSsrcs: readonly number[]): Line {
    const before = this.#lines.get(codecs.mid);
    const source = plan === undefined ? null : sourceOf(plan, codecs.direction);
    const sameSource = before?.source?.ssrc === source?.ssrc;
    return { codecs, source, remoteSsrcs, reception: before?.reception ?? null, sent: sameSource ? (before?.sent ?? null) : null };
  }

  #agree(lines: Map<string, Line>): void {
    const all = [...lines.values()];
    const receiving = all.filter(({ codecs }) => receives(codecs.direction));
    this.#lines = lines;
    this.#byRemoteSsrc = new Map(receiving.flatMap((line) => line.remoteSsrcs.map((ssrc): [number, Line] => [ssrc, line])));
    this.#byOurSsrc = new Map(all.flatMap((line): [number, Line][] => (line.source === null ? [] : [[line.source.ssrc, line]])));
    const only = receiving.length === 1 ? receiving[0] : undefined;
    this.#unannounced = only?.remoteSsrcs.length === 0 ? only : null;
  }

  #setState(state: PeerState): void {
    if (this.#state === "closed" || this.#state === state) return;
    this.#state = state;
    if (state === "connected") this.#reports ??= setInterval(() => this.#report(), REPORT_MS).unref();
    if (state === "closed") {
      if (this.#reports !== null) clearInterval(this.#reports);
      this.#wire.close(); // also when the other side has ended it
    }
    this.#handleState(state);
  }

  #receive(packet: Buffer, at: number): void {
    if (this.#state === "closed") return;
    this.#bytesReceived += packet.length;
    if (isRtcp(packet)) {
      this.#receiveRtcp(packet, at);
      return;
    }
    if (packet.length < RTP_HEADER_BYTES) return;
    const ssrc = uint32(packet, 8);
    const line = this.#byRemoteSsrc.get(ssrc) ?? this.#unannounced;
    if (line === null) return;
    if (line.reception?.ssrc !== ssrc) line.reception = new Reception(ssrc);
    line.reception.packet(packet.readUInt16BE(2), uint32(packet, 4), at);
    this.#handlePacket(line.codecs.mid, packet, at);
  }

  #receiveRtcp(packet: Buffer, at: number): void {
    for (const report of readRtcp(packet)) {
      if (report.sender !== null) {
        const line = this.#byRemoteSsrc.get(report.ssrc) ?? this.#unannounced;
        if (line?.reception?.ssrc === report.ssrc) line.reception.senderReport(report.sender, at);
      }
      for (const block of report.blocks) {
        const line = this.#byOurSsrc.get(block.ssrc);
        if (line === undefined) continue;
        const rttMs = roundTripMs(block, at);
        this.#rttMs = rttMs ?? this.#rttMs;
        const { fractionLost, lost, jitter } = block;
        this.#handleReport({ mid: line.codecs.mid, fractionLost, lost, jitterMs: jitter / RTP_UNITS_PER_MS, rttMs });
      }
    }
  }

  #report(): void {
    if (this.#state !== "connected") return;
    const at = performance.now();
    for (const line of this.#lines.values()) {
      const block = receives(line.codecs.direction) ? (line.reception?.report(at) ?? null) : null;
      const sender = line.source !== null && line.sent !== null && at - line.sent.at < SENDER_MS ? senderInfo(line.sent, at) : null;
      if (block === null && sender === null) continue;
      const ssrc = line.source?.ssrc ?? this.#reporterSsrc;
      this.#wire.send(writeRtcp({ ssrc, sender, blocks: block === null ? [] : [block] }, line.source?.streamId ?? "parley"));
    }
  }
}

function checkPlan(plan: readonly MediaPlan[]): void {
  const mids = new Set<string>();
  const ssrcs = new Set<number>();
  for (const { mid, ssrc, direction } of plan) {
    if (mids.has(mid)) throw new SdpError(`The plan names the m-line ${mid} twice`);
    mids.add(mid);
    if (!sends(direction)) continue;
    if (!Number.isInteger(ssrc) || ssrc < 1 || ssrc > 0xffff_ffff)
      throw new SdpError(`The SSRC ${ssrc} of m-line ${mid} is not 1 to 4294967295`);
    if (ssrcs.has(ssrc)) throw new SdpError(`Two m-lines of the plan send with SSRC ${ssrc}`);
    ssrcs.add(ssrc);
  }
}

function sourceOf(plan: MediaPlan, direction: Direction): { ssrc: number; streamId: string } | null {
  return sends(direction) ? { ssrc: plan.ssrc, streamId: plan.streamId ?? plan.mid } : null;
}

function senderInfo(sent: { packets: number; bytes: number; timestamp: number; at: number }, at: number): SenderInfo {
  return {
    ntp: ntpTime(performance.timeOrigin + at),
    rtpTimestamp: (sent.timestamp + Math.round((at - sent.at) * RTP_UNITS_PER_MS)) >>> 0,
    packets: sent.packets,
    bytes: sent.bytes,
  };
}

/** RFC 3550, 6.4.1: now − when our report left − how long the other side held it. */
function roundTripMs(block: ReportBlock, at: number): number | null {
  if (block.lastSenderReport === 0) return null;
  const now = compactNtp(ntpTime(performance.timeOrigin + at));
  const ticks = (now - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
  return ticks < 0 ? 0 : (ticks / 65_536) * 1000;
}

function uint32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) | ((bytes[offset + 1] ?? 0) << 16) | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)) >>> 0
  );
}
