/** An {@link Rtc} in memory, for tests: real descriptions and reports, packets handed over without a network. */

import { Connection } from "./connection.ts";
import type { RtpPeer } from "./peer.ts";
import type { Rtc } from "./rtc.ts";
import type { TransportParameters } from "./sdp.ts";
import type { Wire, WireHandlers } from "./wire.ts";

export interface FakeRtcOptions {
  /** Arrival times of packets, in milliseconds. Default: the process's clock. */
  readonly now?: () => number;
  /** True: this packet (RTP or RTCP) is lost. */
  readonly drop?: (packet: Uint8Array) => boolean;
}

/** Peers of one fake reach each other, and no one else. Packets arrive in a microtask. */
export function openFakeRtc({ now = () => performance.now(), drop = () => false }: FakeRtcOptions = {}): Rtc {
  const wires = new Map<string, FakeWire>();
  const peers = new Set<RtpPeer>();
  return {
    udpPort: 0,
    openPeer(name) {
      const peer = new Connection(name, (_name, handlers) => new FakeWire(handlers, wires, now, drop));
      peers.add(peer);
      return peer;
    },
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer.close();
    },
  };
}

class FakeWire implements Wire {
  readonly #handlers: WireHandlers;
  readonly #wires: Map<string, FakeWire>;
  readonly #now: () => number;
  readonly #drop: (packet: Uint8Array) => boolean;
  readonly #ufrag: string;
  #other: FakeWire | null = null;
  #closed = false;

  constructor(handlers: WireHandlers, wires: Map<string, FakeWire>, now: () => number, drop: (packet: Uint8Array) => boolean) {
    this.#handlers = handlers;
    this.#wires = wires;
    this.#now = now;
    this.#drop = drop;
    this.#ufrag = `fake${wires.size + 1}`;
    wires.set(this.#ufrag, this);
  }

  async answer(remote: TransportParameters): Promise<TransportParameters> {
    this.#handlers.onState("connecting");
    this.#meet(remote);
    return this.#parameters(remote.setup === "passive" ? "active" : "passive");
  }

  async offer(): Promise<TransportParameters> {
    this.#handlers.onState("connecting");
    return this.#parameters("actpass");
  }

  answered(remote: TransportParameters): void {
    this.#meet(remote);
    const other = this.#other;
    if (other === null || other.#other !== this) return;
    for (const wire of [this, other]) queueMicrotask(() => wire.#closed || wire.#handlers.onState("connected"));
  }

  send(packet: Uint8Array): boolean {
    const other = this.#other;
    if (this.#closed || other === null) return false;
    if (this.#drop(packet)) return true;
    const copy = Buffer.from(packet);
    queueMicrotask(() => {
      if (!other.#closed) other.#handlers.onPacket(copy, this.#now());
    });
    return true;
  }

  stats(): { bytesSent: number; bytesReceived: number; localCandidate: string | null; remoteCandidate: string | null } {
    return {
      bytesSent: 0,
      bytesReceived: 0,
      localCandidate: `host ${this.#ufrag}`,
      remoteCandidate: this.#other && `host ${this.#other.#ufrag}`,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const other = this.#other;
    if (other !== null && !other.#closed) queueMicrotask(() => other.#handlers.onState("disconnected"));
  }

  #meet(remote: TransportParameters): void {
    this.#other = this.#wires.get(remote.ufrag) ?? null;
  }

  #parameters(setup: TransportParameters["setup"]): TransportParameters {
    return {
      ufrag: this.#ufrag,
      password: "0123456789012345678901",
      fingerprint: `sha-256 ${Array.from({ length: 32 }, () => "00").join(":")}`,
      setup,
      candidates: [],
      shunsLoopback: false,
    };
  }
}
