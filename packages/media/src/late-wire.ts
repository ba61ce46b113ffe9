/** A wire that is opened when it is known who is at its other end. */
import type { TransportParameters } from "./sdp.ts";
import type { Wire, WireHandlers, WireStats } from "./wire.ts";

const NOTHING: WireStats = { bytesSent: 0, bytesReceived: 0, localCandidate: null, remoteCandidate: null };

export class LateWire implements Wire {
  readonly #open: (remote: TransportParameters | null) => Wire;
  readonly #handlers: WireHandlers;
  readonly #onGone: () => void;
  #wire: Wire | null = null;
  #closed = false;

  /** `open` is called once, with null where this side offers; `onGone` only if it never is. */
  constructor(open: (remote: TransportParameters | null) => Wire, handlers: WireHandlers, onGone: () => void) {
    this.#open = open;
    this.#handlers = handlers;
    this.#onGone = onGone;
  }

  async answer(remote: TransportParameters): Promise<TransportParameters> {
    return await this.#opened(remote).answer(remote);
  }

  async offer(): Promise<TransportParameters> {
    return await this.#opened(null).offer();
  }

  answered(remote: TransportParameters): void {
    this.#opened(remote).answered(remote);
  }

  send(packet: Uint8Array): boolean {
    return this.#wire?.send(packet) ?? false;
  }

  stats(): WireStats {
    return this.#wire?.stats() ?? NOTHING;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#wire !== null) this.#wire.close();
    else {
      this.#onGone();
      this.#handlers.onState("closed");
    }
  }

  #opened(remote: TransportParameters | null): Wire {
    if (this.#closed) throw new Error("The connection was closed before it was set up");
    this.#wire ??= this.#open(remote);
    return this.#wire;
  }
}
