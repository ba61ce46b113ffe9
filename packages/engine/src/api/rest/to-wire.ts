/** From an agent's record to the REST door's answers: pure. */
import type { rest } from "@parley/protocol";
import type { z } from "zod";
import type { AgentPage, AgentRecord, Said } from "../../projects/agents.ts";

/** Wire times are Unix seconds; 0: not yet. */
const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

export function toJoined(agent: AgentRecord): z.output<typeof rest.Joined> {
  return { agent_id: agent.agentId, create_ts: seconds(agent.createdAt), status: agent.state };
}

export function toConflict(agent: AgentRecord): z.output<typeof rest.Conflict> {
  return { detail: "create agent failed, code: 409, msg: task conflict", reason: "TaskConflict", ...toJoined(agent) };
}

export function toActed(agent: AgentRecord): z.output<typeof rest.Acted> {
  return { agent_id: agent.agentId, channel: agent.channel, start_ts: seconds(agent.startedAt) };
}

export function toSpoken(agent: AgentRecord, action: Said): z.output<typeof rest.Spoken> {
  return { ...toActed(agent), action };
}

export function toAgent(agent: AgentRecord): z.output<typeof rest.AgentAnswer> {
  return {
    message: agent.message === "" ? "" : `agent exits with reason: ${agent.message}`,
    start_ts: seconds(agent.startedAt),
    stop_ts: seconds(agent.stoppedAt),
    status: agent.state,
    agent_id: agent.agentId,
    name: agent.name,
  };
}

export function toList({ agents, next, total }: AgentPage): rest.ListAnswer {
  return {
    data: {
      count: agents.length,
      list: agents.map((agent) => ({ start_ts: seconds(agent.startedAt), status: agent.state, agent_id: agent.agentId })),
    },
    meta: { cursor: next, total },
    status: "ok",
  };
}
