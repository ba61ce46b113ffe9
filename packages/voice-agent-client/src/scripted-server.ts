/** A small server for tests that speaks the protocol as it is documented: sessions, tokens, resume. What the agent says, the test says. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { voiceAgent } from "@parley/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { isRecord } from "./settings.ts";

export type Received = Readonly<Record<string, unknown>> & { readonly type: string };

interface Session {
  config: Record<string, unknown>;
  ended: boolean;
  readonly results: Set<string>;
}

export const apiKey = "a key";

export class ScriptedServer implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly #sessions = new Map<string, Session>();
  readonly #tokens = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #tokenCount = 0;
  #socket: WebSocket | undefined;
  /** Everything that clients sent, over all sockets. */
  readonly received: Received[] = [];
  /** How each socket was asked for. */
  readonly requests: { readonly url: string; readonly authorization: string | undefined }[] = [];
  /** While false, new sockets are cut at once: there is no network. */
  reachable = true;
  /** While true, it hears nothing and says nothing. */
  deaf = false;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket, request) => this.#greet(socket, request));
  }

  static async open(): Promise<ScriptedServer> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    return new ScriptedServer(server);
  }

  get url(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A token that opens one session. */
  token(): string {
    const token = `token-${++this.#tokenCount}`;
    this.#tokens.add(token);
    return token;
  }

  say(event: Readonly<Record<string, unknown>>): void {
    this.#socket?.send(JSON.stringify({ ...event, timestamp: 1_790_000_000.5 }));
  }

  sayText(text: string): void {
    this.#socket?.send(text);
  }

  /** The network breaks: no close frame. */
  cut(): void {
    this.#socket?.terminate();
  }

  close(code: number): void {
    this.#socket?.close(code);
  }

  /** The session's grace is over. */
  forget(): void {
    for (const session of this.#sessions.values()) session.ended = true;
  }

  of(type: string): Received[] {
    return this.received.filter((message) => message.type === type);
  }

  /** Resolves once clients have sent so many messages of this type. */
  async until(type: string, count = 1): Promise<Received[]> {
    while (this.of(type).length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.of(type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await once(this.#server, "close");
  }

  #greet(socket: WebSocket, request: IncomingMessage): void {
    const url = new URL(request.url ?? "/", "http://host");
    const { authorization } = request.headers;
    this.requests.push({ url: `${url.pathname}${url.search}`, authorization });
    if (!this.reachable) return socket.terminate();
    this.#socket = socket;
    const token = url.searchParams.get("token");
    if (authorization !== `Bearer ${apiKey}` && (token === null || !this.#tokens.has(token))) {
      this.say({ type: "session.error", code: "UNAUTHORIZED", message: "Authentication failed", param: null, session_id: null });
      return socket.close(1008);
    }
    const state: { id: string | undefined } = { id: undefined };
    socket.on("message", (data: Buffer) => this.#hear(JSON.parse(data.toString("utf8")), state, token));
  }

  #hear(message: unknown, state: { id: string | undefined }, token: string | null): void {
    if (this.deaf || !isRecord(message)) return;
    const { type } = message;
    if (typeof type !== "string") return;
    // What is not in the contract fails the test that sent it.
    voiceAgent.ClientEvent.parse(message);
    this.received.push({ ...message, type });
    if (type === "session.resume") this.#resume(String(message["session_id"]), state, token);
    if (type === "session.update") this.#update(isRecord(message["session"]) ? message["session"] : {}, state, token);
    if (type === "session.end") {
      const session = this.#sessions.get(state.id ?? "");
      if (session !== undefined) session.ended = true;
      this.say({ type: "session.ended", session_duration_seconds: 1.5, audio_duration_seconds: 0.5 });
      this.#socket?.close(1000);
    }
    if (type === "tool.result") this.#result(String(message["call_id"]), state);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #update(settings: Record<string, unknown>, state: { id: string | undefined }, token: string | null): void {
    const session = this.#sessions.get(state.id ?? "");
    if (session === undefined) {
      const id = `sess_${this.#sessions.size + 1}`;
      this.#sessions.set(id, { config: settings, ended: false, results: new Set() });
      state.id = id;
      this.say({ type: "session.updated", config: { id, ...settings } });
      return this.#ready(id, settings, token);
    }
    if ("greeting" in settings) {
      return this.say({
        type: "session.error",
        code: "immutable_field",
        message: "greeting is immutable",
        param: "greeting",
        session_id: state.id,
      });
    }
    session.config = { ...session.config, ...settings };
    this.say({ type: "session.updated", config: { id: state.id, ...session.config } });
  }

  #resume(id: string, state: { id: string | undefined }, token: string | null): void {
    const session = this.#sessions.get(id);
    if (session === undefined || session.ended) {
      const message = "Session not found or grace window has expired";
      return this.say({ type: "session.error", code: "session_not_found", message, param: null, session_id: id });
    }
    state.id = id;
    this.#ready(id, session.config, token);
  }

  /** A token is used up at this moment, and not before. */
  #ready(id: string, config: Record<string, unknown>, token: string | null): void {
    if (token !== null) this.#tokens.delete(token);
    this.say({ type: "session.ready", session_id: id, config: { id, ...config }, expires_at: 1_790_003_600, resume_token: `resume ${id}` });
  }

  #result(callId: string, state: { id: string | undefined }): void {
    const results = this.#sessions.get(state.id ?? "")?.results;
    if (results?.has(callId) === true) {
      this.say({ type: "session.error", code: "invalid_value", message: "duplicate", param: "call_id", session_id: state.id });
    }
    results?.add(callId);
  }
}
