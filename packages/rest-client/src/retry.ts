/** Whether a request is tried again, and after how long: pure. */

export interface Attempt {
  /** 0 where no answer came. */
  readonly status: number;
  readonly method: string;
  /** From 0. */
  readonly attempt: number;
  /** The header of that name: seconds, or a date. */
  readonly retryAfter: string | null;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Of the first wait without `Retry-After`, in milliseconds; each next one is twice as long. */
const FIRST_MS = 250;
/** No wait is longer, whatever is asked for, in milliseconds. */
const LONGEST_MS = 30_000;

/**
 * Undefined: the answer is final. Where no answer came the request may have been carried out: it is tried again only
 * if doing it twice is doing it once.
 */
export function retryDelayMs({ status, method, attempt, retryAfter, now }: Attempt): number | undefined {
  const retried = status === 0 ? method !== "post" : status === 408 || status === 429 || (status >= 500 && status !== 501);
  if (!retried) return undefined;
  const asked = retryAfter === null ? undefined : waitOf(retryAfter, now);
  return Math.min(LONGEST_MS, asked ?? FIRST_MS * 2 ** attempt);
}

function waitOf(retryAfter: string, now: number): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
