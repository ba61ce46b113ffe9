/** When to try again after the signalling socket was lost, and when to give up. */

/** First wait, longest wait, and when to give up, in milliseconds since the loss. */
export const firstDelayMs = 250;
export const maxDelayMs = 4_000;
export const giveUpMs = 60_000;

/**
 * Milliseconds to wait before attempt number `attempt` (from 0); undefined when it is time to give up. Half of the
 * wait is random (`random` in [0, 1)), so that an engine that restarts is not met by everybody at once.
 */
export function reconnectDelay(attempt: number, sinceLossMs: number, random: number): number | undefined {
  if (sinceLossMs >= giveUpMs) return undefined;
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}
