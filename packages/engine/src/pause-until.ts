/** Waits for a time of day, however far it is. */

export interface DayClock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Timers hold 24 days at most. */
const LONGEST_MS = 24 * 3600 * 1000;

/** Resolves at `at`, Unix milliseconds, at once when that is past; rejects when the signal is aborted before. */
export async function pauseUntil(at: number, { now, pause }: DayClock, signal: AbortSignal): Promise<void> {
  for (let left = at - now(); left > 0; left = at - now()) await pause(Math.min(left, LONGEST_MS), signal);
}
