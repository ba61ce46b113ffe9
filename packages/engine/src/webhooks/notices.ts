/** From an agent's record and what happened in its call to the contract's webhook payloads (its section 7.3): pure. */
import type { SessionEvent } from "../core/events.ts";
import type { AgentRecord } from "../projects/agents.ts";
import type { TurnRecord } from "../projects/turn-log.ts";
import { toTurn } from "../projects/turn-wire.ts";

export interface Notice {
  readonly eventType: 101 | 102 | 103 | 104 | 110 | 111 | 112;
  /** Among the agent's notices of this type it has no other. */
  readonly number: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What was said in a call. */
export interface Said {
  readonly role: "user" | "assistant";
  /** What was heard. */
  readonly content: string;
  readonly turnId: number;
}

export interface CallStory {
  readonly entries: readonly Said[];
  readonly maxHistory: number;
  /** The newest. */
  readonly turns: readonly TurnRecord[];
  readonly turnCount: number;
}

/** Turns that one webhook carries: some 250 KB. */
export const TURNS_SENT = 500;

type Failure = Extract<SessionEvent, { type: "error" }>;

/** The same in each attempt, and after a restart. */
export function noticeId({ agentId }: Pick<AgentRecord, "agentId">, { eventType, number }: Notice): string {
  return `${agentId}:${eventType}:${number}`;
}

export function joined(agent: AgentRecord): Notice {
  return { eventType: 101, number: 1, payload: { ...common(agent), start_ts: seconds(startOf(agent)) } };
}

/** The agent's token ends at `expiresAt`, Unix milliseconds. The text is the contract's (its C8); the agent stays. */
export function expires(agent: AgentRecord, expiresAt: number): Notice {
  return {
    eventType: 104,
    number: seconds(expiresAt),
    payload: { ...common(agent), start_ts: seconds(startOf(agent)), message: "Task exceeded maximum lifetime" },
  };
}

export function failed(agent: AgentRecord, number: number, { module, turnId, code, message }: Failure): Notice {
  const turn = turnId === 0 ? "" : turnId;
  return {
    eventType: 110,
    number,
    payload: {
      ...common(agent),
      start_ts: seconds(startOf(agent)),
      turn_id: turn,
      errors: [{ module, turn_id: turn, code, message }],
    },
  };
}

/** What is told when an agent has gone: that it has, what was said, how long everything took, and its turns. */
export function left(agent: AgentRecord, story: CallStory): Notice[] {
  const turns = story.turns.slice(-TURNS_SENT);
  const times = { start_ts: seconds(startOf(agent)), stop_ts: seconds(agent.stoppedAt) };
  const measured = turns.map(metricsOf).filter((metrics) => Object.keys(metrics).length > 1);
  return [
    notice(102, { ...common(agent), ...times, status: agent.state, message: agent.message }),
    notice(103, { ...common(agent), ...times, contents: contentsOf(story.entries, story.maxHistory) }),
    notice(111, { ...common(agent), ...times, metrics: measured }),
    notice(112, {
      ...common(agent),
      // This event alone counts in milliseconds.
      start_ts: startOf(agent),
      stop_ts: agent.stoppedAt,
      total_turn_count: story.turnCount,
      is_truncated: story.turnCount > turns.length,
      turns: turns.map((turn) => toTurn(agent, turn)),
    }),
  ];
}

function notice(eventType: Notice["eventType"], payload: Notice["payload"]): Notice {
  return { eventType, number: 1, payload };
}

function common({ agentId, channel, name, labels }: AgentRecord): Record<string, unknown> {
  return { agent_id: agentId, channel, name, ...(Object.keys(labels).length === 0 ? {} : { labels }) };
}

/** The newest words, in the order of the turns: what was heard of a cut answer is known only after the next turn has begun. */
function contentsOf(entries: readonly Said[], limit: number): Pick<Said, "role" | "content">[] {
  if (limit === 0) return [];
  return entries
    .filter(({ content }) => content !== "")
    .toSorted((a, b) => a.turnId - b.turnId)
    .slice(-limit)
    .map(({ role, content }) => ({ role, content }));
}

function metricsOf({ turnId, metrics }: TurnRecord): Record<string, number> {
  const { asrTtlwMs, llmTtfbMs, llmTtfsMs, llmTtfaMs, ttsTtfbMs } = metrics;
  return {
    turn_id: turnId,
    ...(asrTtlwMs === undefined ? {} : { asr_ttlw: asrTtlwMs }),
    ...(llmTtfbMs === undefined ? {} : { llm_ttfb: llmTtfbMs }),
    ...(llmTtfsMs === undefined ? {} : { llm_ttfs: llmTtfsMs }),
    ...(llmTtfaMs === undefined ? {} : { llm_ttfa: llmTtfaMs }),
    ...(ttsTtfbMs === undefined ? {} : { tts_ttfb: ttsTtfbMs }),
  };
}

/** Unix milliseconds; one that went before it was in its channel counts from its creation. */
function startOf({ startedAt, createdAt }: AgentRecord): number {
  return startedAt === 0 ? createdAt : startedAt;
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
