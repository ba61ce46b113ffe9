/** When a caller tries again after its line broke, and when it gives up. */

/** First and longest wait, in milliseconds. */
const FIRST_MS = 250;
const LONGEST_MS = 4000;

/**
 * Milliseconds to wait before attempt number `attempt`, from 0; undefined: it is time to give up. Half of the wait is
 * random (`random` in [0, 1)), so that an engine that restarts is not met by everybody at once.
 */
export function reconnectDelay(attempt: number, sinceLossMs: number, withinMs: number, random: number): number | undefined {
  if (sinceLossMs >= withinMs) return undefined;
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}
