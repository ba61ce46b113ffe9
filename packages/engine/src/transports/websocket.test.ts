import { readFileSync } from "node:fs";
import { decodeG711, encodeG711, readWav, resample } from "@parley/media";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRAME_MS, type Frame } from "../core/frame.ts";
import { Playout } from "../core/playout.ts";
import { VirtualClock } from "../session/virtual-clock.ts";
import type { AudioFormat } from "./audio-input.ts";
import type { TransportEvent } from "./transport.ts";
import { openWebSocketTransport, type WebSocketTransport, type WebSocketTransportOptions } from "./websocket.ts";

const pcm24: AudioFormat = { encoding: "audio/pcm", sampleRate: 24_000 };
const pcmu: AudioFormat = { encoding: "audio/pcmu", sampleRate: 8000 };
const recording = (name: string) => readWav(readFileSync(new URL(`../../../../recordings/${name}.wav`, import.meta.url)));

async function stage(options: Partial<WebSocketTransportOptions> = {}) {
  const clock = new VirtualClock();
  const sent: { base64: string; at: number; now: number }[] = [];
  let transport: WebSocketTransport | undefined;
  const open = openWebSocketTransport({
    uid: "user",
    input: pcm24,
    output: pcm24,
    volume: null,
    onAudio: (base64, at) => sent.push({ base64, at, now: clock.now() }),
    onOpened: (opened) => (transport = opened),
    ...options,
  });
  await open(clock, new AbortController().signal);
  const frames: Frame[] = [];
  const events: TransportEvent[] = [];
  void (async () => {
    for await (const frame of transport!.frames) frames.push(frame);
  })();
  void (async () => {
    for await (const event of transport!.events) events.push(event);
  })();
  return { clock, transport: transport!, sent, frames, events };
}

type Staged = Awaited<ReturnType<typeof stage>>;

/** Sends these bytes as they are made, in chunks of 20 ms. */
async function talk({ clock, transport }: Staged, bytes: Uint8Array, chunkBytes: number) {
  const problems = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    await clock.moveTo(clock.now() + 20);
    problems.push(...transport.hear(Buffer.from(bytes.subarray(offset, offset + chunkBytes)).toString("base64")));
  }
  return problems;
}

const samplesOf = (base64: string) => {
  const bytes = Buffer.from(base64, "base64");
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
};
const voice = (at: number, value = 1000, samples = 480) => ({ at, pcm: new Int16Array(samples).fill(value) });
const continuous = (frames: readonly Frame[]) => frames.every(({ at }, index) => index === 0 || at === frames[index - 1]!.at + FRAME_MS);

/** Decibels of `wanted` over what differs in `got`, at the shift where they fit best, up to 5 ms either way. */
function likeness(wanted: Int16Array, got: Int16Array): number {
  let best = -Infinity;
  for (let shift = -80; shift <= 80; shift += 1) {
    let energy = 0;
    let error = 0;
    for (let index = 2000; index < wanted.length - 2000; index += 7) {
      energy += wanted[index]! ** 2;
      error += (wanted[index]! - (got[index + shift] ?? 0)) ** 2;
    }
    best = Math.max(best, 10 * Math.log10(energy / error));
  }
  return best;
}

test("the person is there and ready from the first", async () => {
  const { clock, events, transport } = await stage();
  await clock.moveTo(20);
  expect(events).toEqual([
    { type: "user-joined", at: 0, uid: "user" },
    { type: "user-ready", at: 0, uid: "user" },
  ]);
  expect(transport.caps).toEqual({ sampleRate: 24_000, leadMs: 300, perUserAudio: true, playoutReports: false, messages: false });
});

