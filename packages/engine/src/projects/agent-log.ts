/** What is recorded of agents, and what the records are asked. */
import type { rest } from "@parley/protocol";
import type { TurnRecord } from "./turn-log.ts";

export type AgentState = rest.AgentState;

export interface AgentRecord {
  /** 32 upper-case letters and digits. */
  readonly agentId: string;
  readonly appId: string;
  readonly name: string;
  readonly channel: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: AgentState;
  /** Why it ended; empty while it runs. */
  readonly message: string;
  /** Unix milliseconds; 0: not yet. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly stoppedAt: number;
}

/** Where records go; nothing here waits for it. */
export interface AgentLog {
  save(record: AgentRecord): void;
  /**
   * Saves a new agent at once, unless an agent of its project that has not exited has its name, at whatever engine: that
   * one is given. Throws `not-ready` while the records cannot be asked.
   */
  claim(record: AgentRecord): Promise<AgentRecord | undefined>;
  find(agentId: string): Promise<AgentRecord | undefined>;
  list(filter: AgentFilter): Promise<AgentPage>;
  /** Finished turns of an agent, in order. */
  turns(agentId: string): Promise<readonly TurnRecord[]>;
  deleteCall(agentId: string): Promise<void>;
}

export interface AgentFilter {
  readonly appId: string;
  readonly channel?: string | undefined;
  /** Of creation, Unix milliseconds, inclusive. */
  readonly from: number;
  readonly to: number;
  readonly states: readonly AgentState[];
  readonly limit: number;
  /** Id of the agent at which the page starts. */
  readonly cursor?: string | undefined;
}

export interface AgentPage {
  /** Newest first, ties by id. */
  readonly agents: readonly AgentRecord[];
  /** Id at which the next page starts; empty: this is the last. */
  readonly next: string;
  readonly total: number;
}

interface NewAgent extends Pick<AgentRecord, "name" | "channel" | "uid" | "labels"> {
  readonly project: { readonly appId: string };
}

export function newRecord(agentId: string, { project, name, channel, uid, labels }: NewAgent, createdAt: number): AgentRecord {
  return {
    agentId,
    appId: project.appId,
    name,
    channel,
    uid,
    labels,
    state: "STARTING",
    message: "",
    createdAt,
    startedAt: 0,
    stoppedAt: 0,
  };
}
