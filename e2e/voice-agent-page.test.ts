/** The example's page in a real Chromium with a real engine: a conversation with an interruption and a tool, a lost network, a refused microphone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ChatAnswer, type ChatMessage, type ChatSimulator, startChatSimulator } from "@parley/simulators";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "./src/browser.ts";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { expectWords } from "./src/hearing.ts";
import { watchConsole } from "./src/parley-page.ts";
import { recordingContext, takeRecording } from "./src/recorder.ts";
import { Relay } from "./src/relay.ts";
import { recording, soundsIn, writeMicrophone } from "./src/sound.ts";

const apiKey = "0123456789abcdef0123456789abcdef";
const history =
  "It took fourteen years to build the Brooklyn Bridge. Its towers were for a long time the tallest in the city. Men worked under the river, in boxes full of air. It was opened in eighteen eighty-three, and on the first day many thousands of people walked across it.";

function answer(messages: readonly ChatMessage[]): ChatAnswer {
  const last = messages.at(-1);
  if (last?.role === "tool") return "The page is violet now.";
  if (String(last?.content).toLowerCase().includes("weather")) return { calls: [{ name: "set_colour", arguments: { colour: "violet" } }] };
  return history;
}

let engine: RunningEngine;
let chat: ChatSimulator;
let relay: Relay;
let browser: Browser;
let server: ChildProcess;
let url: string;
let folder: string;
let microphone: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-voice-agent-page-"));
  microphone = join(folder, "microphone.wav");
  chat = await startChatSimulator({ script: answer });
  const llm = JSON.stringify({ url: chat.url, params: { model: "simulated" } });
  [engine, browser] = await Promise.all([startEngine({ PARLEY_API_KEY: apiKey, PARLEY_DEFAULTS__LLM: llm }), openBrowser({ microphone })]);
  relay = await Relay.open(engine.url);
  const env = { ...process.env, PARLEY_URL: relay.url, PARLEY_API_KEY: apiKey, PORT: "0" };
  const program = spawn("npm", ["start", "--silent", "-w", "examples/voice-agent-browser"], {
    cwd: new URL("..", import.meta.url).pathname,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    // npm hands signals on to nobody: the group gets them.
    detached: true,
  });
  server = program;
  for await (const line of createInterface({ input: program.stdout })) {
    url = /The page is on (\S+)/.exec(line)?.[1] ?? "";
    if (url !== "") break;
  }
});

afterAll(async () => {
  await browser?.close();
  if (server?.pid !== undefined) {
    process.kill(-server.pid, "SIGTERM");
    await once(server, "exit");
  }
  await relay?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  await chat?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The page in a context that records: the loudspeaker's sound is handed to the recorder as the agent's. */
async function openPage(): Promise<{ page: Page; problems: string[] }> {
  const context = await recordingContext(browser);
  await context.addInitScript(() => {
    const connect = AudioNode.prototype.connect;
    const patched = function (this: AudioNode, target: AudioNode | AudioParam, ...rest: number[]): unknown {
      if (target instanceof AudioDestinationNode) {
        const tap = (this.context as AudioContext).createMediaStreamDestination();
        Reflect.apply(connect, this, [tap]);
        const audio = document.createElement("audio");
        audio.dataset["testid"] = "agent-audio";
        audio.srcObject = tap.stream;
        document.body.append(audio);
      }
      return Reflect.apply(connect, this, [target, ...rest]);
    };
    Reflect.set(AudioNode.prototype, "connect", patched);
  });
  const page = await context.newPage();
  const problems = watchConsole(page);
  await page.goto(url);
  return { page, problems };
}

async function untilState(page: Page, state: string, deadlineMs: number): Promise<void> {
  await page.waitForFunction((wanted) => document.documentElement.dataset["state"] === wanted, state, { timeout: deadlineMs });
}

async function untilSaid(page: Page, text: string, deadlineMs: number): Promise<void> {
  const wanted = { text };
  await page
    .waitForFunction((one) => document.querySelector("#transcript")?.textContent?.includes(one.text), wanted, { timeout: deadlineMs })
    .catch(async (cause: unknown) => {
      throw new Error(`nobody said "${text}": ${await page.locator("#transcript").innerText()}`, { cause });
    });
}

async function nextFrame(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
}

