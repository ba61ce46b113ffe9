/** A stored agent's tool with an address: the engine calls it, and gives the model the beginning of the answer. */
import type { voiceAgent } from "@parley/protocol";
import { isLoopback } from "../../config.ts";
import type { Tool, ToolOutput } from "../../session/tools.ts";
import { type Network, reason } from "../../vendors/network.ts";
import { readStart } from "../../vendors/read-start.ts";

/** Bytes of an answer that are used: of the contract. */
const mostRead = 8192;

type HttpTool = NonNullable<voiceAgent.ToolSettings["http"]>;

/** How a tool is run; undefined: it has no address, and is the client's. */
export function storedTool({ name, http }: voiceAgent.ToolSettings, network: Pick<Network, "request">): Tool["run"] {
  if (http === undefined || http === null) return undefined;
  return async (call, { signal }) => await request(name, http, call.arguments, network, signal);
}

async function request(
  name: string,
  { url, http_method: method, headers }: HttpTool,
  given: Readonly<Record<string, unknown>>,
  network: Pick<Network, "request">,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const target = URL.parse(url);
  if (target === null || !isSafe(target)) return failure(`The tool ${name} cannot be called: its address is not one of https.`);
  const inQuery = method === "GET" || method === "DELETE";
  if (inQuery) for (const [key, value] of Object.entries(given)) target.searchParams.set(key, asText(value));
  try {
    const response = await network.request(
      { vendor: `tool ${name}`, url: target, trusted: false },
      {
        method,
        headers: {
          accept: "application/json, text/*;q=0.9, */*;q=0.1",
          ...(inQuery ? {} : { "content-type": "application/json" }),
          ...Object.fromEntries((headers ?? []).map((header) => [header.name, header.value])),
        },
        signal,
        ...(inQuery ? {} : { body: JSON.stringify(given) }),
      },
    );
    const { text } = await readStart(response.body, mostRead);
    const { statusCode: status } = response;
    if (status >= 200 && status < 300) return { output: text === "" ? "(done; the tool says nothing more)" : text, isError: false };
    return failure(
      `The tool answered with status ${status}${status >= 300 && status < 400 ? ", a redirect, which is not followed" : ""}: ${text}`,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    return failure(`The tool could not be reached: ${reason(error)}`);
  }
}

/** What is not encrypted stays on this machine. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function failure(output: string): ToolOutput {
  return { output, isError: true };
}
