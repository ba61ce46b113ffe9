import { ServerMessage } from "@parley/protocol";
import { expect, test } from "vitest";
import { readServerMessage } from "./server-message.ts";

const user = { uid: "100", agent: true, publishing: true, muted: false };

const messages: readonly ServerMessage[] = [
  { type: "joined", appId: "a", channel: "demo", uid: "1002", sessionId: "s", users: [user], iceServers: [], tokenExpiresInSeconds: null },
  { type: "answer", id: 1, sdp: "v=0" },
  { type: "negotiate", subscribe: ["100"] },
  { type: "user-joined", ...user },
  { type: "user-left", uid: "100", reason: "left" },
  { type: "user-published", uid: "100" },
  { type: "user-unpublished", uid: "100" },
  { type: "user-muted", uid: "100", muted: true },
  { type: "stream-message", uid: "100", data: "e30=" },
  { type: "flush", uid: "100" },
  { type: "voice-time", uid: "100", rtpTimestamp: 960, ms: 20 },
  { type: "token-will-expire", inSeconds: 30 },
  { type: "taken-over" },
  { type: "error", code: "uid-taken", message: "m", remedy: "r", fatal: true },
];

test("every message of the contract is read as it is", () => {
  expect(new Set(messages.map((message) => message.type)).size).toBe(ServerMessage.options.length);
  for (const message of messages) {
    expect(ServerMessage.parse(message)).toEqual(message);
    expect(readServerMessage(JSON.stringify(message))).toEqual(message);
  }
});

test("a message without one of its fields is not read", () => {
  for (const message of messages) {
    for (const field of Object.keys(message).filter((name) => name !== "tokenExpiresInSeconds")) {
      const { [field]: _left, ...rest } = message as unknown as Record<string, unknown>;
      expect([message.type, field, readServerMessage(JSON.stringify(rest))]).toEqual([message.type, field, undefined]);
    }
  }
});

test("what is no message of the contract is not read", () => {
  const broken = ["", "{", "[]", "null", '"joined"', '{"type":"toString"}', '{"type":"newer"}', '{"type":"negotiate","subscribe":[1]}'];
  for (const text of broken) expect([text, readServerMessage(text)]).toEqual([text, undefined]);
});
