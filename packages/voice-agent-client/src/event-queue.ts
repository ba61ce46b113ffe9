/** Events on their way to one reader that takes them in its own time. */
import { VoiceAgentError } from "./errors.ts";

/** More than a minute of an agent's voice. A reader that is further behind is told so, by an error. */
const maxWaiting = 4_096;

export class EventQueue<Event> implements AsyncIterableIterator<Event> {
  readonly #onDone: () => void;
  #waiting: Event[] = [];
  #ended = false;
  #overflowed = false;
  #wake: (() => void) | undefined;

  constructor(onDone: () => void) {
    this.#onDone = onDone;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(event: Event): void {
    if (this.#ended) return;
    if (this.#waiting.length < maxWaiting) this.#waiting.push(event);
    else {
      this.#overflowed = true;
      this.end();
      this.#onDone();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#overflowed) {
        this.#overflowed = false;
        throw new VoiceAgentError("slow-reader", `The reader of events is ${maxWaiting} of them behind.`);
      }
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    this.#waiting = [];
    this.#ended = true;
    this.#onDone();
    return { done: true, value: undefined };
  }
}
