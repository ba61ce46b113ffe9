/** A tool of a session file that is an HTTP request: the bridge runs it where the endpoint knows no such tools. */
import type { voiceAgent } from "@parley/protocol";
import type { SessionSettings, Tool } from "@parley/voice-agent";
import type { Network } from "../vendors/network.ts";
import { readStart } from "../vendors/read-start.ts";

/** Bytes of an answer that the model is given. */
const mostRead = 8192;
/** Of an answer that reports a failure. */
const mostReported = 500;

export interface HttpToolPlace {
  readonly network: Network;
  /** The address comes from the operator, not over an API: every one is allowed. */
  readonly trusted: boolean;
}

/** Tools with `http`; the others are nobody's here. */
export function httpTools(tools: readonly voiceAgent.ToolSettings[], place: HttpToolPlace): Tool[] {
  return tools.flatMap((tool) => (tool.http === undefined || tool.http === null ? [] : [httpTool(tool, tool.http, place)]));
}

function httpTool(
  tool: voiceAgent.ToolSettings,
  http: NonNullable<voiceAgent.ToolSettings["http"]>,
  { network, trusted }: HttpToolPlace,
): Tool {
  const { name, description, parameters, execution_mode: mode, timeout_seconds: seconds } = tool;
  return {
    definition: {
      type: "function",
      name,
      ...(typeof description === "string" && { description }),
      parameters: parameters ?? { type: "object", properties: {} },
      ...(typeof mode === "string" && { execution_mode: mode }),
      ...(typeof seconds === "number" && { timeout_seconds: seconds }),
    },
    async run(args, { signal }) {
      const { http_method: method } = http;
      const inQuery = method === "GET" || method === "DELETE";
      const url = new URL(http.url);
      if (inQuery) for (const [key, value] of Object.entries(args)) url.searchParams.set(key, asText(value));
      const response = await network.request(
        { vendor: `tool ${name}`, url, trusted },
        {
          method,
          headers: {
            accept: "application/json, text/*;q=0.9, */*;q=0.1",
            ...(inQuery ? {} : { "content-type": "application/json" }),
            ...Object.fromEntries((http.headers ?? []).map((header) => [header.name, header.value])),
          },
          ...(inQuery ? {} : { body: JSON.stringify(args) }),
          signal,
        },
      );
      const { text } = await readStart(response.body, mostRead);
      const { statusCode } = response;
      if (statusCode >= 300 && statusCode < 400)
        throw new Error(`The tool answered with status ${statusCode}: a redirect, which is not followed.`);
      if (statusCode < 200 || statusCode > 299)
        throw new Error(`The tool answered with status ${statusCode}: ${text.slice(0, mostReported)}`);
      return text;
    },
  };
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Checked settings without the nulls of their first level, which mean what absence means. */
export function settingsOf(session: Omit<voiceAgent.SessionSettings, "tools">): SessionSettings {
  return Object.fromEntries(Object.entries(session).filter(([, value]) => value !== null && value !== undefined));
}
