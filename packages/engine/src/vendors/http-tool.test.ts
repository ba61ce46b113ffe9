import { createServer, type IncomingHttpHeaders } from "node:http";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import type { ToolOutput } from "../session/tools.ts";
import { httpTool } from "./http-tool.ts";
import { Network } from "./network.ts";
import type { HttpToolPlan } from "./tool-source.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function api(answer: Answer = { body: '{"ok":true}', headers: { "content-type": "application/json" } }) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: Buffer.concat(pieces).toString() });
      response.writeHead(answer.status ?? 200, answer.headers);
      if (answer.headers?.["content-length"] === undefined) response.end(answer.body);
      else response.write(answer.body ?? "", () => response.destroy());
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  open.push({
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  const address = server.address();
  return { origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, seen };
}

const plan = (change: Partial<HttpToolPlan>): HttpToolPlan => ({
  name: "get_order",
  description: "",
  parameters: {},
  method: "POST",
  url: "",
  headers: {},
  variables: {},
  timeoutMs: 10_000,
  ...change,
});

async function run(
  change: Partial<HttpToolPlan>,
  args: Record<string, unknown> = {},
  signal = new AbortController().signal,
): Promise<ToolOutput> {
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  return await httpTool(plan(change), network, "url").run!({ id: "call 1", name: "get_order", arguments: args }, { signal });
}

test("placeholders are filled in address, headers and body; a whole one keeps its type, an absent one is left out", async () => {
  const { origin, seen } = await api();
  const result = await run(
    {
      url: `{{template_variables.base}}/{{template_variables.tenant}}/orders/{{ args.id }}?note={{args.note}}&call={{tool_call_id}}`,
      variables: { base: origin, tenant: "a b" },
      headers: { "x-tenant": "{{template_variables.tenant}}", "x-call": "{{tool_call_id}}" },
      body: {
        id: "{{args.id}}",
        text: "no. {{args.id}} of {{args.deep.list}}",
        missing: "{{args.missing}}",
        call: "{{tool_call_id}}",
        list: ["{{args.deep.list}}"],
      },
    },
    { id: 7, note: "a&b=c", deep: { list: [1, 2] } },
  );
  expect(result).toEqual({ output: '{"ok":true}', isError: false });
  expect(seen[0]).toMatchObject({ method: "POST", url: "/a%20b/orders/7?note=a%26b%3Dc&call=call%201" });
  expect(seen[0]!.headers).toMatchObject({ "x-tenant": "a b", "x-call": "call_1", "content-type": "application/json" });
  expect(JSON.parse(seen[0]!.body)).toEqual({ id: 7, text: "no. 7 of [1,2]", call: "call 1", list: [[1, 2]] });
});

test("what is put in is not looked through again", async () => {
  const { origin, seen } = await api();
  await run(
    { url: `${origin}/x`, body: { a: "{{args.a}} {{args.b}}" }, variables: { key: "secret" } },
    { a: "{{template_variables.key}}", b: "{{args.a}}" },
  );
  expect(JSON.parse(seen[0]!.body)).toEqual({ a: "{{template_variables.key}} {{args.a}}" });
});

test("a POST without a body carries the arguments; a GET has none", async () => {
  const { origin, seen } = await api();
  await run({ url: `${origin}/x` }, { a: 1 });
  await run({ url: `${origin}/x?a={{args.a}}`, method: "GET", body: { a: 1 } }, { a: 1 });
  expect(seen.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual(['POST /x {"a":1}', "GET /x?a=1 "]);
});

test.each(["..", "."])("an argument cannot climb out of its place in the path: %s", async (id) => {
  const { origin, seen } = await api();
  expect(await run({ url: `${origin}/orders/{{args.id}}/items` }, { id })).toMatchObject({ isError: true });
  expect(seen).toEqual([]);
});

test("whatever an argument is, it stays one part of the path", async () => {
  const { origin, seen } = await api();
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(network);
  const tool = httpTool(plan({ url: `${origin}/orders/{{args.id}}/items?x={{args.id}}` }), network, "url");
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), async (id) => {
      seen.length = 0;
      const { isError } = await tool.run!({ id: "c", name: "", arguments: { id } }, { signal: new AbortController().signal });
      if (isError) return;
      expect(seen[0]!.url).toMatch(/^\/orders\/[^/?#]*\/items\?x=[^&#]*$/);
      expect(decodeURIComponent(seen[0]!.url.slice(8).split("/")[0]!)).toBe(id.toWellFormed());
    }),
    { numRuns: 25 },
  );
});

test.each<[Answer, string, boolean]>([
  [{ body: "" }, "(done; the tool says nothing more)", false],
  [{ status: 404, body: "no such order" }, "The tool answered with status 404: no such order", true],
  [{ status: 500 }, "The tool answered with status 500.", true],
  [
    { status: 302, headers: { location: "http://127.0.0.1:1/" } },
    "The tool answered with status 302: a redirect, which is not followed.",
    true,
  ],
  [{ body: "PNG", headers: { "content-type": "image/png" } }, "(image/png, which is no text)", false],
  [{ body: "<b>", headers: { "content-type": "application/problem+json; charset=utf-8" } }, "<b>", false],
])("an answer in words for the model: %j", async (answer, output, isError) => {
  const { origin } = await api(answer);
  expect(await run({ url: `${origin}/x` })).toEqual({ output, isError });
});

test("a long answer is cut, and says so", async () => {
  const { origin } = await api({ body: "x".repeat(1_000_000) });
  const { output } = await run({ url: `${origin}/x` });
  expect(output).toHaveLength(16_000 + " … (the rest was cut off)".length);
  expect(output).toMatch(/cut off\)$/);
});

test("an answer that breaks off is no answer", async () => {
  const { origin } = await api({ body: "half", headers: { "content-length": "100" } });
  expect(await run({ url: `${origin}/x` })).toEqual({ output: "The tool's answer broke off before its end.", isError: true });
});

test("a private address is refused before anything is asked", () => {
  const network = new Network({ allowLoopback: false, proxies: {} });
  open.push(network);
  expect(() => httpTool(plan({ url: "http://10.0.0.1/x" }), network, "properties.llm.tools[0].server.url")).toThrow(
    /properties\.llm\.tools\[0\]\.server\.url: 10\.0\.0\.1 is refused/,
  );
});

test("a name that leads to a private address is refused when it is called", async () => {
  const network = new Network({
    allowLoopback: false,
    proxies: {},
    lookup: ((_name: string, _options: unknown, done: (error: null, found: unknown) => void) =>
      done(null, [{ address: "192.168.0.1", family: 4 }])) as never,
  });
  open.push(network);
  const tool = httpTool(plan({ url: "http://inside.example/x" }), network, "url");
  const error = await tool.run!({ id: "c", name: "", arguments: {} }, { signal: new AbortController().signal }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect(String(error)).toMatch(/192\.168\.0\.1 is not a public address/);
});

test("an abort ends the request", async () => {
  const stop = new AbortController();
  const { origin } = await api();
  stop.abort();
  await expect(run({ url: `${origin}/x` }, {}, stop.signal)).rejects.toThrow();
});
