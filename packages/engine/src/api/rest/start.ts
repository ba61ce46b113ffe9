/** Starts an agent in a channel, and tells its clients what happens: the one way in for `join` and for the page. */
import { encodeStreamMessage } from "@parley/protocol";
import type { SessionEvent } from "../../core/events.ts";
import type { AgentRecord, Agents, Started } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
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

export interface StartOptions {
  readonly agents: Agents;
  readonly openChannel: (place: ChannelPlace) => OpenTransport;
  /** Keeps a call's record; `epochMs`: Unix milliseconds of session time 0. */
  readonly follow: (agent: AgentRecord, epochMs: number) => (event: SessionEvent) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function agentStarter({ agents, openChannel, follow, now }: StartOptions): StartAgent {
  return async (project, request) => {
    const { name, channel, uid, remoteUids, labels, config } = request;
    const open = openChannel({ appId: project.appId, channel, uid, remoteUids: remoteUids.filter((remote) => remote !== uid) });
    let transport: Transport | undefined;
    let epochMs = now();
    let tell: ((event: SessionEvent) => void) | undefined;
    return await agents.start({
      project,
      name,
      channel,
      uid,
      labels,
      config,
      open: async (clock, signal) => {
        epochMs = now() - clock.now();
        transport = await open(clock, signal);
        return transport;
      },
      onEvent: (agent, event) => {
        tell ??= listeners([clientsOf(agent, request, transport, epochMs), follow(agent, epochMs)]);
        tell(event);
      },
    });
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
