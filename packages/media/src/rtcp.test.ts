import fc from "fast-check";
import { expect, test } from "vitest";

import { Reception } from "./reception.ts";
import { compactNtp, ntpTime, readRtcp, writeRtcp } from "./rtcp.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const block = fc.record({
  ssrc: uint32,
  fractionLost: fc.integer({ min: 0, max: 255 }).map((share) => share / 256),
  lost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
  highestSequence: uint32,
  jitter: uint32,
  lastSenderReport: uint32,
  delaySinceLastSenderReport: uint32,
});
const report = fc.record({
  ssrc: uint32,
  sender: fc.option(fc.record({ ntp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), rtpTimestamp: uint32, packets: uint32, bytes: uint32 })),
  blocks: fc.array(block, { maxLength: 31 }),
});

test("RTCP reads back what was written, and skips the CNAME", () => {
  fc.assert(
    fc.property(report, fc.string({ maxLength: 300 }), (written, cname) => {
      const bytes = writeRtcp(written, cname);
      expect(bytes.length % 4).toBe(0);
      expect(readRtcp(bytes)).toEqual([written]);
      expect(readRtcp(Buffer.concat([bytes, bytes]))).toHaveLength(2);
    }),
  );
});

test("RTCP reads any bytes without an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readRtcp(bytes)),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(report, fc.nat(), fc.integer({ min: 0, max: 255 }), (valid, index, value) => {
      const bytes = writeRtcp(valid, "name");
      bytes[index % bytes.length] = value;
      readRtcp(bytes);
    }),
    { numRuns: 2000 },
  );
});

test("the CNAME stands where RFC 3550 wants it", () => {
  const bytes = writeRtcp({ ssrc: 7, sender: null, blocks: [] }, "anna");
  expect(bytes.toString("hex")).toBe("80c9000100000007" + "81ca0003" + "00000007" + "0104" + Buffer.from("anna").toString("hex") + "0000");
});

test("NTP time counts from 1900 and keeps the fraction", () => {
  expect(ntpTime(0)).toBe(2_208_988_800n << 32n);
  expect(compactNtp(ntpTime(500)) & 0xffff).toBe(0x8000);
});

test("a receiver's report says what was lost since the last one, and since the beginning", () => {
  const reception = new Reception(42);
  expect(reception.report(0)).toBeNull();
  for (let index = 0; index < 100; index += 1) {
    if (index % 10 !== 3) reception.packet((65_500 + index) & 0xffff, index * 960, index * 20);
  }
  reception.senderReport({ ntp: 0x1234_5678_9abc_def0n, rtpTimestamp: 0, packets: 0, bytes: 0 }, 1500);
  expect(reception.report(2000)).toEqual({
    ssrc: 42,
    fractionLost: 0.1,
    lost: 10,
    highestSequence: 0x1_0000 + ((65_500 + 99) & 0xffff),
    jitter: 0,
    lastSenderReport: 0x5678_9abc,
    delaySinceLastSenderReport: 32_768,
  });
  reception.packet((65_500 + 100) & 0xffff, 100 * 960, 2000);
  expect(reception.report(3000)).toMatchObject({ fractionLost: 0, lost: 10 });
});

test("jitter follows RFC 3550: late by turns 0 and 8 ms comes to rest near 8", () => {
  const reception = new Reception(1);
  for (let index = 0; index < 200; index += 1) reception.packet(index, index * 960, index * 20 + (index % 2) * 8);
  expect(reception.jitterMs).toBeCloseTo(8, 1);
});

test("a source that begins again is counted anew, and no order of packets yields nonsense", () => {
  const reception = new Reception(1);
  reception.packet(10, 0, 0);
  reception.packet(40_000, 0, 20);
  reception.packet(40_001, 960, 40);
  expect(reception.report(100)).toMatchObject({ lost: 0, fractionLost: 0, highestSequence: 40_001 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1 }), (numbers) => {
      const any = new Reception(1);
      for (const [index, number] of numbers.entries()) any.packet(number, (index * 960) >>> 0, index * 20);
      const last = any.report(1000)!;
      expect(last.fractionLost).toBeGreaterThanOrEqual(0);
      expect(last.fractionLost).toBeLessThan(1);
      expect(last.highestSequence).toBeGreaterThanOrEqual(0);
    }),
  );
});
