/** Decides how long an agent stays when nobody is there. */

/** Who is there, and until when the agent waits for somebody. Times are session time in milliseconds. */
export class Presence {
  readonly #idleMs: number;
  readonly #firstUserMs: number;
  readonly #uids = new Set<string>();
  #leftAt: number | undefined;

  /**
   * Both in seconds, 0: no limit. `idleTimeoutS` counts since the last one has left, `firstUserTimeoutS` until the first
   * one comes. `met`: somebody was there before the session began, and has left at its time 0.
   */
  constructor(idleTimeoutS: number, firstUserTimeoutS: number, { met = false }: { readonly met?: boolean } = {}) {
    this.#idleMs = idleTimeoutS * 1000;
    this.#firstUserMs = firstUserTimeoutS * 1000;
    if (met) this.#leftAt = 0;
  }

  join(uid: string): void {
    this.#uids.add(uid);
  }

  leave(uid: string, at: number): void {
    if (this.#uids.delete(uid) && this.#uids.size === 0) this.#leftAt = at;
  }

  get someone(): boolean {
    return this.#uids.size > 0;
  }

  /** When the agent goes, if nobody comes. */
  get deadline(): number | undefined {
    if (this.someone) return undefined;
    if (this.#leftAt === undefined) return this.#firstUserMs === 0 ? undefined : this.#firstUserMs;
    return this.#idleMs === 0 ? undefined : this.#leftAt + this.#idleMs;
  }
}
