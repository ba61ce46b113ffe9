/** From a `join` body to the tools that the engine runs for the agent. Pure. */
import type { rest } from "@parley/protocol";
import { type Fault, faultsOf } from "../../faults.ts";
import { originPart, sampleUrl } from "../../vendors/http-tool.ts";
import { placeholders } from "../../vendors/placeholders.ts";
import { RequestHeaders } from "../../vendors/request-headers.ts";
import type { HttpToolPlan, McpServerPlan, ToolPlan } from "../../vendors/tool-source.ts";
import { invalid, type Path } from "./body-faults.ts";

type Llm = NonNullable<rest.JoinProperties["llm"]>;
type InlineTool = NonNullable<Llm["tools"]>[number];
type Server = NonNullable<Llm["mcp_servers"]>[number];
type Variables = Readonly<Record<string, string>>;

/** Of the contract, for inline tools and MCP servers. */
const TIMEOUT_MS = 10_000;

const toolsPath = ["properties", "llm", "tools"];
const serversPath = ["properties", "llm", "mcp_servers"];

/** Without `enable_tools`, MCP servers have no effect, as documented. */
export function toToolPlan(
  { llm, advanced_features: features }: rest.JoinProperties,
  variables: Variables,
  faults: Fault[],
): ToolPlan | undefined {
  const inline = llm?.tools ?? [];
  const servers = llm?.mcp_servers ?? [];
  checkUnique(
    inline.map((tool) => tool.function.name),
    (at) => [...toolsPath, at, "function", "name"],
    faults,
  );
  checkUnique(
    servers.map(({ name }) => name),
    (at) => [...serversPath, at, "name"],
    faults,
  );
  const http = inline.map((tool, at) => toHttpTool(tool, variables, [...toolsPath, at], faults));
  const asked = servers.map((server, at) => toServer(server, [...serversPath, at], faults));
  const used = features?.enable_tools === true ? asked : [];
  return http.length === 0 && used.length === 0 ? undefined : { http, servers: used };
}

function checkUnique(names: readonly string[], pathOf: (at: number) => Path, faults: Fault[]): void {
  for (const [at, name] of names.entries()) {
    if (names.indexOf(name) < at) faults.push(invalid(pathOf(at), name, "is there already: names are unique"));
  }
}

function toHttpTool({ function: described, server }: InlineTool, variables: Variables, path: Path, faults: Fault[]): HttpToolPlan {
  const parameters = described.parameters ?? { type: "object", properties: {} };
  if (parameters["type"] !== undefined && parameters["type"] !== "object")
    faults.push(invalid([...path, "function", "parameters", "type"], parameters["type"], "is not supported. Allowed: object"));
  const body = server.body ?? undefined;
  const method = server.method ?? "POST";
  if (method === "GET" && body !== undefined && Object.keys(body).length > 0)
    faults.push(invalid([...path, "server", "body"], body, 'goes with method "POST" alone'));
  const plan: HttpToolPlan = {
    name: described.name,
    description: described.description ?? "",
    parameters: { type: "object", ...parameters },
    method,
    url: server.url,
    headers: server.headers ?? {},
    variables,
    timeoutMs: server.timeout_ms ?? TIMEOUT_MS,
    ...(body === undefined ? {} : { body }),
  };
  checkVariables(server.url, variables, [...path, "server", "url"], faults);
  checkVariables(JSON.stringify(body ?? {}), variables, [...path, "server", "body"], faults);
  checkAddress(plan, [...path, "server", "url"], faults);
  checkHeaders(plan, [...path, "server", "headers"], faults);
  return plan;
}

/** A variable that nobody gave would leave a hole in each request. */
function checkVariables(text: string, variables: Variables, path: Path, faults: Fault[]): void {
  for (const { source, name } of placeholders(text)) {
    if (source !== "template_variables" || Object.hasOwn(variables, name)) continue;
    faults.push(invalid(path, `{{template_variables.${name}}}`, "has no value in properties.llm.template_variables"));
  }
}

function checkAddress(plan: HttpToolPlan, path: Path, faults: Fault[]): void {
  const early = placeholders(originPart(plan.url)).find(({ source }) => source !== "template_variables");
  if (early !== undefined) {
    faults.push(invalid(path, plan.url, "lets the model choose the server: args and tool_call_id may stand after the host alone"));
    return;
  }
  const url = URL.parse(sampleUrl(plan));
  if (url === null || !/^https?:$/.test(url.protocol)) faults.push(invalid(path, plan.url, "is not an http:// or https:// URL"));
}

function checkHeaders({ headers, variables }: HttpToolPlan, path: Path, faults: Fault[]): void {
  for (const [key, value] of Object.entries(headers)) {
    checkVariables(value, variables, [...path, key], faults);
    if (placeholders(value).some(({ source }) => source === "args"))
      faults.push(invalid([...path, key], value, "holds args, which may stand in url and body alone"));
  }
  pushHeaderFaults(headers, path, faults);
}

function toServer(
  { name, endpoint, headers, allowed_tools: allowed, timeout_ms: timeoutMs }: Server,
  path: Path,
  faults: Fault[],
): McpServerPlan {
  pushHeaderFaults(headers ?? {}, [...path, "headers"], faults);
  return {
    name,
    url: endpoint,
    headers: headers ?? {},
    timeoutMs: timeoutMs ?? TIMEOUT_MS,
    ...(allowed === undefined || allowed === null ? {} : { allowed }),
  };
}

function pushHeaderFaults(headers: Readonly<Record<string, string>>, path: Path, faults: Fault[]): void {
  const parsed = RequestHeaders.safeParse(headers);
  if (!parsed.success) faults.push(...faultsOf(parsed.error, headers, [...path]));
}
