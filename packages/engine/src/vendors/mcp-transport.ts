/**
 * MCP's streamable HTTP over our own requests: addresses are checked, proxies used, redirects not followed, answers bounded.
 * The library's own transport keeps a stream open for what is not asked for here, and does not load where sources run as they are.
 */
import type { Readable } from "node:stream";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { eventData } from "./event-stream.ts";
import type { Network, Target } from "./network.ts";
import { readStart } from "./read-start.ts";

/** Bytes of one answer. */
const mostBytes = 4 * 1_048_576;
/** Bytes of a refusal that are read. */
const mostRefusal = 400;
/** A server ends its stream within so long after the answer, and the connection can be used again; otherwise it is cut off, in milliseconds. */
const patienceMs = 250;
/** Longest wait for goodbye, in milliseconds. */
const goodbyeMs = 1000;

const Messages = z.union([z.array(JSONRPCMessageSchema), JSONRPCMessageSchema.transform((message) => [message])]);

/** The server has answered with a status that is no success. */
export class McpRefusal extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    const redirect = status >= 300 && status < 400 ? "; redirects are not followed, give the final address" : "";
    super(`status ${status}${redirect}${text === "" ? "" : `: ${text}`}`);
    this.name = "McpRefusal";
    this.status = status;
  }
}

export class McpTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  sessionId?: string;
  readonly #network: Network;
  readonly #target: Target;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #closing = new AbortController();
  #version: string | undefined;

  constructor(network: Network, target: Target, headers: Readonly<Record<string, string>>) {
    this.#network = network;
    this.#target = target;
    this.#headers = headers;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  setProtocolVersion(version: string): void {
    this.#version = version;
  }

  /** Resolves when the server has taken the message; what it answers comes to `onmessage`. */
  async send(message: JSONRPCMessage): Promise<void> {
    const { statusCode, headers, body } = await this.#request("POST", this.#closing.signal, JSON.stringify(message));
    const session = headers["mcp-session-id"];
    if (typeof session === "string") this.sessionId = session;
    if (statusCode < 200 || statusCode > 299) {
      const { text } = await readStart(body, mostRefusal);
      throw new McpRefusal(statusCode, text.replace(/\s+/g, " ").trim());
    }
    const type = String(headers["content-type"] ?? "");
    if (statusCode === 202 || !/^(?:text\/event-stream|application\/json)/i.test(type)) {
      await body.dump({ limit: mostBytes, signal: this.#closing.signal });
      if (statusCode !== 202 && "id" in message && "method" in message) throw new Error(`an answer of the kind "${type}" is no MCP`);
      return;
    }
    this.#read(message, body, type).catch((error: unknown) => this.#break(message, error));
  }

  /** Says goodbye, and ends what is under way. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    if (this.sessionId !== undefined) {
      // A server that does not hear it forgets the session by itself.
      const goodbye = await this.#request("DELETE", AbortSignal.timeout(goodbyeMs)).catch(() => undefined);
      await goodbye?.body.dump().catch(() => undefined);
    }
    this.onclose?.();
  }

  #request(method: "POST" | "DELETE", signal: AbortSignal, body?: string): ReturnType<Network["request"]> {
    const headers = {
      ...this.#headers,
      accept: "application/json, text/event-stream",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(this.sessionId === undefined ? {} : { "mcp-session-id": this.sessionId }),
      ...(this.#version === undefined ? {} : { "mcp-protocol-version": this.#version }),
    };
    return this.#network.request(this.#target, { method, headers, signal, ...(body === undefined ? {} : { body }) });
  }

  async #read(asked: JSONRPCMessage, body: Readable, type: string): Promise<void> {
    if (/^application\/json/i.test(type)) {
      const { text, broken } = await readStart(bounded(body), mostBytes);
      if (broken) throw new Error("the connection was closed");
      this.#give(text);
      return;
    }
    let impatience: NodeJS.Timeout | undefined;
    try {
      for await (const data of eventData(bounded(body))) {
        if (data !== "" && this.#give(data).some((message) => answers(message, asked))) {
          impatience ??= setTimeout(() => body.destroy(), patienceMs);
        }
      }
    } catch (error) {
      // What comes, or does not come, after the answer is nobody's loss.
      if (impatience === undefined) throw error;
    } finally {
      clearTimeout(impatience);
    }
  }

  #give(text: string): readonly JSONRPCMessage[] {
    const messages = Messages.parse(JSON.parse(text));
    for (const message of messages) this.onmessage?.(message);
    return messages;
  }

  /** An answer that broke off answers its request with the reason. */
  #break(message: JSONRPCMessage, error: unknown): void {
    if (this.#closing.signal.aborted) return;
    const text = error instanceof Error ? error.message : String(error);
    if ("id" in message && message.id !== undefined && "method" in message) {
      this.onmessage?.({ jsonrpc: "2.0", id: message.id, error: { code: -32_000, message: `the answer broke off: ${text}` } });
    } else this.onerror?.(new Error(text));
  }
}

function answers(message: JSONRPCMessage, asked: JSONRPCMessage): boolean {
  return !("method" in message) && "method" in asked && "id" in asked && message.id === asked.id;
}

async function* bounded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`more than ${mostBytes} bytes in one answer`);
    yield chunk;
  }
}
