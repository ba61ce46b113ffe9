/** An inline tool: one HTTP request, made of a template and the model's arguments; its answer is what the model is told. */
import type { Tool, ToolOutput } from "../session/tools.ts";
import type { Network, Target } from "./network.ts";
import { fill, fillAll, placeholders, type Scope } from "./placeholders.ts";
import { readStart } from "./read-start.ts";
import type { HttpToolPlan } from "./tool-source.ts";
import type { ToolCall } from "./vendor.ts";

/** Bytes of an answer that are read. */
const mostRead = 65_536;
/** Characters of an answer that the model is given: some four thousand tokens. */
const mostGiven = 16_000;

/** Kinds of content that are text for a model. */
const textual = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|yaml|javascript|x-www-form-urlencoded))/i;

/** Opens the tool; throws an `AppError` when its address may not be reached. `field`: what holds the address. */
export function httpTool(plan: HttpToolPlan, network: Network, field: string): Tool {
  const { name, description, parameters, timeoutMs } = plan;
  network.check(field, new URL(sampleUrl(plan)));
  return {
    name,
    description,
    parameters,
    timeoutMs,
    mode: "interactive",
    run: (call, { signal }) => request(plan, network, call, signal),
  };
}

async function request(plan: HttpToolPlan, network: Network, call: ToolCall, signal: AbortSignal): Promise<ToolOutput> {
  const scope: Scope = { args: call.arguments, variables: plan.variables, callId: call.id };
  const url = URL.parse(fillUrl(plan.url, scope));
  if (url === null || depth(url) !== depth(new URL(sampleUrl(plan))))
    return failure("An argument does not fit into the tool's address. Use plain names and numbers.");
  const target: Target = { vendor: `tool ${plan.name}`, url, trusted: false };
  const body = plan.method === "GET" ? undefined : JSON.stringify(plan.body === undefined ? call.arguments : fillAll(plan.body, scope));
  const response = await network.request(target, {
    method: plan.method,
    headers: fillHeaders(plan, scope, body !== undefined),
    signal,
    ...(body === undefined ? {} : { body }),
  });
  const { statusCode: status, headers } = response;
  const type = String(headers["content-type"] ?? "text/plain");
  const { text, cut, broken } = await readStart(response.body, mostRead);
  signal.throwIfAborted();
  if (broken) return failure("The tool's answer broke off before its end.");
  const said = textual.test(type) ? shorten(text.trim(), cut) : text === "" ? "" : `(${type.split(";")[0] ?? ""}, which is no text)`;
  if (status >= 300 && status < 400) return failure(`The tool answered with status ${status}: a redirect, which is not followed.`);
  if (status < 200 || status > 299) return failure(`The tool answered with status ${status}${said === "" ? "." : `: ${said}`}`);
  return { output: said === "" ? "(done; the tool says nothing more)" : said, isError: false };
}

function failure(output: string): ToolOutput {
  return { output, isError: true };
}

function shorten(text: string, cut: boolean): string {
  return text.length <= mostGiven && !cut ? text : `${text.slice(0, mostGiven)} … (the rest was cut off)`;
}

/** Scheme, host and port: where no argument may stand. */
export function originPart(url: string): string {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:\{\{[^{}]*\}\}|[^/?#])*/i.exec(url)?.[0] ?? "";
}

/** What is put into path and query is encoded, so that it stays one part of them; the operator's variables may be a whole origin. */
function fillUrl(url: string, scope: Scope): string {
  const origin = originPart(url);
  return fill(origin, scope) + fill(url.slice(origin.length), scope, (value) => encodeURIComponent(value.toWellFormed()));
}

/** The address with something in place of what comes with a call. */
export function sampleUrl({ url, variables }: Pick<HttpToolPlan, "url" | "variables">): string {
  const args = Object.fromEntries(placeholders(url).map(({ name }) => [name, "x"]));
  return fillUrl(url, { args, variables, callId: "x" });
}

/** Parts of the path. An argument of two dots would climb out of it, however it is encoded. */
function depth({ pathname }: URL): number {
  return pathname.split("/").length;
}

function fillHeaders(plan: HttpToolPlan, scope: Scope, hasBody: boolean): Record<string, string> {
  const safe: Scope = { ...scope, args: {}, callId: scope.callId.replace(/[^\x21-\x7e]/g, "_") };
  const given = Object.entries(plan.headers).map(([key, value]): [string, string] => [key, fill(value, safe)]);
  const named = new Set(given.map(([key]) => key.toLowerCase()));
  const own: [string, string][] = [
    ["accept", "application/json, text/*;q=0.9, */*;q=0.1"],
    ...(hasBody ? [["content-type", "application/json"] as [string, string]] : []),
  ];
  return Object.fromEntries([...own.filter(([key]) => !named.has(key)), ...given]);
}
