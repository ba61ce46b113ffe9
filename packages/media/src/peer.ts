/** One WebRTC connection that carries RTP: the small interface that the channel and callers in Node work with. */

/** Who sends on an m-line, seen from our side. */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** What we want of one m-line. */
export interface MediaPlan {
  readonly mid: string;
  /** Our side of it: `recvonly` where the other publishes, `sendonly` where it hears someone, `inactive` where that has ended. */
  readonly direction: Direction;
  /** The SSRC we send with on this m-line, unique among the m-lines of a peer; not used while we do not send. */
  readonly ssrc: number;
  /**
   * Id of the MediaStream that the other side sees: the uid of who speaks. Default: the mid. What SDP does not allow
   * in it is percent-encoded: `decodeURIComponent(event.streams[0].id)` gives it back.
   */
  readonly streamId?: string;
}

/** What an m-line speaks once both sides have agreed. */
export interface MediaCodecs {
  readonly mid: string;
  readonly direction: Direction;
  /** Payload type of Opus. */
  readonly opus: number;
  /** Payload type of RED around Opus (RFC 2198), if agreed. */
  readonly red: number | null;
  /** Id of the audio level header extension (RFC 6464), if agreed. */
  readonly audioLevelId: number | null;
}

export type PeerState = "new" | "connecting" | "connected" | "disconnected" | "failed" | "closed";

/** What the other side says it has received of us on one m-line (RFC 3550, 6.4.1). */
export interface ReceptionReport {
  readonly mid: string;
  /** Share of packets lost since the report before, 0 to 1. */
  readonly fractionLost: number;
  /** Packets lost since the beginning. */
  readonly lost: number;
  readonly jitterMs: number;
  /** Round trip, from the sender report that the other side echoes; null before the first. */
  readonly rttMs: number | null;
}

export interface PeerStats {
  readonly state: PeerState;
  /** Round trip as the latest report says it; null before the first. */
  readonly rttMs: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** `host 127.0.0.1:50000 udp`; null before ICE has chosen. */
  readonly localCandidate: string | null;
  readonly remoteCandidate: string | null;
}

/**
 * One per connection. Handlers are plain functions, one each, set before the first packet: below the Transport
 * streams cost too much. Nothing is called after `close`, except that `onState` hears `closed`.
 */
export interface RtpPeer {
  readonly state: PeerState;
  /**
   * Answers an offer, the first or a later one with more m-lines, and resolves with the answer, candidates included.
   * M-lines without a plan become inactive. Throws {@link SdpError} for an offer that makes no sense.
   */
  accept(offerSdp: string, plan: readonly MediaPlan[]): Promise<string>;
  /** Makes an offer; candidates come with the answer alone. M-lines keep the order of their first appearance. */
  offer(plan: readonly MediaPlan[]): Promise<string>;
  /** Takes the answer to our offer. */
  answered(answerSdp: string): Promise<void>;
  /** What was agreed for an m-line; undefined for one that is unknown. */
  codecs(mid: string): MediaCodecs | undefined;
  /** Sends one whole RTP packet; false when it went nowhere (not connected, closed, not a sending m-line). Never throws. */
  send(mid: string, packet: Uint8Array): boolean;
  /** `at`: when the packet came, in `performance.now()` milliseconds. The packet is the handler's to keep. */
  onPacket(handler: (mid: string, packet: Buffer, at: number) => void): void;
  onState(handler: (state: PeerState) => void): void;
  /** About once a second for each m-line we send on. */
  onReport(handler: (report: ReceptionReport) => void): void;
  stats(): PeerStats;
  /** Ends the connection; a second call does nothing. */
  close(): void;
}

/** An SDP that cannot be used; the message says which line or field, and why. */
export class SdpError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SdpError";
  }
}
