import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { Metrics } from "../metrics.ts";
import { Projects } from "../projects/projects.ts";
import { addDocs } from "./docs.ts";
import { addPage } from "./page.ts";
import { openDoor, project } from "./rest/door-stage.ts";
import { addRestDoor } from "./rest/routes.ts";
import { addMetrics, createServer, routeUpgrades } from "./server.ts";

const logger = pino({ level: "silent" });
const open = (waiting: string[] = []) => createServer({ logger, waiting: () => waiting });

test("an engine that loads is alive and not ready, and says what it waits for", async () => {
  const waiting = ["speech models", "database"];
  const server = open(waiting);
  expect((await server.inject("/healthz")).statusCode).toBe(200);
  const loading = await server.inject("/readyz");
  expect([loading.statusCode, loading.json()]).toEqual([503, { ready: false, waiting: ["speech models", "database"] }]);
  waiting.length = 0;
  const ready = await server.inject("/readyz");
  expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true, waiting: [] }]);
});

test("metrics are for this machine, and for customers elsewhere", async () => {
  const server = open();
  const metrics = new Metrics({ running: () => 3, waitingWrites: () => 0, waitingWebhooks: async () => 2 });
  metrics.observe({ type: "metric", at: 1, turnId: 1, module: "total", name: "e2e", latencyMs: 640 });
  metrics.observe({ type: "closed", at: 2, status: "STOPPED", reason: "OK" });
  addMetrics(server, metrics.registry, new Projects({ projects: [project], now: () => 0 }));
  const ask = async (remoteAddress: string, authorization?: string) =>
    await server.inject({
      url: "/metrics",
      remoteAddress,
      headers: { host: "localhost:8080", ...(authorization === undefined ? {} : { authorization }) },
    });

  const here = await ask("127.0.0.1");
  expect(here.body).toContain("parley_calls_running 3");
  expect(here.body).toContain('parley_calls_total{end="STOPPED"} 1');
  expect(here.body).toContain('parley_latency_seconds_bucket{le="0.7",module="total",name="e2e"} 1');
  expect((await ask("192.0.2.1")).statusCode).toBe(401);
  expect((await ask("192.0.2.1", `Basic ${Buffer.from("customer:wrong").toString("base64")}`)).statusCode).toBe(401);
  expect((await ask("192.0.2.1", `Basic ${Buffer.from("customer:secret").toString("base64")}`)).statusCode).toBe(200);
});

const OpenApi = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string(), security: z.array(z.unknown()) }))),
});

test("the documentation is made from the schemas: every endpoint once, under the global prefix", async () => {
  const { projects, agents, startAgent } = { ...openDoor(), projects: new Projects({ projects: [project], now: () => 0 }) };
  const server = open();
  addDocs(server, "1.2.3");
  addRestDoor(server, { projects, agents, vendors: [], styles: [], firstUserTimeoutS: 600, startAgent, now: () => 0 });

  const document = OpenApi.parse((await server.inject("/openapi.json")).json());
  const prefix = "/api/conversational-ai-agent/v2/projects/{appid}";
  expect(document.openapi).toBe("3.1.0");
  expect(Object.entries(document.paths).map(([name, methods]) => [name.replace(prefix, ""), Object.keys(methods).join(" ")])).toEqual([
    ["/join", "post"],
    ["/agents/{agentId}/leave", "post"],
    ["/agents/{agentId}", "get delete"],
    ["/agents", "get"],
    ["/agents/{agentId}/speak", "post"],
    ["/agents/{agentId}/interrupt", "post"],
    ["/agents/{agentId}/think", "post"],
    ["/agents/{agentId}/update", "post"],
    ["/agents/{agentId}/history", "get"],
    ["/agents/{agentId}/turns", "get"],
  ]);
  const page = await server.inject("/docs");
  expect(page.headers["content-type"]).toContain("text/html");
  for (const text of ["Start an agent", "properties.llm.system_messages[].role", "properties.vad.threshold"])
    expect(page.body).toContain(text);
});

test("the page is served under a strict policy; without a build its address says how to make one", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "parley-page-"));
  try {
    const missing = open();
    addPage(missing, folder);
    const answer = await missing.inject("/");
    expect([answer.statusCode, answer.body]).toEqual([503, "The page is not built. Run: npm run build:page\n"]);

    writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>Parley</title>");
    const server = open();
    addPage(server, folder);
    const page = await server.inject("/");
    expect(page.body).toContain("<title>Parley</title>");
    expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
    expect(page.headers["content-security-policy"]).not.toContain("unsafe");
    expect((await server.inject("/../package.json")).statusCode).toBe(404);
    expect((await server.inject("/nothing.js")).statusCode).toBe(404);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a WebSocket goes to who owns its path; any other is answered and closed", async () => {
  const server = open();
  const taken: string[] = [];
  routeUpgrades(server, {
    "/rtc": {
      handleUpgrade(request, socket) {
        taken.push(request.url ?? "");
        socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      },
    },
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const upgrade = async (url: string) =>
    await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(port, "127.0.0.1", () =>
        socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`),
      );
      socket.on("data", (data) => (text += data.toString()));
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });

  expect(await upgrade("/rtc?a=1")).toContain("101 Switching");
  expect(await upgrade("/other")).toMatch(/^HTTP\/1\.1 404 Not Found[\s\S]*there is no WebSocket at \/other; known: \/rtc/);
  expect(taken).toEqual(["/rtc?a=1"]);
  await server.close();
});

test("who sends too much reads the refusal after the last byte, and goes on over the same connection, at every door", async () => {
  const server = open();
  await server.register(async (door) => {
    door.setErrorHandler((error, _request, reply) => void reply.code((error as { statusCode: number }).statusCode).send({}));
    door.post("/door", async () => ({}));
  });
  server.post("/", async () => ({}));
  await server.listen({ host: "127.0.0.1", port: 0 });
  const address = z.object({ port: z.number() }).parse(server.server.address());
  const socket = connect(address.port, "127.0.0.1");
  try {
    const length = 8 * 1024 * 1024;
    for (const path of ["/", "/door"]) {
      socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n`);
      socket.write(Buffer.alloc(length, 0x20));
    }
    socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let answers = "";
    for await (const piece of socket) answers += String(piece);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 413", "HTTP/1.1 200"]);
  } finally {
    socket.destroy();
    await server.close();
  }
});

test("who announces far too much is cut off with the answer, also where nobody would have read it", async () => {
  const server = open();
  server.post("/", { onRequest: async () => await Promise.reject(new AppError("unauthenticated", "who is it?")) }, async () => ({}));
  await server.listen({ host: "127.0.0.1", port: 0 });
  const address = z.object({ port: z.number() }).parse(server.server.address());
  const socket = connect(address.port, "127.0.0.1");
  try {
    socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n");
    let answers = "";
    for await (const piece of socket) answers += String(piece);
    expect(answers).toMatch(/^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/s);
  } finally {
    socket.destroy();
    await server.close();
  }
});
