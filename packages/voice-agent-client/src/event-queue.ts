/** Events on their way to one reader that takes them in its own time. */
import { VoiceAgentError } from "./errors.ts";

/** More than a minute of an agent's voice. A reader that is further behind is told so, by an error. */
const maxWaiting = 4_096;

export class EventQueue<Event> implements AsyncIterableIterator<Event> {
  readonly #onDone: () => void;
  #waiting: Event[] = [];
  #ended = false;
  #overflowed = false;
  #news = Promise.withResolvers<void>();

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
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
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
      await this.#news.promise;
    }
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    this.#waiting = [];
    this.#ended = true;
    this.#onDone();
    this.#wake();
    return { done: true, value: undefined };
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
