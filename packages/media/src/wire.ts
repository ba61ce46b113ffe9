/** What a peer connection stands on: ICE, DTLS and SRTP as one pipe for packets. */
import type { PeerState } from "./peer.ts";
import type { TransportParameters } from "./sdp.ts";

export interface WireHandlers {
  onState(state: PeerState): void;
  /** RTP or RTCP, decrypted. `at`: `performance.now()` milliseconds. */
  onPacket(packet: Buffer, at: number): void;
}

export interface WireStats {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly localCandidate: string | null;
  readonly remoteCandidate: string | null;
}

/** Either `answer`, or `offer` and then `answered`; each once. */
export interface Wire {
  answer(remote: TransportParameters): Promise<TransportParameters>;
  offer(): Promise<TransportParameters>;
  answered(remote: TransportParameters): void;
  /** Sends RTP or RTCP; false when it went nowhere. Never throws. */
  send(packet: Uint8Array): boolean;
  stats(): WireStats;
  close(): void;
}

export type OpenWire = (name: string, handlers: WireHandlers) => Wire;
