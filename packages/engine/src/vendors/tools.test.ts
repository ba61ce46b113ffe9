import { type McpSimulatorOptions, type SimulatedTool, startMcpSimulator } from "@parley/simulators";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { Network } from "./network.ts";
import type { McpServerPlan } from "./tool-source.ts";
import { toolOpener } from "./tools.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

const never = new AbortController().signal;
const weather: SimulatedTool = {
  name: "get_weather",
  description: "The weather",
  input: { city: z.string() },
  run: ({ city }) => `Sunny in ${String(city)}`,
};

async function simulator(options: Partial<McpSimulatorOptions> = {}) {
  const made = await startMcpSimulator({ tools: [weather], ...options });
  open.push(made);
  return made;
}

const plan = (url: string, change: Partial<McpServerPlan> = {}): McpServerPlan => ({
  name: "one",
  url,
  headers: {},
  timeoutMs: 5000,
  ...change,
});

async function opened(...servers: McpServerPlan[]) {
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  const tools = await toolOpener(network)({ http: [], servers }, never);
  open.push(tools);
  const call = (name: string, args: Record<string, unknown> = {}, signal = never) =>
    tools.tools.find((tool) => tool.name === name)!.run!({ id: "c", name, arguments: args }, { signal });
  return { ...tools, call, names: tools.tools.map(({ name }) => name) };
}

test("a server's tools are listed with their schemas, and called", async () => {
  const server = await simulator();
  const { tools, call } = await opened(plan(server.url, { headers: { authorization: "Bearer secret" } }));
  expect(tools).toMatchObject([
    {
      name: "get_weather",
      description: "The weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      timeoutMs: 5000,
    },
  ]);
  expect(await call("get_weather", { city: "Oslo" })).toEqual({ output: "Sunny in Oslo", isError: false });
  expect(server.requests.every((headers) => headers.authorization === "Bearer secret")).toBe(true);
});

test("what the server refuses is an error for the model", async () => {
  const server = await simulator();
  const { call } = await opened(plan(server.url));
  expect(await call("get_weather", { town: "Oslo" })).toMatchObject({ isError: true, output: expect.stringMatching(/city/) as string });
});

test.each<[string, string[] | undefined, string[]]>([
  ["absent: all", undefined, ["get_weather", "other"]],
  ["empty: none", [], []],
  ["a star: all", ["nothing", "*"], ["get_weather", "other"]],
  ["names: those", ["other", "unknown"], ["other"]],
])("allowed tools, %s", async (_what, allowed, names) => {
  const server = await simulator({ tools: [weather, { ...weather, name: "other" }] });
  expect((await opened(plan(server.url, allowed === undefined ? {} : { allowed }))).names).toEqual(names);
});

test("tools of one name are told apart by their servers", async () => {
  const [one, two] = [
    await simulator(),
    await simulator({
      tools: [
        { ...weather, run: () => "Rain" },
        { ...weather, name: "b_get_weather" },
      ],
    }),
  ];
  const { names, call } = await opened(plan(one.url, { name: "a" }), plan(two.url, { name: "b" }));
  expect(names).toEqual(["get_weather", "b_get_weather", "b_b_get_weather"]);
  expect((await call("b_get_weather", { city: "Oslo" })).output).toBe("Rain");
});

test.each<[string, Partial<McpSimulatorOptions>]>([
  ["refuses", { status: 401 }],
  ["redirects", { status: 307 }],
  ["never answers", { hang: true }],
])("a server that %s is a failure that leaves the others their tools", async (_what, options) => {
  const bad = await simulator(options);
  const good = await simulator();
  const { names, failures } = await opened(
    plan(bad.url, { name: "bad", timeoutMs: 200, headers: { "x-key": "topsecret" } }),
    plan(good.url, { name: "good" }),
  );
  expect(names).toEqual(["get_weather"]);
  expect(failures).toHaveLength(1);
  expect(String(failures[0])).toMatch(/mcp server bad at 127\.0\.0\.1:\d+ does not list its tools/);
  expect(String(failures[0])).not.toMatch(/topsecret/);
});

test("nobody there is a failure, too", async () => {
  const { names, failures } = await opened(plan("http://127.0.0.1:1/mcp"));
  expect(names).toEqual([]);
  expect(String(failures[0])).toMatch(/mcp server one at 127\.0\.0\.1:1 cannot be reached/);
});

