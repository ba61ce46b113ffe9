import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { closeSockets } from "./close-sockets.ts";

async function serverWithClient() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[served]] = (await Promise.all([once(server, "connection"), once(client, "open")])) as [[WebSocket], unknown];
  return { server, client, served };
}

test("who answers the goodbye is waited for", async () => {
  const { server, client, served } = await serverWithClient();
  served.close(1001, "over");
  const closed = once(client, "close");
  await closeSockets(server, 60_000);
  expect((await closed)[0]).toBe(1001);
});

test("who does not is cut off", async () => {
  const { server, client } = await serverWithClient();
  const closed = once(client, "close");
  await closeSockets(server, 1);
  expect((await closed)[0]).toBe(1006);
});
