import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { VoiceAgent, type VoiceAgentEvent } from "@parley/voice-agent";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { readConfig } from "./config.ts";
import { kill, startEngine } from "./process-stage.ts";
import { makePostgres, testServers } from "./store/test-databases.ts";

/** Loading the models takes seconds, on a busy machine many. */
const PATIENCE_MS = 180_000;
const poll = { timeout: 60_000, interval: 100 };

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "parley-voice-restart-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(folder, { recursive: true });
});

const greeting =
  "Welcome to the tea house by the river. We have green tea from Japan, black tea from Assam, and a white tea that grows on one hill only.";
const Sessions = z.object({ sessions: z.array(z.looseObject({ id: z.string(), public_close_reason: z.string().nullable() })) });

const databases = [{ database: "PGlite", server: undefined }, ...testServers.map((server) => ({ database: "PostgreSQL", server }))];

test.each(databases)(
  "a client on $database goes on by itself after its engine was killed: same session, and the sentence to its end",
  { timeout: PATIENCE_MS },
  async ({ server }) => {
    await using made = server === undefined ? undefined : await makePostgres(server);
    const env: Record<string, string> = made === undefined ? {} : { DATABASE_URL: made.address };
    const first = startEngine(folder, env);
    children.push(first.child);
    const url = await first.ready;
    const [apiKey = ""] = readConfig({ env: {}, cwd: folder, credentials: "read" }).projects[0].apiKeys;

    const agent = new VoiceAgent({ url, apiKey, graceMs: PATIENCE_MS, session: { system_prompt: "You sell tea.", greeting } });
    const told: VoiceAgentEvent[] = [];
    const resumed: string[] = [];
    void (async () => {
      for await (const event of agent) told.push(event);
    })();
    agent.on("resumed", ({ sessionId }) => resumed.push(sessionId));
    const only = <T extends VoiceAgentEvent["type"]>(type: T) =>
      told.filter((event): event is Extract<VoiceAgentEvent, { type: T }> => event.type === type);
    await agent.connect();
    const { sessionId } = agent;
    await expect.poll(() => only("transcript.agent.delta").length, poll).toBeGreaterThan(5);
    await kill(first.child);
    const second = startEngine(folder, { ...env, PORT: new URL(url).port });
    children.push(second.child);
    await expect.poll(() => resumed, poll).toEqual([sessionId]);
    await expect.poll(() => only("reply.done").length, poll).toBe(1);
    expect(only("reply.started")).toHaveLength(1);
    expect(only("transcript.agent")).toMatchObject([{ text: greeting, interrupted: false }]);
    expect(only("reply.done")).toMatchObject([{ status: "completed" }]);
    const words = only("transcript.agent.delta").map(({ delta }) => delta);
    expect(words.length).toBeGreaterThanOrEqual(greeting.split(" ").length);

    agent.message("user", "What is two plus three?");
    agent.create();
    await expect.poll(() => only("transcript.agent").at(-1)?.text, poll).toMatch(/5|five/i);
    await agent.end();
    const list = await fetch(`${url}/v1/sessions`, { headers: { authorization: apiKey } });
    const { sessions } = Sessions.parse(await list.json());
    expect(sessions).toMatchObject([{ id: sessionId, public_close_reason: "client_end" }]);
  },
);
