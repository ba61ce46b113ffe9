/** A person in a real browser talks on with an agent whose engine was killed and started again. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "./src/browser.ts";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { captions, hangUp, untilCaptions, untilState } from "./src/parley-page.ts";
import { writeMicrophone } from "./src/sound.ts";

/** Of a microphone that nobody speaks into, in milliseconds. */
const silenceMs = 120_000;

let folder: string;
let browser: Browser;
let engine: RunningEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-restart-"));
  const microphone = join(folder, "microphone.wav");
  await writeMicrophone(microphone, [silenceMs]);
  [engine, browser] = await Promise.all([startEngine({}, join(folder, "data")), openBrowser({ microphone })]);
});

afterAll(async () => {
  await browser?.close();
  await engine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("the call in the page goes on: the same captions, the same agent, no second greeting", async () => {
  const page = await browser.newPage();
  await page.goto(`${engine.url}/?autostart=1&greeting=Welcome.`);
  const ask = async (text: string, answers: number): Promise<void> => {
    await page.getByTestId("text").fill(text);
    await page.getByTestId("text").press("Enter");
    await untilCaptions(page, "[data-role=agent][data-final=true]", answers, 20_000);
  };
  await untilCaptions(page, "[data-role=agent][data-final=true]", 1, 20_000);
  await ask("What is two plus three?", 2);
  const before = await captions(page);

  await engine.kill();
  await untilState(page, ["connecting"], 10_000);
  engine = await startEngine({ PORT: new URL(engine.url).port }, join(folder, "data"));
  await untilState(page, ["listening"], 30_000);
  await page.waitForFunction(() => document.querySelector("[data-testid=agent-audio]") !== null, undefined, { timeout: 30_000 });
  await ask("What is four plus four?", 3);

  const after = await captions(page);
  expect(after.slice(0, before.length).map(({ heard }) => heard)).toEqual(before.map(({ heard }) => heard));
  expect(after.filter(({ heard }) => heard.startsWith("Welcome"))).toHaveLength(1);
  expect(after.at(-1)?.heard).toMatch(/8|eight/i);
  await hangUp(page);
});
