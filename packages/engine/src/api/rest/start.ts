/** Starts an agent in a channel: the one way in for `join` and for the page. */
import type { Agents, Started } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import type { OpenTransport } from "../../transports/transport.ts";
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
  openChannel(place: ChannelPlace): OpenTransport;
}

export function agentStarter({ agents, openChannel }: StartOptions): StartAgent {
  return async (project, { name, channel, uid, remoteUids, labels, config }) =>
    agents.start({
      project,
      name,
      channel,
      uid,
      labels,
      config,
      open: openChannel({ appId: project.appId, channel, uid, remoteUids: remoteUids.filter((remote) => remote !== uid) }),
    });
}
