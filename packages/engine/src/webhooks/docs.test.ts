import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { AgentRecord } from "../projects/agents.ts";
import { Settings } from "../settings.ts";
import { toBody, toHeaders } from "./envelope.ts";
import { left, noticeId } from "./notices.ts";

const page = readFileSync(new URL("../../../../docs/webhooks.md", import.meta.url), "utf8");
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";

test("the body that docs/webhooks.md prints is the one that is sent", () => {
  const agent: AgentRecord = {
    agentId: "X2D4M6QK8Z1P3R5T7V9B0C2E4G6J8L0N",
    appId: "app",
    name: "helper",
    channel: "room",
    uid: "1",
    labels: { shop: "7" },
    state: "STOPPED",
    message: "OK",
    createdAt: 1_737_000_001_000,
    startedAt: 1_737_000_001_500,
    stoppedAt: 1_737_000_009_700,
  };
  const notice = left(agent, { entries: [], maxHistory: 0, turns: [], turnCount: 0 }).find(({ eventType }) => eventType === 102);
  if (notice === undefined) throw new Error("no notice of the end");
  const envelope = { noticeId: noticeId(agent, notice), agentId: agent.agentId, eventType: 102, payload: JSON.stringify(notice.payload) };
  expect(JSON.stringify(JSON.parse(block("json")))).toBe(toBody(envelope, 1_737_000_009_712));
});

test("the function that docs/webhooks.md offers knows the engine's signature, and no other", async () => {
  const source = `${block("js")}\nexport { isFromEngine };`;
  const imported: unknown = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  const { isFromEngine } = z
    .object({ isFromEngine: z.custom<(...given: unknown[]) => boolean>((value) => typeof value === "function") })
    .parse(imported);
  const body = toBody({ noticeId: "n", agentId: "a", eventType: 101, payload: "{}" }, 1);
  expect(isFromEngine(body, toHeaders(body, "secret"), "secret")).toBe(true);
  expect(isFromEngine(body, toHeaders(body, "other"), "secret")).toBe(false);
  expect(isFromEngine(body, {}, "secret")).toBe(false);
});

test("the settings that docs/webhooks.md shows are settings", () => {
  expect(Settings.parse(parse(block("yaml"))).webhooks).toMatchObject([{ events: [101, 102, 103] }]);
});
