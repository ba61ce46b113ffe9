import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readWav } from "@parley/media";
import { VoiceAgentSimulator } from "@parley/simulators";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

const program = fileURLToPath(new URL("../../bin/parley.js", import.meta.url));
const recording = (name: string): string => fileURLToPath(new URL(`../../../../recordings/${name}.wav`, import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "parley-call-"));

const Ms = z.number().nullable();
/** What scripts that call it rely on. */
const Report = z.strictObject({
  url: z.string(),
  channel: z.string(),
  agentId: z.string().nullable(),
  connectAttempts: z.int().nullable(),
  joinMs: Ms,
  greetingFirstSoundMs: Ms,
  turns: z.array(
    z.strictObject({
      user: z.strictObject({ text: z.string(), startMs: z.number(), endMs: z.number() }),
      agent: z.strictObject({ text: z.string(), heard: z.string(), interrupted: z.boolean(), firstSoundMs: Ms, endMs: Ms }),
      voiceToVoiceMs: Ms,
      bargeInToSilenceMs: Ms,
    }),
  ),
  gapsOver40Ms: z.int().nullable(),
  heardWav: z.string().nullable(),
  error: z.strictObject({ code: z.string(), message: z.string(), remedy: z.string() }).nullable(),
});

let engine: ChildProcess;
let url = "";

function parley(...args: string[]): ChildProcess {
  const env = { ...process.env, PORT: "0", INIT_CWD: folder, PARLEY_DATA_DIR: path.join(folder, "data"), PARLEY_LLM__DISCOVER: "off" };
  return spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function call(...args: string[]): Promise<{ code: number; report: z.output<typeof Report> }> {
  const child = parley("call", "--url", url, "--json", ...args);
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  let notes = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (notes += text));
  const [code] = (await once(child, "close")) as [number];
  if (out === "") throw new Error(`parley call said nothing but: ${notes}`);
  return { code, report: Report.parse(JSON.parse(out)) };
}

beforeAll(async () => {
  engine = parley("start");
  url = await new Promise<string>((resolve, reject) => {
    let said = "";
    engine.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    engine.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const found = /Parley is ready on (\S+)/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    engine.on("exit", (code) => reject(new Error(`the engine ended with ${code}: ${said}`)));
  });
}, 60_000);

afterAll(async () => {
  const ended = once(engine, "exit");
  engine.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true });
});

test("a question is understood, answered by voice, and accounted for", { timeout: 60_000 }, async () => {
  const out = path.join(folder, "heard.wav");
  const { code, report } = await call("--out", out, recording("brooklyn-bridge"));
  expect(code).toBe(0);
  expect(report).toMatchObject({ url, connectAttempts: expect.any(Number), error: null, heardWav: out });
  expect(report.greetingFirstSoundMs).not.toBeNull();
  const [turn] = report.turns;
  expect(turn?.user.text.toLowerCase()).toContain("how old is the brooklyn bridge");
  expect(turn?.agent.heard).not.toBe("");
  expect(turn?.agent.interrupted).toBe(false);
  // The turn ends after 480 ms of silence; three seconds would be an engine at its limit.
  expect(turn?.voiceToVoiceMs).toBeGreaterThan(300);
  expect(turn?.voiceToVoiceMs).toBeLessThan(3000);
  const heard = readWav(readFileSync(out));
  expect((heard.pcm.length / heard.sampleRate) * 1000).toBeGreaterThan((turn?.agent.endMs ?? Infinity) - 500);
});

test("talking into the answer stops it, and what was heard is a part of it", { timeout: 60_000 }, async () => {
  const { code, report } = await call("--now", recording("brooklyn-bridge"), "--say-at", "1200", recording("librivox-austen-0880"));
  expect(code).toBe(0);
  const [asked, interrupted] = report.turns;
  expect(asked?.agent.interrupted).toBe(true);
  expect(asked?.agent.text.startsWith(asked.agent.heard)).toBe(true);
  expect(asked?.agent.heard.length).toBeLessThan(asked?.agent.text.length ?? 0);
  expect(interrupted?.bargeInToSilenceMs).toBeLessThan(1500);
});

test("an agent with an endpoint for a brain answers in the channel with its voice and its captions", { timeout: 60_000 }, async () => {
  await using brain = await VoiceAgentSimulator.start({
    apiKey: "key",
    transcripts: ["how old is the bridge"],
    replies: ["It is rather old."],
  });
  const mllm = { enable: true, vendor: "assemblyai", url: brain.url, api_key: "key", greeting_message: "Hello there." };
  const properties = path.join(folder, "mllm.json");
  writeFileSync(properties, JSON.stringify({ mllm }));
  const { code, report } = await call("--properties", properties, recording("brooklyn-bridge"));
  expect(code).toBe(0);
  expect(report.greetingFirstSoundMs).not.toBeNull();
  expect(report.turns).toMatchObject([
    { user: { text: "how old is the bridge" }, agent: { heard: "It is rather old.", interrupted: false } },
  ]);
  expect(brain.received.at(-1)).toEqual({ type: "session.end" });
});

test("a channel without an agent gives no answer", { timeout: 30_000 }, async () => {
  const { code, report } = await call("--no-agent", "--now", "--timeout", "1", recording("cmd-today"));
  expect(code).toBe(3);
  expect(report).toMatchObject({ agentId: null, error: null });
  expect(report.turns[0]).toMatchObject({ voiceToVoiceMs: null, agent: { firstSoundMs: null } });
});

test("an agent that cannot be had is refused in the engine's own words", async () => {
  const { code, report } = await call("--url", "http://127.0.0.1:1", recording("cmd-today"));
  expect(code).toBe(1);
  expect(report.error).toMatchObject({ code: "unreachable", remedy: expect.stringContaining("npm start") });
});
