/** Opens the Voice Agent door's socket on the parts of a running engine. */
import type { Logger } from "pino";
import type { VoiceAgentConfig } from "../../config.ts";
import type { SessionEvent } from "../../core/events.ts";
import type { AgentConfig } from "../../session/agent-config.ts";
import { Ticker } from "../../session/clock.ts";
import type { Sessions } from "../../session/sessions.ts";
import type { Vendors } from "../../vendors/index.ts";
import type { Network } from "../../vendors/network.ts";
import type { ApiKeys } from "./api-keys.ts";
import { randomId } from "./ids.ts";
import type { Keeping } from "./keeping.ts";
import type { SessionLog } from "./session-log.ts";
import { VoiceAgentDoor } from "./socket.ts";
import type { StoredAgents } from "./stored-agents.ts";
import { storedTool } from "./stored-tool.ts";
import type { VoiceTokens } from "./tokens.ts";
import { findVoice, voiceNames } from "./voices.ts";

export interface DoorParts {
  readonly config: VoiceAgentConfig;
  readonly keys: ApiKeys;
  readonly tokens: VoiceTokens;
  readonly agents: Pick<StoredAgents, "find">;
  readonly sessionLog: SessionLog;
  readonly keeping: Keeping;
  readonly sessions: Sessions;
  readonly vendors: Vendors;
  readonly network: Network;
  /** Calls with embedded speech that fit beside those of the other doors; undefined: the models are still loading. */
  readonly embeddedRoom: () => number | undefined;
  /** Counts what happens. */
  readonly observe: (event: SessionEvent) => void;
  readonly draining: () => boolean;
  readonly log: Logger;
}

export function openVoiceAgentDoor(parts: DoorParts): VoiceAgentDoor {
  const { config, keys, tokens, agents, sessionLog, keeping, sessions, vendors, network, embeddedRoom, observe, draining, log } = parts;
  const door: VoiceAgentDoor = new VoiceAgentDoor({
    rules: config,
    keys,
    tokens,
    startSession: async (request) => await sessions.start(request),
    openLlm: (chosen) => vendors.openLlm(chosen),
    findAgent: async (project, agentId) => (await agents.find(project, agentId))?.settings,
    offer: (project) => ({
      project,
      vendors: vendors.vendors,
      localVoice: (name) => findVoice(name)?.voice,
      httpTool: (tool) => storedTool(tool, network),
    }),
    knowsVoice: (name) => findVoice(name) !== undefined,
    voiceNames,
    substituteOf: (name) => findVoice(name)?.substitute,
    isEmbedded,
    full: (agent) => (isEmbedded(agent) ? whyFull(embeddedRoom(), door.sessions.embedded) : undefined),
    makeId: randomId,
    now: Date.now,
    clock: new Ticker().clock(),
    log,
    sessionLog,
    keeping,
    onStart: (session) => void session.listen(observe),
    draining,
  });
  return door;
}

/** Its recogniser or its voice runs on this machine. */
function isEmbedded({ asr, tts }: AgentConfig): boolean {
  return asr.vendor === "local" || tts.vendor === "local";
}

function whyFull(room: number | undefined, running: number): string | undefined {
  if (room === undefined) return "The engine is still loading its speech models: try again in a moment";
  if (running < room) return undefined;
  return `This machine holds no more calls with embedded speech: ${running} sessions are open here. Try again later`;
}
