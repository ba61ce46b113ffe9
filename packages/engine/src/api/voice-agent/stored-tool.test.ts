import { once } from "node:events";
import http from "node:http";
import { afterEach, expect, test } from "vitest";
import { Network } from "../../vendors/network.ts";
import { storedTool } from "./stored-tool.ts";

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A back end on loopback that answers with `status` and `body`, and remembers what it was asked. */
async function backEnd(status: number, body: string, headers: Record<string, string> = {}) {
  const asked: { method: string; url: string; type: string; secret: string; body: string }[] = [];
  const server = http.createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => {
      const { "content-type": type = "", "x-secret": secret = "" } = request.headers;
      asked.push({ method: request.method ?? "", url: request.url ?? "", type, secret: String(secret), body: text });
      response.writeHead(status, headers).end(body);
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { asked, url: `http://127.0.0.1:${port}/weather?unit=c` };
}

async function run(url: string, method: "GET" | "POST" | "DELETE" = "POST") {
  await using network = new Network({ allow: [], allowLoopback: true });
  const tool = storedTool({ name: "weather", http: { url, http_method: method, headers: [{ name: "x-secret", value: "s" }] } }, network);
  const call = { id: "call_1", name: "weather", arguments: { city: "Oslo", days: 2, at: { h: 1 } } };
  return await tool?.(call, { signal: new AbortController().signal });
}

test("arguments go into the query of GET and DELETE, and as JSON into the body of the others; headers go along", async () => {
  const { asked, url } = await backEnd(200, '{"sky":"blue"}');
  expect(await run(url, "GET")).toEqual({ output: '{"sky":"blue"}', isError: false });
  await run(url, "POST");
  expect(asked).toEqual([
    { method: "GET", url: "/weather?unit=c&city=Oslo&days=2&at=%7B%22h%22%3A1%7D", type: "", secret: "s", body: "" },
    { method: "POST", url: "/weather?unit=c", type: "application/json", secret: "s", body: '{"city":"Oslo","days":2,"at":{"h":1}}' },
  ]);
});

test("8 KiB of an answer are used, a redirect is not followed, and failures are told to the model", async () => {
  const long = await backEnd(200, "x".repeat(20_000));
  expect((await run(long.url))?.output).toHaveLength(8192);
  const redirect = await backEnd(302, "", { location: "http://127.0.0.1:1/" });
  expect(await run(redirect.url)).toMatchObject({ isError: true, output: expect.stringContaining("redirect") });
  const broken = await backEnd(500, "no database");
  expect(await run(broken.url)).toEqual({ output: "The tool answered with status 500: no database", isError: true });
  expect(await run("http://127.0.0.1:1/")).toMatchObject({ isError: true, output: expect.stringContaining("could not be reached") });
});

test("addresses that are neither encrypted nor this machine's, and private ones, are not called", async () => {
  for (const url of ["http://example.com/", "ftp://example.com/", "no address"]) {
    expect(await run(url)).toMatchObject({ isError: true, output: expect.stringContaining("not one of https") });
  }
  expect(await run("https://10.0.0.1/")).toMatchObject({ isError: true, output: expect.stringContaining("refused") });
});

test("a tool without an address is the client's", async () => {
  await using network = new Network({ allow: [], allowLoopback: true });
  expect(storedTool({ name: "weather" }, network)).toBeUndefined();
});
