import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { echoOnLoopback, freeTcpPort, freeUdpPort } from "./ports.ts";

test("a TCP port is free until somebody listens on it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await freeTcpPort("127.0.0.1", port)).toBe(false);
  server.close();
  await once(server, "close");
  expect(await freeTcpPort("127.0.0.1", port)).toBe(true);
});

test("a UDP port is free until somebody binds it", async () => {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  expect(await freeUdpPort("127.0.0.1", port)).toBe(false);
  socket.close();
  expect(await freeUdpPort("127.0.0.1", port)).toBe(true);
});

test("a packet comes back on loopback", async () => {
  expect(await echoOnLoopback()).toBeLessThan(1000);
});
