/** Holds the client to the wire's contract, which it does not import: every event of the server's is read as it is. */
import { voiceAgent } from "@parley/protocol";
import { expect, test } from "vitest";
import { remedyFor } from "./errors.ts";
import { readServerEvent, type ServerEvent } from "./server-event.ts";
import type { SessionSettings } from "./settings.ts";

type Wire = voiceAgent.ServerEvent;
type WireSettings = Extract<voiceAgent.ClientEventInput, { type: "session.update" }>["session"];
type Mutable<Type> = Type extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : Type extends object
    ? { -readonly [Name in keyof Type]: Mutable<Type[Name]> }
    : Type;

const ids = { reply_id: "resp_1", item_id: "msg_1" };
const samples: { [Type in Wire["type"]]: Omit<Extract<Wire, { type: Type }>, "type" | "timestamp" | "config"> & { config?: object } } = {
  "session.updated": { config: { id: "sess_1" } },
  "session.ready": { session_id: "sess_1", config: { id: "sess_1" }, expires_at: 1_790_003_600, resume_token: "t" },
  "session.ended": { session_duration_seconds: 3, audio_duration_seconds: null },
  "session.error": { code: "invalid_value", message: "m", param: "output.voice", session_id: null },
  "input.speech.started": {},
  "input.speech.stopped": {},
  "transcript.user.delta": { item_id: "msg_1", text: "what is" },
  "transcript.user": { item_id: "msg_1", text: "What is it?" },
  "reply.started": ids,
  "reply.audio": { reply_id: "resp_1", data: "AAA=" },
  "transcript.agent.delta": { ...ids, delta: "Hello.", start_ms: 0, end_ms: 195 },
  "transcript.agent": { ...ids, text: "Hello.", interrupted: true },
  "tool.call": { call_id: "call_1", name: "n", arguments: { a: [1] } },
  "reply.done": { reply_id: "resp_1", status: "interrupted" },
};

test.each(Object.entries(samples))("%s is read as the contract has it", (type, fields) => {
  expect(readServerEvent(JSON.stringify({ type, ...fields, timestamp: 1 }))).toEqual({ type, ...fields });
});

test("the types of both sides agree", () => {
  // Compiles only while each event of the contract, its configuration aside, is one of the client's, and each setting one of the contract's.
  const event = (wire: Exclude<Wire, { config: unknown }>): ServerEvent => wire;
  const settings = (mine: Mutable<Omit<SessionSettings, "tools">>): WireSettings => mine;
  expect([event, settings]).toHaveLength(2);
});

test("errors that someone can act on have a way out", () => {
  const without = voiceAgent.SessionErrorCode.options.filter((code) => remedyFor(code) === remedyFor("no such code"));
  expect(without).toEqual([]);
});
