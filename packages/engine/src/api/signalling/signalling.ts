/** The WebSocket `/rtc`: lets clients in, keeps watch over their sockets, and closes them. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { closeCodes, maxMessageBytes } from "@parley/protocol";
import { WebSocketServer } from "ws";
import { AppError } from "../../errors.ts";
import { Client, type ClientOptions } from "./client.ts";

export interface SignallingOptions extends Omit<ClientOptions, "sessions"> {
  /** Pages of these origins may join besides the engine's own, for instance `https://app.example`. `*`: any. */
  readonly allowedOrigins: readonly string[];
}

/** How often sockets are pinged and checked, in milliseconds. */
const checkMs = 1000;
/** Sockets at once; more are refused. */
const maxSockets = 2000;

export class Signalling implements AsyncDisposable {
  readonly #options: SignallingOptions;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  readonly #clients = new Set<Client>();
  readonly #sessions = new Map<string, Client>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SignallingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      for (const client of this.#clients) client.check();
    }, checkMs);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refuse(request);
    if (refusal !== undefined) {
      const body = JSON.stringify({ code: refusal.code, message: refusal.message, remedy: refusal.remedy });
      socket.end(
        `HTTP/1.1 ${refusal.status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const client = new Client(webSocket, { ...this.#options, sessions: this.#sessions });
      this.#clients.add(client);
      webSocket.once("close", () => this.#clients.delete(client));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close(closeCodes.goingAway, "the engine shuts down");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#server.clients) socket.terminate();
    await promise;
  }

  /** A page of another site must not use the engine with whatever token it has got hold of. */
  #refuse({ headers }: IncomingMessage): AppError | undefined {
    if (this.#clients.size >= maxSockets) return new AppError("channel-full", `${maxSockets} sockets are open, and no more are taken`);
    const { origin, host } = headers;
    const { allowedOrigins } = this.#options;
    if (origin === undefined || allowedOrigins.includes("*") || allowedOrigins.includes(origin)) return undefined;
    if (URL.canParse(origin) && new URL(origin).host === host) return undefined;
    return new AppError("foreign-origin", `the page ${JSON.stringify(origin.slice(0, 100))} is not one of this engine's`);
  }
}
