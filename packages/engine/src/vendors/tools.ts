/** Opens the tools that an agent was given: inline ones, and those that MCP servers offer. */
import type { Tool } from "../session/tools.ts";
import { httpTool } from "./http-tool.ts";
import { McpServer } from "./mcp.ts";
import type { Network } from "./network.ts";
import type { McpServerPlan, OpenTools } from "./tool-source.ts";

/** Longest wait for a server's list of tools, in milliseconds: a person waits for the agent meanwhile. */
const listMs = 5000;
/** Tools of one agent in all: more than models take. */
const mostTools = 256;
/** Characters of a name that models take. */
const mostName = 64;

/** A server that cannot be asked is a failure in the result; an address that may not be reached is thrown. */
export function toolOpener(network: Network): OpenTools {
  return async ({ http, servers }, signal) => {
    const tools = http.map((plan, at) => httpTool(plan, network, `properties.llm.tools[${at}].server.url`));
    const asked = servers.map((plan, at) => {
      network.check(`properties.llm.mcp_servers[${at}].endpoint`, new URL(plan.url));
      return { plan, server: new McpServer(plan, network) };
    });
    const failures: unknown[] = [];
    const names = new Set(tools.map(({ name }) => name));
    const lists = await Promise.allSettled(
      asked.map(({ plan, server }) => server.list(AbortSignal.any([signal, AbortSignal.timeout(Math.min(listMs, plan.timeoutMs))]))),
    );
    // In the order of the servers, not of their answers: names come out the same each time.
    for (const [at, list] of lists.entries()) {
      const { plan, server } = asked[at] ?? {};
      if (list.status === "rejected") failures.push(list.reason);
      else if (plan !== undefined && server !== undefined) {
        for (const listed of list.value) {
          if (tools.length >= mostTools) break;
          const name = freeName(listed.name, plan, names);
          names.add(name);
          tools.push(toolOf(name, listed, plan, server));
        }
      }
    }
    return {
      tools,
      failures,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(asked.map(({ server }) => server[Symbol.asyncDispose]()));
      },
    };
  };
}

function toolOf(
  name: string,
  listed: { readonly name: string; readonly description?: string | undefined; readonly inputSchema: Record<string, unknown> },
  { timeoutMs }: McpServerPlan,
  server: McpServer,
): Tool {
  return {
    name,
    description: listed.description ?? "",
    parameters: listed.inputSchema,
    timeoutMs,
    mode: "interactive",
    run: (call, { signal }) => server.call(listed.name, call, signal),
  };
}

/** The tool's own name; if that is taken, with the server's before it; in letters that models take. */
function freeName(own: string, { name: server }: McpServerPlan, taken: ReadonlySet<string>): string {
  const clean = own.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, mostName) || "tool";
  if (!taken.has(clean)) return clean;
  const full = `${server}_${clean}`.slice(0, mostName);
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? full : `${full.slice(0, mostName - 4)}_${count}`;
    if (!taken.has(name)) return name;
  }
}
