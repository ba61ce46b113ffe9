/** The connection that carries audio: the client always offers, one m-line for the microphone and one for each person heard. */
import type { ClientMessageInput, IceServer, OfferLine } from "@parley/protocol";

/** What the connection tells its channel. */
export interface PeerLinkHandlers {
  send(message: ClientMessageInput): void;
  /** Someone can be heard on this receiver from now on. */
  onReceiver(uid: string, receiver: RTCRtpReceiver): void;
  onReceiverGone(uid: string): void;
  onState(state: RTCPeerConnectionState): void;
  /** The browser refused our offer or the engine's answer. */
  onFailure(cause: unknown): void;
}

interface Line {
  readonly transceiver: RTCRtpTransceiver;
  uid: string | null;
}

export class PeerLink {
  readonly #connection: RTCPeerConnection;
  readonly #handlers: PeerLinkHandlers;
  readonly #publishing: RTCRtpTransceiver | null;
  readonly #lines: Line[] = [];
  #wanted: readonly string[] = [];
  #offerId = 0;
  #waiting = false;
  #again = false;

  constructor(iceServers: readonly IceServer[], track: MediaStreamTrack | null, handlers: PeerLinkHandlers) {
    this.#handlers = handlers;
    this.#connection = new RTCPeerConnection({ iceServers: iceServers.map(toIceServer), bundlePolicy: "max-bundle" });
    this.#connection.onconnectionstatechange = () => handlers.onState(this.#connection.connectionState);
    this.#publishing = track === null ? null : this.#connection.addTransceiver(track, { direction: "sendonly" });
  }

  get state(): RTCPeerConnectionState {
    return this.#connection.connectionState;
  }

  /** Offers with a line for each of `uids`; while an offer is under way, another one follows it. */
  hear(uids: readonly string[]): void {
    this.#wanted = uids;
    if (this.#waiting) this.#again = true;
    else void this.#offer();
  }

  async answered(id: number, sdp: string): Promise<void> {
    if (id !== this.#offerId || !this.#waiting) return;
    try {
      await this.#connection.setRemoteDescription({ type: "answer", sdp });
    } catch (error) {
      return this.#fail(error);
    }
    this.#waiting = false;
    for (const line of this.#lines) if (line.uid !== null) this.#handlers.onReceiver(line.uid, line.transceiver.receiver);
    if (!this.#again) return;
    this.#again = false;
    void this.#offer();
  }

  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    await this.#publishing?.sender.replaceTrack(track);
  }

  receiver(uid: string): RTCRtpReceiver | undefined {
    return this.#lines.find((line) => line.uid === uid)?.transceiver.receiver;
  }

  stats(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  close(): void {
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  async #offer(): Promise<void> {
    this.#waiting = true;
    this.#arrangeLines();
    try {
      await this.#connection.setLocalDescription();
    } catch (error) {
      return this.#fail(error);
    }
    const sdp = this.#connection.localDescription?.sdp ?? "";
    this.#handlers.send({ type: "offer", id: ++this.#offerId, sdp, plan: this.#plan() });
  }

  /** Lines of those who have gone are used again: SDP cannot remove them. */
  #arrangeLines(): void {
    for (const line of this.#lines) {
      if (line.uid === null || this.#wanted.includes(line.uid)) continue;
      this.#handlers.onReceiverGone(line.uid);
      line.uid = null;
      line.transceiver.direction = "inactive";
    }
    for (const uid of this.#wanted) {
      if (this.#lines.some((line) => line.uid === uid)) continue;
      const free = this.#lines.find((line) => line.uid === null);
      if (free === undefined) {
        this.#lines.push({ transceiver: this.#connection.addTransceiver("audio", { direction: "recvonly" }), uid });
      } else {
        free.uid = uid;
        free.transceiver.direction = "recvonly";
      }
    }
  }

  #plan(): OfferLine[] {
    const plan: OfferLine[] = this.#lines.map(({ transceiver, uid }) => {
      const mid = transceiver.mid ?? "";
      return uid === null ? { mid, unused: true } : { mid, subscribe: uid };
    });
    return this.#publishing === null ? plan : [{ mid: this.#publishing.mid ?? "", publish: true }, ...plan];
  }

  #fail(cause: unknown): void {
    if (this.#connection.connectionState !== "closed") this.#handlers.onFailure(cause);
  }
}

function toIceServer(server: IceServer): RTCIceServer {
  const { urls, username, credential } = server;
  return { urls, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential }) };
}
