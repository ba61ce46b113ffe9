/** What stands behind the Voice Agent socket: keys, tokens, stored agents, kept sessions, subscriptions, previews of voices. */
import type { voiceAgentRest } from "@parley/protocol";
import type { Speech } from "@parley/speech";
import type { Log } from "../../log.ts";
import type { Project } from "../../projects/project.ts";
import type { ProjectSecrets } from "../../projects/project-secrets.ts";
import type { Projects } from "../../projects/projects.ts";
import { SessionRows, type SessionDatabase } from "../../store/voice-agent-sessions.ts";
import { SpentTokens } from "../../store/voice-agent-tokens.ts";
import type { Network } from "../../vendors/network.ts";
import type { DeliveryClock, Outcome } from "../../webhooks/receiver-queue.ts";
import { Subscriptions } from "../../webhooks/subscriptions.ts";
import { ApiKeys } from "./api-keys.ts";
import { ArtifactLinks } from "./artifact-links.ts";
import type { ConfigurationRules } from "./configuration.ts";
import { KeptSessions } from "./kept-sessions.ts";
import type { VoiceAgentRest } from "./rest/routes.ts";
import type { VoiceSessionRecord } from "./session-log.ts";
import { toSummary } from "./session-wire.ts";
import { StoredAgents } from "./stored-agents.ts";
import { VoiceTokens } from "./tokens.ts";
import { VoicePreviews } from "./voice-previews.ts";
import { findVoice, voiceNames } from "./voices.ts";

export interface BackOfficeOptions extends DeliveryClock {
  readonly configured: readonly Project[];
  readonly projects: Projects;
  readonly secrets: ProjectSecrets;
  readonly store: SessionDatabase & { readonly opened: Promise<void>; readonly runId: string };
  /** The same after a restart. */
  readonly engineId: string;
  readonly network: Pick<Network, "request" | "check">;
  readonly speech: Pick<Speech, "speak">;
  readonly speechReady: () => boolean;
  /** Other engines use the same database. */
  readonly shared: boolean;
  readonly reusableTokens: boolean;
  readonly keepTranscripts: boolean;
  readonly retentionDays: number;
  /** Pages of this machine may hear voices without signing in. */
  readonly console: boolean;
  /** What became of an attempt to tell a subscriber. */
  readonly onAttempt: (eventType: number, outcome: Outcome) => void;
  readonly log: Log;
  /** Aborted when the engine ends. */
  readonly signal: AbortSignal;
}

/** Between two looks for tokens that other engines have seen used. */
const SPENT_EVERY_MS = 5000;

/** What a stored agent may be; the socket looks at it again with the operator's rules. */
const rules: ConfigurationRules = {
  allowInlineLlm: true,
  mutableVoice: false,
  knowsVoice: (name) => findVoice(name) !== undefined,
  voiceNames,
};

export type BackOffice = VoiceAgentRest & AsyncDisposable;

export function openBackOffice(options: BackOfficeOptions): BackOffice {
  const { configured, projects, secrets, store, now, keepTranscripts, retentionDays } = options;
  const keys = new ApiKeys(configured, secrets);
  const spent = new SpentTokens(store);
  const tokens = new VoiceTokens({
    keys,
    reusable: options.reusableTokens,
    onSpent: (nonce, forgetAt) => spent.keep(nonce, forgetAt, now()),
  });
  const over = new AbortController();
  const remembering = rememberSpent({ ...options, tokens, spent, signal: AbortSignal.any([options.signal, over.signal]) });

  const subscriptions = new Subscriptions({ ...options, projects: configured });
  const sessions = new KeptSessions({
    rows: new SessionRows(store, store.runId),
    keepTranscripts,
    retentionDays,
    now,
    onChange: (change, record) => subscriptions.tell(toNotice(change, record), record.project),
  });
  return {
    keys,
    projects,
    tokens,
    sessions,
    subscriptions,
    links: new ArtifactLinks(keys),
    agents: new StoredAgents({ database: store, secrets, rules, now }),
    previews: new VoicePreviews({ speech: options.speech, ready: options.speechReady, now, signal: options.signal }),
    openHere: options.console,
    now,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await Promise.all([subscriptions[Symbol.asyncDispose](), remembering]);
    },
  };
}

/** Tokens that were used before the start, and where engines share a database those that others see used, a few seconds later. */
async function rememberSpent({
  store,
  shared,
  now,
  pause,
  log,
  signal,
  tokens,
  spent,
}: Pick<BackOfficeOptions, "store" | "shared" | "now" | "pause" | "log"> & {
  readonly signal: AbortSignal;
  readonly tokens: VoiceTokens;
  readonly spent: SpentTokens;
}): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await Promise.race([store.opened, stopped]);
  while (!signal.aborted) {
    try {
      tokens.remember(await spent.load(now()));
    } catch (error) {
      log.error({ err: error }, "tokens that were used elsewhere or before the start may be used again");
    }
    if (!shared) return;
    await pause(SPENT_EVERY_MS, signal).catch(() => {});
  }
}

/** The same words for the same session, whenever they are sent. */
function toNotice(change: "started" | "completed", record: VoiceSessionRecord): voiceAgentRest.SessionNotice {
  const { id, ...session } = toSummary(record);
  return {
    event_id: `${id}:${change}`,
    event: `session.${change}`,
    created_at: change === "started" || session.ended_at === null ? session.created_at : session.ended_at,
    session_id: id,
    agent_id: session.agent_id,
    session: { session_id: id, ...session },
  };
}
