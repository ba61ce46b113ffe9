/** Runs what the README shows. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as browser from "./browser/index.ts";
import * as client from "./index.ts";
import { apiKey, ScriptedServer } from "./scripted-server.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));
const blocks = [...readFileSync(`${folder}/README.md`, "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ""]) => code);

test("the first example is a conversation", async () => {
  await using server = await ScriptedServer.open();
  const program = spawn(
    process.execPath,
    ["--conditions=source", "--no-warnings", "--input-type=module-typescript", "--eval", blocks[0] ?? ""],
    {
      cwd: folder,
      env: { ...process.env, PARLEY_URL: server.url, PARLEY_API_KEY: apiKey },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const printed = Promise.all([text(program.stdout), text(program.stderr)]);
  await server.until("input.audio");
  expect(server.received[0]).toMatchObject({ session: { greeting: "Good morning.", tools: [{ name: "free_rooms" }] } });
  server.say({ type: "transcript.user", item_id: "m1", text: "Which rooms are free today?" });
  server.say({ type: "reply.started", reply_id: "r1", item_id: "m2" });
  server.say({ type: "tool.call", call_id: "c1", name: "free_rooms", arguments: { day: "today" } });
  expect((await server.until("tool.result"))[0]).toMatchObject({ result: '{"day":"today","rooms":["Oslo","Lima"]}', is_error: false });
  server.say({ type: "reply.audio", reply_id: "r1", data: Buffer.alloc(4_800).toString("base64") });
  server.say({ type: "transcript.agent", reply_id: "r1", item_id: "m2", text: "Oslo and Lima.", interrupted: false });
  server.say({ type: "reply.done", reply_id: "r1", status: "completed" });
  expect(await printed).toEqual([
    "you: Which rooms are free today?\nsound: 0.1 s\nagent: Oslo and Lima.\n{ sessionSeconds: 1.5, audioSeconds: 0.5 }\n",
    "",
  ]);
});

test("what the other example imports is there", () => {
  const names = [...(blocks[1] ?? "").matchAll(/import \{ (\w+) \} from "([^"]+)"/g)].map(([, name = "", from = ""]) => [name, from]);
  expect(names).toEqual([
    ["VoiceAgent", "@parley/voice-agent"],
    ["openConversation", "@parley/voice-agent/browser"],
  ]);
  expect([client.VoiceAgent, client.fetchToken, browser.openConversation]).not.toContain(undefined);
});

test("a server gets tokens for its pages, and hears why it gets none", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    const known = request.headers.authorization === `Bearer ${apiKey}`;
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(known ? { token: "t1", expires_in_seconds: 60 } : { detail: "Invalid API key" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ws`;
  try {
    expect(await client.fetchToken({ url, apiKey, maxSessionDurationSeconds: 600 })).toBe("t1");
    expect(asked).toEqual([`GET /v1/token?expires_in_seconds=60&max_session_duration_seconds=600 Bearer ${apiKey}`]);
    const refused = client.fetchToken({ url, apiKey: "another" });
    await expect(refused).rejects.toMatchObject({ code: "token-failed", message: expect.stringContaining('401, "Invalid API key"') });
  } finally {
    server.close();
  }
  await expect(client.fetchToken({ url, apiKey })).rejects.toMatchObject({ code: "token-failed" });
});
