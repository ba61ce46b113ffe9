/** A clock for tests: time moves when the test says so, and everything that is due happens in order. */
import { FRAME_MS } from "../core/frame.ts";
import type { Cancel, Clock } from "./clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly handler: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  at(at: number, handler: () => void): Cancel {
    const timer: Timer = { at: Math.max(at, this.#now), order: this.#order++, handler };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  everyFrame(handler: (due: number) => void): Cancel {
    let due = this.#now;
    let cancelled = false;
    let cancel: Cancel = () => {};
    const beat = () => {
      handler(due);
      due += FRAME_MS;
      if (!cancelled) cancel = this.at(due, beat);
    };
    cancel = this.at(due, beat);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Resolves after `ms` of virtual time, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.at(this.#now + ms, resolve);
    signal?.addEventListener("abort", () => {
      cancel();
      resolve();
    });
    return promise;
  }

  /** Lets time pass up to `to`; between two instants, everything that was set off comes to rest. */
  async moveTo(to: number): Promise<void> {
    await settled();
    for (let next = this.#next(to); next !== undefined; next = this.#next(to)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.handler();
      if (this.#next(this.#now) === undefined) await settled();
    }
    this.#now = Math.max(this.#now, to);
  }

  #next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

/** All promises that can go on without time passing have gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
