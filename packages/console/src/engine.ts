/** What the page asks the engine over HTTP. Everything that comes back is checked here. */
import { ParleyError } from "@parley/client";

/** What a participant needs to join a channel. */
export interface Seat {
  readonly appId: string;
  readonly channel: string;
  readonly uid: string;
  readonly token: string;
}

/** A call with an agent that this page started. */
export interface StartedCall extends Seat {
  readonly agentId: string;
  readonly agentUid: string;
}

export interface CallWish {
  readonly greeting?: string;
  readonly silenceMs?: number;
  readonly channel?: string;
}

export interface DiscoveredLlm {
  readonly name: string;
  readonly url: string;
  readonly models: readonly string[];
}

/** What the engine says of itself. A field is empty where the engine does not tell this page. */
export interface Info {
  readonly version: string;
  readonly appId: string;
  readonly customerId: string;
  readonly customerSecret: string;
  readonly apiKey: string;
  readonly calls: number | null;
  readonly running: number;
  readonly llm: { readonly using: string; readonly discovered: readonly DiscoveredLlm[]; readonly canUse: boolean };
}

export interface Readiness {
  readonly ready: boolean;
  readonly waiting: readonly string[];
}

/** How long an answer may take, in milliseconds. */
const timeoutMs = 15_000;

export async function startCall(wish: CallWish, signal: AbortSignal): Promise<StartedCall> {
  if (!atHome)
    throw new ParleyError("not-at-home", `${location.host} is not the engine’s own machine, so this page may not start an agent.`);
  const value = await ask("/console/call", { method: "POST", body: JSON.stringify(wish) }, signal);
  const call = {
    appId: text(value, "appId"),
    channel: text(value, "channel"),
    uid: text(value, "uid"),
    token: text(value, "token"),
    agentId: text(value, "agentId"),
    agentUid: text(value, "agentUid"),
  };
  if (call.channel === "") throw new ParleyError("bad-message", "The engine's answer names no channel.");
  return call;
}

export async function endCall(agentId: string): Promise<void> {
  await fetch(`/console/call/${encodeURIComponent(agentId)}`, { method: "DELETE", keepalive: true }).catch(() => undefined);
}

/** Whether the page was opened on the engine's own machine: only there does the engine start calls for it. */
export const atHome = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);

/** Undefined where the engine is gone or tells this page nothing. */
export async function readInfo(): Promise<Info | undefined> {
  if (!atHome) return undefined;
  try {
    const value = await ask("/console/info", {}, AbortSignal.timeout(timeoutMs));
    const capacity = field(value, "capacity");
    const llm = field(value, "llm");
    return {
      version: text(value, "version"),
      appId: text(value, "appId"),
      customerId: text(value, "customerId"),
      customerSecret: text(value, "customerSecret"),
      apiKey: text(value, "apiKey"),
      calls: number(capacity, "calls"),
      running: number(capacity, "running") ?? 0,
      llm: {
        using: text(llm, "using"),
        discovered: readDiscovered(field(llm, "discovered")),
        canUse: field(llm, "canUse") === true,
      },
    };
  } catch {
    return undefined;
  }
}

/** Undefined where nobody answers. */
export async function readReadiness(): Promise<Readiness | undefined> {
  try {
    // First where a page is always answered 200: browsers put a 503 on the console as an error.
    const info = atHome ? await ask("/console/info", {}, AbortSignal.timeout(timeoutMs)).catch(() => undefined) : undefined;
    const ready = field(info, "ready");
    if (typeof ready === "boolean") return { ready, waiting: texts(field(info, "waiting")) };
    const response = await fetch("/readyz", { signal: AbortSignal.timeout(timeoutMs), cache: "no-store" });
    const value: unknown = await response.json();
    return { ready: response.ok, waiting: texts(field(value, "waiting")) };
  } catch {
    return undefined;
  }
}

/** Makes the engine answer by a language model that it found on this machine. */
export async function chooseLlm(llm: DiscoveredLlm, model: string): Promise<void> {
  await ask("/console/llm", { method: "POST", body: JSON.stringify({ url: llm.url, model }) }, AbortSignal.timeout(timeoutMs));
}

async function ask(path: string, init: RequestInit, signal: AbortSignal): Promise<unknown> {
  const response = await send(path, init, signal);
  const value: unknown = await response.json().catch(() => undefined);
  if (response.ok) return value;
  throw refusal(response.status, value);
}

async function send(path: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const headers = init.body === undefined ? {} : { "content-type": "application/json" };
  try {
    return await fetch(path, { ...init, headers, cache: "no-store", signal: AbortSignal.any([signal, timeout]) });
  } catch (cause) {
    signal.throwIfAborted();
    throw new ParleyError("server-gone", `The engine at ${location.host} does not answer.`, { cause });
  }
}

/** The engine's error body is `{detail, reason}`; some doors say `{code, message, remedy}`. */
function refusal(status: number, value: unknown): ParleyError {
  const body = field(value, "error") ?? value;
  const message = text(body, "message") || text(body, "detail") || `The engine answered ${status}.`;
  const remedy = text(body, "remedy");
  const code = text(body, "code") || codeOf(status, text(body, "reason"));
  return new ParleyError(code, message, remedy === "" ? {} : { remedy });
}

function codeOf(status: number, reason: string): string {
  if (reason === "ResourceQuotaLimitExceeded" || status === 429) return "at-capacity";
  if (status === 503) return "not-ready";
  if (status === 401 || status === 403) return "forbidden";
  return "refused";
}

function readDiscovered(value: unknown): DiscoveredLlm[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => ({
    name: text(one, "name"),
    url: text(one, "url"),
    models: texts(field(one, "models")),
  }));
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : "";
}

function number(value: unknown, name: string): number | null {
  const found = field(value, name);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