describe("in", () => {
  test.each([
    ["audio/pcm at 24 kHz", pcm24, 20],
    ["audio/pcmu", pcmu, 25],
  ] as const)("speech as %s is heard whole, in session time", async (_, input, decibels) => {
    const speech = recording("jfk").pcm.subarray(0, 16_000 * 5);
    const staged = await stage({ input });
    const resampled = resample(speech, 16_000, input.sampleRate);
    const bytes =
      input === pcmu ? encodeG711(resampled, "µ-law") : new Uint8Array(resampled.buffer, resampled.byteOffset, resampled.byteLength);
    await staged.clock.moveTo(1000);
    const problems = await talk(staged, bytes, (bytes.length / 5000) * 20);
    await staged.clock.moveTo(7000);
    expect(problems).toEqual([]);
    expect(continuous(staged.frames)).toBe(true);
    expect(staged.frames[0]).toMatchObject({ at: 0, uid: "user", concealed: true });
    expect(staged.frames.at(-1)!.at).toBe(6980);
    const heard = staged.frames.filter(({ concealed }) => !concealed);
    // The first chunk was there at 1020 and waited 40 ms; its sound is told as that of the frame before.
    expect(heard[0]!.at).toBe(1040);
    const pcm = Int16Array.from(heard.flatMap((frame) => [...frame.pcm]));
    const wanted = input === pcmu ? resample(resample(speech, 16_000, 8000), 8000, 16_000) : speech;
    expect(likeness(wanted, pcm)).toBeGreaterThan(decibels);
    expect(Math.round(staged.transport.heardMs)).toBe(5000);
  });

  test("time goes on in silence when nothing comes, also over a stall of the process", async () => {
    const { clock, frames } = await stage();
    await clock.moveTo(2000);
    expect(frames).toHaveLength(100);
    expect(continuous(frames)).toBe(true);
    expect(frames.every(({ concealed, pcm }) => concealed && pcm.every((sample) => sample === 0))).toBe(true);
  });

  test("a flood is dropped, told once a second, and what is kept of it is bounded", async () => {
    const staged = await stage();
    // No pause in what is taken of it is as long as one that may be shortened.
    const second = (level: (index: number) => number) =>
      Buffer.from(Int16Array.from({ length: 24_000 }, (_, index) => level(index)).buffer).toString("base64");
    const loud = second((index) => (index % 2880 < 1440 ? 9000 : 500));
    const soft = second(() => 500);
    const problems: unknown[] = [];
    for (let index = 0; index < 1500; index += 1) {
      await staged.clock.moveTo(index * 20);
      for (let each = 0; each < 5; each += 1) problems.push(...staged.transport.hear(index % 6 < 3 ? loud : soft));
    }
    expect(problems.length).toBeGreaterThan(20);
    expect(problems.length).toBeLessThan(35);
    // 30 s have been heard, and 12 s wait: the rest was dropped.
    expect(staged.transport.heardMs).toBeLessThan(42_100);
    expect(staged.frames).toHaveLength(1499);
    expect(continuous(staged.frames)).toBe(true);
  });

  test("chunks that are no audio are told, and those of a stranger's format named", async () => {
    const { transport } = await stage();
    expect(transport.hear("%%%")).toMatchObject([{ code: "invalid-audio" }]);
    expect(transport.hear(Buffer.from("OggS\0\x02..........").toString("base64"))).toMatchObject([
      { code: "invalid-audio", message: expect.stringContaining("Ogg") },
    ]);
  });

  test("the format may change while people speak", async () => {
    const staged = await stage();
    await talk(staged, new Uint8Array(48_000).fill(7), 960);
    staged.transport.changeInput(pcmu);
    await talk(staged, new Uint8Array(8000).fill(0x20), 160);
    await staged.clock.moveTo(3000);
    const heard = staged.frames.filter(({ concealed }) => !concealed);
    expect(heard).toHaveLength(100);
    expect(continuous(heard)).toBe(true);
  });
});

