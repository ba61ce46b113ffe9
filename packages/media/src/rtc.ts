/** What all peer connections of a process share: one UDP port, addresses, ICE servers. */
import type { RtpPeer } from "./peer.ts";

export interface RtcSettings {
  /** UDP port that all peers share; 0: each peer takes a free one (callers, tests). */
  readonly udpPort: number;
  /** How many following ports to try when the port is taken. Default 0: taken is an error. */
  readonly nextPorts?: number;
  /** Address to bind media to; undefined: all. */
  readonly bindAddress?: string;
  /** Addresses that answers name in place of the machine's own: behind NAT, in a container. */
  readonly announcedAddresses?: readonly string[];
  /** `stun:host:port` or `turn:user:password@host:port`. */
  readonly iceServers?: readonly string[];
}

/** The process's media port. Closing it closes every peer. */
export interface Rtc extends AsyncDisposable {
  /** The port in use; 0 when each peer has its own. */
  readonly udpPort: number;
  /** A new connection; `name` appears in logs. */
  openPeer(name: string): RtpPeer;
}

/** The UDP port cannot be used; the message says which and what to do. */
export class UdpPortError extends Error {
  readonly udpPort: number;

  constructor(udpPort: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UdpPortError";
    this.udpPort = udpPort;
  }
}

export type OpenRtc = (settings: RtcSettings) => Promise<Rtc>;
