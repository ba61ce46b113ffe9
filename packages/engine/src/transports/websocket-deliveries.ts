/** Which of the agent's frames have reached a client whose socket may break. Pure. */
import { FRAME_MS } from "../core/frame.ts";

/**
 * A ping without an answer for this long, in milliseconds, means that the network was gone before the socket was: what
 * the kernel took since the last answered ping may have gone nowhere.
 */
const patienceMs = 3000;
/** Frames that wait for the socket; a socket that has taken none for a minute is dead. */
const maxHanded = 3000;
/** Pings that wait for an answer. */
const maxPings = 32;

/**
 * The rule: when the socket closes while its pings are being answered, everything that the kernel took has arrived.
 * When the pongs had stopped, only what was written before the last answered ping has.
 */
export class Deliveries {
  /** Session times of frames that were handed to the socket, in order. A flush makes those that wait count for nothing. */
  #handed: { readonly at: number; counts: boolean }[] = [];
  #pings: { readonly id: number; readonly at: number; readonly until: number }[] = [];
  #nextPing = 1;
  #writtenUntil = 0;
  #answeredUntil = 0;
  #rttMs = 0;

  /** Of the last answered ping, in milliseconds; 0 before the first. */
  get rttMs(): number {
    return this.#rttMs;
  }

  handed(at: number): void {
    this.#handed.push({ at, counts: true });
    if (this.#handed.length > maxHanded) this.#handed.shift();
  }

  /** The kernel has the frame of `at`, and what was handed over before it. An `at` that does not wait is none of ours. */
  written(at: number): void {
    const index = this.#handed.findIndex((frame) => frame.at === at);
    if (index === -1) return;
    const counts = this.#handed[index]?.counts === true;
    this.#handed.splice(0, index + 1);
    if (counts) this.#writtenUntil = at + FRAME_MS;
  }

  /** The number to tell the pong by. */
  ping(at: number): number {
    const id = this.#nextPing++;
    this.#pings.push({ id, at, until: this.#writtenUntil });
    // The oldest one tells how long nothing has come: it stays.
    if (this.#pings.length > maxPings) this.#pings.splice(1, 1);
    return id;
  }

  /** Answers that ping, and those before it. */
  pong(id: number, at: number): void {
    const ping = this.#pings.find((each) => each.id === id);
    if (ping === undefined) return;
    this.#answeredUntil = ping.until;
    this.#rttMs = Math.max(0, at - ping.at);
    this.#pings = this.#pings.filter((each) => each.id > id);
  }

  /** The client throws away what it has not played by `at`. */
  flush(at: number): void {
    for (const frame of this.#handed) frame.counts = false;
    this.#writtenUntil = Math.min(this.#writtenUntil, at);
    this.#answeredUntil = Math.min(this.#answeredUntil, at);
    this.#pings = this.#pings.map((ping) => ({ ...ping, until: Math.min(ping.until, at) }));
  }

  /** Session time up to which the client has everything, were the socket lost at `at`. */
  until(at: number): number {
    const [oldest] = this.#pings;
    return oldest !== undefined && at - oldest.at > patienceMs ? this.#answeredUntil : this.#writtenUntil;
  }

  /** The socket is lost: settles what has arrived, and returns it. */
  lose(at: number): number {
    const until = this.until(at);
    this.#writtenUntil = until;
    this.#answeredUntil = until;
    this.#handed = [];
    this.#pings = [];
    return until;
  }
}
