/** The WebSocket `/rtc`: lets clients in, keeps watch over their sockets, and closes them. */
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { closeCodes, maxMessageBytes } from "@parley/protocol";
import { WebSocketServer } from "ws";
import { AppError } from "../../errors.ts";
import { closeSockets } from "../close-sockets.ts";
import { Client, type ClientOptions } from "./client.ts";
import { foreignOrigin } from "./origin.ts";

export interface SignallingOptions extends Omit<ClientOptions, "sessions" | "onGone"> {
  /** Pages of these origins may join besides the engine's own, for instance `https://app.example`. `*`: any. */
  readonly allowedOrigins: readonly string[];
}

/** How often sockets are pinged and checked, in milliseconds. */
const checkMs = 1000;
/** Sockets at once; more are refused. */
const maxSockets = 2000;
/** Clients have so long to answer our goodbye, in milliseconds. */
const goodbyeMs = 500;

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
      this.#options.log.info({ code: refusal.code, remoteAddress: request.socket.remoteAddress }, refusal.message);
      refuseUpgrade(socket, refusal);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const client: Client = new Client(webSocket, {
        ...this.#options,
        sessions: this.#sessions,
        onGone: () => this.#clients.delete(client),
      });
      this.#clients.add(client);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close(closeCodes.goingAway, "the engine shuts down");
    await closeSockets(this.#server, goodbyeMs);
  }

  #refuse(request: IncomingMessage): AppError | undefined {
    if (this.#server.clients.size >= maxSockets) {
      return new AppError("channel-full", `${maxSockets} sockets are open, and no more are taken`);
    }
    const foreign = foreignOrigin(request, this.#options.allowedOrigins);
    return foreign === undefined ? undefined : new AppError("foreign-origin", foreign);
  }
}

/** An answer in place of the socket: browsers hide it from pages, their consoles and other clients show it. */
function refuseUpgrade(socket: Duplex, { code, message, remedy, status }: AppError): void {
  const body = JSON.stringify({ code, message, remedy });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.on("error", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
