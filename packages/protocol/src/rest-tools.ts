/** Tools that the engine runs for an agent (section 4.7 of the contract): MCP servers, and inline HTTP tools. */
import { z } from "zod";
import { optional } from "./rest-field.ts";

const HttpAddress = z.url({ protocol: /^https?$/, error: "is not an http:// or https:// URL" });

export const McpServerBody = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z0-9]{1,48}$/, "is not 1 to 48 letters and digits")
    .describe("Unique among the servers; stands before a tool's name where two servers have one of that name."),
  endpoint: HttpAddress.describe("Address of the server's streamable HTTP endpoint."),
  transport: optional(z.enum(["streamable_http"])),
  headers: optional(z.record(z.string(), z.string())).describe("Sent with each request, for instance `Authorization`."),
  allowed_tools: optional(z.array(z.string()).max(1000)).describe('Absent or with `"*"`: all; empty: none; else those that are named.'),
  timeout_ms: optional(z.int().min(1).max(300_000)).describe(
    "Longest wait for a result; then the conversation goes on without it. Default 10000.",
  ),
});

const ToolFunction = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "is not 1 to 64 letters, digits, _ and -"),
  description: optional(z.string().max(10_000)).describe("For the model: what it does, and when to use it."),
  parameters: optional(z.record(z.string(), z.unknown())).describe("JSON Schema of the arguments: an object. Absent: there are none."),
});

const ToolServer = z.object({
  method: optional(z.enum(["GET", "POST"])).describe("Default POST."),
  url: z.string().min(1).max(8192).describe("With placeholders, not for arguments before the path."),
  headers: optional(z.record(z.string(), z.string())).describe("Values may hold placeholders, but no `args`."),
  body: optional(z.record(z.string(), z.unknown())).describe("JSON of a POST, with placeholders. Absent: the arguments."),
  timeout_ms: optional(z.int().min(1000).max(100_000)).describe("Longest wait for the answer. Default 10000."),
});

/** Placeholders: `{{args.x}}`, `{{template_variables.x}}`, `{{tool_call_id}}`. */
export const InlineToolBody = z.object({
  type: z.literal("function"),
  function: ToolFunction,
  execution: optional(z.object({ mode: optional(z.enum(["sync"])) })),
  server: ToolServer,
});
