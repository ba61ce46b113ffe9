import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Caller } from "@parley/caller";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { readConfig } from "./config.ts";
import { kill, startEngine } from "./process-stage.ts";
import { buildToken } from "./projects/tokens.ts";
import { makePostgres, testServers } from "./store/test-databases.ts";
import { openReceiver, type TestReceiver } from "./webhooks/delivery-stage.ts";

/** Loading the models takes seconds, on a busy machine many. */
const PATIENCE_MS = 180_000;
const poll = { timeout: 60_000, interval: 100 };

let folder = "";
let receiver: TestReceiver;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "parley-restart-"));
  receiver = await openReceiver();
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await receiver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function start(env: Record<string, string>) {
  const engine = startEngine(folder, { PARLEY_WEBHOOKS: JSON.stringify([{ url: receiver.url, secret: "secret" }]), ...env });
  children.push(engine.child);
  return engine;
}

const Answer = z.looseObject({ agent_id: z.string().optional(), status: z.string().optional() });
const History = z.object({ contents: z.array(z.object({ role: z.string(), content: z.string() })) });

/** The REST door, wherever the engine is just now. */
function openDoor() {
  const [project] = readConfig({ env: {}, cwd: folder, credentials: "read" }).projects;
  const [customer] = project.customers;
  const authorization = `Basic ${Buffer.from(`${customer?.id}:${customer?.secret}`).toString("base64")}`;
  return {
    project,
    token: (channel: string, uid: string) =>
      buildToken({ appId: project.appId, certificate: project.certificate, channel, uid, expireSeconds: 3600, now: Date.now() }),
    ask: async (origin: string, where: string, body?: unknown) => {
      const response = await fetch(`${origin}/v2/projects/${project.appId}/${where}`, {
        headers: { authorization },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      });
      return { httpStatus: response.status, ...Answer.parse(await response.json()) };
    },
  };
}

const properties = {
  channel: "room",
  token: "",
  agent_rtc_uid: "7",
  remote_rtc_uids: ["*"],
  idle_timeout: 120,
  llm: {
    style: "local",
    api_key: "sk-very-secret",
    greeting_message: "Welcome.",
    greeting_configs: { mode: "single_first" },
    system_messages: [{ role: "system", content: "Be brief." }],
  },
};

