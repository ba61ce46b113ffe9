/** A caller's signalling line: the WebSocket of one participant, its messages read and checked. */
import { maxMessageBytes, ServerMessage, signallingPath, type ClientMessageInput } from "@parley/protocol";
import { WebSocket } from "ws";
import { CallerError } from "./caller-error.ts";

/** Longest wait for the connection, in milliseconds. */
const CONNECT_MS = 10_000;

export interface LineHandlers {
  readonly onMessage: (message: ServerMessage) => void;
  /** The line is gone; `reason` as the close frame gives it. */
  readonly onClose: (code: number, reason: string) => void;
}

export class Line {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {}); // What it means, `close` says.
  }

  /** `url`: the engine's, `http://host:port` or `ws://`. Rejects with `unreachable`. */
  static async open(url: string, signal: AbortSignal): Promise<Line> {
    const address = signallingAddress(url);
    const socket = new WebSocket(address, { handshakeTimeout: CONNECT_MS, maxPayload: maxMessageBytes, perMessageDeflate: false });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => socket.terminate();
    signal.addEventListener("abort", abort, { once: true });
    socket.once("open", resolve);
    socket.once("error", (cause) =>
      reject(
        new CallerError(
          "unreachable",
          `${address} cannot be reached: ${cause.message}`,
          "Start the engine there, or give its address with --url.",
          { cause },
        ),
      ),
    );
    socket.once("close", () => reject(new CallerError("closed", `${address} was closed before it was open`, "Try again.")));
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
    return new Line(socket);
  }

  /** The engine says nothing before `join`: whoever listens before sending it misses nothing. */
  listen({ onMessage, onClose }: LineHandlers): void {
    this.#socket.on("message", (data) => {
      const message = Buffer.isBuffer(data) ? readMessage(data.toString("utf8")) : undefined;
      if (message !== undefined) onMessage(message);
    });
    this.#socket.on("close", (code, reason) => onClose(code, reason.toString("utf8")));
  }

  send(message: ClientMessageInput): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#socket.close(1000);
  }

  /** Breaks off without a word, as a caller that vanishes does. */
  cut(): void {
    this.#socket.terminate();
  }
}

function signallingAddress(url: string): string {
  try {
    const address = new URL(signallingPath, url);
    address.protocol = address.protocol === "https:" || address.protocol === "wss:" ? "wss:" : "ws:";
    return address.href;
  } catch (cause) {
    throw new CallerError("unreachable", `${JSON.stringify(url)} is no address`, "Give one like http://127.0.0.1:8080.", { cause });
  }
}

function readMessage(text: string): ServerMessage | undefined {
  try {
    return ServerMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
