/** Typed events, for handlers and for readers. */
import { EventQueue } from "./event-queue.ts";

type Tagged = { readonly type: string };

export class Emitter<Event extends Tagged> {
  readonly #handlers = new Map<string, Set<(event: Event) => void>>();
  readonly #queues = new Set<EventQueue<Event>>();
  #closed = false;

  /** Calls `handler` for each event of this type, until the function that it returns is called. */
  on<Type extends Event["type"]>(type: Type, handler: (event: Extract<Event, { type: Type }>) => void): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers);
    const guarded = (event: Event): void => {
      if (isOf(event, type)) handler(event);
    };
    handlers.add(guarded);
    return () => handlers.delete(guarded);
  }

  /** Every event from now on, until the last one. */
  read(): AsyncIterableIterator<Event> {
    const queue = new EventQueue<Event>(() => this.#queues.delete(queue));
    if (this.#closed) queue.end();
    else this.#queues.add(queue);
    return queue;
  }

  emit(event: Event): void {
    for (const handler of this.#handlers.get(event.type) ?? []) {
      try {
        handler(event);
      } catch (error) {
        // A fault of the app's: told as an uncaught error, as the platform does, and the connection lives on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    for (const queue of this.#queues) queue.push(event);
  }

  /** No event comes after this. */
  close(): void {
    this.#closed = true;
    for (const queue of this.#queues) queue.end();
    this.#queues.clear();
  }
}

function isOf<Event extends Tagged, Type extends string>(event: Event, type: Type): event is Extract<Event, { type: Type }> {
  return event.type === type;
}
