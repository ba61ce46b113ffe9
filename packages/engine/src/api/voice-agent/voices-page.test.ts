import { createHash } from "node:crypto";
import pino from "pino";
import { expect, test } from "vitest";
import { createServer } from "../server.ts";
import { voiceNames } from "./voices.ts";
import { addVoicesPage } from "./voices-page.ts";

function open(openHere = true) {
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => [] });
  addVoicesPage(server, { openHere });
  return server;
}

test("the page names every voice, with a button to hear it", async () => {
  const { statusCode, body } = await open().inject({ url: "/voices", headers: { host: "localhost:8080" } });
  expect(statusCode).toBe(200);
  for (const name of voiceNames()) {
    expect(body).toContain(`<span class="name">${name}</span>`);
    expect(body).toContain(`data-src="/v1/voices/${name}/preview.wav"`);
  }
  expect(body).toContain("Spanish (Mexico)");
});

test("where previews are closed there are no buttons, and the page says where the voices can be heard", async () => {
  for (const [openHere, headers] of [
    [true, { host: "voice.example" }],
    [true, { host: "localhost:8080", "x-forwarded-for": "203.0.113.7" }],
    [false, { host: "localhost:8080" }],
  ] as const) {
    const { body } = await open(openHere).inject({ url: "/voices", headers });
    expect(body).not.toContain("<button");
    expect(body).not.toContain("<script");
    expect(body).toContain("GET /v1/voices");
    expect(body).toContain(">sophie<");
  }
});

test("its content policy lets in its own script and style, and nothing else", async () => {
  const { body, headers } = await open().inject({ url: "/voices", headers: { host: "localhost:8080" } });
  const policy = String(headers["content-security-policy"]);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  for (const tag of ["script", "style"]) {
    const [, text = ""] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(body) ?? [];
    expect(policy).toContain(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  }
});
