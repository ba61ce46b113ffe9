/** `parley bridge` between a real channel and the engine's own Voice Agent socket, as a person in a real Chromium meets it. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openSpeech, type Speech } from "@parley/speech";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "./src/browser.ts";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { captions, untilCaptions, watchConsole } from "./src/parley-page.ts";
import { recordingContext, takeRecording } from "./src/recorder.ts";
import { cut, recording, sampleRate, soundsIn, wordsOf, writeMicrophone } from "./src/sound.ts";
import { expectWords, understand } from "./src/hearing.ts";

const channel = "bridged";
const project = { appId: "0123456789abcdef0123456789abcdef", certificate: "fedcba9876543210fedcba9876543210" };
/** It is answered at length. */
const question = "whats-the-weather-like";
const interruption = "librispeech-quilter";
/** The endpoint waits half a second (`interruption_delay`), and for words; the rest is the network, and a busy machine. */
const interruptMs = 1_500;

let engine: RunningEngine;
let browser: Browser;
let speech: Speech;
let folder: string;
let microphone: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-bridge-"));
  microphone = join(folder, "microphone.wav");
  // The pause is for the beginning of the answer, which the second question cuts.
  await writeMicrophone(microphone, [2_500, await recording(question), 3_500, await recording(interruption), 20_000]);
  speech = openSpeech({ threads: 1 });
  const environment = {
    PARLEY_APP_ID: project.appId,
    PARLEY_APP_CERTIFICATE: project.certificate,
    PARLEY_API_KEY: "an-api-key-for-this-test",
    PARLEY_LLM__DISCOVER: "off",
  };
  [engine, browser] = await Promise.all([startEngine(environment), openBrowser({ microphone }), speech.ready]);
});

afterAll(async () => {
  await browser?.close();
  await engine?.[Symbol.asyncDispose]();
  await speech?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** The playground, in a channel that somebody else set up: it calls no agent of its own. */
async function joinByPage(): Promise<{ page: Page; problems: string[] }> {
  const context = await recordingContext(browser);
  const page = await context.newPage();
  const problems = watchConsole(page);
  const uid = "1002";
  const token = await engine.command("token", "--channel", channel, "--uid", uid);
  await page.goto(`${engine.url}/?${new URLSearchParams({ autostart: "1", app_id: project.appId, channel, uid, token })}`);
  return { page, problems };
}

/** `parley bridge` with the engine's own door as its endpoint, after its greeting to an empty channel. */
async function startBridge() {
  const url = `${engine.url.replace("http", "ws")}/v1/ws`;
  const program = engine.spawn("bridge", "--channel", channel, "--engine", engine.url, "--url", url);
  const exited = once(program, "exit");
  const lines: string[] = [];
  const greeted = Promise.withResolvers<void>();
  createInterface({ input: program.stdout }).on("line", (line) => {
    lines.push(line);
    if (line.startsWith("agent: ")) greeted.resolve();
  });
  await Promise.race([greeted.promise, exited.then(() => Promise.reject(new Error(`the bridge ended with ${program.exitCode}`)))]);
  const stop = async (): Promise<number | null> => {
    program.kill("SIGINT");
    await exited;
    return program.exitCode;
  };
  return { lines, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

test("a person asks a bridged agent, interrupts it, reads and hears its answer, and sees it leave", async () => {
  await using bridge = await startBridge();
  const { page, problems } = await joinByPage();
  await untilCaptions(page, "[data-role=agent][data-interrupted=true][data-final=true]", 1, 20_000);
  await untilCaptions(page, "[data-role=agent][data-interrupted=false][data-final=true]", 1, 20_000);
  const shown = await captions(page);
  const heard = await takeRecording(page);

  const asked = shown.filter(({ role, final }) => role === "user" && final).map((caption) => caption.heard);
  expect(asked).toHaveLength(2);
  const said = (await Promise.all([question, interruption].map(wordsOf))).join(" ");
  expectWords(said, asked.join(" "));

  // The answer that was cut: silent soon after the person began, and shown as far as it was heard. The other is whole.
  const onsetMs = soundsIn(heard.user, 1_500).at(-1)?.startMs ?? 0;
  const spoken = soundsIn(heard.agent, 300);
  const early = spoken.filter(({ startMs }) => startMs < onsetMs);
  const silentMs = early.at(-1)?.endMs ?? 0;
  expect(silentMs).toBeGreaterThan(onsetMs);
  expect(silentMs - onsetMs).toBeLessThanOrEqual(interruptMs);
  const inTheAir = [cut(heard.agent, 0, silentMs), heard.agent.slice(Math.round(((silentMs + 5) * sampleRate) / 1000))];
  const answers = shown.filter(({ role }) => role === "agent");
  expect(answers.map(({ interrupted }) => interrupted)).toEqual([true, false]);
  for (const [index, { heard: written, interrupted }] of answers.entries())
    expectWords(written, await understand(speech, inTheAir[index] ?? new Int16Array(0)), interrupted);
  expect(problems).toEqual([]);

  expect(await bridge.stop()).toBe(0);
  await page.getByTestId("notice").waitFor({ timeout: 5_000 });
  expect(await page.getByTestId("notice").innerText()).toContain("The agent has left the channel.");
  expect(bridge.lines).toContain(`1002: ${asked[1]}`);
  expect(bridge.lines).toContain(`agent: ${answers[1]?.heard}`);
  await page.context().close();
});