describe("out", () => {
  test("a frame goes out at once: 960 bytes of PCM, little-endian", async () => {
    const { clock, transport, sent } = await stage();
    await clock.moveTo(500);
    for (let at = 500; at < 800; at += FRAME_MS) transport.write(voice(at, -2));
    expect(sent).toHaveLength(15);
    expect(sent.every(({ now }) => now === 500)).toBe(true);
    expect(sent.map(({ at }) => at)).toEqual(Array.from({ length: 15 }, (_, index) => 500 + index * 20));
    expect(Buffer.from(sent[0]!.base64, "base64")).toEqual(Buffer.alloc(960, Buffer.from([0xfe, 0xff])));
  });

  test.each([
    ["audio/pcmu", "µ-law"],
    ["audio/pcma", "A-law"],
  ] as const)("%s: 160 bytes of it", async (encoding, law) => {
    const { transport, sent } = await stage({ output: { encoding, sampleRate: 8000 } });
    expect(transport.caps.sampleRate).toBe(8000);
    transport.write(voice(0, 5000, 160));
    const bytes = Buffer.from(sent[0]!.base64, "base64");
    expect(bytes).toHaveLength(160);
    expect(Math.abs(decodeG711(bytes, law)[80]! - 5000)).toBeLessThan(130);
  });

  test("the volume is a percentage, changes within one frame, and never clips", async () => {
    const { transport, sent } = await stage({ volume: 50 });
    transport.write(voice(0, 8000));
    transport.changeVolume(0);
    transport.write(voice(20, 8000));
    transport.write(voice(40, 8000));
    transport.changeVolume(null);
    transport.write(voice(60, 32_767));
    transport.write(voice(80, -32_768));
    const frames = sent.map(({ base64 }) => samplesOf(base64));
    expect(new Set(frames[0])).toEqual(new Set([4000]));
    expect(frames[1]!.every((sample, index) => sample <= (frames[1]![index - 1] ?? 4000))).toBe(true);
    expect(Math.max(...frames[2]!)).toBe(0);
    expect(Math.max(...frames[3]!)).toBeLessThanOrEqual(32_767);
    expect(new Set(frames[4])).toEqual(new Set([-32_768]));
  });

  test("what was heard is what the clock allows, and never more than was sent", async () => {
    const { clock, transport } = await stage();
    expect(transport.played()).toMatchObject({ until: -20, source: "estimate" });
    await clock.moveTo(1000);
    for (let at = 1000; at < 1300; at += FRAME_MS) transport.write(voice(at));
    await clock.moveTo(1100);
    expect(transport.played().until).toBe(1080);
    await clock.moveTo(5000);
    expect(transport.played().until).toBe(1300);
    const ping = transport.pinged();
    await clock.moveTo(5080);
    transport.ponged(ping);
    for (let at = 5080; at < 5380; at += FRAME_MS) transport.write(voice(at));
    await clock.moveTo(5200);
    // Half of 80 ms later.
    expect(transport.played().until).toBe(5140);
  });

  test("a flush is answered at once; what was sent ahead counts neither as heard nor as delivered", async () => {
    const { clock, transport } = await stage();
    await clock.moveTo(1000);
    for (let at = 1000; at < 1300; at += FRAME_MS) transport.write(voice(at));
    transport.delivered(1200);
    await clock.moveTo(1100);
    expect(await transport.flush()).toMatchObject({ until: 1080 });
    await clock.moveTo(1400);
    expect(transport.played().until).toBe(1100);
    transport.delivered(1280);
    expect(transport.deliveredUntil).toBe(1100);
    // The next reply's frames have times that the last one's had, too.
    transport.write(voice(1120));
    transport.delivered(1120);
    expect(transport.deliveredUntil).toBe(1140);
  });
});

