import { type ChatSimulatorOptions, startChatSimulator } from "@parley/simulators";
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { discoverModels } from "./discover.ts";
import { Network } from "./network.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function server(options: ChatSimulatorOptions): Promise<number> {
  const made = await startChatSimulator(options);
  open.push(made);
  return made.port;
}

async function silent(): Promise<number> {
  const made = createServer((socket) => void socket.resume());
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", () => resolve()));
  open.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => made.close(() => resolve())) });
  const address = made.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function discover(places: readonly { name: string; port: number }[], ownPort = 0) {
  const network = new Network({ allowLoopback: false, proxies: { http: "http://127.0.0.1:9" } });
  open.push(network);
  return discoverModels({ network, ownPort, places, signal: new AbortController().signal, withinMs: 300 });
}

test("who runs is found with address and models that can chat, past any proxy", async () => {
  const port = await server({ models: ["llama3.2:3b", "nomic-embed-text", "bge-m3", "qwen3:4b"] });
  expect(await discover([{ name: "Ollama", port }])).toEqual([
    { name: "Ollama", url: `http://127.0.0.1:${port}/v1/chat/completions`, models: ["llama3.2:3b", "qwen3:4b"] },
  ]);
});

test("who does not run, says nothing or has no model to talk with is left out, and nobody waits for them", async () => {
  const port = await server({ models: ["m"] });
  const empty = await server({ models: ["nomic-embed-text"] });
  const before = performance.now();
  const found = await discover([
    { name: "silent", port: await silent() },
    { name: "nobody", port: 1 },
    { name: "empty", port: empty },
    { name: "there", port },
  ]);
  expect(found.map(({ name }) => name)).toEqual(["there"]);
  expect(performance.now() - before).toBeLessThan(1000);
});

test("the engine's own port is not asked", async () => {
  const port = await server({ models: ["m"] });
  expect(await discover([{ name: "llama.cpp", port }], port)).toEqual([]);
});
