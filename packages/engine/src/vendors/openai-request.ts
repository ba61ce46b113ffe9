/** A request of the style `openai`: headers and body. */
import type { HistoryEntry } from "../core/history.ts";
import type { OpenAiOptions } from "./openai-options.ts";
import { hostOf } from "./proxy.ts";
import type { LlmContext, LlmMessage, ToolCall, ToolDefinition } from "./vendor.ts";

/** Azure's own header for the key, beside the bearer that newer ones take. */
function isAzure(url: URL): boolean {
  return /\.(?:openai\.azure\.com|cognitiveservices\.azure\.com|services\.ai\.azure\.com|azure-api\.net)$/.test(hostOf(url));
}

/** A name that stands in both, spelt alike, is the engine's; spelt otherwise, the caller's replaces it. */
export function requestHeaders(options: OpenAiOptions, url: URL): Record<string, string> {
  const own: Record<string, string> = { "Content-Type": "application/json", Accept: "text/event-stream" };
  if (options.apiKey !== "") own["Authorization"] = `Bearer ${options.apiKey}`;
  if (options.apiKey !== "" && isAzure(url)) own["api-key"] = options.apiKey;
  const given = Object.entries(options.headers).filter(([key]) => !(key in own));
  const replaced = new Set(given.map(([key]) => key.toLowerCase()));
  return Object.fromEntries([...Object.entries(own).filter(([key]) => !replaced.has(key.toLowerCase())), ...given]);
}

/** `now`: Unix milliseconds. */
export function requestBody(
  { params, details, output }: OpenAiOptions,
  messages: readonly LlmMessage[],
  { tools = [], turn }: Pick<LlmContext, "tools" | "turn">,
  now: number,
): string {
  /** Unix milliseconds of session time 0. */
  const epochMs = turn === undefined ? now : now - turn.at;
  return JSON.stringify({
    ...(output.includes("audio") ? { modalities: output } : {}),
    ...params,
    ...(tools.length === 0 ? {} : { tools: tools.map(toFunction), tool_choice: params["tool_choice"] ?? "auto" }),
    ...(details && turn !== undefined ? { turn_id: turn.id, timestamp: Math.round(now), interruptable: turn.interruptable } : {}),
    messages: messages.map((message) => ({ ...toMessage(message), ...(details ? detailsOf(message, epochMs) : {}) })),
    stream: true,
  });
}

function toFunction({ name, description, parameters }: ToolDefinition): unknown {
  return { type: "function", function: { name, description, parameters } };
}

function toMessage({ role, content, toolCalls, callId, pictures = [], raw }: LlmMessage): Record<string, unknown> {
  if (callId !== undefined) return { role, tool_call_id: callId, content };
  if (toolCalls !== undefined) return { role, content: content === "" ? null : content, tool_calls: toolCalls.map(toWireCall) };
  if (pictures.length > 0)
    return { role, content: [{ type: "text", text: content }, ...pictures.map(({ url }) => ({ type: "image_url", image_url: { url } }))] };
  return { role, content, ...raw };
}

function toWireCall({ id, name, arguments: given }: ToolCall): unknown {
  return { id, type: "function", function: { name, arguments: JSON.stringify(given) } };
}

function detailsOf({ entry }: LlmMessage, epochMs: number): Record<string, unknown> {
  if (entry === undefined) return {};
  return {
    turn_id: entry.turnId,
    timestamp: Math.round(epochMs + entry.startMs),
    metadata: {
      source: entry.source,
      ...(entry.uid === undefined || entry.uid === "" ? {} : { user: entry.uid }),
      ...interruptionOf(entry, epochMs),
    },
  };
}

function interruptionOf({ content, original, endMs }: HistoryEntry, epochMs: number): Record<string, unknown> {
  return original === undefined || original === content
    ? {}
    : { interrupted: true, interrupt_timestamp: Math.round(epochMs + endMs), original };
}