test("a private address is refused", async () => {
  const network = new Network({ allowLoopback: false, proxies: {} });
  open.push(network);
  await expect(toolOpener(network)({ http: [], servers: [plan("http://10.0.0.1/mcp")] }, never)).rejects.toThrow(
    /properties\.llm\.mcp_servers\[0\]\.endpoint: 10\.0\.0\.1 is refused/,
  );
});

test("every kind of content becomes text", async () => {
  const server = await simulator({
    tools: [
      {
        name: "mix",
        run: () => ({
          content: [
            { type: "text", text: "One." },
            { type: "image", data: "AAAA", mimeType: "image/png" },
            { type: "resource", resource: { uri: "file:///a.txt", text: "Two." } },
            { type: "resource_link", uri: "file:///b.txt", name: "b" },
          ],
        }),
      },
      { name: "long", run: () => "x".repeat(100_000) },
      { name: "none", run: () => ({ content: [] }) },
    ],
  });
  const { call } = await opened(plan(server.url));
  expect((await call("mix")).output).toBe("One.\n(image/png, which is no text)\nTwo.\nb: file:///b.txt");
  expect((await call("long")).output).toHaveLength(16_000 + " … (the rest was cut off)".length);
  expect((await call("none")).output).toBe("(done; the tool says nothing more)");
});

test("a server that was started anew is asked in a new session", async () => {
  const server = await simulator();
  const { call } = await opened(plan(server.url));
  server.forget();
  expect(await call("get_weather", { city: "Oslo" })).toEqual({ output: "Sunny in Oslo", isError: false });
});

test("calls that find together that they were forgotten go on in one new session", async () => {
  const server = await simulator();
  const { call } = await opened(plan(server.url));
  server.forget();
  const results = await Promise.all([1, 2, 3].map(async () => await call("get_weather", { city: "Oslo" })));
  expect(results.map(({ output }) => output)).toEqual(["Sunny in Oslo", "Sunny in Oslo", "Sunny in Oslo"]);
  await expect.poll(() => server.sessions).toBe(1);
});

test("a late word of an old session does not cost the new one", async () => {
  const late = Promise.withResolvers<void>();
  let refusals = 0;
  const server = await simulator({
    refusing: async () => {
      refusals += 1;
      if (refusals === 1) await late.promise;
    },
  });
  const { call } = await opened(plan(server.url));
  server.forget();
  const first = call("get_weather", { city: "Oslo" });
  await expect.poll(() => refusals).toBe(1);
  expect((await call("get_weather", { city: "Bergen" })).output).toBe("Sunny in Bergen");
  late.resolve();
  expect((await first).output).toBe("Sunny in Oslo");
  // A request that opens a session names none: the one of the beginning, and one more.
  expect(server.requests.filter((headers) => headers["mcp-session-id"] === undefined)).toHaveLength(2);
});

test("a session that was forgotten is left when the last call in it is over", async () => {
  const [running, over] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  const server = await simulator({ tools: [weather, { name: "slow", run: () => (running.resolve(), over.promise) }] });
  const { call } = await opened(plan(server.url));
  const slow = call("slow");
  await running.promise;
  const old = server.requests.at(-1)?.["mcp-session-id"];
  server.forget();
  await call("get_weather", { city: "Oslo" });
  // A goodbye is the request that brings nothing.
  const goodbyes = () => server.requests.filter((headers) => headers["content-type"] === undefined).map((one) => one["mcp-session-id"]);
  expect(goodbyes()).toEqual([]);
  over.resolve("done");
  expect((await slow).output).toBe("done");
  await expect.poll(goodbyes).toEqual([old]);
});

test("an abort reaches the server, and is thrown as one", async () => {
  const running = Promise.withResolvers<AbortSignal>();
  const server = await simulator({ tools: [{ name: "slow", run: (_args, signal) => (running.resolve(signal), new Promise(() => {})) }] });
  const { call } = await opened(plan(server.url));
  const stop = new AbortController();
  const calling = call("slow", {}, stop.signal).catch((error: unknown) => error);
  const seen = await running.promise;
  stop.abort();
  expect(await calling).toBe(stop.signal.reason);
  if (!seen.aborted) await new Promise((resolve) => seen.addEventListener("abort", resolve));
  expect(seen.aborted).toBe(true);
});

test("closing ends the session at the server", async () => {
  const server = await simulator();
  const tools = await opened(plan(server.url));
  expect(server.sessions).toBe(1);
  await tools[Symbol.asyncDispose]();
  await tools[Symbol.asyncDispose]();
  expect(server.sessions).toBe(0);
});
