import { once } from "node:events";
import http from "node:http";
import type { Duplex } from "node:stream";
import { pino } from "pino";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { Ticker } from "../../session/clock.ts";
import { VirtualClock } from "../../session/virtual-clock.ts";
import { testDatabases } from "../../store/test-databases.ts";
import { openEngine, sharedProject } from "./keeping-stage.ts";
import { stageProject, VoiceStage } from "./voice-stage.ts";
import { VoiceAgentDoor, type VoiceAgentDoorOptions } from "./socket.ts";

const token = { ok: true, project: stageProject, keyId: "k", nonce: "n", maxSessionDurationSeconds: 60, expiresAt: 0 } as const;

/** A door on a port, with real sockets; its sessions are the stage's. */
class Street implements AsyncDisposable {
  readonly server = http.createServer();
  readonly door: VoiceAgentDoor;
  readonly stage = new VoiceStage();
  readonly spent: string[] = [];
  draining = false;

  constructor(options: Partial<VoiceAgentDoorOptions> = {}) {
    this.door = new VoiceAgentDoor({
      ...this.stage.options,
      keys: { find: (text) => (text === "key" ? { project: stageProject, keyId: "k" } : undefined) },
      tokens: {
        check: (text) => (text === "token" ? token : { ok: false, why: text === "old" ? "expired" : "malformed" }),
        spend: (nonce) => this.spent.push(nonce) === 1,
      },
      clock: new Ticker().clock(),
      now: () => 1000,
      draining: () => this.draining,
      log: pino({ level: "silent" }),
      ...options,
    });
    this.server.on("upgrade", (request, socket, head) => this.door.handleUpgrade(request, socket, head));
  }

  async port(): Promise<number> {
    if (!this.server.listening) {
      this.server.listen(0, "127.0.0.1");
      await once(this.server, "listening");
    }
    const address = this.server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  async open(path: string, headers: Record<string, string> = {}) {
    const socket = new WebSocket(`ws://127.0.0.1:${await this.port()}${path}`, { headers });
    const told: { type: string; code?: string; timestamp: number; message?: string; session_id?: string; resume_token?: string }[] = [];
    const waiting: (() => void)[] = [];
    socket.on("message", (data) => {
      told.push(JSON.parse(String(data)));
      for (const wake of waiting.splice(0)) wake();
    });
    socket.on("error", () => {});
    const closed = once(socket, "close").then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
    const until = async (count: number): Promise<void> => {
      while (told.length < count) await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), closed]);
    };
    return { socket, told, closed, until };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ending = this.door[Symbol.asyncDispose]();
    await this.stage[Symbol.asyncDispose]();
    await ending;
    this.server.close();
  }
}

test.each([
  ["/v1/ws", {}, "no credential came"],
  ["/v1/ws?token=wrong", {}, "the API key is wrong"],
  ["/v1/ws?token=old", {}, "the token has expired"],
  ["/v1/ws?api_key=key", {}, "no credential came"],
])("who has no right credential is let in to be told so, and closed with 1008: %s", async (path, headers, why) => {
  await using street = new Street();
  const { socket, told, closed, until } = await street.open(path, headers);
  await until(1);
  // The door is not shut before the client has spoken.
  expect(socket.readyState).toBe(socket.OPEN);
  socket.send(JSON.stringify({ type: "session.update", session: {} }));
  expect(await closed).toEqual({ code: 1008, reason: "UNAUTHORIZED" });
  expect(told).toEqual([
    {
      type: "session.error",
      code: "UNAUTHORIZED",
      message: expect.stringContaining(why),
      param: null,
      session_id: null,
      timestamp: 1,
    },
  ]);
});

test("who is refused and says nothing is closed all the same", async () => {
  await using street = new Street();
  const { closed } = await street.open("/v1/ws?token=wrong");
  expect(await closed).toEqual({ code: 1008, reason: "UNAUTHORIZED" });
});

test.each([
  ["/v1/ws", { authorization: "Bearer key" }],
  ["/v1/ws", { authorization: "key" }],
  ["/v1/voice?token=key", {}],
  ["/v1/ws?token=token", {}],
])("each form of a credential opens a session: %s %j", async (path, headers) => {
  await using street = new Street();
  const { socket, told, until } = await street.open(path, headers);
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "session.update", session: {} }));
  await until(2);
  expect(told.map(({ type }) => type)).toEqual(["session.updated", "session.ready"]);
  expect(street.spent).toEqual(path.includes("token=token") ? ["n"] : []);
});

test("a project that may not use this door is told FORBIDDEN", async () => {
  const project = { ...stageProject, services: new Set(["rest"] as const) };
  await using street = new Street({ keys: { find: () => ({ project, keyId: "k" }) } });
  const { told, closed } = await street.open("/v1/ws?token=key");
  expect(await closed).toEqual({ code: 1008, reason: "FORBIDDEN" });
  expect(told).toMatchObject([{ code: "FORBIDDEN", message: expect.stringContaining("voice-agent") }]);
});

