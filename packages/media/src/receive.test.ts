/** The receiver on virtual time, with a decoder that says what it was asked. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { PacketDecoder } from "./opus.ts";
import { Receiver } from "./receive.ts";
import type { ReceivedFrame } from "./receive.ts";
import { Redundancy } from "./red.ts";
import type { RtpPacket } from "./rtp.ts";

const OPUS = 111;
const RED = 63;
/** What the fake decoder plays where it made something up, or took it from FEC. */
const CONCEALED = -7;
const FEC = 10_000;

/** Packet n decodes to 20 ms (or what its third byte says) of the sample n, loud enough not to be silence. */
const decoder: PacketDecoder = {
  sampleRate: 16_000,
  decode(packet) {
    if (packet[0] === 0xff) throw new Error("no Opus");
    return new Int16Array((packet[2] ?? 20) * 16).fill(number(packet));
  },
  recover: (next, samples) => (number(next) % 2 === 0 ? new Int16Array(samples).fill(FEC + number(next)) : null),
  conceal: (samples) => new Int16Array(samples).fill(CONCEALED),
};

function number(packet: Uint8Array): number {
  return 1000 + (packet[0]! << 8) + packet[1]!;
}

function payload(index: number, ms = 20): Uint8Array {
  return Uint8Array.of(index >> 8, index & 0xff, ms);
}

function packet(index: number, overrides: Partial<RtpPacket> = {}): RtpPacket {
  return {
    payloadType: OPUS,
    marker: false,
    sequenceNumber: (65_530 + index) & 0xffff,
    timestamp: (0xffff_f000 + index * 960) >>> 0,
    ssrc: 1,
    extensions: [],
    payload: payload(index),
    ...overrides,
  };
}

function receiver(): Receiver {
  return new Receiver({ decoder, opus: OPUS, red: RED });
}

/** What each frame plays: the packet's number, "plc", "fec n" or "-" for silence; mixed frames by their first sample. */
function heard(frames: readonly ReceivedFrame[]): (number | string)[] {
  return frames.map(({ pcm }) => {
    const sample = pcm[0]!;
    if (sample === 0) return "-";
    if (sample === CONCEALED) return "plc";
    return sample >= FEC ? `fec ${sample - FEC - 1000}` : sample - 1000;
  });
}

function expectContinuous(frames: readonly ReceivedFrame[]): void {
  for (const [index, { at, pcm }] of frames.entries()) {
    expect(pcm).toHaveLength(320);
    if (index > 0) expect(at).toBe(frames[index - 1]!.at + 20);
  }
}

describe("in order", () => {
  test("each packet is heard at once, in time that has no holes, across the wrap of both counters", () => {
    const ears = receiver();
    const frames = Array.from({ length: 12 }, (_, index) => {
      const now = ears.packet(packet(index), 1000 + index * 20);
      expect(heard(now)).toEqual([index]);
      return now;
    }).flat();
    expectContinuous(frames);
    expect(frames[0]!.at).toBe(980);
    expect(frames.every(({ concealed }) => !concealed)).toBe(true);
  });

  test("packets of 10 and 60 ms come out as frames of 20 ms", () => {
    const ears = receiver();
    expect(heard(ears.packet(packet(0, { payload: payload(1, 10), timestamp: 0 }), 0))).toEqual([]);
    expect(heard(ears.packet(packet(1, { payload: payload(2, 10), timestamp: 480 }), 10))).toEqual([1]);
    const three = ears.packet(packet(2, { payload: payload(3, 60), timestamp: 960 }), 70);
    expect(heard(three)).toEqual([3, 3, 3]);
    expectContinuous(three);
  });
});

