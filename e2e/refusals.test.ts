/** What the page says when a call cannot be: each time what is wrong, and the way out. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BrowserOptions, openBrowser } from "./src/browser.ts";
import { type RunningEngine, startEngine } from "./src/engine.ts";
import { hangUp, untilState } from "./src/parley-page.ts";

let engine: RunningEngine;
let browser: Browser;

beforeAll(async () => {
  [engine, browser] = await Promise.all([startEngine(), openBrowser({ microphone: null })]);
});

afterAll(async () => {
  await browser?.close();
  await engine?.[Symbol.asyncDispose]();
});

async function refusal(page: Page): Promise<{ code: string | null; text: string }> {
  await untilState(page, ["error"], 15_000);
  const error = page.getByTestId("error");
  return { code: await error.getAttribute("data-code"), text: await error.innerText() };
}

async function callWith(options: BrowserOptions): Promise<{ code: string | null; text: string }> {
  const other = await openBrowser(options);
  try {
    const page = await other.newPage();
    await page.goto(engine.url);
    await page.getByTestId("talk").click();
    return await refusal(page);
  } finally {
    await other.close();
  }
}

test("a person who does not allow the microphone is told where to allow it", async () => {
  const { code, text } = await callWith({ microphone: null, allow: false });
  expect(code).toBe("permission-denied");
  expect(text).toContain("Allow the microphone for this site");
});

test("a machine without a microphone is told so", async () => {
  const { code, text } = await callWith({ microphone: null, device: false });
  expect(code).toBe("no-microphone");
  expect(text).toContain("Connect a microphone");
});

test("a seat that someone else has is refused, and so is a token of somebody else's", async () => {
  const first = await browser.newPage();
  await first.goto(`${engine.url}/?autostart=1&greeting=off`);
  await untilState(first, ["listening"], 15_000);
  const kept: unknown = JSON.parse((await first.evaluate(() => sessionStorage.getItem("parley-call"))) ?? "null");
  const call: unknown = typeof kept === "object" && kept !== null ? Reflect.get(kept, "call") : null;
  const field = (name: string): string => String(typeof call === "object" && call !== null ? Reflect.get(call, name) : "");
  const query = new URLSearchParams({
    autostart: "1",
    app_id: field("appId"),
    channel: field("channel"),
    uid: field("uid"),
    token: field("token"),
  });

  const second = await (await browser.newContext()).newPage();
  await second.goto(`${engine.url}/?${query}`);
  expect((await refusal(second)).code).toBe("uid-taken");

  query.set("uid", "77");
  await second.goto(`${engine.url}/?${query}`);
  const foreign = await refusal(second);
  expect(foreign.code).toMatch(/token/);
  await second.context().close();
  await hangUp(first);
  await first.context().close();
});

test("an address that is neither HTTPS nor this machine gets the recipe for HTTPS", async () => {
  const page = await browser.newPage();
  // The page itself is fetched from the engine; only its address is another machine's.
  const elsewhere = "http://192.0.2.7:8080";
  await page.route(
    `${elsewhere}/**`,
    async (route) => await route.fulfill({ response: await route.fetch({ url: route.request().url().replace(elsewhere, engine.url) }) }),
  );
  await page.goto(elsewhere);
  await page.getByTestId("talk").click();
  const { code, text } = await refusal(page);
  expect(code).toBe("insecure-context");
  expect(text).toContain("caddy reverse-proxy");
  await page.close();
});

test("an engine that has gone is named, and the page gives the way back", async () => {
  const page = await browser.newPage();
  await page.goto(engine.url);
  expect(await engine.stop()).toBe(0);
  await page.getByTestId("talk").click();
  const { code, text } = await refusal(page);
  expect(code).toBe("server-gone");
  expect(text).toContain("Try again");
});
