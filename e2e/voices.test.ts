/** The page of voices in a real browser: every button plays, in light and dark, on a desk and on a phone. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "./src/browser.ts";
import { type RunningEngine, startEngine } from "./src/engine.ts";

let engine: RunningEngine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([startEngine(), openBrowser({ microphone: null })]);
});

afterAll(async () => {
  await browser?.close();
  await engine?.[Symbol.asyncDispose]();
});

/** A page, and what its console complained of. */
async function open(width: number, colorScheme: "light" | "dark"): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${engine.url}/voices`);
  return { page, complaints };
}

const button = (page: Page, name: string) => page.locator(`button[data-src="/v1/voices/${name}/preview.wav"]`).first();

test("a voice is heard, ends by itself, and gives way to the next one that is chosen", async () => {
  const { page, complaints } = await open(1440, "light");
  await button(page, "eve").click();
  await page.waitForSelector('button[data-state="playing"]');
  expect(await button(page, "eve").getAttribute("aria-pressed")).toBe("true");
  await button(page, "sophie").click();
  await expect.poll(async () => await button(page, "sophie").getAttribute("data-state"), { timeout: 15_000 }).toBe("playing");
  expect(await button(page, "eve").getAttribute("aria-pressed")).toBe("false");
  // Some two seconds of speech.
  await expect.poll(async () => await button(page, "sophie").getAttribute("aria-pressed"), { timeout: 15_000 }).toBe("false");
  expect(complaints).toEqual([]);
  await page.close();
});

test("what cannot be played is told, and the page goes on", async () => {
  const { page } = await open(390, "dark");
  await page.route(
    "**/preview.wav",
    async (route) => await route.fulfill({ status: 503, json: { message: "the embedded voice is still loading" } }),
  );
  await button(page, "alba").click();
  await expect.poll(async () => await page.locator("#problem").innerText()).toBe("the embedded voice is still loading");
  await page.unroute("**/preview.wav");
  await button(page, "alba").click();
  await page.waitForSelector('button[data-state="playing"]');
  expect(await page.locator("#problem").isHidden()).toBe(true);
  await page.close();
});

test.each([
  [1440, "light"],
  [1440, "dark"],
  [390, "light"],
  [390, "dark"],
] as const)("at %i px in %s everything fits, and the colours are those of the scheme", async (width, scheme) => {
  const { page, complaints } = await open(width, scheme);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
  expect(background).toBe(scheme === "light" ? "rgb(247, 244, 236)" : "rgb(20, 20, 15)");
  expect(complaints).toEqual([]);
  await page.close();
});
