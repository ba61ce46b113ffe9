/** Agents that were in the channel before the connection was lost, and are not back yet: an engine that was killed brings them back. */

/** An agent that does not come back in this time has gone, in milliseconds. Its engine loads its models before. */
export const agentReturnMs = 60_000;

export class Absences {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #onOver: (uid: string) => void;

  /** `onOver`: that agent has gone for good. */
  constructor(onOver: (uid: string) => void) {
    this.#onOver = onOver;
  }

  /** It is missed from now on; who is missed already is not waited for longer. */
  begin(uid: string): void {
    if (this.#timers.has(uid)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(uid);
      this.#onOver(uid);
    }, agentReturnMs);
    this.#timers.set(uid, timer);
  }

  /** It is back, or known to have gone. */
  end(uid: string): void {
    clearTimeout(this.#timers.get(uid));
    this.#timers.delete(uid);
  }

  close(): void {
    for (const uid of this.#timers.keys()) this.end(uid);
  }
}
