/** Time as the session sees it: milliseconds since it began, timers, and a tick per frame. */
import { FRAME_MS } from "../core/frame.ts";

/** Cancels a timer or a tick. Calling it twice is harmless. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since the session began; never goes back. */
  now(): number;
  /** Calls `handler` once, when `now()` has reached `at`. A time in the past fires as soon as possible. */
  at(at: number, handler: () => void): Cancel;
  /** Calls `handler` every `FRAME_MS` with the time at which the frame is due; ticks that are a little late are made up for, one by one. */
  everyFrame(handler: (due: number) => void): Cancel;
}

/** How often the shared ticker looks, in milliseconds. Sessions are spread over the phases in between. */
const stepMs = 5;
/** A stall longer than this is not made up for: a burst of old frames would be worse than a gap. */
const maxCatchUpMs = 200;

interface Beat {
  /** On the ticker's own scale, in milliseconds. */
  next: number;
  readonly run: (due: number) => void;
}

/** One timer for the frames of all sessions of this process. It runs while anyone needs it. */
export class Ticker {
  readonly #now: () => number;
  readonly #beats = new Set<Beat>();
  #timer: NodeJS.Timeout | undefined;
  #phase = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A clock for one session, which is so old now, in milliseconds. */
  clock(age = 0): Clock {
    const origin = this.#now() - age;
    const now = () => this.#now() - origin;
    return {
      now,
      at: (at, handler) => {
        const timer = setTimeout(handler, Math.max(0, at - now()));
        return () => clearTimeout(timer);
      },
      everyFrame: (handler) => this.#every((due) => handler(due - origin)),
    };
  }

  #every(run: (due: number) => void): Cancel {
    this.#phase = (this.#phase + stepMs) % FRAME_MS;
    const beat: Beat = { next: this.#now() + this.#phase, run };
    this.#beats.add(beat);
    this.#timer ??= setInterval(() => this.#tick(), stepMs);
    return () => {
      this.#beats.delete(beat);
      if (this.#beats.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #tick(): void {
    const now = this.#now();
    for (const beat of this.#beats) {
      if (now - beat.next > maxCatchUpMs) beat.next = now;
      while (beat.next <= now && this.#beats.has(beat)) {
        beat.run(beat.next);
        beat.next += FRAME_MS;
      }
    }
  }
}
