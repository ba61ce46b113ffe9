/** When to try again after the connection was lost. */

export interface BackOff {
  /** Milliseconds before the first attempt, at most. */
  readonly firstMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
}

/** Milliseconds to wait before attempt number `attempt` (from 0). Half of it is random (`random` in [0, 1)), so that a restarted server is not met by everybody at once. */
export function backOffMs({ firstMs, maxMs }: BackOff, attempt: number, random: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return full / 2 + (full / 2) * random;
}
