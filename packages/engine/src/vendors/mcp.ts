/** One server of the Model Context Protocol: its tools, and calls of them. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
  type CallToolResult,
  CallToolResultSchema,
  ListToolsResultSchema,
  type Tool as ListedTool,
} from "@modelcontextprotocol/sdk/types.js";
import { AppError } from "../errors.ts";
import type { ToolOutput } from "../session/tools.ts";
import { McpRefusal, McpTransport } from "./mcp-transport.ts";
import { type Network, reason, type Target } from "./network.ts";
import { hostOf, portOf } from "./proxy.ts";
import type { McpServerPlan } from "./tool-source.ts";
import type { ToolCall } from "./vendor.ts";

/** Tools of one server that are read, and pages of its list. */
const mostTools = 256;
const mostPages = 32;
/** Characters of a result that the model is given: some four thousand tokens. */
const mostGiven = 16_000;

const self = { name: "parley", version: "0.1.0" };

/** A session at the server, and how many requests are under way in it. */
interface Connection {
  readonly client: Client;
  running: number;
}

export class McpServer implements AsyncDisposable {
  readonly name: string;
  readonly #plan: McpServerPlan;
  readonly #network: Network;
  readonly #target: Target;
  /** The one that new requests go to. */
  #current: Connection | undefined;
  /** Besides it those that the server has forgotten while requests run in them. */
  readonly #open = new Set<Connection>();
  #closed = false;

  constructor(plan: McpServerPlan, network: Network) {
    this.name = plan.name;
    this.#plan = plan;
    this.#network = network;
    this.#target = { vendor: `mcp server ${plan.name}`, url: new URL(plan.url), trusted: false };
  }

  /** What it offers, as far as it is allowed; rejects with an `AppError` when it cannot be asked. */
  async list(signal: AbortSignal): Promise<readonly ListedTool[]> {
    try {
      const listed = await this.#use(signal, async (client) => await readList(client, signal));
      const { allowed } = this.#plan;
      return listed.slice(0, mostTools).filter(({ name }) => allowed === undefined || allowed.includes("*") || allowed.includes(name));
    } catch (error) {
      throw this.#failure("does not list its tools", signal.aborted ? signal.reason : error);
    }
  }

  /** `name`: the tool's own, at the server. */
  async call(name: string, { arguments: given }: ToolCall, signal: AbortSignal): Promise<ToolOutput> {
    try {
      return await this.#call(name, given, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isForgotten(error)) throw this.#failure(`did not carry out ${name}`, error);
    }
    // The server has forgotten the session, and therefore done nothing: once more in a new one.
    try {
      return await this.#call(name, given, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(`did not carry out ${name}`, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#current = undefined;
    await Promise.all([...this.#open].map(async (connection) => await this.#close(connection)));
  }

  async #call(name: string, given: ToolCall["arguments"], signal: AbortSignal): Promise<ToolOutput> {
    // Beyond the limit of the tool itself: the session is the one that gives up, and says so.
    const request = { method: "tools/call", params: { name, arguments: { ...given } } } as const;
    const limits = { signal, timeout: 2 * this.#plan.timeoutMs };
    const result = await this.#use(signal, async (client) => await client.request(request, CallToolResultSchema, limits));
    return { output: flatten(result), isError: result.isError === true };
  }

  async #use<T>(signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
    const connection = await this.#enter(signal);
    try {
      return await work(connection.client);
    } catch (error) {
      // Somebody else may have found that out before, and have opened a new one.
      if (isForgotten(error) && this.#current === connection) this.#current = undefined;
      throw error;
    } finally {
      connection.running -= 1;
      if (connection !== this.#current && connection.running === 0) this.#close(connection).catch(() => {});
    }
  }

  /** A connection that stays open until its caller has counted itself out. */
  async #enter(signal: AbortSignal): Promise<Connection> {
    if (this.#current === undefined) {
      const connection = { client: new Client(self, { capabilities: {} }), running: 0 };
      await connection.client.connect(new McpTransport(this.#network, this.#target, this.#plan.headers), { signal });
      this.#open.add(connection);
      // Another request may have been faster, or everything have ended meanwhile.
      if (this.#current === undefined && !this.#closed) this.#current = connection;
      else this.#close(connection).catch(() => {});
    }
    if (this.#current === undefined) throw new Error("it has been closed");
    this.#current.running += 1;
    return this.#current;
  }

  async #close(connection: Connection): Promise<void> {
    this.#open.delete(connection);
    await connection.client.close();
  }

  #failure(what: string, cause: unknown): AppError {
    if (cause instanceof AppError) return cause;
    const { url, vendor } = this.#target;
    const own = `${vendor} at ${hostOf(url)}:${portOf(url)} ${what}`;
    return new AppError("vendor-failed", `${own}: ${this.#safe(reason(cause))}`, { cause, own });
  }

  /** Without the secrets that went out. */
  #safe(text: string): string {
    let safe = text;
    for (const secret of Object.values(this.#plan.headers)) if (secret.length >= 6) safe = safe.replaceAll(secret, "***");
    return safe.replace(/\s+/g, " ").slice(0, 400);
  }
}

async function readList(client: Client, signal: AbortSignal): Promise<ListedTool[]> {
  const listed: ListedTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages && listed.length < mostTools; page += 1) {
    // Not by the library's own function, which compiles schemas that come from outside.
    const request = { method: "tools/list" as const, params: cursor === undefined ? {} : { cursor } };
    const answer = await client.request(request, ListToolsResultSchema, { signal });
    listed.push(...answer.tools);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return listed;
}

/** The server does not know the session any more. */
function isForgotten(error: unknown): boolean {
  return error instanceof McpRefusal && error.status === 404;
}

/** A result as text. */
function flatten({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((part) => {
    switch (part.type) {
      case "text":
        return part.text;
      case "image":
      case "audio":
        return `(${part.mimeType}, which is no text)`;
      case "resource":
        return "text" in part.resource ? part.resource.text : `(${part.resource.uri}, which is no text)`;
      case "resource_link":
        return `${part.title ?? part.name}: ${part.uri}`;
    }
  });
  const text = parts.join("\n").trim();
  const said =
    text !== "" ? text : structuredContent === undefined ? "(done; the tool says nothing more)" : JSON.stringify(structuredContent);
  return said.length <= mostGiven ? said : `${said.slice(0, mostGiven)} … (the rest was cut off)`;
}
