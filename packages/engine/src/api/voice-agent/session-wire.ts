/** A session as its REST and its webhooks tell it. Pure. */
import type { voiceAgentRest } from "@parley/protocol";
import type { SessionRow } from "../../store/voice-agent-sessions.ts";
import { iso } from "./stored-agent.ts";

export function toSummary(row: Omit<SessionRow, "appId" | "config" | "audioMs">): voiceAgentRest.SessionSummary {
  const { id, agentId, closeReason, createdAt, endedAt, durationMs } = row;
  return {
    id,
    agent_id: agentId,
    status: endedAt === null ? "created" : "completed",
    public_close_reason: closeReason,
    duration_seconds: durationMs === null ? null : durationMs / 1000,
    created_at: iso(createdAt),
    ended_at: endedAt === null ? null : iso(endedAt),
  };
}
