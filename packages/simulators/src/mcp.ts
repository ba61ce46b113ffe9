/** A server of the Model Context Protocol on loopback, by the protocol's own library. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { z } from "zod";
import { listen } from "./listening.ts";

export interface SimulatedTool {
  readonly name: string;
  readonly description?: string;
  readonly input?: Readonly<Record<string, z.ZodType>>;
  /** Text, or a whole result. The signal says that the client has given up. */
  readonly run: (
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ) => Promise<string | CallToolResult> | string | CallToolResult;
}

export interface McpSimulatorOptions {
  readonly tools: readonly SimulatedTool[];
  /** Answers every request with this status in place of serving it. */
  readonly status?: number;
  /** Takes requests and never answers. */
  readonly hang?: boolean;
  /** Awaited before a session that is not known is refused. */
  readonly refusing?: () => Promise<void> | void;
}

export interface McpSimulator extends AsyncDisposable {
  /** `http://127.0.0.1:…/mcp` */
  readonly url: string;
  /** Headers of each request, in the order of their arrival. */
  readonly requests: readonly IncomingMessage["headers"][];
  /** Sessions that are open. */
  readonly sessions: number;
  /** Forgets all sessions, as a server does that is started anew. */
  forget(): void;
}

export async function startMcpSimulator({ tools, status, hang = false, refusing }: McpSimulatorOptions): Promise<McpSimulator> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const requests: IncomingMessage["headers"][] = [];

  async function openSession(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    });
    const server = new McpServer({ name: "simulated", version: "1.0.0" });
    for (const { name, description = "", input = {}, run } of tools) {
      server.registerTool(name, { description, inputSchema: { ...input } }, async (args, { signal }) => {
        const result = await run(args, signal);
        return typeof result === "string" ? { content: [{ type: "text", text: result }] } : result;
      });
    }
    await server.connect(transport);
    return transport;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(request.headers);
    if (hang) return;
    if (status !== undefined) {
      response.writeHead(status, { "content-type": "text/plain" }).end(`simulated failure ${status}`);
      return;
    }
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? transports.get(id) : undefined;
    if (id !== undefined && known === undefined) {
      await refusing?.();
      response.writeHead(404, { "content-type": "text/plain" }).end("no such session");
      return;
    }
    await (known ?? (await openSession())).handleRequest(request, response);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  const { origin, close } = await listen(server);
  return {
    url: `${origin}/mcp`,
    requests,
    get sessions() {
      return transports.size;
    },
    forget: () => transports.clear(),
    [Symbol.asyncDispose]: close,
  };
}
