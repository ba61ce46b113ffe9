/** Notices voice frames that are written later than they were due: what people hear as stutter. */
import { FRAME_MS, type VoiceFrame } from "../core/frame.ts";
import type { Clock } from "../session/clock.ts";
import type { OpenTransport, Transport } from "./transport.ts";

/** Calls `onLate` for each frame that comes a whole frame or more after its time. */
export function watchLateness(open: OpenTransport, onLate: (lateMs: number) => void): OpenTransport {
  return async (clock, signal) => new Watched(await open(clock, signal), clock, onLate);
}

class Watched implements Transport {
  readonly caps: Transport["caps"];
  readonly frames: Transport["frames"];
  readonly events: Transport["events"];
  readonly #inner: Transport;
  readonly #clock: Clock;
  readonly #onLate: (lateMs: number) => void;

  constructor(inner: Transport, clock: Clock, onLate: (lateMs: number) => void) {
    this.caps = inner.caps;
    this.frames = inner.frames;
    this.events = inner.events;
    this.#inner = inner;
    this.#clock = clock;
    this.#onLate = onLate;
  }

  write(frame: VoiceFrame): void {
    const lateMs = this.#clock.now() - frame.at;
    if (lateMs >= FRAME_MS) this.#onLate(lateMs);
    this.#inner.write(frame);
  }

  async flush(): ReturnType<Transport["flush"]> {
    return await this.#inner.flush();
  }

  played(): ReturnType<Transport["played"]> {
    return this.#inner.played();
  }

  send(to: string, data: Uint8Array): void {
    this.#inner.send(to, data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
