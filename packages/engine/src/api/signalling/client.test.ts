import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChannelEvent, Member } from "../../rtc/channel.ts";
import { Source } from "../../rtc/source.ts";
import { appId, publish, Room, sessionOf, speak, stopClock } from "./room-stage.ts";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

test("who joins hears who is there, and they hear of them", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  expect(bob.socket.said[0]).toMatchObject({ type: "joined", uid: "1002", users: [{ uid: "1001" }], tokenExpiresInSeconds: 3600 });
  expect(ada.socket.said[1]).toMatchObject({ type: "user-joined", uid: "1002", agent: false });
});

test("somebody whose pings and packets stay away has vanished within four seconds", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  ada.socket.answersPings = false;
  await room.pass(3000);
  expect(room.uids).toEqual(["1001", "1002"]);
  await room.pass(1000);
  expect(room.uids).toEqual(["1002"]);
  expect(bob.socket.said.at(-1)).toEqual({ type: "user-left", uid: "1001", reason: "vanished" });
});

test("somebody whose socket is silent stays while their audio comes", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const peer = await publish(room, ada);
  ada.socket.answersPings = false;
  for (let second = 0; second < 10; second++) {
    speak(peer, second);
    await room.pass(1000);
  }
  expect(room.uids).toEqual(["1001"]);
  await room.pass(4000);
  expect(room.uids).toEqual([]);
});

test("a stall of the engine makes nobody vanish", async () => {
  const room = new Room();
  await room.join("1001");
  await vi.advanceTimersByTimeAsync(60_000);
  for (const client of room.clients) client.check();
  await room.pass(5000);
  expect(room.uids).toEqual(["1001"]);
});

test("a socket that breaks leaves three seconds to come back; one that closes does not need them", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  ada.socket.terminate();
  await room.pass(2000);
  expect(room.uids).toEqual(["1001", "1002"]);
  const back = await room.join("1001", { sessionId: sessionOf(ada) });
  expect(back.heard()[0]).toBe("joined");
  back.socket.terminate();
  await room.pass(4000);
  expect(room.uids).toEqual(["1002"]);
  bob.socket.close(1001, "");
  await room.pass(0);
  expect(room.uids).toEqual([]);
});

test("a uid is taken over with the secret of its session alone", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const stranger = await room.join("1001", { sessionId: "guessed" });
  expect([stranger.heard(), stranger.socket.closed?.reason]).toEqual([["uid-taken"], "uid-taken"]);
  const bob = await room.join("1002");
  const thief = await room.join("1001", { sessionId: sessionOf(bob) });
  expect(thief.heard()).toEqual(["uid-taken"]);
  const again = await room.join("1001", { sessionId: sessionOf(ada) });
  expect(again.heard()).toEqual(["joined"]);
  expect([ada.heard().at(-1), ada.socket.closed?.code]).toEqual(["taken-over", 4001]);
  const old = await room.join("1001", { sessionId: sessionOf(ada) });
  expect(old.heard()).toEqual(["uid-taken"]);
});

test("a session of one channel takes nothing over in another", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const other = room.connect();
  other.say({
    type: "join",
    appId,
    channel: "hall",
    uid: "1001",
    token: room.token("1001", { channel: "hall" }),
    sessionId: sessionOf(ada),
  });
  await room.pass(0);
  expect(other.heard()).toEqual(["joined"]);
  expect(ada.socket.closed).toBeUndefined();
});

