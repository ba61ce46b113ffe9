/** A {@link Wire} on node-datachannel (libdatachannel): native ICE, DTLS and SRTP. Works on the main thread only. */

import { Audio, PeerConnection } from "node-datachannel";
import type { RtcConfig, Track } from "node-datachannel";

import type { PeerState } from "./peer.ts";
import { readSdp, transportSdp, TRANSPORT_MID } from "./sdp.ts";
import type { TransportParameters } from "./sdp.ts";
import type { Wire, WireHandlers, WireStats } from "./wire.ts";

/** Host candidates are there at once; a STUN server that is silent may not hold an answer back for longer. */
const GATHERING_MS = 2000;

/** The SSRC in the library's own description, which nobody sees. */
const PLACEHOLDER_SSRC = 1;

export class NativeWire implements Wire {
  readonly #handlers: WireHandlers;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #gathered: Promise<void>;
  #stopGathering: () => void = () => {};
  #closed = false;
  #trackClosed = false;
  readonly #onGone: () => void;

  /** `onGone` is called when the native side has let go; until then someone must hold on to the wire. */
  constructor(name: string, config: RtcConfig, handlers: WireHandlers, onGone: () => void) {
    this.#handlers = handlers;
    this.#onGone = onGone;
    this.#connection = new PeerConnection(name, { ...config, disableAutoNegotiation: true, forceMediaTransport: true });
    this.#connection.onStateChange((state) => {
      // The track opens a moment later than the connection, and nothing can be sent before.
      if (this.#closed || !isPeerState(state) || (state === "connected" && !this.#track.isOpen())) return;
      handlers.onState(state);
    });
    this.#gathered = new Promise((resolve) => {
      this.#stopGathering = resolve;
    });
    this.#connection.onGatheringStateChange((state) => {
      if (state === "complete") this.#stopGathering();
    });
    const audio = new Audio(TRANSPORT_MID, "SendRecv");
    audio.addOpusCodec(111);
    audio.addSSRC(PLACEHOLDER_SSRC, "parley");
    this.#track = this.#connection.addTrack(audio);
    this.#track.onOpen(() => {
      if (!this.#closed && this.#connection.state() === "connected") handlers.onState("connected");
    });
    this.#track.onMessage((packet) => {
      if (!this.#closed) handlers.onPacket(packet, performance.now());
    });
    // Without this handler the native side never lets go of the track, and crashes at exit.
    this.#track.onClosed(() => {
      this.#trackClosed = true;
      if (this.#closed) this.#onGone();
    });
  }

  async answer(remote: TransportParameters): Promise<TransportParameters> {
    // Firefox waits a second for a DTLS client that answers actpass with active: it is told to be the client itself.
    const setup = remote.setup === "passive" ? "passive" : "active";
    this.#connection.setRemoteDescription(transportSdp({ ...remote, setup }), "offer");
    this.#connection.setLocalDescription("answer");
    return { ...(await this.#local()), setup: setup === "active" ? "passive" : "active" };
  }

  async offer(): Promise<TransportParameters> {
    this.#connection.setLocalDescription("offer");
    return { ...(await this.#local()), setup: "actpass" };
  }

  answered(remote: TransportParameters): void {
    this.#connection.setRemoteDescription(transportSdp(remote), "answer");
  }

  async #local(): Promise<TransportParameters> {
    const timer = setTimeout(this.#stopGathering, GATHERING_MS);
    await this.#gathered;
    clearTimeout(timer);
    const description = this.#closed ? null : this.#connection.localDescription();
    if (description === null) throw new Error("The connection was closed while its candidates were gathered");
    return readSdp(description.sdp).transport;
  }

  send(packet: Uint8Array): boolean {
    if (this.#closed || this.#trackClosed || !this.#track.isOpen()) return false;
    try {
      return this.#track.sendMessageBinary(
        Buffer.isBuffer(packet) ? packet : Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength),
      );
    } catch {
      return false; // The track closes on a thread of its own: between isOpen and here.
    }
  }

  stats(): WireStats {
    if (this.#closed) return { bytesSent: 0, bytesReceived: 0, localCandidate: null, remoteCandidate: null };
    const pair = this.#connection.getSelectedCandidatePair();
    return {
      bytesSent: this.#connection.bytesSent(),
      bytesReceived: this.#connection.bytesReceived(),
      localCandidate: pair === null ? null : candidateText(pair.local),
      remoteCandidate: pair === null ? null : candidateText(pair.remote),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopGathering();
    this.#track.close();
    this.#connection.close();
    if (this.#trackClosed) this.#onGone();
    this.#handlers.onState("closed");
  }
}

function candidateText({
  type,
  address,
  port,
  transportType,
}: {
  type: string;
  address: string;
  port: number;
  transportType: string;
}): string {
  return `${type} ${address}:${port} ${transportType}`.toLowerCase();
}

function isPeerState(state: string): state is PeerState {
  return (
    state === "new" ||
    state === "connecting" ||
    state === "connected" ||
    state === "disconnected" ||
    state === "failed" ||
    state === "closed"
  );
}
