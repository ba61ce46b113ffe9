/** Tools as clients of several generations write them, in one form. Pure. */
import type { voiceAgent } from "@parley/protocol";

type Loose = Readonly<Record<string, unknown>>;

/** Flattens OpenAI's nested form, drops `$schema`; whatever is no tool at all is left for the schema to refuse. */
export function flattenTools(tools: unknown): unknown {
  return Array.isArray(tools) ? tools.map((tool: unknown) => (isObject(tool) ? flatten(tool) : tool)) : tools;
}

function flatten(tool: Loose): Loose {
  const { function: nested, ...outer } = tool;
  const flat = isObject(nested) ? { ...nested, ...outer } : tool;
  const { parameters } = flat;
  if (!isObject(parameters) || !("$schema" in parameters)) return flat;
  const { $schema: _ignored, ...rest } = parameters;
  return { ...flat, parameters: rest };
}

/** A tool that collects telephone keys; the field that says so. */
export function keypadField(tool: unknown): string | undefined {
  return isObject(tool) ? Object.keys(tool).find((key) => key.startsWith("dtmf_")) : undefined;
}

export function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How to speak of a tool's result, in one form; null: nobody said. */
export function responseInstructions({
  response_instructions: given,
}: voiceAgent.ToolSettings): { success: string | null; error: string | null } | null {
  if (given === undefined || given === null || given === "") return null;
  if (typeof given === "string") return { success: given, error: null };
  return { success: given.success ?? null, error: given.error ?? null };
}