describe("a hole", () => {
  test("is filled by the packet that was overtaken", () => {
    const ears = receiver();
    ears.packet(packet(0), 0);
    expect(heard(ears.packet(packet(2), 40))).toEqual([]);
    expect(heard(ears.packet(packet(1), 45))).toEqual([1, 2]);
    expect(ears.stats).toMatchObject({ lost: 0, late: 0 });
  });

  test("waits 60 ms and no longer, then is filled from FEC and, where there is none, by concealment", () => {
    const ears = receiver();
    ears.packet(packet(0), 0);
    expect(ears.packet(packet(4), 80)).toEqual([]);
    expect(ears.deadline).toBe(140);
    expect(ears.time(139)).toEqual([]);
    const frames = ears.time(140);
    expect(heard(frames)).toEqual(["plc", "plc", "fec 4", 4]);
    expect(frames.map(({ concealed }) => concealed)).toEqual([true, true, false, false]);
    expectContinuous(frames);
    expect(ears.stats).toMatchObject({ lost: 3, recovered: 1 });
    // What was overtaken for too long comes too late.
    expect(ears.packet(packet(2), 145)).toEqual([]);
    expect(ears.stats.late).toBe(1);
    expect(heard(ears.packet(packet(5), 150))).toEqual([5]);
  });

  test("costs nothing when the next packet repeats what was lost (RED)", () => {
    const ears = receiver();
    const redundancy = new Redundancy();
    const red = (index: number): RtpPacket => {
      redundancy.push(packet(index).timestamp, payload(index));
      return packet(index, { payloadType: RED, payload: redundancy.pack(OPUS, 2) });
    };
    const all = Array.from({ length: 8 }, (_, index) => red(index));
    const frames = [0, 1, 4, 5, 7].flatMap((index) => ears.packet(all[index]!, index * 20));
    expect(heard(frames)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(ears.stats).toMatchObject({ lost: 0, redundant: 3, late: 0 });
  });

  test("in long concealment fades to silence after 100 ms", () => {
    const ears = receiver();
    ears.packet(packet(0), 0);
    ears.packet(packet(9), 180);
    expect(heard(ears.time(240))).toEqual(["plc", "plc", "plc", "plc", "plc", "-", "-", "-", 9]);
  });
});

describe("a sender that pauses", () => {
  test("is heard as silence at the pace of time, and again at once when it goes on (DTX)", () => {
    const ears = receiver();
    const frames = [...ears.packet(packet(0), 0)];
    for (let at = 5; at < 1000; at += 5) frames.push(...ears.time(at));
    expect(frames.length).toBe(1 + 39); // up to 200 ms behind the present
    // Its clock has gone on, its sequence numbers have not: nothing is missing, nothing is waited for.
    const again = ears.packet(packet(1, { timestamp: packet(50).timestamp }), 1000);
    expect(heard(again).at(-1)).toBe(1);
    expect(heard(again).slice(0, -1)).toEqual(Array.from({ length: 10 }, () => "-"));
    expectContinuous([...frames, ...again]);
    expect(again.at(-1)!.at).toBe(980);
    expect(ears.stats).toMatchObject({ lost: 0, late: 0, restarts: 0 });
  });

  test("and whose clock has stood still meanwhile is heard again within three packets, or at once with the marker", () => {
    const silent = (): Receiver => {
      const ears = receiver();
      ears.packet(packet(0), 0);
      ears.time(2000);
      return ears;
    };
    const plain = silent();
    const frames = [1, 2, 3, 4].flatMap((index) => plain.packet(packet(index), 1980 + index * 20));
    expect(heard(frames).filter((sound) => sound !== "-")).toEqual([3, 4]);
    const marked = silent();
    expect(heard(marked.packet(packet(1, { marker: true }), 2000)).at(-1)).toBe(1);
    expect(marked.stats.restarts).toBe(1);
  });

  test("loses nothing when its packets were held up for 200 ms, and only what is older when for longer", () => {
    const held = (ms: number): (number | string)[] => {
      const ears = receiver();
      const frames = [...ears.packet(packet(0), 0)];
      for (let at = 5; at < ms; at += 5) frames.push(...ears.time(at));
      for (let index = 1; index * 20 <= ms; index += 1) frames.push(...ears.packet(packet(index), ms));
      expectContinuous(frames);
      return heard(frames);
    };
    expect(held(200)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(held(300)).toEqual([0, "plc", "plc", "plc", "plc", 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });
});

describe("another stream", () => {
  test.each([
    ["another SSRC", { ssrc: 2, sequenceNumber: 77, timestamp: 12_345 }],
    ["a jump of the sequence number", { sequenceNumber: 30_000, timestamp: 99 }],
    ["a jump of the timestamp", { sequenceNumber: (65_530 + 3) & 0xffff, timestamp: 0x7000_0000 }],
  ])("%s begins anew, without a hole in time", (_name, numbers) => {
    const ears = receiver();
    const frames = [0, 1, 2].flatMap((index) => ears.packet(packet(index), index * 20));
    frames.push(...ears.packet(packet(9, numbers), 60));
    expect(heard(frames)).toEqual([0, 1, 2, 9]);
    expectContinuous(frames);
    expect(ears.stats.restarts).toBe(1);
  });
});

test("a payload that is no Opus is concealed, one of another type or without content is passed over", () => {
  const ears = receiver();
  ears.packet(packet(0), 0);
  const broken = ears.packet(packet(1, { payload: Uint8Array.of(0xff) }), 20);
  expect(heard(broken)).toEqual(["plc"]);
  expect(broken[0]!.concealed).toBe(true);
  expect(ears.packet(packet(2, { payloadType: 13 }), 40)).toEqual([]);
  expect(ears.packet(packet(2, { payload: new Uint8Array(0) }), 40)).toEqual([]);
  expect(heard(ears.packet(packet(2), 40))).toEqual([2]);
  expect(ears.stats).toMatchObject({ malformed: 2 });
});

test.each([-300, 300])("over an hour, a sender's clock that is wrong by %i ppm is kept within 80 ms of ours", (ppm) => {
  const ears = receiver();
  let frames = 0;
  let last = 0;
  let worst = 0;
  for (let index = 0; index < 180_000; index += 1) {
    const at = index * 20 * (1 - ppm / 1_000_000);
    // Every other second is quiet: that is where frames may go.
    const quiet = Math.floor(index / 50) % 2 === 0;
    const ms = quiet ? Uint8Array.of(0xfc, 0x18, 20) : payload(index & 0xff);
    for (const frame of ears.packet(packet(index, { payload: ms }), at)) {
      frames += 1;
      last = frame.at;
    }
    if (index > 500) worst = Math.max(worst, Math.abs(at - 20 - last));
  }
  expect(worst).toBeLessThan(80);
  expect(Math.abs(frames - 180_000 * (1 - ppm / 1_000_000))).toBeLessThan(5);
});

test("whatever comes, frames follow each other, stay near the present, and nothing grows", () => {
  const input = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("near" as const),
        index: fc.integer({ min: -3, max: 6 }),
        wait: fc.integer({ min: 0, max: 40 }),
        red: fc.boolean(),
        marker: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("wild" as const),
        sequenceNumber: fc.integer({ min: 0, max: 0xffff }),
        timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
        ssrc: fc.integer({ min: 1, max: 3 }),
        payload: fc.uint8Array({ maxLength: 6 }),
        payloadType: fc.constantFrom(OPUS, RED, 13),
        wait: fc.integer({ min: 0, max: 4000 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("time" as const), wait: fc.integer({ min: 0, max: 400 }) }) },
  );
  const short: PacketDecoder = {
    ...decoder,
    decode: (bytes) => decoder.decode(Uint8Array.of(bytes[0]!, bytes[1] ?? 0, Math.min(bytes[2] ?? 20, 120))),
  };
  fc.assert(
    fc.property(fc.array(input, { maxLength: 80 }), (inputs) => {
      const ears = new Receiver({ decoder: short, opus: OPUS, red: RED });
      const frames: ReceivedFrame[] = [];
      let at = 0;
      let index = 10;
      for (const step of inputs) {
        at += step.wait;
        if (step.kind === "time") frames.push(...ears.time(at));
        else if (step.kind === "wild") frames.push(...ears.packet(packet(0, step), at));
        else {
          index = Math.max(0, index + step.index);
          const bytes = step.red
            ? Uint8Array.of(0x80 | OPUS, 0x0f, 0x00, 0x03, OPUS, ...payload(index - 1), ...payload(index))
            : payload(index);
          frames.push(...ears.packet(packet(index, { payload: bytes, payloadType: step.red ? RED : OPUS, marker: step.marker }), at));
        }
        const last = frames.at(-1);
        if (last !== undefined) expect(last.at + 20).toBeLessThanOrEqual(at + 220);
        if (ears.deadline !== undefined && step.kind === "time") expect(ears.deadline).toBeGreaterThan(at);
      }
      expectContinuous(frames);
    }),
    { numRuns: 500 },
  );
});
