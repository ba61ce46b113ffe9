/** What a webhook gets when it is set up: one event of each of its types, of an agent that does not exist (section 7.1 of the contract). Pure. */
import { createHmac } from "node:crypto";
import type { AgentRecord } from "../projects/agents.ts";
import type { Webhook } from "../projects/project.ts";
import { expires, failed, joined, left, type Notice } from "./notices.ts";

/** Known to receivers of the hosted service. */
const CHANNEL = "test_webhook";
const UID = "12121212";

/** The same for as long as a webhook's events and secret are. */
export function fingerprintOf({ url, secret, events }: Webhook): string {
  return createHmac("sha256", secret)
    .update(JSON.stringify([url, ...[...events].toSorted((a, b) => a - b)]))
    .digest("hex");
}

export function testsFor(appId: string, { events }: Webhook, now: number): Notice[] {
  const agent: AgentRecord = {
    agentId: CHANNEL,
    appId,
    name: CHANNEL,
    channel: CHANNEL,
    uid: UID,
    labels: {},
    state: "STOPPED",
    message: "OK",
    createdAt: now,
    startedAt: now,
    stoppedAt: now,
  };
  const failure = { type: "error", at: 0, turnId: 0, module: "llm", code: 0, message: "a test", remedy: "", cause: undefined } as const;
  const story = { entries: [], maxHistory: 0, turns: [], turnCount: 0 };
  return [joined(agent), ...left(agent, story), expires(agent, now), failed(agent, 1, failure)]
    .filter(({ eventType }) => events.has(eventType))
    .map((notice) => ({ ...notice, payload: { ...notice.payload, uid: UID } }));
}