/** Everything of a folder, as text: nothing secret may be found in it. */
function textOf(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

const databases = [{ database: "PGlite", server: undefined }, ...testServers.map((server) => ({ database: "PostgreSQL", server }))];

test.each(databases)(
  "a call on $database goes on after its engine was killed: same agent, same memory, same people",
  { timeout: PATIENCE_MS },
  async ({ server }) => {
    await using made = server === undefined ? undefined : await makePostgres(server);
    const database: Record<string, string> = made === undefined ? {} : { DATABASE_URL: made.address };
    const first = start(database);
    const url = await first.ready;
    const port = new URL(url).port;
    const door = openDoor();
    const joined = await door.ask(url, "join", { name: "helper", properties });
    expect(joined).toMatchObject({ httpStatus: 200, status: "RUNNING" });
    const agent = `agents/${String(joined.agent_id)}`;
    const history = async () => History.parse(await door.ask(url, `${agent}/history`)).contents.map(({ content }) => content);

    await using caller = await Caller.join({ url, appId: door.project.appId, channel: "room", uid: "5", token: door.token("room", "5") });
    const turns: number[] = [];
    caller.on("message", ({ message }) => {
      if ("turn_id" in message && typeof message.turn_id === "number") turns.push(message.turn_id);
    });
    const events: string[] = [];
    for (const name of ["reconnecting", "reconnected"] as const) caller.on(name, () => events.push(name));
    await expect.poll(history, poll).toEqual(["Welcome."]);
    await door.ask(url, `${agent}/think`, { text: "What is two plus three?" });
    await expect.poll(async () => (await history()).length, poll).toBe(3);
    expect(
      await door.ask(url, `${agent}/update`, { properties: { llm: { system_messages: [{ role: "system", content: "Shout." }] } } }),
    ).toMatchObject({ httpStatus: 200 });
    // A list of what has exited waits for all that was written before.
    await door.ask(url, "agents?state=4,6");
    const before = await history();
    const newest = Math.max(...turns);
    await expect.poll(() => receiver.received.some(({ body }) => body.eventType === 101 && body.sid === joined.agent_id), poll).toBe(true);

    // In mid-reply, as far as anybody can tell.
    await door.ask(url, `${agent}/think`, { text: "Tell me all that you can do." });
    await kill(first.child);
    expect(textOf(folder)).not.toContain("sk-very-secret");
    expect(first.log()).not.toContain("sk-very-secret");

    const second = start({ ...database, PORT: port });
    const states = new Set<string>();
    await second.listening;
    const state = async () => {
      const seen = await door.ask(url, agent).catch(() => ({ status: "", httpStatus: 0 }));
      if (seen.httpStatus === 200) states.add(seen.status ?? "");
      return seen.status;
    };
    await expect.poll(state, { ...poll, interval: 10 }).toBe("RUNNING");
    await second.ready;
    expect([...states]).toEqual(["RECOVERING", "RUNNING"]);
    expect(await door.ask(url, "join", { name: "helper", properties })).toMatchObject({ httpStatus: 409, agent_id: joined.agent_id });

    await expect.poll(() => events, poll).toEqual(["reconnecting", "reconnected"]);
    await expect.poll(() => caller.users.map(({ uid, agent: isAgent }) => [uid, isAgent]), poll).toEqual([["7", true]]);
    expect((await history()).slice(0, before.length)).toEqual(before);
    let heard = 0;
    caller.on("audio", ({ pcm }) => (heard += pcm.some((sample) => Math.abs(sample) > 1000) ? 1 : 0));
    turns.length = 0;
    caller.tell("7", "user.transcription", { priority: "interrupt", interruptable: true, message: "What is four plus four?" });
    await expect.poll(async () => (await history()).join(" "), poll).toMatch(/four plus four.* (8|eight)/is);
    expect(heard).toBeGreaterThan(10);
    expect(Math.min(...turns)).toBeGreaterThan(newest);
    // Nobody was greeted twice.
    expect((await history()).filter((content) => content === "Welcome.")).toHaveLength(1);

    expect(await door.ask(url, `${agent}/leave`, {})).toMatchObject({ httpStatus: 200 });
    await expect
      .poll(() => receiver.received.filter(({ body }) => body.sid === joined.agent_id).map(({ body }) => body.eventType), poll)
      .toContain(112);
    const told = (type: number) => receiver.received.filter(({ body }) => body.sid === joined.agent_id && body.eventType === type);
    await expect
      .poll(() => [101, 102, 103, 111, 112].map((type) => new Set(told(type).map(({ body }) => body.noticeId)).size), poll)
      .toEqual([1, 1, 1, 1, 1]);
    expect(told(102)[0]?.body.payload).toMatchObject({ status: "STOPPED", message: "OK" });
    const { contents } = History.parse(told(103)[0]?.body.payload);
    expect(contents.slice(0, before.length).map(({ content }) => content)).toEqual(before);
    expect(contents.at(-1)?.content).toMatch(/8|eight/i);
  },
);

test("an agent that cannot be restored has FAILED and says why; its end is told", { timeout: PATIENCE_MS }, async () => {
  const first = start({});
  const url = await first.ready;
  const door = openDoor();
  const joined = await door.ask(url, "join", { name: "helper", properties });
  const agent = `agents/${String(joined.agent_id)}`;
  await expect.poll(() => receiver.received.some(({ body }) => body.eventType === 101 && body.sid === joined.agent_id), poll).toBe(true);
  await kill(first.child);
  // Without its key nobody can read what the agent was asked to be.
  rmSync(path.join(folder, "data", "calls.key"));

  const second = start({});
  const again = await second.ready;
  await expect.poll(async () => (await door.ask(again, agent)).status, poll).toBe("FAILED");
  expect(await door.ask(again, agent)).toMatchObject({
    message: expect.stringContaining("agent exits with reason: The agent could not be restored: what it was asked to be cannot be read"),
  });
  await expect
    .poll(() => receiver.received.find(({ body }) => body.eventType === 102 && body.sid === joined.agent_id)?.body.payload, poll)
    .toMatchObject({ status: "FAILED" });
  // Its name is free.
  expect(await door.ask(again, "join", { name: "helper", properties })).toMatchObject({ httpStatus: 200 });
});
