/** Work that runs beside its owner, which waits for all of it when it closes. */

export class Tasks {
  readonly #onFailure: (error: unknown) => void;
  readonly #tasks = new Set<Promise<void>>();

  /** `onFailure`: work failed that nobody expected to. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  own(work: Promise<void>): void {
    const task = work.catch(this.#onFailure).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** Resolves when everything that was owned so far is over. */
  async over(): Promise<void> {
    await Promise.all(this.#tasks);
  }
}
