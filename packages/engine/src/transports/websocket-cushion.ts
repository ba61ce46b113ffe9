/**
 * Audio that arrives in chunks becomes an even stream: one frame every 20 ms of session time, whatever the network does.
 * Pure.
 *
 * A chunk waits 40 ms before its first frame is due, so that the next may be that late and no hole comes into speech
 * (20 to 60 ms with the grid of frames; the chunk's own length is the client's). When one is later, its lateness is a
 * hole once, and a longer cushion from then on. What a cushion has too much, a burst or a stall that is being caught up
 * included, is given back in pauses alone: frames of quiet are left out there until the cushion is short again. So
 * nothing that is said is lost or sped up, and the agent hears it in the order of time, later first and in time again
 * after the next pause. A cushion that is too short, because the client's clock is slow, is filled up in pauses too.
 */
import { FRAME_MS, INPUT_RATE, INPUT_SAMPLES } from "../core/frame.ts";

/** Wait before the first frame after a silence, and what is left after a cushion has been shortened, in milliseconds. */
const cushionMs = 40;
/** A cushion above this is a burst and is shortened soon; below it, only when it was never needed for long. In milliseconds. */
const burstMs = 200;
const soonMs = 2000;
const longMs = 10_000;
/** Less than this in reserve at all times of late: the client's clock is slow. In milliseconds. */
const shortMs = 5;
/** A pause keeps this much of itself, in milliseconds: it is still heard as one. */
const keptPauseMs = 100;
/** Quiet is up to twice the amplitude of the quietest frame in this long, in milliseconds … */
const floorMs = 3000;
const quietFactor = 4; // of energy
/** … and any frame below this energy per sample: 30 of 32,768, −61 dBFS. */
const silence = 30 ** 2;

export interface CushionFrame {
  /** {@link INPUT_SAMPLES} samples. */
  readonly pcm: Int16Array;
  /** There was nothing to take: silence. */
  readonly concealed: boolean;
}

export class Cushion {
  #chunks: Int16Array[] = [];
  #offset = 0;
  #samples = 0;
  /** When the first frame of what waits is due; undefined while it flows or nothing waits. */
  #startsAt: number | undefined;
  #flowing = false;
  #quietMs = 0;
  readonly #reserve = new Least(longMs);
  readonly #floor = new Least(floorMs);

  /** What waits, in milliseconds. */
  get waitingMs(): number {
    return (this.#samples * 1000) / INPUT_RATE;
  }

  /** The next frame will not be full: what more there is should come now. */
  get runsDry(): boolean {
    return this.#flowing && this.#samples < INPUT_SAMPLES;
  }

  push(pcm: Int16Array, at: number): void {
    if (pcm.length === 0) return;
    if (!this.#flowing) this.#startsAt ??= at + cushionMs;
    this.#chunks.push(pcm);
    this.#samples += pcm.length;
  }

  /** The frame that ends at `at`. Called once for each frame of session time. */
  take(at: number): CushionFrame {
    if (this.#startsAt !== undefined && at >= this.#startsAt) this.#start();
    if (!this.#flowing) return { pcm: new Int16Array(INPUT_SAMPLES), concealed: true };
    if (this.#samples === 0) return this.#stop();
    const frame = this.#next(at);
    this.#reserve.add(this.waitingMs, at);
    if (this.#samples === 0 && frame.partial) this.#flowing = false;
    return frame;
  }

  #start(): void {
    this.#startsAt = undefined;
    this.#flowing = true;
    this.#reserve.clear();
  }

  #stop(): CushionFrame {
    this.#flowing = false;
    return { pcm: new Int16Array(INPUT_SAMPLES), concealed: true };
  }

  /** Leaves quiet frames out while there is too much, puts one in when there is too little. */
  #next(at: number): CushionFrame & { readonly partial: boolean } {
    for (;;) {
      const partial = this.#samples < INPUT_SAMPLES;
      const energy = this.#energy();
      const floor = this.#floor.over(floorMs, at) ?? 0;
      const quiet = energy < Math.max(silence, floor * quietFactor);
      const spare = this.#spareMs(at);
      if (quiet && !partial && this.#quietMs >= keptPauseMs && spare >= FRAME_MS) {
        this.#dequeue();
        this.#reserve.lower(FRAME_MS);
        continue;
      }
      this.#floor.add(energy, at);
      this.#quietMs = quiet ? this.#quietMs + FRAME_MS : 0;
      if (quiet && this.#isShort(at)) {
        this.#reserve.clear();
        return { pcm: new Int16Array(INPUT_SAMPLES), concealed: true, partial: false };
      }
      return { pcm: this.#dequeue(), concealed: false, partial };
    }
  }

  /** What was not needed of late, in milliseconds. */
  #spareMs(at: number): number {
    const soon = this.#reserve.over(soonMs, at) ?? 0;
    const spare = soon > burstMs ? soon : (this.#reserve.over(longMs, at) ?? 0);
    return spare - cushionMs;
  }

  #isShort(at: number): boolean {
    const reserve = this.#reserve.over(soonMs, at);
    return reserve !== undefined && reserve < shortMs;
  }

  #energy(): number {
    let sum = 0;
    let counted = 0;
    let offset = this.#offset;
    for (const chunk of this.#chunks) {
      for (; offset < chunk.length && counted < INPUT_SAMPLES; offset += 1, counted += 1) sum += (chunk[offset] ?? 0) ** 2;
      if (counted === INPUT_SAMPLES) break;
      offset = 0;
    }
    return sum / INPUT_SAMPLES;
  }

  #dequeue(): Int16Array {
    const pcm = new Int16Array(INPUT_SAMPLES);
    let filled = 0;
    while (filled < INPUT_SAMPLES) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(this.#offset, this.#offset + INPUT_SAMPLES - filled);
      pcm.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      if (this.#offset < chunk.length) break;
      this.#chunks.shift();
      this.#offset = 0;
    }
    this.#samples -= filled;
    return pcm;
  }
}

const stepMs = 500;

/** The least of the values of late, kept in steps of half a second. */
class Least {
  readonly #longestMs: number;
  #steps: { readonly step: number; least: number }[] = [];
  #since: number | undefined;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  add(value: number, at: number): void {
    this.#since ??= at;
    const step = Math.floor(at / stepMs);
    const last = this.#steps.at(-1);
    if (last?.step === step) last.least = Math.min(last.least, value);
    else this.#steps.push({ step, least: value });
    while (this.#steps.length > this.#longestMs / stepMs + 1) this.#steps.shift();
  }

  /** Undefined while there are values of a shorter time than that alone. */
  over(ms: number, at: number): number | undefined {
    if (this.#since === undefined || at - this.#since < ms) return undefined;
    const from = Math.floor((at - ms) / stepMs);
    let least: number | undefined;
    for (const value of this.#steps) {
      if (value.step >= from) least = Math.min(least ?? value.least, value.least);
    }
    return least;
  }

  lower(by: number): void {
    for (const step of this.#steps) step.least -= by;
  }

  clear(): void {
    this.#steps = [];
    this.#since = undefined;
  }
}
