/** Reads what an agent tells everybody in its channel: transcripts, interruptions, its state, latencies. */
import type { AgentMessage } from "@parley/protocol";
import { fits, isRecord, type Shape } from "./shape.ts";

const transcription: Shape = { text: "string", turn_id: "number", words: "array?" };

const shapes: Readonly<Record<AgentMessage["object"], Shape>> = {
  "user.transcription": { ...transcription, final: "boolean" },
  "assistant.transcription": { ...transcription, turn_status: "number" },
  "message.interrupt": { turn_id: "number", start_ms: "number" },
  "message.metrics": { module: "string", metric_name: "string", turn_id: "number", latency_ms: "number" },
  "message.error": { module: "string", message: "string" },
  "message.info": { module: "string", message: "string" },
  "message.state": { state: "string", turn_id: "number" },
  "turn.finished": { payload: "object" },
  "message.sal_status": { status: "string" },
  "user.manual_sos.result": { payload: "object" },
  "user.manual_eos.result": { payload: "object" },
  "assistant.manual_eos.result": { payload: "object" },
};

const word: Shape = { word: "string", start_ms: "number", duration_ms: "number" };

/** What is in the payload of those that have one. */
const payloads: Readonly<Record<string, Shape>> = {
  "turn.finished": { turn_id: "number", metrics: "object" },
  "user.manual_sos.result": { success: "boolean", request_id: "string", turn_id: "number?" },
  "user.manual_eos.result": { success: "boolean", request_id: "string", turn_id: "number?" },
  "assistant.manual_eos.result": { turn_id: "number" },
};

/** True for a message that this version knows and that has what it needs. */
export function isAgentMessage(value: unknown): value is AgentMessage {
  if (!isRecord(value)) return false;
  const shape = Object.entries(shapes).find(([object]) => object === value["object"])?.[1];
  return shape !== undefined && fits(value, shape) && wordsFit(value["words"]) && payloadFits(value);
}

function wordsFit(words: unknown): boolean {
  return !Array.isArray(words) || words.every((one) => isRecord(one) && fits(one, word));
}

function payloadFits({ object, payload }: Record<string, unknown>): boolean {
  if (!isRecord(payload)) return true;
  const shape = Object.entries(payloads).find(([name]) => name === object)?.[1] ?? {};
  const { metrics } = payload;
  return fits(payload, shape) && (metrics === undefined || (isRecord(metrics) && fits(metrics, { e2e_latency_ms: "number?" })));
}
