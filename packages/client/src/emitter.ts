/** Typed events for the users of this library. */

type Handlers<Events> = { [Type in keyof Events]?: Set<(event: Events[Type]) => void> };

export class Emitter<Events extends object> {
  readonly #handlers: Handlers<Events> = {};

  /** Calls `handler` for each event of this type, until the function that it returns is called. */
  on<Type extends keyof Events>(type: Type, handler: (event: Events[Type]) => void): () => void {
    const handlers = (this.#handlers[type] ??= new Set());
    handlers.add(handler);
    return () => handlers.delete(handler);
  }

  emit<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    for (const handler of this.#handlers[type] ?? []) handler(event);
  }
}
