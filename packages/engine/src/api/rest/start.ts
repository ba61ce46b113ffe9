/** Starts an agent in a channel, and tells its clients what happens: the one way in for `join` and for the page. */
import { encodeStreamMessage } from "@parley/protocol";
import type { SessionEvent } from "../../core/events.ts";
import type { AgentRecord, Agents, CallNotes, Started } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import type { ChosenLlm } from "../../session/agent-config.ts";
import { TurnLog, type TurnRecord } from "../../projects/turn-log.ts";
import type { OpenTransport, Transport } from "../../transports/transport.ts";
import { Messages } from "./messages.ts";
import type { AgentRequest } from "./to-config.ts";

export type StartAgent = (project: Project, request: AgentRequest) => Promise<Started>;

/** Where an agent enters a channel. */
export interface ChannelPlace {
  readonly appId: string;
  readonly channel: string;
  readonly uid: string;
  readonly remoteUids: readonly string[];
}

export interface CallFacts {
  /** Unix milliseconds of session time 0. */
  readonly epochMs: number;
  /** Entries of memory that are told. */
  readonly maxHistory: number;
}

export interface StartOptions {
  readonly agents: Agents;
  readonly openChannel: (place: ChannelPlace) => OpenTransport;
  /** Rejects when the language model does not answer. */
  readonly checkLlm: (chosen: ChosenLlm, signal: AbortSignal) => Promise<void>;
  /** Keeps a call's record. */
  readonly follow: (agent: AgentRecord, call: CallFacts) => (event: SessionEvent) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function agentStarter({ agents, openChannel, checkLlm, follow, now }: StartOptions): StartAgent {
  return async (project, request) => {
    const { name, channel, uid, remoteUids, labels, config, graceS, optOut } = request;
    const open = openChannel({ appId: project.appId, channel, uid, remoteUids: remoteUids.filter((remote) => remote !== uid) });
    let transport: Transport | undefined;
    const notes = new Notes(request, now());
    let tell: ((event: SessionEvent) => void) | undefined;
    return await agents.start({
      project,
      name,
      channel,
      uid,
      labels,
      config,
      graceS,
      notes,
      open: async (clock, signal) => {
        notes.epochMs = now() - clock.now();
        if (project.checkLlm === true) await checkLlm(config.llm, signal);
        transport = await open(clock, signal);
        return transport;
      },
      onEvent: (agent, event) => {
        const { epochMs } = notes;
        const call = { epochMs, maxHistory: config.maxHistory };
        tell ??= listeners([
          clientsOf(agent, request, transport, epochMs),
          optOut ? withoutWords(follow(agent, call)) : follow(agent, call),
          notes.follow(),
        ]);
        tell(event);
      },
    });
  };
}

/** Turns of one call that are kept at hand; older ones are forgotten. */
const TURNS_KEPT = 10_000;

/** What later requests about the agent ask for. */
class Notes implements CallNotes {
  readonly details: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly turns: TurnRecord[] = [];
  epochMs: number;

  constructor({ details, variables }: AgentRequest, epochMs: number) {
    this.details = details;
    this.variables = variables;
    this.epochMs = epochMs;
  }

  follow(): (event: SessionEvent) => void {
    const log = new TurnLog(this.epochMs);
    return (event) => {
      this.turns.push(...log.handle(event));
      if (this.turns.length > TURNS_KEPT) this.turns.splice(0, this.turns.length - TURNS_KEPT);
    };
  }
}

/** Lets through what happened, and nothing of what was said. */
function withoutWords(tell: (event: SessionEvent) => void): (event: SessionEvent) => void {
  return (event) => {
    switch (event.type) {
      case "transcript":
      case "turn-end":
      case "reply-end":
        return tell({ ...event, text: "" });
      case "reply-text":
        return tell({ ...event, text: "", words: [] });
      case "reply-interrupted":
        return tell({ ...event, text: "", heard: "" });
      case "user-joined":
      case "user-left":
      case "state":
      case "turn-start":
      case "turn-dropped":
      case "reply-start":
      case "metric":
      case "error":
      case "closed":
        return tell(event);
    }
  };
}

/** Clients in the channel read what happens as data messages. */
function clientsOf(
  { agentId }: AgentRecord,
  { config, words, metrics, errors }: AgentRequest,
  transport: Transport | undefined,
  epochMs: number,
): (event: SessionEvent) => void {
  const messages = new Messages({ agentId, language: config.asr.language, words, metrics, errors, epochMs });
  let count = 0;
  return (event) => {
    for (const message of messages.handle(event)) {
      count += 1;
      for (const packet of packetsOf(count.toString(36), message)) transport?.send("*", Buffer.from(packet));
    }
  };
}

/** A text longer than a data message holds (some 60 KB) is heard but not shown. */
function packetsOf(id: string, message: unknown): string[] {
  try {
    return encodeStreamMessage(id, message);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function listeners(all: readonly ((event: SessionEvent) => void)[]): (event: SessionEvent) => void {
  return (event) => {
    for (const listen of all) listen(event);
  };
}