test("an engine that ends takes nobody new in; who has lost a socket may come back", async () => {
  await using street = new Street();
  const first = await street.open("/v1/ws?token=key");
  await once(first.socket, "open");
  first.socket.send(JSON.stringify({ type: "session.update", session: {} }));
  await first.until(2);
  street.draining = true;
  first.socket.terminate();
  await first.closed;

  const other = await street.open("/v1/ws?token=key");
  await once(other.socket, "open");
  other.socket.send(JSON.stringify({ type: "session.update", session: {} }));
  expect((await other.closed).code).toBe(1013);
  expect(other.told).toMatchObject([{ code: "at_capacity", message: expect.stringContaining("shutting down") }]);

  const again = await street.open("/v1/ws?token=key");
  await once(again.socket, "open");
  again.socket.send(JSON.stringify({ type: "session.resume", session_id: first.told[1]?.session_id }));
  await again.until(1);
  expect(again.told).toMatchObject([{ type: "session.ready", session_id: first.told[1]?.session_id }]);
});

test("a resume_token is a credential for its own session alone, and as long as that can be resumed", async () => {
  await using street = new Street();
  const begin = async () => {
    const client = await street.open("/v1/ws?token=key");
    await once(client.socket, "open");
    client.socket.send(JSON.stringify({ type: "session.update", session: {} }));
    await client.until(2);
    return client;
  };
  const [first, other] = [await begin(), await begin()];
  const { session_id: id, resume_token: token = "" } = first.told[1] ?? {};
  const come = async (message: object) => {
    const client = await street.open("/v1/ws", { authorization: `Bearer ${token}` });
    await once(client.socket, "open");
    client.socket.send(JSON.stringify(message));
    await client.until(1);
    return client;
  };
  const stranger = await come({ type: "session.update", session: {} });
  expect(await stranger.closed).toEqual({ code: 1008, reason: "UNAUTHORIZED" });
  expect((await come({ type: "session.resume", session_id: other.told[1]?.session_id })).told).toMatchObject([
    { code: "session_forbidden" },
  ]);
  first.socket.terminate();
  await first.closed;
  const back = await come({ type: "session.resume", session_id: id });
  expect(back.told).toMatchObject([{ type: "session.ready", session_id: id }]);
  back.socket.send(JSON.stringify({ type: "session.end" }));
  expect((await back.closed).code).toBe(1000);
  const late = await street.open("/v1/ws", { authorization: `Bearer ${token}` });
  expect(await late.closed).toEqual({ code: 1008, reason: "session_not_found" });
  expect(late.told).toMatchObject([{ code: "session_not_found" }]);
});

test("a resume_token opens the door of an engine that has never heard of its session", async () => {
  await using made = await testDatabases[0]?.make();
  await using database = await made?.open(made.address);
  if (database === undefined) throw new Error("there is an embedded database");
  const clock = new VirtualClock();
  await using first = await openEngine({ database, clock, engineId: "first", name: "first" });
  const client = await first.stage.begin({}, { project: sharedProject });
  const { session_id: id = "", resume_token: given = "" } = client.only("session.ready")[0] ?? {};
  await first.kill();
  await using second = await openEngine({ database, clock, engineId: "second", name: "second" });
  await using street = new Street(second.stage.options);
  const come = async (credential: string) => {
    const socket = await street.open(`/v1/ws?token=${credential}`);
    await once(socket.socket, "open");
    // Before it is known who that is.
    socket.socket.send(JSON.stringify({ type: "session.resume", session_id: id }));
    await socket.until(1);
    return socket;
  };
  expect((await (await come(`${given}x`)).closed).reason).toBe("session_not_found");
  expect((await come(given)).told).toMatchObject([{ type: "session.ready", session_id: id }]);
});

test("no subprotocol is chosen, whatever is offered", async () => {
  await using street = new Street();
  const request = http.get({
    port: await street.port(),
    path: "/v1/ws?token=key",
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "realtime, v1",
    },
  });
  const [response, socket] = (await once(request, "upgrade")) as [http.IncomingMessage, Duplex];
  socket.destroy();
  expect([response.statusCode, response.headers["sec-websocket-protocol"]]).toEqual([101, undefined]);
});

test("a frame above 1 MiB closes the socket with 1009, and the session waits for its client", async () => {
  await using street = new Street();
  const { socket, closed, until } = await street.open("/v1/ws?token=key");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "session.update", session: {} }));
  await until(2);
  socket.send(`"${"x".repeat(1024 * 1024)}"`);
  expect((await closed).code).toBe(1009);
  expect(street.door.sessions.size).toBe(1);
});

test("a binary frame is refused, and the socket stays open", async () => {
  await using street = new Street();
  const { socket, told, until } = await street.open("/v1/ws?token=key");
  await once(socket, "open");
  socket.send(Buffer.from([1, 2, 3]));
  await until(1);
  expect(told).toMatchObject([{ code: "invalid_format", message: expect.stringContaining("binary") }]);
  expect(socket.readyState).toBe(socket.OPEN);
});
