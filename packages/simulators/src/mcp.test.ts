import { expect, test } from "vitest";
import { startMcpSimulator } from "./mcp.ts";

const request = (method: string, id?: number, params: unknown = {}): string =>
  JSON.stringify({ jsonrpc: "2.0", method, params, ...(id === undefined ? {} : { id }) });
const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const hello = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };

test("it speaks the protocol: sessions by header, tools, and 404 for a session that it does not know", async () => {
  await using server = await startMcpSimulator({ tools: [{ name: "now", run: () => "noon" }] });
  const post = async (body: string, session?: string): Promise<Response> =>
    await fetch(server.url, {
      method: "POST",
      headers: { ...headers, ...(session === undefined ? {} : { "mcp-session-id": session }) },
      body,
    });
  const opened = await post(request("initialize", 1, hello));
  const session = opened.headers.get("mcp-session-id")!;
  expect(server.sessions).toBe(1);
  expect((await post(request("notifications/initialized"), session)).status).toBe(202);
  expect(await (await post(request("tools/list", 2), session)).text()).toContain('"name":"now"');
  expect(await (await post(request("tools/call", 3, { name: "now", arguments: {} }), session)).text()).toContain('"text":"noon"');
  expect((await post(request("tools/list", 4), "stranger")).status).toBe(404);
  server.forget();
  expect((await post(request("tools/list", 5), session)).status).toBe(404);
});

test("it fails as it is told", async () => {
  await using server = await startMcpSimulator({ tools: [], status: 503 });
  expect((await fetch(server.url, { method: "POST", headers, body: request("initialize", 1, hello) })).status).toBe(503);
  expect(server.requests).toHaveLength(1);
});
