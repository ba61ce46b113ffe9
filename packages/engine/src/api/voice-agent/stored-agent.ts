/** One stored agent: from what a client sends to what is kept, its secrets apart; and to what is told of it. Pure. */
import { createHash } from "node:crypto";
import { voiceAgent, type voiceAgentRest } from "@parley/protocol";
import { z } from "zod";
import { type ConfigurationRules, mergeObjects, readUpdate, storedConfiguration } from "./configuration.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { responseInstructions } from "./tool-settings.ts";

/** What a session takes from a stored agent: its configuration, with `output.voice`, tools' headers and the model's key. */
export type AgentSettings = voiceAgent.SessionSettings;

/** When each header of a tool was last set, Unix milliseconds. */
const HeaderTime = z.object({ tool: z.string(), header: z.string(), at: z.number() });

/** Beside the settings. */
export const AgentExtras = z.object({
  outboundTrunkId: z.string().nullable(),
  callerId: z.string().nullable(),
  headerTimes: z.array(HeaderTime),
});
export type AgentExtras = z.output<typeof AgentExtras>;

/** What must not lie in the database as it is. */
export const AgentSecrets = z.object({
  /** Of `llm[0]`. */
  llmKey: z.string().optional(),
  headers: z.array(z.object({ tool: z.string(), header: z.string(), value: z.string() })),
});
export type AgentSecrets = z.output<typeof AgentSecrets>;

