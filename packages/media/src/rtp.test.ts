import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { audioLevel, audioLevelExtension, isRtcp, readAudioLevel, readRtp, sequenceDelta, timestampDelta, writeRtp } from "./rtp.ts";

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const bytes = (maxLength: number, minLength = 0): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });

const packets = fc.record({
  payloadType: uint(7),
  marker: fc.boolean(),
  sequenceNumber: uint(16),
  timestamp: uint(32),
  ssrc: uint(32),
  extensions: fc.array(fc.record({ id: fc.integer({ min: 1, max: 255 }), data: bytes(255) }), { maxLength: 4 }),
  payload: bytes(64),
});

function padded(packet: Buffer, count: number): Buffer {
  const padding = Buffer.alloc(count);
  padding[count - 1] = count;
  const result = Buffer.concat([packet, padding]);
  result[0]! |= 0x20;
  return result;
}

describe("RTP", () => {
  test("reads back what was written, also behind padding and contributing sources", () => {
    fc.assert(
      fc.property(packets, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 3 }), (packet, padding, sources) => {
        let written = writeRtp(packet);
        if (padding > 0) written = padded(written, padding);
        written = Buffer.concat([written.subarray(0, 12), Buffer.alloc(sources * 4), written.subarray(12)]);
        written[0]! |= sources;
        const read = readRtp(written);
        expect(read).toEqual({ ...packet, payload: expect.anything(), extensions: expect.anything() });
        expect([...read!.payload]).toEqual([...packet.payload]);
        expect(read!.extensions.map(({ id, data }) => [id, ...data])).toEqual(packet.extensions.map(({ id, data }) => [id, ...data]));
      }),
    );
  });

  test("reads any bytes without an exception", () => {
    fc.assert(
      fc.property(bytes(80), (input) => void readRtp(input)),
      { numRuns: 2000 },
    );
    const valid = writeRtp({
      payloadType: 111,
      marker: true,
      sequenceNumber: 1,
      timestamp: 2,
      ssrc: 3,
      extensions: [audioLevelExtension(1, 30, true)],
      payload: Buffer.alloc(20, 7),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: valid.length - 1 }), uint(8), uint(6), (index, value, cut) => {
        const changed = Buffer.from(valid.subarray(0, valid.length - Math.min(cut, valid.length)));
        if (index < changed.length) changed[index] = value;
        const read = readRtp(changed);
        if (read !== null) expect(read.payload.length).toBeLessThanOrEqual(changed.length - 12);
      }),
      { numRuns: 2000 },
    );
  });

  test("refuses another version, and lengths beyond the end", () => {
    const packet = writeRtp({
      payloadType: 111,
      marker: false,
      sequenceNumber: 1,
      timestamp: 2,
      ssrc: 3,
      extensions: [],
      payload: Buffer.alloc(4),
    });
    expect(readRtp(packet.subarray(0, 11))).toBeNull();
    expect(readRtp(Buffer.concat([Buffer.of(0x40), packet.subarray(1)]))).toBeNull();
    expect(readRtp(Buffer.concat([Buffer.of(0x8f), packet.subarray(1)]))).toBeNull();
    expect(readRtp(Buffer.concat([Buffer.of(0x90), packet.subarray(1, 12), Buffer.of(0xbe, 0xde, 0x00, 0x09)]))).toBeNull();
    expect(readRtp(Buffer.concat([Buffer.of(0xa0), packet.subarray(1, 15), Buffer.of(200)]))).toBeNull();
  });

  test("counts across the wrap, and undoes itself", () => {
    expect(sequenceDelta(65_535, 0)).toBe(1);
    expect(sequenceDelta(0, 65_535)).toBe(-1);
    expect(timestampDelta(0xffff_fff0, 0x10)).toBe(32);
    fc.assert(
      fc.property(uint(16), fc.integer({ min: -32_768, max: 32_767 }), (from, by) => sequenceDelta(from, (from + by) & 0xffff) === by),
    );
    fc.assert(
      fc.property(
        uint(32),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        (from, by) => timestampDelta(from, (from + by) >>> 0) === by,
      ),
    );
  });

  test("tells RTCP from RTP with the marker set", () => {
    expect(isRtcp(Buffer.of(0x80, 200))).toBe(true);
    expect(isRtcp(Buffer.of(0x80, 0x80 | 63))).toBe(false);
    expect(isRtcp(Buffer.of(0x80, 0x80 | 111))).toBe(false);
  });

  test("carries the audio level: 0 for full scale, 127 for silence", () => {
    expect(audioLevel(new Int16Array(320))).toBe(127);
    expect(audioLevel(new Int16Array(320).fill(32_767))).toBe(0);
    expect(audioLevel(new Int16Array(320).fill(3277))).toBe(20);
    const packet = {
      payloadType: 111,
      marker: false,
      sequenceNumber: 1,
      timestamp: 2,
      ssrc: 3,
      extensions: [audioLevelExtension(5, 42, true)],
      payload: Buffer.alloc(1),
    };
    expect(readAudioLevel(readRtp(writeRtp(packet))!, 5)).toEqual({ level: 42, voice: true });
    expect(readAudioLevel(packet, 4)).toBeNull();
  });
});
