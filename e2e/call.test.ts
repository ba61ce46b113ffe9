/** Calls in a real Chromium with a real engine: what is understood, what is heard, and how an interruption sounds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resample } from "@parley/media";
import { openSpeech, type Speech } from "@parley/speech";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "./src/browser.ts";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { expectWords, understand } from "./src/hearing.ts";
import { captions, hangUp, untilCaptions, untilState, watchConsole } from "./src/parley-page.ts";
import { recordingContext, takeRecording } from "./src/recorder.ts";
import { cut, recording, sampleRate, soundsIn, wordsOf, writeMicrophone } from "./src/sound.ts";
import { plainWords } from "./src/words.ts";

let engine: RunningEngine;
let browser: Browser;
let speech: Speech;
let folder: string;
let microphone: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-microphone-"));
  microphone = join(folder, "microphone.wav");
  speech = openSpeech({ threads: 1 });
  [engine, browser] = await Promise.all([startEngine(), openBrowser({ microphone }), speech.ready]);
});

afterAll(async () => {
  await browser?.close();
  await engine?.[Symbol.asyncDispose]();
  await speech?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function openPage(query: string): Promise<{ page: Page; problems: string[] }> {
  const context = await recordingContext(browser);
  const page = await context.newPage();
  const problems = watchConsole(page);
  await page.goto(`${engine.url}/?autostart=1&${query}`);
  return { page, problems };
}

test("a person's questions are understood, and the answers are heard as they are written", async () => {
  const names = ["whats-the-weather-like", "brooklyn-bridge", "cmd-book-a-room"];
  const parts: (Int16Array | number)[] = [5_000];
  for (const name of names) parts.push(await recording(name), 7_500);
  await writeMicrophone(microphone, parts);
  const { page, problems } = await openPage("silence_ms=256&greeting=Hello.%20What%20can%20I%20do%20for%20you%20today%3F");

  await untilCaptions(page, "[data-role=agent][data-final=true]", 1, 15_000);
  await untilCaptions(page, "[data-role=user][data-final=true]", names.length, 40_000);
  await untilCaptions(page, "[data-role=agent][data-final=true]", names.length + 1, 20_000);
  const shown = await captions(page);
  const heard = await takeRecording(page);
  await hangUp(page);

  const said = (await Promise.all(names.map(wordsOf))).join(" ");
  const understood = shown
    .filter(({ role }) => role === "user")
    .map((caption) => caption.heard)
    .join(" ");
  expectWords(said, understood);

  const written = shown
    .filter(({ role }) => role === "agent")
    .map((caption) => caption.heard)
    .join(" ");
  expect(plainWords(written).length).toBeGreaterThan(20);
  expectWords(written, await understand(speech, heard.agent));
  expect(Number(await page.locator("html").getAttribute("data-last-latency-ms"))).toBeGreaterThan(0);
  expect(problems).toEqual([]);
  await page.context().close();
});

test("talking into an answer stops it within 400 ms, and the captions keep what was heard", async () => {
  const question = await speech.speak("What can you do?", { speaker: 762, speed: 1, signal: AbortSignal.timeout(20_000) });
  const asked = resample(question.pcm, question.sampleRate, sampleRate);
  const interruption = await recording("whats-the-weather-like");
  await writeMicrophone(microphone, [2_500, asked, 4_000, interruption, 8_000]);
  const { page } = await openPage("silence_ms=256&greeting=off");

  await untilCaptions(page, "[data-role=agent][data-interrupted=true][data-final=true]", 1, 25_000);
  await untilCaptions(page, "[data-role=user][data-final=true]", 2, 15_000);
  const shown = await captions(page);
  const heard = await takeRecording(page);
  await hangUp(page);
  await page.context().close();

  const cutShort = shown.find(({ interrupted }) => interrupted);
  expect(cutShort?.heard).not.toBe("");
  expect(cutShort?.unheard).not.toBe("");

  // The interruption is what the person says last; the agent's sound around its beginning is what is measured.
  const onsetMs = soundsIn(heard.user, 1_500).at(-1)?.startMs ?? 0;
  const before = soundsIn(heard.agent, 300).filter(({ startMs }) => startMs < onsetMs);
  const silentMs = before.at(-1)?.endMs ?? 0;
  expect(silentMs).toBeGreaterThan(onsetMs);
  expect(silentMs - onsetMs).toBeLessThanOrEqual(400);

  // What is written as heard is what was in the air.
  expectWords(cutShort?.heard ?? "", await understand(speech, cut(heard.agent, 0, silentMs)), true);
});

test("a page that reloads goes on with its call, and a copy of it takes the call over", async () => {
  await writeMicrophone(microphone, [30_000]);
  const { page } = await openPage("greeting=off");
  await untilState(page, ["listening"], 15_000);
  const seat = async (of: Page): Promise<string | null> => await of.evaluate(() => sessionStorage.getItem("parley-call"));
  const before = await seat(page);

  await page.reload();
  await untilState(page, ["listening"], 15_000);
  expect(await seat(page)).toBe(before);
  await page.getByTestId("text").fill("What is two plus two?");
  await page.keyboard.press("Enter");
  await untilCaptions(page, "[data-role=user][data-final=true]", 1, 5_000);
  await untilCaptions(page, "[data-role=agent][data-final=true]", 1, 15_000);

  // A duplicated tab brings its sessionStorage along.
  const kept = await page.evaluate(() => Object.entries(sessionStorage));
  const copy = await page.context().newPage();
  await copy.addInitScript((entries) => entries.forEach(([key, value]) => sessionStorage.setItem(key, value)), kept);
  await copy.goto(page.url());
  await untilState(copy, ["listening"], 15_000);
  await page.getByTestId("error").waitFor({ timeout: 5_000 });
  expect(await page.getByTestId("error").getAttribute("data-code")).toBe("taken-over");
  await hangUp(copy);
  await page.context().close();
});

test("the snippet that the page shows after a call starts an agent, and the page's form joins it", async () => {
  const { page } = await openPage("greeting=Hi.");
  await untilCaptions(page, "[data-role=agent][data-final=true]", 1, 15_000);
  await hangUp(page);
  await page.getByLabel("Show Customer secret").click();
  const keys = await page.locator(".key code").allInnerTexts();
  const [appId = "", customerId = "", secret = ""] = keys;
  const snippet = await page.locator("#snippet").innerText();

  const address = /curl -X POST (\S+)/.exec(snippet)?.[1] ?? "";
  const body = /-d '(\{.*\})'/s.exec(snippet)?.[1] ?? "";
  const [substitution = "", words = ""] = /'"\$\(npx parley (.*?)\)"'/.exec(body) ?? [];
  const headers = {
    "content-type": "application/json",
    authorization: `Basic ${Buffer.from(`${customerId}:${secret}`).toString("base64")}`,
  };
  const started = await fetch(address, {
    method: "POST",
    headers,
    body: body.replace(substitution, await engine.command(...words.split(" "))),
  });
  const agent: unknown = await started.json();
  expect(agent).toMatchObject({ agent_id: expect.any(String), status: "RUNNING" });

  await page.getByRole("button", { name: "Join a channel instead" }).click();
  await page.locator("[name=app_id]").fill(appId);
  await page.locator("[name=channel]").fill("demo");
  await page.locator("[name=token]").fill(await engine.command("token", "--channel", "demo", "--uid", "1002"));
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await untilCaptions(page, "[data-role=agent][data-final=true]", 1, 15_000);
  expect((await captions(page))[0]?.heard).toBe("Hello! What can I do for you?");
  await page.context().close();
  const agentId = String(typeof agent === "object" && agent !== null ? Reflect.get(agent, "agent_id") : "");
  const left = await fetch(address.replace(/join$/, `agents/${agentId}/leave`), { method: "POST", headers });
  expect(left.status).toBe(200);
});
