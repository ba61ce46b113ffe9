import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { publish, Room, speak, stopClock } from "./room-stage.ts";

beforeEach(stopClock);
afterEach(() => {
  vi.useRealTimers();
});

test("a voice reaches the others with their own numbers, and nobody while it is muted", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  const adasPeer = await publish(room, ada);
  expect(bob.heard()).toEqual(["joined", "user-published", "negotiate"]);
  const bobsPeer = await publish(room, bob, ["1001"]);
  const heard: string[] = [];
  bobsPeer.onPacket((mid) => heard.push(mid));
  speak(adasPeer, 1);
  await room.pass(20);
  ada.say({ type: "mute", muted: true });
  await room.pass(20);
  speak(adasPeer, 2);
  await room.pass(20);
  expect(heard).toEqual(["1"]);
  expect(bob.socket.said.at(-1)).toEqual({ type: "user-muted", uid: "1001", muted: true });
});

test("a flood of packets, and packets longer than Opus makes, go nowhere", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  const adasPeer = await publish(room, ada);
  const bobsPeer = await publish(room, bob, ["1001"]);
  let heard = 0;
  bobsPeer.onPacket(() => heard++);
  for (let number = 0; number < 2000; number++) speak(adasPeer, number);
  await room.pass(100);
  expect(heard).toBeGreaterThan(200);
  expect(heard).toBeLessThan(400);
  heard = 0;
  await room.pass(2000);
  speak(adasPeer, 2001, Buffer.alloc(1276));
  await room.pass(100);
  expect(heard).toBe(0);
});

test("a token without the right to publish lets its holder listen, and says so", async () => {
  const room = new Room();
  const ada = await room.join("1001", { token: room.token("1001", { publish: false }) });
  const bob = await room.join("1002");
  await publish(room, ada);
  expect(ada.socket.said.at(-1)).toMatchObject({ type: "error", code: "token-privilege", fatal: false });
  expect(bob.heard()).toEqual(["joined"]);
});

test("a malformed SDP or plan is refused, and the call goes on", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const peer = room.rtc.openPeer("browser");
  const sdp = await peer.offer([{ mid: "0", direction: "sendonly", ssrc: 4 }]);
  for (const offer of [
    { sdp: "v=0\r\nrubbish", plan: [] },
    { sdp: "{}", plan: [{ mid: "0", publish: true }] },
    { sdp, plan: [{ mid: "9", publish: true }] },
    {
      sdp,
      plan: [
        { mid: "0", publish: true },
        { mid: "0", subscribe: "5" },
      ],
    },
  ] as const) {
    ada.say({ type: "offer", id: 1, ...offer, plan: [...offer.plan] });
    await room.pass(0);
    expect(ada.socket.said.at(-1)).toMatchObject({ type: "error", code: "invalid-sdp", fatal: false });
  }
  expect(ada.socket.closed).toBeUndefined();
});

test("a malformed SDP in mid-call leaves the connection and its voices as they are", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  const adasPeer = await publish(room, ada);
  const bobsPeer = await publish(room, bob, ["1001"]);
  let heard = 0;
  bobsPeer.onPacket(() => heard++);
  const other = "a=fingerprint:sha-256 11:22";
  for (const sdp of ["v=0\r\nrubbish", `v=0\r\n${other}\r\nm=audio`]) {
    bob.say({ type: "offer", id: 2, sdp, plan: [] });
    await room.pass(0);
    expect(bob.heard().at(-1)).toBe("invalid-sdp");
    speak(adasPeer, ++heard);
    await room.pass(20);
  }
  expect([heard, bobsPeer.state]).toEqual([4, "connected"]);
});

test("a client that begins anew gets a new connection in place of the old one", async () => {
  const room = new Room();
  const ada = await room.join("1001");
  const bob = await room.join("1002");
  const adasPeer = await publish(room, ada);
  const first = await publish(room, bob, ["1001"]);
  const second = room.rtc.openPeer("browser again");
  const sdp = await second.offer([{ mid: "1", direction: "recvonly", ssrc: 0 }]);
  bob.say({
    type: "offer",
    id: 2,
    sdp: sdp.replace(/^a=fingerprint:.*$/m, `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "11").join(":")}`),
    plan: [{ mid: "1", subscribe: "1001" }],
  });
  await room.pass(0);
  const answer = bob.socket.said.find((message) => message.type === "answer" && message.id === 2);
  if (answer?.type !== "answer") throw new Error(bob.heard().join(", "));
  await second.answered(answer.sdp);
  await room.pass(0);
  let heard = 0;
  second.onPacket(() => heard++);
  speak(adasPeer, 1);
  await room.pass(20);
  expect([heard, second.state, first.state]).toEqual([1, "connected", "disconnected"]);
  expect(ada.heard().slice(-2)).toEqual(["user-unpublished", "negotiate"]);
});
