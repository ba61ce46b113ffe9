/** Whether a request is tried again, and after how long: pure. */

export interface Attempt {
  /** 0 where no answer came. */
  readonly status: number;
  /** Doing it twice is doing it once. */
  readonly repeatable: boolean;
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

/** The request may have been carried out all the same. */
export function isDoubtful(status: number): boolean {
  return status === 0 || (status >= 500 && status !== 501);
}

/** Undefined: the answer is final. */
export function retryDelayMs({ status, repeatable, attempt, retryAfter, now }: Attempt): number | undefined {
  const refused = status === 408 || status === 429;
  if (!refused && !(repeatable && isDoubtful(status))) return undefined;
  const asked = retryAfter === null ? undefined : waitOf(retryAfter, now);
  return Math.min(LONGEST_MS, asked ?? FIRST_MS * 2 ** attempt);
}

function waitOf(retryAfter: string, now: number): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