describe("a socket that breaks", () => {
  test("silence while nobody is there, and the reply goes on at what was delivered", async () => {
    const { clock, transport, sent, frames, events } = await stage();
    await clock.moveTo(1000);
    for (let at = 1000; at < 1300; at += FRAME_MS) transport.write(voice(at));
    for (let at = 1000; at < 1200; at += FRAME_MS) transport.delivered(at);
    await clock.moveTo(1050);
    transport.detach();
    transport.detach();
    transport.write(voice(1300));
    expect(transport.hear("AAAA")).toEqual([]);
    await clock.moveTo(6000);
    expect(transport.played().until).toBe(1200);
    transport.attach();
    transport.attach();
    transport.write(voice(6000));
    await clock.moveTo(6100);
    expect(sent).toHaveLength(16);
    expect(events.slice(2)).toEqual([
      { type: "detached", at: 1050 },
      { type: "attached", at: 6000, until: 1200 },
    ]);
    expect(continuous(frames)).toBe(true);
    expect(frames.at(-1)!.at).toBe(6080);
  });

  test("what was said before the break is heard to its end", async () => {
    const staged = await stage();
    await talk(staged, new Uint8Array(960 * 10).fill(9), 960);
    staged.transport.detach();
    await staged.clock.moveTo(1000);
    expect(staged.frames.filter(({ concealed }) => !concealed)).toHaveLength(10);
  });

  test("a close while pings are answered: all that the kernel took has arrived", async () => {
    const { clock, transport } = await stage();
    transport.ponged(transport.pinged());
    await clock.moveTo(10_000);
    transport.write(voice(10_000));
    transport.delivered(10_000);
    // The last ping is on its way, as it may be.
    transport.pinged();
    await clock.moveTo(12_000);
    expect(transport.deliveredUntil).toBe(10_020);
  });

  test("pongs had stopped: only what was written before the last answered ping has arrived", async () => {
    const { clock, transport, events } = await stage();
    const say = (at: number) => {
      transport.write(voice(at));
      transport.delivered(at);
    };
    await clock.moveTo(1000);
    say(1000);
    const answered = transport.pinged();
    say(1020);
    await clock.moveTo(1040);
    transport.ponged(answered);
    say(1040);
    transport.pinged();
    await clock.moveTo(3000);
    say(3000);
    await clock.moveTo(5000);
    transport.detach();
    transport.attach();
    await clock.moveTo(5020);
    expect(events.at(-1)).toEqual({ type: "attached", at: 5000, until: 1020 });
    // On the new socket its own pings count.
    say(5020);
    await clock.moveTo(60_000);
    expect(transport.deliveredUntil).toBe(5040);
  });

  test("no sample is lost or doubled, whenever it breaks and however long", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ talkMs: fc.integer({ min: 1, max: 1500 }), awayMs: fc.integer({ min: 1, max: 3000 }), unwritten: fc.nat(20) }),
          { maxLength: 5 },
        ),
        async (breaks) => {
          const { clock, transport, sent, events } = await stage();
          const playout = new Playout(24_000, { rewindable: true });
          const samples = Int16Array.from({ length: 24_000 * 4 }, (_, index) => 1 + (index % 32_000));
          playout.push(samples);
          playout.end();
          let attached = true;
          let nextAt: number | undefined;
          // As a session writes: up to the lead early, nothing while detached.
          const stop = clock.everyFrame((due) => {
            if (!attached) return;
            let at = Math.max(nextAt ?? due, due);
            for (; at <= due + transport.caps.leadMs; at += FRAME_MS) {
              const taken = playout.take(at);
              if (taken.samples === 0) break;
              transport.write({ at, pcm: taken.pcm });
              if (taken.finished) break;
            }
            nextAt = at;
          });
          const received: number[] = [];
          let taken = 0;
          const deliver = (count: number) => {
            for (; taken < count; taken += 1) {
              received.push(...samplesOf(sent[taken]!.base64));
              transport.delivered(sent[taken]!.at);
            }
          };
          for (const { talkMs, awayMs, unwritten } of breaks) {
            await clock.moveTo(clock.now() + talkMs);
            // The socket has not taken the last few.
            deliver(Math.max(taken, sent.length - unwritten));
            transport.detach();
            attached = false;
            taken = sent.length;
            await clock.moveTo(clock.now() + awayMs);
            transport.attach();
            await clock.moveTo(clock.now());
            const event = events.at(-1)!;
            if (event.type !== "attached") throw new Error(event.type);
            playout.rewind(event.until);
            nextAt = undefined;
            attached = true;
          }
          await clock.moveTo(clock.now() + 6000);
          stop();
          deliver(sent.length);
          expect(received).toEqual([...samples]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("a client that is gone for good is said to be, and closing twice is harmless", async () => {
    const { clock, transport, events, frames } = await stage();
    transport.close("nobody came back");
    await clock.moveTo(100);
    await transport[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
    const count = frames.length;
    transport.write(voice(0));
    transport.detach();
    expect(transport.hear("AAAA")).toEqual([]);
    await clock.moveTo(200);
    expect(frames).toHaveLength(count);
    expect(events.at(-1)).toEqual({ type: "closed", at: 0, reason: "nobody came back" });
  });
});

test("an aborted session is not opened, and aborting closes it", async () => {
  const abort = new AbortController();
  const options = { uid: "user", input: pcm24, output: pcm24, volume: null, onAudio: () => {}, onOpened: () => {} };
  const transport = await openWebSocketTransport(options)(new VirtualClock(), abort.signal);
  abort.abort();
  for await (const _ of transport.frames) expect.unreachable();
  expect(() => openWebSocketTransport(options)(new VirtualClock(), abort.signal)).toThrow("aborted");
});
