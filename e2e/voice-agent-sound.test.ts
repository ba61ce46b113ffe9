/** The loudspeaker of @parley/voice-agent in a real Chromium: what is heard, how soon a flush is silent, and pages with a strict Content-Security-Policy. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "./src/browser.ts";

const source = new URL("../packages/voice-agent-client/src/", import.meta.url);
const html = '<!doctype html><title>x</title><script type="module" src="/page.js"></script>';
const script = 'import * as module from "/browser/speaker.ts"; window.parley = module;';
let browser: Browser;
let server: Server;
/** Of whatever the server sends. */
let policy = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    void content(request.url ?? "/").then(([type, body]) => {
      response.writeHead(200, { "content-type": type, "content-security-policy": policy }).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  [browser] = await Promise.all([openBrowser({ microphone: null }), once(server, "listening")]);
});

afterAll(async () => {
  await browser?.close();
  server.close();
});

/** A page, and beside it the package's source without its types. */
async function content(path: string): Promise<[type: string, body: string]> {
  if (path === "/") return ["text/html", html];
  if (path === "/page.js") return ["text/javascript", script];
  const code = await readFile(new URL(`.${path}`, source), "utf8").catch(() => "");
  return ["text/javascript", stripTypeScriptTypes(code)];
}

async function openPage(pagePolicy: string): Promise<Page> {
  policy = pagePolicy;
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}`);
  await page.waitForFunction(() => "parley" in window);
  return page;
}

interface Sound {
  play(pcm: Int16Array, replyId: string): void;
  flush(): void;
  readonly level: number;
}
declare global {
  interface Window {
    parley: Module;
  }
}
interface Module {
  openSpeaker(options: { workletUrl?: string; onHeard?: (heard: { replyId: string; ms: number }) => void }): Promise<Sound>;
}

/** Two seconds of a tone are played and flushed when half a second of them has been heard. */
async function playAndFlush(
  page: Page,
  workletUrl: string | undefined,
): Promise<{ heardMs: number; silentAfterMs: number; other: number }> {
  return await page.evaluate(async (url) => {
    const half = Promise.withResolvers<void>();
    const second = Promise.withResolvers<number>();
    let heardMs = 0;
    const speaker = await window.parley.openSpeaker({
      ...(url !== undefined && { workletUrl: url }),
      onHeard: ({ replyId, ms }) => {
        if (replyId === "r2" && ms >= 99) second.resolve(ms);
        if (replyId !== "r1") return;
        heardMs = ms;
        if (ms > 500) half.resolve();
      },
    });
    speaker.play(
      Int16Array.from({ length: 48_000 }, (_, at) => 12_000 * Math.sin(at / 9)),
      "r1",
    );
    await half.promise;
    const flushedAt = performance.now();
    speaker.flush();
    while (speaker.level > 0.0001 && performance.now() < flushedAt + 2_000) await new Promise(requestAnimationFrame);
    const silentAfterMs = performance.now() - flushedAt;
    speaker.play(new Int16Array(2_400).fill(900), "r2");
    return { silentAfterMs, other: await second.promise, heardMs };
  }, workletUrl);
}

test("a flush is silent at once, what was heard is counted, and the next reply is heard whole", async () => {
  const page = await openPage("script-src 'self' blob:");
  const { heardMs, silentAfterMs, other } = await playAndFlush(page, undefined);
  expect(silentAfterMs).toBeLessThan(300);
  expect(heardMs).toBeGreaterThan(500);
  expect(heardMs).toBeLessThan(1_000);
  expect(other).toBe(100);
});

test("a page that allows no blob: serves the worklet itself, and is told so where it does not", async () => {
  const page = await openPage("script-src 'self'");
  expect((await playAndFlush(page, "/browser/worklet.ts")).other).toBe(100);
  await expect(playAndFlush(page, undefined)).rejects.toThrow("Content-Security-Policy");
});
