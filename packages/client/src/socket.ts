/** The signalling socket: JSON both ways, an async iterable of what the engine says. */
import type { ClientMessageInput, ServerMessage } from "@parley/protocol";
import { ParleyError } from "./errors.ts";
import { readServerMessage } from "./server-message.ts";

/** Messages that wait to be read; a client that falls this far behind is broken, and the socket is closed. */
const maxWaiting = 1_000;

/** How long opening may take, in milliseconds. */
const openTimeoutMs = 10_000;

export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

export class SignallingSocket {
  readonly #socket: WebSocket;
  readonly #waiting: ServerMessage[] = [];
  #wake: (() => void) | null = null;
  #end: SocketEnd | null = null;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = (event) => this.#finish({ code: event.code, reason: event.reason });
  }

  /** How it ended; null while it is open. */
  get end(): SocketEnd | null {
    return this.#end;
  }

  /** Sends a message; drops it where the socket is not open: who joins again says everything again. */
  send(message: ClientMessageInput): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Until the socket closes. */
  async *messages(): AsyncGenerator<ServerMessage> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) yield message;
      else if (this.#end !== null) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#socket.close(1000);
    this.#finish({ code: 1000, reason: "" });
  }

  #take(data: unknown): void {
    const message = typeof data === "string" ? readServerMessage(data) : undefined;
    if (message === undefined) return; // A newer engine may say more than this version knows.
    this.#waiting.push(message);
    if (this.#waiting.length > maxWaiting) this.#socket.close(4000, "client too slow");
    this.#wake?.();
  }

  #finish(end: SocketEnd): void {
    this.#end ??= end;
    this.#wake?.();
  }
}

/** Opens the socket at `url`. Rejects with `server-gone` where nobody answers. */
export function openSocket(url: URL, signal: AbortSignal): Promise<SignallingSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      socket.onopen = socket.onerror = null;
    };
    const fail = (cause: unknown): void => {
      settle();
      socket.close();
      reject(cause);
    };
    const gone = (): void => fail(new ParleyError("server-gone", `The engine at ${url.host} does not answer.`));
    const abort = (): void => fail(signal.reason);
    const timer = setTimeout(gone, openTimeoutMs);
    signal.addEventListener("abort", abort);
    socket.onerror = gone;
    socket.onopen = () => {
      settle();
      resolve(new SignallingSocket(socket));
    };
  });
}
