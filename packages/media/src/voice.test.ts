/** A voice on its whole way: PCM, Opus, RTP, SRTP over loopback, and back to PCM in continuous time. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { openFakeRtc } from "./fake-rtc.ts";
import { openOpusDecoder, openOpusEncoder, warmUpOpus } from "./opus.ts";
import { Receiver } from "./receive.ts";
import type { ReceivedFrame } from "./receive.ts";
import { Redundancy } from "./red.ts";
import { resample } from "./resample.ts";
import { openRtc } from "./rtc.ts";
import type { Rtc } from "./rtc.ts";
import { readRtp, RTP_UNITS_PER_FRAME, writeRtp } from "./rtp.ts";
import { readWav } from "./wav.ts";

const { pcm: speech, sampleRate } = readWav(readFileSync(new URL("../../../recordings/librispeech-quilter.wav", import.meta.url)));
const FRAMES = 200;

/** The best agreement of two sounds, 0 to 1, over shifts of up to 30 ms. */
function correlation(a: Int16Array, b: Int16Array): number {
  let best = 0;
  for (let shift = -480; shift <= 480; shift += 1) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let index = Math.max(0, -shift); index < Math.min(a.length, b.length - shift); index += 3) {
      ab += a[index]! * b[index + shift]!;
      aa += a[index]! ** 2;
      bb += b[index + shift]! ** 2;
    }
    best = Math.max(best, ab / Math.sqrt(aa * bb || 1));
  }
  return best;
}

function joined(frames: readonly ReceivedFrame[]): Int16Array {
  return Int16Array.from(frames.flatMap(({ pcm }) => [...pcm]));
}

interface Heard {
  readonly frames: readonly ReceivedFrame[];
  readonly receiver: Receiver;
  /** From each `send` to its PCM, in milliseconds. */
  readonly delays: readonly number[];
}

/** Sends four seconds of speech from a caller to an engine; `pause` lets time pass between packets, and may wait for the one just sent. */
async function speak(
  callers: Rtc,
  engines: Rtc,
  options: { red?: number; loss?: number; now: () => number; pause: (arrived: Promise<void>) => Promise<void> },
): Promise<Heard> {
  const [caller, engine] = [callers.openPeer("caller"), engines.openPeer("engine")];
  const connected = Promise.all(
    [caller, engine].map((peer) => new Promise<void>((resolve) => peer.onState((state) => state === "connected" && resolve()))),
  );
  const offer = await caller.offer([{ mid: "0", direction: "sendonly", ssrc: 77 }]);
  await caller.answered(await engine.accept(offer, [{ mid: "0", direction: "recvonly", ssrc: 0 }]));
  await connected;
  const { opus, red } = engine.codecs("0")!;

  using encoder = await openOpusEncoder(24_000);
  using decoder = await openOpusDecoder(16_000);
  encoder.setLoss(options.loss ?? 0);
  const receiver = new Receiver({ decoder, opus, red });
  const frames: ReceivedFrame[] = [];
  const sentAt: number[] = [];
  const delays: number[] = [];
  let arrived = Promise.withResolvers<void>();
  engine.onPacket((_mid, bytes) => {
    const packet = readRtp(bytes)!;
    frames.push(...receiver.packet(packet, options.now()));
    delays.push(performance.now() - sentAt[packet.sequenceNumber]!);
    arrived.resolve();
  });
  const voice = resample(speech.subarray(0, FRAMES * 320), sampleRate, 24_000);
  const redundancy = new Redundancy();
  for (let index = 0; index < FRAMES; index += 1) {
    const payload = encoder.encode(voice.subarray(index * 480, index * 480 + 480));
    const timestamp = index * RTP_UNITS_PER_FRAME;
    redundancy.push(timestamp, payload);
    const wrapped = options.red === undefined ? payload : redundancy.pack(opus, options.red);
    arrived = Promise.withResolvers();
    sentAt.push(performance.now());
    const sent = caller.send(
      "0",
      writeRtp({
        payloadType: options.red === undefined ? opus : red!,
        marker: index === 0,
        sequenceNumber: index,
        timestamp,
        ssrc: 77,
        extensions: [],
        payload: wrapped,
      }),
    );
    expect(sent).toBe(true);
    await options.pause(arrived.promise);
    frames.push(...receiver.time(options.now()));
  }
  caller.close();
  engine.close();
  return { frames, receiver, delays };
}

test("over loopback, every frame arrives, at once, and sounds as it was spoken", async () => {
  await warmUpOpus();
  await using callers = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
  await using engines = await openRtc({ udpPort: 51_600, nextPorts: 99, bindAddress: "127.0.0.1" });
  let clock = 0;
  const { frames, receiver, delays } = await speak(callers, engines, {
    now: () => clock,
    // However long the network takes, the receiver's time goes on by the length of a packet.
    pause: async (arrived) => {
      await arrived;
      clock += 20;
    },
  });
  expect(receiver.stats).toMatchObject({ lost: 0, malformed: 0, restarts: 0 });
  expect(frames.length).toBeGreaterThanOrEqual(FRAMES - 2);
  expect(frames.every(({ concealed }) => !concealed)).toBe(true);
  // Opus keeps the sound, not the waveform: .87 is what the codec alone leaves.
  expect(correlation(speech.subarray(0, FRAMES * 320), joined(frames))).toBeGreaterThan(0.8);
  expect(delays.toSorted((a, b) => a - b)[FRAMES >> 1]).toBeLessThan(20);
});

test("at 10 % loss, FEC is better than nothing, and RED makes it whole", async () => {
  const run = async (share: number, options: { red?: number; loss?: number } = {}): Promise<{ pcm: Int16Array; lost: number }> => {
    let seed = 7;
    let clock = 0;
    const drop = (bytes: Uint8Array): boolean => {
      if (bytes[1] === 200 || bytes[1] === 201) return false;
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31 < share;
    };
    await using rtc = openFakeRtc({ now: () => clock, drop });
    const pause = async (): Promise<void> => {
      await Promise.resolve();
      clock += 20;
    };
    const { frames, receiver } = await speak(rtc, rtc, { ...options, now: () => clock, pause });
    return { pcm: joined(frames), lost: receiver.stats.lost };
  };
  const likeness = async (options: { red?: number; loss?: number }): Promise<number> =>
    correlation((await run(0, options)).pcm, (await run(0.1, options)).pcm);
  expect((await run(0.1)).lost).toBeGreaterThan(10);
  expect((await run(0.1, { red: 2 })).lost).toBe(0);
  const bare = await likeness({});
  expect(bare).toBeLessThan(0.95);
  expect(await likeness({ loss: 0.1 })).toBeGreaterThan(bare);
  expect(await likeness({ red: 2 })).toBeGreaterThan(0.999);
});
