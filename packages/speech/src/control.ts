/** A few words of memory that the main thread and one worker share: what shall stop, and whether native code runs. */

/** In the place of a job's id: everything shall stop, nothing shall begin. */
const EVERYTHING = -1;
const STOP = 0;
const BUSY = 1;

export class Control {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  /** Main thread: this job is not wanted any more. */
  stop(job: number): void {
    if (!this.isClosing) Atomics.store(this.#cells, STOP, job);
  }

  /** Main thread: the worker ends. */
  stopEverything(): void {
    Atomics.store(this.#cells, STOP, EVERYTHING);
  }

  /** Main thread: waits, blocking, until no native code runs, at most so many milliseconds. */
  waitUntilIdle(ms: number): void {
    Atomics.wait(this.#cells, BUSY, 1, ms);
  }

  /** Worker: shall this job stop? */
  isStopped(job: number): boolean {
    const value = Atomics.load(this.#cells, STOP);
    return value === job || value === EVERYTHING;
  }

  get isClosing(): boolean {
    return Atomics.load(this.#cells, STOP) === EVERYTHING;
  }

  /** Worker: native code is about to run, or has ended. */
  set busy(busy: boolean) {
    Atomics.store(this.#cells, BUSY, busy ? 1 : 0);
    if (!busy) Atomics.notify(this.#cells, BUSY);
  }
}
