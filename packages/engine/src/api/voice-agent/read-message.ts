/** Reads a text frame of the Voice Agent socket: what it asks for, or what is wrong with it. Pure. */
import { voiceAgent } from "@parley/protocol";
import { faultsOf, pathText } from "../../faults.ts";
import { isEmpty, readUpdate, type Update } from "./configuration.ts";
import { deeperThan } from "../json-depth.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { isObject } from "./tool-settings.ts";

/** What a client asks for; the configuration of an update is read already. */
export type ReceivedEvent =
  | Exclude<voiceAgent.ClientEvent, { type: "session.update" }>
  | { readonly type: "session.update"; readonly update: Update };

export type Received =
  /** `notes`: what was let pass, for the log. */
  | { readonly ok: true; readonly event: ReceivedEvent; readonly notes: readonly string[] }
  /** `type`: what it would have been. */
  | { readonly ok: false; readonly refusal: Refusal; readonly type: string };

/** Deepest nesting that is read: what comes after parsing may recurse. */
const DEPTH_LIMIT = 64;

const types = voiceAgent.ClientEvent.options.map((option) => option.shape.type.value);

export function readMessage(text: string): Received {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    return malformed("", `The frame is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}`);
  }
  if (!isObject(message)) return malformed("", "The frame is not a JSON object");
  const type: unknown = message["type"];
  if (typeof type !== "string") return malformed("", "The message has no type", "type");
  if (type === "input.audio") {
    // The common case, up to 200 times a second.
    const audio: unknown = message["audio"];
    if (typeof audio === "string") return { ok: true, event: { type: "input.audio", audio }, notes: [] };
    return malformed(
      type,
      `Invalid message format for type 'input.audio': audio is ${audio === undefined ? "missing" : "not a text"}`,
      "audio",
    );
  }
  if (deeperThan(text, DEPTH_LIMIT)) return malformed(type, `The message is nested deeper than ${DEPTH_LIMIT} levels`);
  if (type === "session.update") return readSessionUpdate(message);
  if (!types.some((known) => known === type)) {
    return malformed(type, `Unknown message type: ${type.slice(0, 64)}. There is ${types.join(", ")}`, "type");
  }
  return readEvent(type, type === "tool.result" ? tolerantResult(message) : { event: message, notes: [] });
}

function malformed(type: string, message: string, param: string | null = null): Received {
  return { ok: false, refusal: refusal("invalid_format", message, param), type };
}

/** Some clients put the configuration under `config`, or beside the type. */
function readSessionUpdate(message: Readonly<Record<string, unknown>>): Received {
  const { type: _type, session, config, ...beside } = message;
  const place = session !== undefined && session !== null ? undefined : config !== undefined ? 'under "config"' : "beside the type";
  const read = readUpdate(place === undefined ? session : (config ?? beside));
  if (!read.ok) return { ok: false, refusal: read.refusal, type: "session.update" };
  const { unknown } = read.update;
  return {
    ok: true,
    event: { type: "session.update", update: read.update },
    notes: [
      ...(place !== undefined && Object.keys(read.update.settings).length > 0
        ? [`the configuration stood ${place}; "session" is its place`]
        : []),
      ...unknown.map((field) => `a field without a meaning here was ignored: ${field}`),
    ],
  };
}

/** `tool_call_id` is another name of `call_id`, and a result that is no text becomes one. */
function tolerantResult(message: Readonly<Record<string, unknown>>): { event: unknown; notes: string[] } {
  const { tool_call_id: alias, result, ...rest } = message;
  const event: Record<string, unknown> = { ...rest };
  const notes: string[] = [];
  if (event["call_id"] === undefined && alias !== undefined) {
    event["call_id"] = alias;
    notes.push('a tool.result named its call "tool_call_id"; "call_id" is the name');
  }
  if (result !== undefined) event["result"] = typeof result === "string" ? result : JSON.stringify(result);
  return { event, notes };
}

function readEvent(type: string, { event, notes }: { event: unknown; notes: string[] }): Received {
  const parsed = voiceAgent.ClientEvent.safeParse(event);
  if (parsed.success && parsed.data.type !== "session.update") return { ok: true, event: parsed.data, notes };
  if (parsed.success) return malformed(type, "session.update cannot be read here");
  const issue = parsed.error.issues[0];
  const param = issue === undefined || issue.path.length === 0 ? null : pathText(issue.path);
  const [fault] = faultsOf(parsed.error, event);
  // A field of the wrong shape is a malformed message; a value out of range, or out of a list, is a wrong value.
  const code = issue?.code === "invalid_type" ? "invalid_format" : "invalid_value";
  const message = fault?.message ?? "it cannot be read";
  return {
    ok: false,
    refusal: refusal(code, code === "invalid_format" ? `Invalid message format for type '${type}': ${message}` : message, param),
    type,
  };
}

/** Audio may be silence, and an empty update only asks whether anybody is there: neither is a word. */
export function isQuiet(event: ReceivedEvent): boolean {
  return event.type === "input.audio" || (event.type === "session.update" && isEmpty(event.update));
}