test("a token that ends is announced half a minute before, can be renewed, and ends the stay if it is not", async () => {
  const room = new Room();
  const ada = await room.join("1001", { token: room.token("1001", { expireSeconds: 60 }) });
  await room.pass(29_000);
  expect(ada.heard()).toEqual(["joined"]);
  await room.pass(2000);
  expect(ada.heard()).toEqual(["joined", "token-will-expire"]);
  ada.say({ type: "renew", token: room.token("1002") });
  await room.pass(0);
  expect(ada.socket.said.at(-1)).toMatchObject({ code: "token-mismatch", fatal: false });
  ada.say({ type: "renew", token: room.token("1001", { expireSeconds: 60 }) });
  await room.pass(35_000);
  expect(ada.heard().slice(3)).toEqual(["token-will-expire"]);
  await room.pass(26_000);
  expect(ada.socket.said.at(-1)).toMatchObject({ code: "token-expired", fatal: true });
  expect([room.uids, ada.socket.closed?.code]).toEqual([[], 4000]);
});

test("who does not join within five seconds is sent away, and so is who speaks before", async () => {
  const room = new Room();
  const idle = room.connect();
  await room.pass(4900);
  expect(idle.heard()).toEqual([]);
  await room.pass(200);
  expect(idle.heard()).toEqual(["not-joined"]);
  const early = room.connect();
  early.say({ type: "ready" });
  await room.pass(0);
  expect([early.heard(), early.socket.closed?.code]).toEqual([["not-joined"], 4000]);
  const twice = await room.join("1001");
  twice.say({ type: "join", appId, channel: "lobby", uid: "1001", token: room.token("1001") });
  await room.pass(0);
  expect([twice.heard(), twice.socket.closed]).toEqual([["joined", "already-joined"], undefined]);
});

test("a flood of messages is refused, then its sender sent away; others do not notice", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  for (let count = 0; count < 450; count++) ada.say({ type: "ready" });
  await room.pass(0);
  expect(new Set(ada.heard().slice(2))).toEqual(new Set(["rate-limited"]));
  expect(ada.socket.closed).toBeUndefined();
  for (let count = 0; count < 1000; count++) ada.say({ type: "ready" });
  await room.pass(0);
  expect(ada.socket.closed).toEqual({ code: 4000, reason: "rate-limited" });
  expect(ada.socket.said.length).toBeLessThan(600);
  expect(bob.heard()).toEqual(["joined", "user-left"]);
});

test("who does not read is cut off", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  ada.socket.bufferedAmount = 2 * 1024 * 1024;
  await room.join("1002");
  expect(ada.socket.closed?.code).toBe(1006);
});

test("a message reaches the agent it is for, if the agent listens to its sender", async () => {
  const room = new Room();
  const told: ChannelEvent[] = [];
  const agent: Member = {
    uid: "77",
    agent: true,
    source: new Source("77"),
    publishing: true,
    muted: false,
    ready: true,
    rttMs: 0,
    hears: ({ uid }) => uid === "1001",
    take: (event) => told.push(event),
    remove: () => {},
  };
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  room.channels.open(appId, "lobby").join(agent);
  for (const [participant, to] of [
    [ada, "77"],
    [bob, "77"],
    [ada, "1002"],
    [ada, "5"],
  ] as const) {
    participant.say({ type: "message", to, customType: "user.transcription", body: "{}" });
  }
  await room.pass(0);
  expect(told.filter(({ type }) => type === "message").map(({ member }) => member.uid)).toEqual(["1001"]);
  expect(bob.heard().at(-1)).toBe("forbidden");
  expect(ada.heard().slice(-2)).toEqual(["unknown-uid", "unknown-uid"]);
});

test("data packets go to everybody else, at the pace of a data stream", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  for (let count = 0; count < 130; count++) ada.say({ type: "stream-message", data: "YXwxfDF8ZTMwPQ==" });
  await room.pass(0);
  expect(bob.socket.said.filter(({ type }) => type === "stream-message").length).toBe(120);
  expect(bob.socket.said[1]).toEqual({ type: "stream-message", uid: "1001", data: "YXwxfDF8ZTMwPQ==" });
  expect(ada.heard().at(-1)).toBe("rate-limited");
});

test("a binary message is refused", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  ada.raw(Buffer.from("{}"), true);
  expect(ada.socket.said.at(-1)).toMatchObject({ code: "invalid-message", message: expect.stringContaining("binary") });
});