/** Each line of the conversation: who, what of it was heard, what was not. */
async function lines(page: Page): Promise<{ role: string; heard: string; unheard: string; interrupted: boolean }[]> {
  return await page.locator("#transcript li[data-role]").evaluateAll((items) =>
    items.map((item) => {
      const words = (heard: string): string =>
        [...item.querySelectorAll(`[data-heard=${heard}]`)].map((word) => word.textContent ?? "").join(" ");
      const user = item.getAttribute("data-role") === "user";
      return {
        role: item.getAttribute("data-role") ?? "",
        heard: user ? (item.querySelector("p")?.textContent ?? "") : words("true"),
        unheard: words("false"),
        interrupted: item.querySelector("p")?.getAttribute("data-interrupted") === "true",
      };
    }),
  );
}

test("a question, an answer that is interrupted, and a tool that changes the page", async () => {
  const question = await recording("brooklyn-bridge");
  const interruption = await recording("whats-the-weather-like");
  await writeMicrophone(microphone, [8_000, question, 5_000, interruption, 12_000]);
  const { page, problems } = await openPage();
  await page.click("#talk");
  await untilSaid(page, "The page is violet now.", 45_000);
  await untilState(page, "listening", 10_000);
  await page.waitForFunction(() => document.querySelector("#transcript li[data-role=agent]:last-of-type [data-heard=false]") === null);
  const said = await lines(page);
  const { user, agent } = await takeRecording(page);
  await page.click("#talk");
  await untilState(page, "idle", 5_000);

  expect(said.map(({ role }) => role)).toEqual(["agent", "user", "agent", "user", "agent"]);
  expectWords("How old is the Brooklyn Bridge?", said[1]?.heard ?? "");
  expect(said[2]).toMatchObject({ interrupted: true });
  expect(history.startsWith(said[2]?.heard ?? "nothing")).toBe(true);
  expect(said[2]?.heard.length).toBeLessThan(history.length / 2);
  expectWords("What's the weather like?", said[3]?.heard ?? "");
  expect(said[4]).toMatchObject({ heard: "The page is violet now.", unheard: "", interrupted: false });
  expect(await page.evaluate(() => document.documentElement.dataset["colour"])).toBe("violet");
  expect(problems).toEqual([]);

  // At the ear: the agent falls silent soon after the interruption has begun, and says nothing before it is over.
  const interrupting = soundsIn(user, 400).at(-1);
  const before = soundsIn(agent, 400)
    .filter(({ startMs }) => startMs < (interrupting?.startMs ?? 0))
    .at(-1);
  const after = soundsIn(agent, 400).at(-1);
  expect((before?.endMs ?? 0) - (interrupting?.startMs ?? 0)).toBeGreaterThan(0);
  expect((before?.endMs ?? 0) - (interrupting?.startMs ?? 0)).toBeLessThan(1_500);
  expect(after?.startMs).toBeGreaterThan(interrupting?.endMs ?? 0);
});

test("a network that is lost in mid-reply comes back, and with it the rest of the reply; a muted microphone sends nothing", async () => {
  await writeMicrophone(microphone, [await recording("brooklyn-bridge"), 30_000]);
  const { page } = await openPage();
  const sent: string[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  const audioSent = (): number => sent.filter((frame) => frame.includes("input.audio")).length;
  await page.click("#talk");
  await untilState(page, "speaking", 15_000);
  while (audioSent() < 10) await nextFrame(page);
  await page.click("#mute");
  expect(await page.getAttribute("#mute", "aria-pressed")).toBe("true");
  relay.reachable = false;
  relay.cut();
  await untilState(page, "away", 5_000);
  const before = audioSent();
  relay.reachable = true;
  await untilSaid(page, "the conversation goes on", 10_000);
  await page.waitForFunction(
    () => document.querySelector("#transcript [data-final=true] [data-heard=true]:last-of-type")?.textContent === "have.",
  );
  expect(audioSent()).toBe(before);
  const said = await lines(page);
  await page.click("#mute");
  while (audioSent() === before) await nextFrame(page);
  await page.click("#talk");
  await untilState(page, "idle", 5_000);
  expect(sent.filter((message) => message.includes("session.resume"))).toHaveLength(1);
  expect(said.filter(({ role }) => role === "agent")).toEqual([
    { role: "agent", heard: "Hello. Ask me something, or tell me which colour this page should have.", unheard: "", interrupted: false },
  ]);
});

test("who is refused the microphone is told what to do, and can try again", async () => {
  const denied = await openBrowser({ microphone: null, allow: false });
  try {
    const page = await denied.newPage();
    await page.goto(url);
    await page.click("#talk");
    await untilState(page, "error", 10_000);
    expect(await page.locator("#problem").innerText()).toMatch(/not allowed to use the microphone. Allow the microphone for this site/);
    expect(await page.locator("#talk").innerText()).toBe("Talk");
  } finally {
    await denied.close();
  }
});