export interface StoredAgent {
  /** `agent_` and 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly settings: AgentSettings;
  readonly extras: AgentExtras;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a client may send in place of a header's value that it never sees. */
const MASK = "***";

export type Laid =
  | { readonly ok: true; readonly agent: Pick<StoredAgent, "name" | "settings" | "extras"> }
  | { readonly ok: false; readonly refusal: Refusal };

/** Lays a change over an agent; `before` undefined: it is a new one, and the change is whole. */
export function layChange(
  before: Pick<StoredAgent, "name" | "settings" | "extras"> | undefined,
  change: voiceAgentRest.AgentChange,
  rules: ConfigurationRules,
  now: number,
): Laid {
  for (const field of ["pre_connect_requests", "transfer_targets"] as const) {
    if ((change[field]?.length ?? 0) > 0)
      return no(refusal("invalid_value", `${field}: is for calls by phone, which this version has not; leave it out`, field));
  }
  const headers = keptHeaders(before?.settings, change.tools ?? undefined);
  if (!headers.ok) return headers;
  const { input, output, voice, llm } = change;
  const merged = mergeObjects(before?.settings ?? {}, {
    system_prompt: change.system_prompt,
    greeting: change.greeting,
    input,
    ...(output === undefined && voice === undefined ? {} : { output: outputOf(before?.settings, output, voice) }),
    tools: headers.tools ?? change.tools,
    llm: llm?.map((model) => withKeptKey(before?.settings, model)) ?? llm,
  });
  const read = readUpdate(merged);
  if (!read.ok) return toWireNames(read.refusal);
  const laid = storedConfiguration(read.update.settings, rules);
  if (!laid.ok) return toWireNames(laid.refusal);
  const settings = laid.configuration;
  const fault = checkAddresses(settings);
  if (fault !== undefined) return no(fault);
  return {
    ok: true,
    agent: {
      name: change.name ?? before?.name ?? "",
      settings,
      extras: {
        outboundTrunkId: change.outbound_trunk_id === undefined ? (before?.extras.outboundTrunkId ?? null) : change.outbound_trunk_id,
        callerId: change.caller_id === undefined ? (before?.extras.callerId ?? null) : change.caller_id,
        headerTimes: headerTimes(before, settings, now),
      },
    },
  };
}

/** The settings without their secrets, and those. */
export function splitSecrets(settings: AgentSettings): { readonly open: AgentSettings; readonly secrets: AgentSecrets | undefined } {
  const [model] = settings.llm ?? [];
  const llmKey = model?.api_key ?? undefined;
  const headers = headersOf(settings);
  const open: AgentSettings = {
    ...settings,
    ...(settings.llm === undefined || settings.llm === null ? {} : { llm: settings.llm.map(({ api_key: _key, ...rest }) => rest) }),
    ...(settings.tools === undefined || settings.tools === null
      ? {}
      : { tools: settings.tools.map((tool) => withHeaders(tool, () => "")) }),
  };
  const none = llmKey === undefined && headers.length === 0;
  return { open, secrets: none ? undefined : { ...(llmKey === undefined ? {} : { llmKey }), headers } };
}

/** The reverse of {@link splitSecrets}; a secret that is missing stays empty. */
export function joinSecrets(open: AgentSettings, { llmKey, headers }: AgentSecrets): AgentSettings {
  const valueOf = (tool: string, header: string): string =>
    headers.find((kept) => kept.tool === tool && kept.header === header)?.value ?? "";
  return {
    ...open,
    ...(open.llm === undefined || open.llm === null || llmKey === undefined
      ? {}
      : { llm: open.llm.map((model) => ({ ...model, api_key: llmKey })) }),
    ...(open.tools === undefined || open.tools === null
      ? {}
      : { tools: open.tools.map((tool) => withHeaders(tool, (header) => valueOf(tool.name, header))) }),
  };
}

/** What is told of an agent; nothing secret. */
export function toRecord({ id, name, settings, extras, createdAt, updatedAt }: StoredAgent): voiceAgentRest.AgentRecord {
  const { voice, ...output } = settings.output ?? {};
  return {
    id,
    name,
    system_prompt: settings.system_prompt ?? "",
    voice: { voice_id: voice ?? "" },
    greeting: settings.greeting ?? null,
    input: settings.input ?? {},
    output,
    tools: (settings.tools ?? []).map((tool) => ({
      ...tool,
      id: toolId(id, tool.name),
      timeout_seconds: tool.timeout_seconds ?? voiceAgent.toolTimeout.default,
      execution_mode: tool.execution_mode ?? "interactive",
      response_instructions: responseInstructions(tool),
      ...(tool.http === undefined || tool.http === null ? {} : { http: toHttp(tool.name, tool.http, extras) }),
    })),
    llm: (settings.llm ?? []).map(({ base_url, model }) => ({ base_url, model })),
    pre_connect_requests: [],
    transfer_targets: [],
    outbound_trunk_id: extras.outboundTrunkId,
    caller_id: extras.callerId,
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
  };
}

/** Nothing is kept of it: agent and name make it. */
function toolId(agent: string, name: string): string {
  return `tool_${createHash("sha256").update(`${agent} ${name}`).digest("hex").slice(0, 32)}`;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

type Tool = voiceAgent.ToolSettings;
type Http = NonNullable<Tool["http"]>;
type GivenTools = NonNullable<voiceAgentRest.AgentChange["tools"]>;

function no(why: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: why };
}

/** A session names its voice elsewhere. */
function toWireNames({ code, message, param }: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return no(refusal(code, message.replace(/^output\.voice:/, "voice:"), param === "output.voice" ? "voice" : param));
}

function outputOf(
  settings: AgentSettings | undefined,
  output: voiceAgentRest.AgentChange["output"],
  voice: voiceAgentRest.AgentChange["voice"],
): AgentSettings["output"] {
  const name = typeof voice === "object" ? voice.voice_id : voice;
  const kept = settings?.output?.voice;
  // `output: null` resets its other fields; an agent always has a voice.
  const all = output === null ? Object.fromEntries(Object.keys(settings?.output ?? {}).map((key) => [key, null])) : output;
  return { ...all, voice: name ?? kept };
}

/** Headers without a value keep theirs, as long as they go where they went. */
function keptHeaders(
  before: AgentSettings | undefined,
  tools: GivenTools | undefined,
): { readonly ok: true; readonly tools: GivenTools | undefined } | { readonly ok: false; readonly refusal: Refusal } {
  if (tools === undefined) return { ok: true, tools: undefined };
  let missing: Refusal | undefined;
  const filled = tools.map((tool, index): GivenTools[number] => {
    if (tool.http === undefined || tool.http === null) return tool;
    const kept = before?.tools?.find(({ name, http }) => name === tool.name && http?.url === tool.http?.url)?.http?.headers ?? [];
    const wanted = tool.http.headers?.filter(({ remove }) => remove !== true);
    const headers = wanted?.map(({ name, value }, at) => {
      if (value !== undefined && value !== null && value !== MASK) return { name, value };
      const stored = kept.find((header) => header.name === name)?.value;
      const param = `tools[${index}].http.headers[${at}].value`;
      if (stored === undefined || stored === "")
        missing ??= refusal("invalid_value", `${param} is required: no value is stored for this header of this address`, param);
      return { name, value: stored ?? "" };
    });
    return { ...tool, http: { ...tool.http, ...(headers === undefined ? {} : { headers }) } };
  });
  return missing === undefined ? { ok: true, tools: filled } : no(missing);
}

/** `null` takes the key away. */
function withKeptKey(before: AgentSettings | undefined, model: voiceAgent.LlmSettings): voiceAgent.LlmSettings {
  const [kept] = before?.llm ?? [];
  return model.api_key === undefined && kept?.base_url === model.base_url ? { ...model, api_key: kept.api_key } : model;
}

function checkAddresses({ tools }: AgentSettings): Refusal | undefined {
  for (const [index, { http }] of (tools ?? []).entries()) {
    if (http === undefined || http === null) continue;
    const url = URL.parse(http.url);
    if (url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "" && url.password === "") continue;
    const param = `tools[${index}].http.url`;
    return refusal("invalid_value", `${param}: is no address to call: write https://, a host, and no user name`, param);
  }
  return undefined;
}

/** A header that is new or has another value was set now. */
function headerTimes(
  before: Pick<StoredAgent, "settings" | "extras"> | undefined,
  settings: AgentSettings,
  now: number,
): AgentExtras["headerTimes"] {
  const old = before === undefined ? [] : headersOf(before.settings);
  return headersOf(settings).map(({ tool, header, value }) => {
    const same = old.some((kept) => kept.tool === tool && kept.header === header && kept.value === value);
    const at = before?.extras.headerTimes.find((kept) => kept.tool === tool && kept.header === header)?.at;
    return { tool, header, at: same && at !== undefined ? at : now };
  });
}

function headersOf(settings: AgentSettings): AgentSecrets["headers"] {
  return (settings.tools ?? []).flatMap((tool) =>
    (tool.http?.headers ?? []).map(({ name, value }) => ({ tool: tool.name, header: name, value })),
  );
}

function withHeaders(tool: Tool, valueOf: (header: string) => string): Tool {
  const { http } = tool;
  if (http === undefined || http === null || http.headers === undefined || http.headers === null) return tool;
  return { ...tool, http: { ...http, headers: http.headers.map(({ name }) => ({ name, value: valueOf(name) })) } };
}

function toHttp(tool: string, { url, http_method, headers }: Http, { headerTimes: times }: AgentExtras): object {
  return {
    url,
    http_method,
    headers: (headers ?? []).map(({ name }) => {
      const at = times.find((time) => time.tool === tool && time.header === name)?.at;
      return { name, last_set_at: at === undefined ? null : iso(at) };
    }),
  };
}
