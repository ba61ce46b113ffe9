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
  "message.state": { state: "string", turn_id: "number" },
  "turn.finished": { payload: "object" },
};

const word: Shape = { word: "string", start_ms: "number", duration_ms: "number" };
const turn: Shape = { turn_id: "number", metrics: "object" };

/** True for a message that this version knows and that has what it needs. */
export function isAgentMessage(value: unknown): value is AgentMessage {
  if (!isRecord(value)) return false;
  const shape = Object.entries(shapes).find(([object]) => object === value["object"])?.[1];
  return shape !== undefined && fits(value, shape) && wordsFit(value["words"]) && payloadFits(value["payload"]);
}

function wordsFit(words: unknown): boolean {
  return !Array.isArray(words) || words.every((one) => isRecord(one) && fits(one, word));
}

function payloadFits(payload: unknown): boolean {
  return (
    !isRecord(payload) || (fits(payload, turn) && isRecord(payload["metrics"]) && fits(payload["metrics"], { e2e_latency_ms: "number?" }))
  );
}
