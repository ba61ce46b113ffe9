/** The Voice Agent door's WebSocket, `/v1/ws`: lets clients in by their credentials, and closes the door at the end. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { voiceAgent } from "@parley/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { toAppError } from "../../errors.ts";
import { checkAccess } from "../../projects/access.ts";
import type { Clock } from "../../session/clock.ts";
import { closeSockets } from "../close-sockets.ts";
import type { ApiKeys } from "./api-keys.ts";
import { Connection } from "./connection.ts";
import { readCredential } from "./credential.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { sessionOfResumeToken } from "./resume-token.ts";
import type { VoiceTokens } from "./tokens.ts";
import { type Client, VoiceSessions, type VoiceSessionsOptions } from "./voice-sessions.ts";

export interface VoiceAgentDoorOptions extends VoiceSessionsOptions {
  readonly keys: Pick<ApiKeys, "find">;
  readonly tokens: Pick<VoiceTokens, "check" | "spend">;
  /** Of sockets; sessions have their own. */
  readonly clock: Clock;
}

/** Sockets at once; more are refused. */
const maxSockets = 2000;
/** Who is refused has so long to say a first word, in milliseconds. */
const refusedMs = 1000;
/** Clients have so long to answer our goodbye, in milliseconds. */
const goodbyeMs = 500;

export class VoiceAgentDoor implements AsyncDisposable {
  readonly sessions: VoiceSessions;
  readonly #options: VoiceAgentDoorOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: voiceAgent.maxFrameBytes,
    perMessageDeflate: false,
    // None is spoken, whatever is offered.
    handleProtocols: () => false,
  });
  readonly #connections = new Set<Connection>();

  constructor(options: VoiceAgentDoorOptions) {
    this.#options = options;
    this.sessions = new VoiceSessions(options);
  }

  /** The upgrade always succeeds: a browser shows its page nothing of one that fails. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const admitted = this.#admit(request);
      if (admitted instanceof Promise) void this.#letInLater(webSocket, admitted, request);
      else this.#letIn(webSocket, admitted, request);
    });
  }

  /** Resolves when the last session has ended by itself, or the signal says to end them. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.sessions.idle(signal);
  }

  /** Ends all sessions and sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.sessions[Symbol.asyncDispose]();
    for (const connection of this.#connections) connection.close(1001, "server_shutdown");
    await closeSockets(this.#server, goodbyeMs);
  }

  #letIn(socket: WebSocket, admitted: Admitted, request: IncomingMessage): void {
    if ("refusal" in admitted) this.#refuse(socket, admitted.refusal, request);
    else this.#connect(socket, admitted.client);
  }

  /** What it sends meanwhile waits in the network. */
  async #letInLater(socket: WebSocket, admitted: Promise<Admitted>, request: IncomingMessage): Promise<void> {
    socket.pause();
    const give = (): void => socket.terminate();
    socket.on("error", give);
    try {
      this.#letIn(socket, await admitted, request);
    } catch (error) {
      this.#options.log.error({ err: error }, "a voice agent socket could not be let in");
      this.#refuse(socket, refusal("at_capacity", "Sessions cannot be looked up at the moment: try again soon"), request);
    }
    socket.off("error", give);
    socket.resume();
  }

  #connect(socket: WebSocket, client: Client): void {
    const { clock, now, log } = this.#options;
    this.#connections.add(
      new Connection({
        socket,
        client,
        sessions: this.sessions,
        clock,
        now,
        log,
        onGone: (connection) => this.#connections.delete(connection),
      }),
    );
  }

  #admit(request: IncomingMessage): Admitted | Promise<Admitted> {
    const { keys, tokens, now } = this.#options;
    if (this.#server.clients.size > maxSockets) {
      return { refusal: refusal("at_capacity", `${maxSockets} sockets are open, and no more are taken: try again later`) };
    }
    const credential = readCredential(request);
    if (credential === undefined) {
      return unauthorized("no credential came: send Authorization: Bearer <API key>, or ?token=<temporary token>");
    }
    const key = keys.find(credential);
    if (key !== undefined) return allowed({ project: key.project, spend: () => true });
    const returning = sessionOfResumeToken(credential);
    if (returning !== undefined) {
      const client = this.sessions.holder(returning, credential);
      return client instanceof Promise ? client.then(admitHolder) : admitHolder(client);
    }
    const token = tokens.check(credential, now());
    if (!token.ok) return unauthorized(whyNot[token.why]);
    const { project, nonce, expiresAt, maxSessionDurationSeconds: maxSessionSeconds } = token;
    return allowed({ project, maxSessionSeconds, spend: () => tokens.spend(nonce, expiresAt, now()) });
  }

  #refuse(socket: WebSocket, why: Refusal, request: IncomingMessage): void {
    this.#options.log.info(
      { code: why.code, remoteAddress: request.socket.remoteAddress },
      `a voice agent socket was refused: ${why.message}`,
    );
    socket.on("error", () => socket.terminate());
    const { code, message, param } = why;
    socket.send(JSON.stringify({ type: "session.error", code, message, param, session_id: null, timestamp: this.#options.now() / 1000 }));
    // Most clients speak before they read; one whose word finds the door shut never reads why.
    const close = (): void => {
      cancel();
      socket.close(voiceAgent.errorCloseCodes[code] ?? 1008, code);
    };
    const cancel = this.#options.clock.at(this.#options.clock.now() + refusedMs, close);
    socket.once("message", close);
    socket.once("close", cancel);
  }
}

type Admitted = { readonly client: Client } | { readonly refusal: Refusal };

function admitHolder(client: Client | undefined): Admitted {
  return client === undefined ? { refusal: overForToken } : allowed(client);
}

/** What `session.resume` would be told: a client stops trying for it. */
const overForToken = refusal("session_not_found", "Session not found or grace window has expired", "session_id");

const whyNot = {
  malformed: "the API key is wrong",
  unknown: "the token was made with a key that is not (or no longer) one of this engine",
  expired: "the token has expired: fetch one right before each connection",
  used: "the token was used already: fetch a new one for each socket, also to resume",
} as const;

/** Who they are is proven; what they may do is the operator's word. */
function allowed(client: Client): Admitted {
  try {
    checkAccess(client.project, "voice-agent");
    return { client };
  } catch (error) {
    const { message, remedy } = toAppError(error);
    return { refusal: refusal("FORBIDDEN", `${message}. ${remedy}`) };
  }
}

function unauthorized(why: string): { readonly refusal: Refusal } {
  return { refusal: refusal("UNAUTHORIZED", `Authentication failed: ${why}`) };
}
