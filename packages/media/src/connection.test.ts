/** Two peers talk: in memory, and over loopback with real ICE, DTLS and SRTP. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { openFakeRtc } from "./fake-rtc.ts";
import { SdpError } from "./peer.ts";
import type { MediaPlan, PeerState, RtpPeer } from "./peer.ts";
import { openRtc } from "./rtc.ts";
import type { Rtc } from "./rtc.ts";
import { readRtp, writeRtp } from "./rtp.ts";

const publish: MediaPlan = { mid: "0", direction: "sendonly", ssrc: 1111 };
const hear: MediaPlan = { mid: "0", direction: "recvonly", ssrc: 0 };

function packet(ssrc: number, sequenceNumber: number, payload = "hello"): Buffer {
  return writeRtp({
    payloadType: 111,
    marker: false,
    sequenceNumber,
    timestamp: sequenceNumber * 960,
    ssrc,
    extensions: [],
    payload: Buffer.from(payload),
  });
}

function reaches(peer: RtpPeer, wanted: PeerState): Promise<void> {
  return new Promise((resolve) => {
    peer.onState((state) => {
      if (state === wanted) resolve();
    });
  });
}

async function connect(caller: RtpPeer, engine: RtpPeer, offers: readonly MediaPlan[], answers: readonly MediaPlan[]): Promise<void> {
  const connected = Promise.all([reaches(caller, "connected"), reaches(engine, "connected")]);
  await caller.answered(await engine.accept(await caller.offer(offers), answers));
  await connected;
}

async function renegotiate(caller: RtpPeer, engine: RtpPeer, offers: readonly MediaPlan[], answers: readonly MediaPlan[]): Promise<void> {
  await caller.answered(await engine.accept(await caller.offer(offers), answers));
}

function hears(peer: RtpPeer, count: number): Promise<{ mid: string; text: string }[]> {
  const heard: { mid: string; text: string }[] = [];
  return new Promise((resolve) => {
    peer.onPacket((mid, bytes) => {
      heard.push({ mid, text: Buffer.from(readRtp(bytes)?.payload ?? []).toString() });
      if (heard.length === count) resolve(heard);
    });
  });
}

describe.each([
  [
    "in memory",
    async (): Promise<[Rtc, Rtc]> => {
      const rtc = openFakeRtc();
      return [rtc, rtc];
    },
  ],
  [
    "over loopback",
    async (): Promise<[Rtc, Rtc]> => [
      await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" }),
      await openRtc({ udpPort: 51_730, nextPorts: 50, bindAddress: "127.0.0.1" }),
    ],
  ],
])("%s", (_name, open) => {
  let callers: Rtc;
  let engines: Rtc;

  beforeAll(async () => {
    [callers, engines] = await open();
  });

  afterAll(async () => {
    await callers[Symbol.asyncDispose]();
    await engines[Symbol.asyncDispose]();
  });

  test("what one publishes the other receives on the same m-line", async () => {
    const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
    const heard = hears(engine, 2);
    await connect(caller, engine, [publish], [hear]);
    expect(caller.send("0", packet(1111, 1, "one"))).toBe(true);
    expect(caller.send("0", packet(1111, 2, "two"))).toBe(true);
    expect(await heard).toEqual([
      { mid: "0", text: "one" },
      { mid: "0", text: "two" },
    ]);
    expect(engine.stats()).toMatchObject({ state: "connected", bytesReceived: 30 });
    expect(engine.stats().remoteCandidate).toMatch(/^(host|prflx) /);
    caller.close();
    engine.close();
  });

  test("subscriptions are m-lines added later, each with its own voice", async () => {
    const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
    await connect(caller, engine, [publish], [hear]);
    await renegotiate(
      caller,
      engine,
      [publish, { mid: "1", direction: "recvonly", ssrc: 0 }, { mid: "2", direction: "recvonly", ssrc: 0 }],
      [
        hear,
        { mid: "1", direction: "sendonly", ssrc: 21, streamId: "anna" },
        { mid: "2", direction: "sendonly", ssrc: 22, streamId: "ben" },
      ],
    );
    const heard = hears(caller, 3);
    engine.send("1", packet(21, 7, "from anna"));
    engine.send("2", packet(22, 7, "from ben"));
    engine.send("1", packet(21, 8, "anna again"));
    expect(await heard).toEqual([
      { mid: "1", text: "from anna" },
      { mid: "2", text: "from ben" },
      { mid: "1", text: "anna again" },
    ]);
    caller.close();
    engine.close();
  });

  test("an m-line without a plan becomes inactive and carries nothing", async () => {
    const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
    await connect(
      caller,
      engine,
      [publish, { mid: "1", direction: "recvonly", ssrc: 0 }],
      [hear, { mid: "1", direction: "sendonly", ssrc: 21 }],
    );
    expect(engine.send("1", packet(21, 1))).toBe(true);
    await renegotiate(caller, engine, [publish], [hear]);
    expect(engine.codecs("1")?.direction).toBe("inactive");
    expect(caller.codecs("1")?.direction).toBe("inactive");
    expect(engine.send("1", packet(21, 2))).toBe(false);
    // Later it serves someone else.
    await renegotiate(
      caller,
      engine,
      [publish, { mid: "1", direction: "recvonly", ssrc: 0 }],
      [hear, { mid: "1", direction: "sendonly", ssrc: 23 }],
    );
    const heard = hears(caller, 1);
    expect(engine.send("1", packet(23, 1, "someone else"))).toBe(true);
    expect(await heard).toEqual([{ mid: "1", text: "someone else" }]);
    caller.close();
    engine.close();
  });

  test("directions that do not fit together shrink to what both allow", async () => {
    const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
    await connect(caller, engine, [publish], [{ mid: "0", direction: "sendrecv", ssrc: 9 }]);
    expect(engine.codecs("0")).toEqual({ mid: "0", direction: "recvonly", opus: 111, red: 63, audioLevelId: 1 });
    expect(engine.send("0", packet(9, 1))).toBe(false);
    caller.close();
    engine.close();
  });

  test("a closed peer sends nothing, says so once, and refuses to negotiate", async () => {
    const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
    await connect(caller, engine, [publish], [hear]);
    const states: PeerState[] = [];
    caller.onState((state) => states.push(state));
    caller.close();
    caller.close();
    expect(states).toEqual(["closed"]);
    expect(caller.send("0", packet(1111, 1))).toBe(false);
    await expect(caller.offer([publish])).rejects.toThrow("closed");
    engine.close();
  });

  test("an ICE restart is refused with the way out", async () => {
    const [caller, engine, other] = [callers.openPeer("caller"), engines.openPeer("engine"), callers.openPeer("other")];
    await connect(caller, engine, [publish], [hear]);
    await expect(engine.accept(await other.offer([publish]), [hear])).rejects.toThrow("open a new connection");
    for (const peer of [caller, engine, other]) peer.close();
  });

  test("a plan that cannot be is refused before anything changes", async () => {
    const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
    const offer = await caller.offer([publish]);
    await expect(engine.accept(offer, [hear, { mid: "7", direction: "sendonly", ssrc: 1 }])).rejects.toThrow(
      "names the m-line 7, which the offer lacks; it has 0",
    );
    await expect(engine.accept(offer, [{ mid: "0", direction: "sendonly", ssrc: 0 }])).rejects.toThrow(SdpError);
    await expect(engine.accept(offer, [hear, hear])).rejects.toThrow("twice");
    await expect(caller.answered(offer)).rejects.toThrow("the answer says active, not passive");
    await caller.answered(await engine.accept(offer, [hear]));
    expect(engine.codecs("0")?.direction).toBe("recvonly");
    caller.close();
    engine.close();
  });
});

test("a second's loss is in the report that the sender gets", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  try {
    await using rtc = openFakeRtc({ drop: (bytes) => readRtp(bytes)?.payloadType === 111 && readRtp(bytes)!.sequenceNumber % 4 === 1 });
    const [caller, engine] = [rtc.openPeer("caller"), rtc.openPeer("engine")];
    await connect(caller, engine, [publish], [hear]);
    const reports: unknown[] = [];
    caller.onReport((report) => reports.push(report));
    for (let second = 0; second < 2; second += 1) {
      for (let index = 0; index < 50; index += 1) {
        caller.send("0", packet(1111, second * 50 + index + 2));
        await vi.advanceTimersByTimeAsync(20);
      }
    }
    await vi.advanceTimersByTimeAsync(20);
    // 2 to 101 were sent, 25 of which are lost; the second report answers the first sender report.
    expect(reports).toHaveLength(2);
    expect(reports[1]).toMatchObject({ mid: "0", fractionLost: expect.closeTo(0.25, 1), jitterMs: 0, rttMs: expect.closeTo(0, 0) });
  } finally {
    vi.useRealTimers();
  }
});
