import { once } from "node:events";
import { openRtc, type Rtc } from "@parley/media";
import { ClientMessage, closeCodes, type ServerMessage } from "@parley/protocol";
import { expect, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { Caller } from "./caller.ts";

const joined: ServerMessage = {
  type: "joined",
  appId: "a",
  channel: "lobby",
  uid: "1001",
  sessionId: "secret",
  users: [],
  iceServers: [],
  tokenExpiresInSeconds: null,
};

const agent = { uid: "77", agent: true, publishing: false, muted: false };

/** An engine that answers each message as the test says. */
async function engine(answer: (message: ClientMessage, socket: WebSocket, say: (message: ServerMessage) => void) => void) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/rtc" });
  await once(server, "listening");
  const heard: ClientMessage[] = [];
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const message = ClientMessage.parse(JSON.parse(data.toString("utf8")));
      heard.push(message);
      answer(message, socket, (said) => socket.send(JSON.stringify(said)));
    });
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
    },
  };
}

/** Their audio is real, so that a caller is in. */
async function admit(rtc: Rtc, offer: Extract<ClientMessage, { type: "offer" }>): Promise<ServerMessage> {
  const plan = offer.plan.map(({ mid }) => ({ mid, direction: "recvonly" as const, ssrc: 0 }));
  return { type: "answer", id: offer.id, sdp: await rtc.openPeer("engine").accept(offer.sdp, plan) };
}

test("a line that breaks off is made again, under the same uid and session; one that the engine closes is not", async () => {
  await using rtc = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
  const sockets: WebSocket[] = [];
  await using server = await engine((message, socket, say) => {
    if (message.type === "join") {
      sockets.push(socket);
      say({ ...joined, sessionId: `session ${sockets.length}`, users: sockets.length === 1 ? [agent] : [] });
    }
    if (message.type === "offer") void admit(rtc, message).then(say);
  });
  await using caller = await join(server.url);
  const seen: string[] = [];
  caller.on("reconnecting", () => seen.push("reconnecting"));
  caller.on("user-left", ({ uid, reason }) => seen.push(`${uid} ${reason}`));
  const back = once(caller, "reconnected");
  sockets[0]?.terminate();
  await back;
  expect(seen).toEqual(["reconnecting", "77 vanished"]);
  expect(server.heard.filter(({ type }) => type === "join")).toEqual([
    { type: "join", appId: "a", channel: "lobby", uid: "1001", token: "t" },
    { type: "join", appId: "a", channel: "lobby", uid: "1001", token: "t", sessionId: "session 1" },
  ]);
  expect(caller.sessionId).toBe("session 2");

  sockets[1]?.close(closeCodes.goingAway, "removed");
  expect(await caller.closed).toMatchObject({ code: "closed", message: "the engine closed the line (1001 removed)" });
  expect(seen).toHaveLength(2);
});

test("a caller whose engine does not come back in time has gone", async () => {
  await using rtc = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
  const server = await engine((message, _socket, say) => {
    if (message.type === "join") say(joined);
    if (message.type === "offer") void admit(rtc, message).then(say);
  });
  await using caller = await Caller.join({ url: server.url, appId: "a", channel: "lobby", reconnectWithinMs: 300 });
  await server[Symbol.asyncDispose]();
  expect(await caller.closed).toMatchObject({ code: "closed", message: "the engine closed the line (1006 )" });
});

const join = (url: string, signal?: AbortSignal) =>
  Caller.join({ url, appId: "a", channel: "lobby", uid: "1001", token: "t", ...(signal === undefined ? {} : { signal }) });

test("a join that is refused is told with code, reason and remedy", async () => {
  await using server = await engine((_message, socket, say) => {
    say({ type: "error", code: "uid-taken", message: "uid 1001 is there", remedy: "take another", fatal: true });
    socket.close(closeCodes.fatal, "uid-taken");
  });
  await expect(join(server.url)).rejects.toMatchObject({ code: "uid-taken", message: "uid 1001 is there", remedy: "take another" });
  expect(server.heard).toEqual([{ type: "join", appId: "a", channel: "lobby", uid: "1001", token: "t" }]);
});

test("an offer that is refused ends the call at once", async () => {
  await using server = await engine((message, _socket, say) => {
    if (message.type === "join") say(joined);
    if (message.type === "offer")
      say({ type: "error", code: "invalid-sdp", message: "no audio in it", remedy: "offer audio", fatal: false });
  });
  await expect(join(server.url)).rejects.toMatchObject({ code: "invalid-sdp", message: "no audio in it" });
});

test("an offer names its microphone and each voice that is there", async () => {
  const users = [
    { uid: "77", agent: true, publishing: true, muted: false },
    { uid: "5", agent: false, publishing: false, muted: false },
  ];
  await using server = await engine((message, socket, say) => {
    if (message.type === "join") say({ ...joined, users });
    if (message.type === "offer") socket.close(closeCodes.goingAway, "gone");
  });
  await expect(join(server.url)).rejects.toMatchObject({ code: "closed", message: "the engine closed the line (1001 gone)" });
  const offer = server.heard.find((message) => message.type === "offer");
  expect(offer).toMatchObject({
    plan: [
      { mid: "mic", publish: true },
      { mid: "s0", subscribe: "77" },
    ],
  });
  expect(offer?.type === "offer" && offer.sdp).toMatch(/^v=0/);
});

test("an engine that is not there, and an address that is none, are said to be", async () => {
  const server = await engine(() => {});
  await server[Symbol.asyncDispose]();
  await expect(join(server.url)).rejects.toMatchObject({ code: "unreachable", message: expect.stringContaining(server.url.slice(7)) });
  await expect(join("nowhere")).rejects.toMatchObject({ code: "unreachable", message: expect.stringContaining("nowhere") });
});

test("aborting a join leaves at once, and closes the line", async () => {
  const abort = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  await using server = await engine((message, socket) => {
    socket.once("close", resolve);
    if (message.type === "join") abort.abort();
  });
  await expect(join(server.url, abort.signal)).rejects.toMatchObject({ code: "closed" });
  expect(await closed).toBe(1000);
  await expect(join(server.url, abort.signal)).rejects.toThrow("aborted");
  expect(server.heard.map(({ type }) => type)).toEqual(["join", "leave"]);
});
