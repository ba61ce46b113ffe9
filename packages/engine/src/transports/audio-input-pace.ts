/** How fast audio may come, and whether it comes as fast as its declared sample rate says. */

/** Audio may come this much faster than real time for ever: clocks differ, networks catch up. */
const fillRate = 1.25;
/** And this much at once, in milliseconds: a client that has gathered audio while it connected. */
const burstMs = 10_000;

/** A token bucket that counts milliseconds of audio. */
export class Bucket {
  #tokensMs = burstMs;
  #at = 0;

  /** How much of `ms` of audio may pass at session time `at`, in milliseconds. */
  take(ms: number, at: number): number {
    this.#tokensMs = Math.min(burstMs, this.#tokensMs + Math.max(0, at - this.#at) * fillRate);
    this.#at = Math.max(this.#at, at);
    const allowed = Math.min(ms, this.#tokensMs);
    this.#tokensMs -= allowed;
    return allowed;
  }
}

/** Sample rates that microphones, files and networks have. */
const usualRates = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000] as const;
/** A pause between chunks longer than this ends the streaming: a muted client, a stalled network. In milliseconds. */
const pauseMs = 1000;
/** Length of one measurement, in milliseconds, and how many must agree. */
const windowMs = 1000;
const windows = 8;
/** How far apart the measurements may be, how near the rate they come to must be to a usual one, and how far from the declared one. */
const spread = 0.12;
const nearness = 0.04;
const farness = 0.25;

/** The audio's speed against the wall clock, over a stretch of unbroken streaming. */
export interface RateMismatch {
  /** Audio received per time passed. */
  readonly ratio: number;
  /** The sample rate that it seems to have, in hertz. */
  readonly actualRate: number;
  readonly overMs: number;
}

/**
 * Notices audio of another sample rate than the declared one. Each second of unbroken streaming is measured by itself and
 * all of eight in a row must agree: a client that falls silent, or catches up after a stall, has seconds that do not.
 */
export class RateWatch {
  readonly #declaredRate: number;
  #lastAt: number | undefined;
  #startedAt = 0;
  #receivedMs = 0;
  #audible = false;
  #measured: { readonly wallMs: number; readonly audioMs: number }[] = [];
  #told = false;

  constructor(declaredRate: number) {
    this.#declaredRate = declaredRate;
  }

  /** A chunk of `ms` has arrived at `at`; answers once. `audible`: it is not all zeros, which a muted client sends as it likes. */
  take(ms: number, at: number, audible: boolean): RateMismatch | undefined {
    const pause = this.#lastAt === undefined ? Number.POSITIVE_INFINITY : at - this.#lastAt;
    this.#lastAt = at;
    if (pause > pauseMs) {
      this.#restart(at);
      this.#measured = [];
      return undefined;
    }
    this.#receivedMs += ms;
    this.#audible ||= audible;
    const wallMs = at - this.#startedAt;
    if (wallMs < windowMs) return undefined;
    const measured = { wallMs, audioMs: this.#receivedMs };
    if (this.#audible) this.#measured = [...this.#measured, measured].slice(-windows);
    this.#restart(at);
    return this.#judge();
  }

  #restart(at: number): void {
    this.#startedAt = at;
    this.#receivedMs = 0;
    this.#audible = false;
  }

  #judge(): RateMismatch | undefined {
    if (this.#told || this.#measured.length < windows) return undefined;
    const wallMs = this.#measured.reduce((sum, each) => sum + each.wallMs, 0);
    const ratio = this.#measured.reduce((sum, each) => sum + each.audioMs, 0) / wallMs;
    if (Math.abs(ratio - 1) < farness) return undefined;
    const steady = this.#measured.every((each) => Math.abs(each.audioMs / each.wallMs / ratio - 1) < spread);
    const seeming = this.#declaredRate * ratio;
    const actualRate = usualRates.find((rate) => Math.abs(seeming / rate - 1) < nearness);
    if (!steady || actualRate === undefined) return undefined;
    this.#told = true;
    return { ratio, actualRate, overMs: wallMs };
  }
}
