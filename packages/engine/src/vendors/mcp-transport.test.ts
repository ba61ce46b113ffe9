import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { McpTransport } from "./mcp-transport.ts";
import { Network } from "./network.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

/** A server that answers as told, and what the transport to it gives. */
async function connected(answer: (response: ServerResponse) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      answer(response);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const network = new Network({ allowLoopback: true, proxies: {} });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const transport = new McpTransport(network, { vendor: "mcp server one", url, trusted: false }, {});
  const given: unknown[] = [];
  transport.onmessage = (message) => void given.push(message);
  transport.onerror = (error) => void given.push(error);
  open.push({
    [Symbol.asyncDispose]: async () => {
      await transport.close();
      await network[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  });
  const ask = async (id: number): Promise<void> => await transport.send({ jsonrpc: "2.0", id, method: "ping" });
  return { ask, given, sockets };
}

const event = (message: unknown): string => `data: ${JSON.stringify(message)}\n\n`;
const answerTo = (id: number) => ({ jsonrpc: "2.0", id, result: {} });
const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } };

test("a server that keeps its stream open after the answer loses it, and nothing else is told", async () => {
  const closed = Promise.withResolvers<void>();
  const { ask, given } = await connected((response) => {
    response.on("close", () => closed.resolve());
    response.write(event(progress) + event(answerTo(1)));
  });
  await ask(1);
  await closed.promise;
  expect(given).toEqual([progress, answerTo(1)]);
});

test("a stream without the answer is read on", async () => {
  const responses: ServerResponse[] = [];
  const { ask, given } = await connected((response) => {
    responses.push(response);
    response.write(event(answerTo(7)));
  });
  await ask(1);
  await expect.poll(() => given).toEqual([answerTo(7)]);
  responses[0]?.end(event(answerTo(1)));
  await expect.poll(() => given).toEqual([answerTo(7), answerTo(1)]);
});

test("a server that ends its streams is asked over the same connections again", async () => {
  let id = 0;
  const { ask, given, sockets } = await connected((response) => response.end(event(answerTo((id += 1)))));
  for (const next of [1, 2, 3, 4, 5, 6]) {
    await ask(next);
    await expect.poll(() => given).toHaveLength(next);
  }
  // A request may leave before the end of the stream before it has been seen.
  expect(sockets.size).toBeLessThan(4);
});
