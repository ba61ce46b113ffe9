/** Events on their way to a client who may be away: what could not be told waits, and what was told of late may have been lost. Pure. */
import type { WireEvent } from "./to-wire.ts";

/** Of each; the oldest are lost. */
const maxEvents = 256;

export class Untold {
  #waiting: WireEvent[];
  #told: { readonly at: number; readonly event: WireEvent }[] = [];

  constructor(waiting: readonly WireEvent[] = []) {
    this.#waiting = [...waiting];
  }

  /** What would wait if the socket were gone, and what was sent after `since` had not arrived. */
  asOf(since: number): readonly WireEvent[] {
    return [...this.#told.filter(({ at }) => at >= since).map(({ event }) => event), ...this.#waiting];
  }

  /** It was sent, or nobody was there. */
  note(event: WireEvent, sent: boolean, at: number): void {
    // What is only worth something at its time is not kept.
    if (event.type === "reply.audio" || event.type === "transcript.user.delta") return;
    if (!sent) this.#waiting.push(event);
    // Lost words come again with the audio that they belong to.
    else if (event.type !== "transcript.agent.delta") this.#told.push({ at, event });
    if (this.#waiting.length > maxEvents) this.#waiting.shift();
    if (this.#told.length > maxEvents) this.#told.shift();
  }

  /** The socket is gone; what was sent after `since` did not arrive. */
  lost(since: number): void {
    this.#waiting = [...this.asOf(since)];
    this.#told = [];
  }

  take(): WireEvent[] {
    return this.#waiting.splice(0);
  }

  /** Nobody will come for them. */
  clear(): void {
    this.#waiting = [];
  }
}
