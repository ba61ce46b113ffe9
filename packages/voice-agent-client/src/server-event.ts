/** Reads what the server says. Unknown types and fields are no error: servers learn new ones. */
import { isRecord, type SessionConfig } from "./settings.ts";

interface Bodies {
  /** An accepted `session.update`. */
  "session.updated": { config: SessionConfig };
  /** The session has started, or has been resumed. */
  "session.ready": {
    session_id: string;
    config: SessionConfig;
    /** Unix seconds of the forced end; null where the server does not say. */
    expires_at: number | null;
    resume_token: string | null;
  };
  /** The last event of a session that ended in order. */
  "session.ended": { session_duration_seconds: number | null; audio_duration_seconds: number | null };
  /** Something was refused or went wrong. The session goes on, unless the socket closes after it. */
  "session.error": { code: string; message: string; param: string | null; session_id: string | null };
  /** The user has begun to speak: drop what is waiting to be played. */
  "input.speech.started": {};
  /** The user's turn has ended. */
  "input.speech.stopped": {};
  /** All words of this utterance so far: replace, do not append. */
  "transcript.user.delta": { item_id: string; text: string };
  "transcript.user": { item_id: string; text: string };
  "reply.started": { reply_id: string; item_id: string };
  /** Part of the agent's voice. `data` is Base64; the client adds the samples. */
  "reply.audio": { reply_id: string; data: string };
  /** One word of the agent's, with the time of it in milliseconds from the reply's first sample. */
  "transcript.agent.delta": { reply_id: string; item_id: string; delta: string; start_ms: number | null; end_ms: number | null };
  /** What the agent said; if it was interrupted, what was heard of it. */
  "transcript.agent": { reply_id: string; item_id: string; text: string; interrupted: boolean };
  "tool.call": { call_id: string; name: string; arguments: Record<string, unknown> };
  "reply.done": { reply_id: string; status: "completed" | "interrupted" };
}

export type ServerEventType = keyof Bodies;

export type ServerEvent = { [Type in ServerEventType]: { readonly type: Type } & Readonly<Bodies[Type]> }[ServerEventType];

type Fields = Readonly<Record<string, unknown>>;

const readers: { readonly [Type in ServerEventType]: (fields: Fields) => Bodies[Type] } = {
  "session.updated": (f) => ({ config: record(f["config"]) }),
  "session.ready": (f) => ({
    session_id: need(f["session_id"]),
    config: record(f["config"]),
    expires_at: numberOf(f["expires_at"]),
    resume_token: textOf(f["resume_token"]),
  }),
  "session.ended": (f) => ({
    session_duration_seconds: numberOf(f["session_duration_seconds"]),
    audio_duration_seconds: numberOf(f["audio_duration_seconds"]),
  }),
  "session.error": (f) => ({
    // One page of the documentation names it error_code.
    code: textOf(f["code"]) ?? textOf(f["error_code"]) ?? "unknown",
    message: textOf(f["message"]) ?? "",
    param: textOf(f["param"]),
    session_id: textOf(f["session_id"]),
  }),
  "input.speech.started": () => ({}),
  "input.speech.stopped": () => ({}),
  "transcript.user.delta": (f) => ({ item_id: textOf(f["item_id"]) ?? "", text: need(f["text"]) }),
  "transcript.user": (f) => ({ item_id: textOf(f["item_id"]) ?? "", text: need(f["text"]) }),
  "reply.started": (f) => ({ reply_id: need(f["reply_id"]), item_id: textOf(f["item_id"]) ?? "" }),
  "reply.audio": (f) => ({ reply_id: textOf(f["reply_id"]) ?? "", data: need(f["data"]) }),
  "transcript.agent.delta": (f) => ({
    reply_id: need(f["reply_id"]),
    item_id: textOf(f["item_id"]) ?? "",
    delta: need(f["delta"]),
    start_ms: numberOf(f["start_ms"]),
    end_ms: numberOf(f["end_ms"]),
  }),
  "transcript.agent": (f) => ({
    reply_id: textOf(f["reply_id"]) ?? "",
    item_id: textOf(f["item_id"]) ?? "",
    text: need(f["text"]),
    interrupted: f["interrupted"] === true,
  }),
  // The field was args before the API was generally available.
  "tool.call": (f) => ({ call_id: need(f["call_id"]), name: need(f["name"]), arguments: record(f["arguments"] ?? f["args"]) }),
  "reply.done": (f) => ({
    reply_id: textOf(f["reply_id"]) ?? "",
    status: f["status"] === "interrupted" ? "interrupted" : "completed",
  }),
};

/** The event in a text frame; undefined for one that this version does not know, or that lacks what it needs. */
export function readServerEvent(text: string): ServerEvent | undefined {
  const fields = parse(text);
  if (!isRecord(fields)) return undefined;
  const type = fields["type"];
  if (!isServerEventType(type)) return undefined;
  try {
    return eventOf(type, fields);
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

function eventOf(type: ServerEventType, fields: Fields): ServerEvent {
  // TypeScript does not follow that reader and type belong together; `readers` is declared so that they do.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { type, ...readers[type](fields) } as ServerEvent;
}

function isServerEventType(type: unknown): type is ServerEventType {
  return typeof type === "string" && Object.hasOwn(readers, type);
}

class Missing extends Error {}

function need(value: unknown): string {
  if (typeof value !== "string") throw new Missing();
  return value;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
