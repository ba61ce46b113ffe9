/** What happens in a session, told to whoever follows it. */
import type { Module, SessionEvent } from "../core/events.ts";
import { toAppError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { Fanout } from "./fanout.ts";

/** Events that a reader may be behind before it loses the oldest. */
const maxEventsBehind = 4096;

export class Feed {
  readonly #clock: Clock;
  readonly #turn: () => number;
  readonly #readers = new Fanout<SessionEvent>(maxEventsBehind);
  readonly #listeners = new Set<(event: SessionEvent) => void>();

  /** `turn`: number of the newest turn, which errors are told with. */
  constructor(clock: Clock, turn: () => number) {
    this.#clock = clock;
    this.#turn = turn;
  }

  emit(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event);
    this.#readers.push(event);
  }

  fail(module: Module, error: unknown): void {
    const { vendorCode, status, message, remedy } = toAppError(error);
    const code = vendorCode ?? status;
    this.emit({ type: "error", at: this.#clock.now(), turnId: this.#turn(), module, code, message, remedy, cause: error });
  }

  /** Everything from now on. */
  read(): AsyncIterable<SessionEvent> {
    return this.#readers.read();
  }

  /** In the moment it happens; returns how to stop. */
  listen(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Nothing more happens. */
  end(): void {
    this.#readers.end();
  }
}
