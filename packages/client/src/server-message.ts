/** Reads what the engine says on the signalling socket. */
import type { ServerMessage } from "@parley/protocol";
import { fits, isRecord, parseJson, type Shape } from "./shape.ts";

const user: Shape = { uid: "string", agent: "boolean", publishing: "boolean", muted: "boolean" };

const shapes: Readonly<Record<ServerMessage["type"], Shape>> = {
  joined: {
    appId: "string",
    channel: "string",
    uid: "string",
    sessionId: "string",
    users: "array",
    iceServers: "array",
    tokenExpiresInSeconds: "number?",
  },
  answer: { id: "number", sdp: "string" },
  negotiate: { subscribe: "array" },
  "user-joined": user,
  "user-left": { uid: "string", reason: "string" },
  "user-published": { uid: "string" },
  "user-unpublished": { uid: "string" },
  "user-muted": { uid: "string", muted: "boolean" },
  "stream-message": { uid: "string", data: "string" },
  flush: { uid: "string" },
  "voice-time": { uid: "string", rtpTimestamp: "number", ms: "number" },
  "token-will-expire": { inSeconds: "number" },
  "taken-over": {},
  error: { code: "string", message: "string", remedy: "string", fatal: "boolean" },
};

/** The message in a text frame; undefined for one that this version does not know or that is malformed. */
export function readServerMessage(text: string): ServerMessage | undefined {
  const value = parseJson(text);
  return isServerMessage(value) ? value : undefined;
}

function isServerMessage(value: unknown): value is ServerMessage {
  if (!isRecord(value)) return false;
  const shape = Object.entries(shapes).find(([type]) => type === value["type"])?.[1];
  return shape !== undefined && fits(value, shape) && listsFit(value);
}

function listsFit(value: Record<string, unknown>): boolean {
  if (value["type"] === "joined") return Array.isArray(value["users"]) && value["users"].every((one) => isRecord(one) && fits(one, user));
  if (value["type"] === "negotiate") return Array.isArray(value["subscribe"]) && value["subscribe"].every((uid) => typeof uid === "string");
  return true;
}
