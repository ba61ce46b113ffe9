import type { lookup } from "node:dns";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { Network, type NetworkOptions } from "./network.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

function network(options: Partial<NetworkOptions> = {}): Network {
  const made = new Network({ allowLoopback: true, proxies: {}, ...options });
  open.push(made);
  return made;
}

async function listen(server: Server | TcpServer, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, () => resolve()));
  open.push({
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function http(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  return listen(createServer(answer));
}

/** A name service in which every name has these addresses, one set per look-up, the last one for ever. */
function names(...answers: readonly (readonly string[])[]): { readonly lookup: typeof lookup; readonly asked: string[] } {
  const asked: string[] = [];
  const fake = (
    hostname: string,
    _options: unknown,
    callback: (error: null, addresses: { address: string; family: number }[]) => void,
  ): void => {
    const set = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(hostname);
    callback(
      null,
      set.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  return { lookup: fake as unknown as typeof lookup, asked };
}

const signal = new AbortController().signal;
const get = { method: "GET", headers: {}, signal } as const;
const untrusted = (url: string) => ({ vendor: "llm openai", url: new URL(url), trusted: false });
const trusted = (url: string) => ({ vendor: "llm openai", url: new URL(url), trusted: true });

async function failure(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

test.each([
  ["10.0.0.1", "private"],
  ["172.16.3.4", "private"],
  ["192.168.1.1", "private"],
  ["127.0.0.1", "loopback"],
  ["127.255.0.9", "loopback"],
  ["169.254.169.254", "linkLocal"],
  ["100.64.0.1", "carrierGradeNat"],
  ["0.0.0.0", "unspecified"],
  ["224.0.0.1", "multicast"],
  ["255.255.255.255", "broadcast"],
  ["192.0.2.1", "reserved"],
  ["::1", "loopback"],
  ["::", "unspecified"],
  ["fe80::1", "linkLocal"],
  ["fe80::1%eth0", "linkLocal"],
  ["fc00::1", "uniqueLocal"],
  ["fd12:3456::1", "uniqueLocal"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:10.0.0.1", "private"],
  ["::ffff:a9fe:a9fe", "linkLocal"],
  ["64:ff9b::127.0.0.1", "loopback"],
  ["64:ff9b::a9fe:a9fe", "linkLocal"],
  ["2002:7f00:1::", "6to4"],
  ["2001:0:1234::1", "teredo"],
])("%s is refused: %s", (address, range) => {
  expect(network({ allowLoopback: false }).refusal(address)).toContain(`(${range})`);
});

test.each(["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])("%s is public", (address) => {
  expect(network({ allowLoopback: false }).refusal(address)).toBeUndefined();
});

test("the operator allows blocks, and loopback while the engine listens there alone", () => {
  const some = network({ allowLoopback: false, allow: ["10.1.0.0/16", "fd00::/8", "192.168.7.7"] });
  expect(some.refusal("10.1.9.9")).toBeUndefined();
  expect(some.refusal("::ffff:10.1.9.9")).toBeUndefined();
  expect(some.refusal("10.2.0.1")).toContain('network.allow: ["10.2.0.1/32"]');
  expect(some.refusal("fd00::5")).toBeUndefined();
  expect(some.refusal("192.168.7.7")).toBeUndefined();
  expect(some.refusal("127.0.0.1")).toBeDefined();
  expect(network({ allowLoopback: true }).refusal("::1")).toBeUndefined();
});

test("a block that is none is refused when the engine starts", () => {
  expect(() => network({ allow: ["10.0.0.0/99"] })).toThrow(/network\.allow: "10\.0\.0\.0\/99"/);
});

test.each([
  "http://127.0.0.1/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://localhost/",
  "http://x.localhost/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://169.254.169.254/latest",
])("%s is refused before anything is connected", async (url) => {
  const error = await failure(network({ allowLoopback: false }).request(untrusted(url), get));
  expect(error.code).toBe("invalid-field");
  expect(error.message).toMatch(/is refused: .*network\.allow/);
});

test("a name that leads to a private address is refused at the connection", async () => {
  let reached = false;
  const port = await http((_, response) => {
    reached = true;
    response.end();
  });
  const error = await failure(
    network({ allowLoopback: false, lookup: names(["127.0.0.1"]).lookup }).request(untrusted(`http://evil.example:${port}/`), get),
  );
  expect(error.code).toBe("vendor-unreachable");
  expect(error.message).toContain(`llm openai at evil.example:${port} cannot be reached: 127.0.0.1 is not a public address (loopback)`);
  expect(reached).toBe(false);
});

test("a name cannot change its address between check and connection: one look-up serves both", async () => {
  const port = await http((_, response) => void response.end("outside"));
  const service = names(["127.0.0.1"], ["10.0.0.1"]);
  const some = network({ allowLoopback: true, lookup: service.lookup });
  const response = await some.request(untrusted(`http://rebind.example:${port}/`), get);
  expect(await response.body.text()).toBe("outside");
  expect(service.asked).toEqual(["rebind.example"]);
  const fresh = network({ allowLoopback: true, lookup: service.lookup });
  expect((await failure(fresh.request(untrusted(`http://rebind.example:${port}/`), get))).message).toContain(
    "10.0.0.1 is not a public address (private)",
  );
});

test("of several addresses only those that are allowed are tried", async () => {
  const port = await http((_, response) => void response.end("here"));
  const response = await network({ allowLoopback: true, lookup: names(["10.0.0.1", "127.0.0.1"]).lookup }).request(
    untrusted(`http://two.example:${port}/`),
    get,
  );
  expect(await response.body.text()).toBe("here");
});

test("the operator's own addresses are not refused", async () => {
  const port = await http((_, response) => void response.end("mine"));
  const some = network({ allowLoopback: false });
  const response = await some.request(trusted(`http://127.0.0.1:${port}/`), get);
  expect(await response.body.text()).toBe("mine");
});

test("a checked request never rides on the connection of a trusted one", async () => {
  const port = await http((_, response) => void response.end("mine"));
  const some = network({ allowLoopback: false, lookup: names(["127.0.0.1"]).lookup });
  await (await some.request(trusted(`http://name.example:${port}/`), get)).body.text();
  expect((await failure(some.request(untrusted(`http://name.example:${port}/`), get))).code).toBe("vendor-unreachable");
});

test("a redirect is an answer, not a way", async () => {
  let hits = 0;
  const port = await http((_, response) => {
    hits += 1;
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  const response = await network().request(untrusted(`http://127.0.0.1:${port}/`), get);
  await response.body.dump();
  expect(response.statusCode).toBe(302);
  expect(hits).toBe(1);
});

test("where nobody listens, the error names vendor, host, port and the system's word", async () => {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const error = await failure(network().request(untrusted(`http://127.0.0.1:${port}/`), get));
  expect(error.code).toBe("vendor-unreachable");
  expect(error.message).toMatch(new RegExp(`^llm openai at 127\\.0\\.0\\.1:${port} cannot be reached: .*ECONNREFUSED`));
});

test("an aborted request ends with the abort, not with a vendor's error", async () => {
  const port = await http(() => undefined);
  const stop = new AbortController();
  const pending = network().request(untrusted(`http://127.0.0.1:${port}/`), { ...get, signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(pending).rejects.toThrow("enough");
});

/** A proxy that tunnels to this machine, whatever name is asked for. */
async function tunnel(status = "200 OK"): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer();
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push(request.url ?? "");
    if (status !== "200 OK") {
      socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
      return;
    }
    const through = connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      through.pipe(socket).pipe(through);
    });
    through.on("error", () => socket.destroy());
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.url ?? "");
    response.end("by the proxy");
  });
  return { port: await listen(server), asked };
}

test("requests go through the proxy, which does the looking up", async () => {
  const proxy = await tunnel();
  const some = network({ allowLoopback: false, proxies: { http: `http://127.0.0.1:${proxy.port}` } });
  const response = await some.request(untrusted("http://vendor.example/v1"), get);
  expect(await response.body.text()).toBe("by the proxy");
  expect(proxy.asked).toEqual(["http://vendor.example/v1"]);
});

test("a secure address is asked of the proxy as a tunnel, and its refusal is told with its name", async () => {
  const proxy = await tunnel("403 Forbidden");
  const some = network({ proxies: { https: `http://127.0.0.1:${proxy.port}` } });
  const error = await failure(some.request(untrusted("https://vendor.example/v1"), get));
  expect(proxy.asked).toEqual(["vendor.example:443"]);
  expect(error.message).toMatch(
    new RegExp(`^llm openai at vendor\\.example:443 cannot be reached through the proxy 127\\.0\\.0\\.1:${proxy.port}: .*403`),
  );
});

test("a refused address is refused with a proxy too", async () => {
  const proxy = await tunnel();
  const some = network({ allowLoopback: false, proxies: { http: `http://127.0.0.1:${proxy.port}` } });
  expect((await failure(some.request(untrusted("http://169.254.169.254/"), get))).code).toBe("invalid-field");
  expect(proxy.asked).toEqual([]);
});

test("a proxy that never answers is given up after the connect timeout", async () => {
  const port = await listen(createTcpServer(() => undefined));
  const some = network({ connectTimeoutMs: 50, proxies: { https: `http://127.0.0.1:${port}` } });
  const error = await failure(some.request(untrusted("https://vendor.example/"), get));
  expect(error.message).toContain(`through the proxy 127.0.0.1:${port}`);
});

test("a server that takes the connection but not the handshake is given up after the connect timeout", async () => {
  const port = await listen(createTcpServer(() => undefined));
  const error = await failure(network({ connectTimeoutMs: 50 }).request(untrusted(`https://127.0.0.1:${port}/`), get));
  expect(error.message).toMatch(/cannot be reached: .*[Tt]imeout/);
});
