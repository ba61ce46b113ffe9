/** An agent's record, from its row. */
import { rest } from "@parley/protocol";
import { z } from "zod";
import type { AgentRecord } from "../projects/agents.ts";
import type { Row } from "./database.ts";

const AgentRow = z.object({
  agent_id: z.string(),
  app_id: z.string(),
  name: z.string(),
  channel: z.string(),
  uid: z.string(),
  labels: z.record(z.string(), z.string()),
  state: rest.AgentState,
  message: z.string(),
  created_at: z.coerce.number(),
  started_at: z.coerce.number(),
  stopped_at: z.coerce.number(),
});

export function toRecord(row: Row): AgentRecord {
  const { agent_id, app_id, created_at, started_at, stopped_at, ...rest } = AgentRow.parse(row);
  return { ...rest, agentId: agent_id, appId: app_id, createdAt: created_at, startedAt: started_at, stoppedAt: stopped_at };
}
