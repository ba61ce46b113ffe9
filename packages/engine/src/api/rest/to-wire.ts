/** From an agent's record to the REST door's answers: pure. */
import type { rest } from "@parley/protocol";
import type { z } from "zod";
import type { HistoryEntry } from "../../core/history.ts";
import type { AgentPage, AgentRecord, RunningCall, Said } from "../../projects/agents.ts";
import type { TurnRecord } from "../../projects/turn-log.ts";
import { toTurn } from "../../projects/turn-wire.ts";

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

export function toUpdated(agent: AgentRecord): z.output<typeof rest.Updated> {
  return { ...toJoined(agent), state: agent.state };
}

/** The newest entries, as many as a request to the language model carries. */
export function toHistory({ agent, session, config, notes }: RunningCall): z.output<typeof rest.HistoryAnswer> {
  const said = session.history.filter(({ content }) => content !== "");
  const entries = config.maxHistory === 0 ? [] : said.slice(-config.maxHistory);
  return {
    agent_id: agent.agentId,
    start_ts: seconds(agent.startedAt),
    status: agent.state,
    contents: entries.map((entry) => ({
      role: entry.role,
      content: entry.content,
      ...(notes.details ? detailsOf(entry, notes.epochMs) : {}),
    })),
  };
}

/** What a language model of one's own is told beside. */
function detailsOf(
  { turnId, uid, source, startMs, endMs, delayMs, content, original }: HistoryEntry,
  epochMs: number,
): Partial<rest.HistoryEntry> {
  const unix = (at: number): number => Math.round(epochMs + at);
  const interrupted = original !== undefined && original !== content;
  return {
    turn_id: turnId,
    timestamp: unix(startMs),
    speech_start_ms: unix(startMs),
    speech_end_ms: unix(endMs),
    ...(delayMs === undefined ? {} : { speech_algorithmic_delay: Math.round(delayMs) }),
    metadata: {
      source,
      ...(uid === undefined || uid === "" ? {} : { user: uid }),
      ...(interrupted ? { interrupted, interrupt_timestamp: unix(endMs), original } : {}),
    },
  };
}

export function toTurns(
  agent: AgentRecord,
  turns: readonly TurnRecord[],
  { page, size }: { readonly page: number; readonly size: number },
): z.output<typeof rest.TurnsAnswer> {
  const ordered = turns.toSorted((a, b) => a.turnId - b.turnId);
  const pages = Math.ceil(ordered.length / size);
  return {
    agent_id: agent.agentId,
    name: agent.name,
    channel: agent.channel,
    total_turn_count: ordered.length,
    pagination: { page_index: page, total_pages: pages, is_last_page: page >= pages },
    turns: ordered.slice((page - 1) * size, page * size).map((turn) => {
      const { metrics, ...rest } = toTurn(agent, turn);
      const segments = Object.entries(metrics.segmented_latency_ms).map(([name, latency]) => ({ name, latency }));
      return { ...rest, metrics: { ...metrics, segmented_latency_ms: segments } };
    }),
  };
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

/** `lastCursor`: what stands where there is no further page. */
export function toList({ agents, next, total }: AgentPage, lastCursor: "" | null): rest.ListAnswer {
  return {
    data: {
      count: agents.length,
      list: agents.map((agent) => ({ start_ts: seconds(agent.startedAt), status: agent.state, agent_id: agent.agentId })),
    },
    meta: { cursor: next === "" ? lastCursor : next, total },
    status: "ok",
  };
}
