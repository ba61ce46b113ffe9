/** Tools that the engine runs itself: what is asked for, and what was found. */
import type { Tool } from "../session/tools.ts";

/** A tool behind one HTTP request. Url, headers and body hold placeholders: `{{args.x}}`, `{{template_variables.x}}`, `{{tool_call_id}}`. */
export interface HttpToolPlan {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a POST; absent: the arguments. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** What stands for `template_variables`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** A server of the Model Context Protocol, reached by streamable HTTP. */
export interface McpServerPlan {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of the tools that may be used; absent: all. */
  readonly allowed?: readonly string[];
  /** Longest wait for a result. */
  readonly timeoutMs: number;
}

export interface ToolPlan {
  readonly http: readonly HttpToolPlan[];
  readonly servers: readonly McpServerPlan[];
}

/** Closing ends the connections to servers. */
export interface OpenedTools extends AsyncDisposable {
  readonly tools: readonly Tool[];
  /** Servers that could not be asked: their tools are missing. */
  readonly failures: readonly unknown[];
}

export type OpenTools = (plan: ToolPlan, signal: AbortSignal) => Promise<OpenedTools>;
