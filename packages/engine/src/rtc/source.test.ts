import fc from "fast-check";
import { expect, test } from "vitest";
import { Source, type VoicePacket } from "./source.ts";

const payload = Uint8Array.of(1);
const listenTo = (source: Source): VoicePacket[] => {
  const heard: VoicePacket[] = [];
  source.listen((packet) => heard.push(packet));
  return heard;
};
const take = (source: Source, sequenceNumber: number, { ssrc = 7, timestamp = sequenceNumber * 960, at = sequenceNumber * 20 } = {}) =>
  source.take({ ssrc, sequenceNumber: sequenceNumber & 0xffff }, { timestamp: timestamp >>> 0, payload, level: undefined }, at);

test("packets are numbered on across the wrap of 16 bits", () => {
  const source = new Source("1");
  const heard = listenTo(source);
  for (let number = 65_530; number < 65_545; number++) take(source, number);
  expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 15 }, (_, index) => index));
});

test("a packet that was overtaken keeps its place, and a double goes nowhere", () => {
  const source = new Source("1");
  const heard = listenTo(source);
  for (const number of [10, 12, 11, 11, 12, 13]) take(source, number);
  expect(heard.map(({ sequence }) => sequence)).toEqual([0, 2, 1, 3]);
});

test("a sender that begins anew goes on in number and in time", () => {
  const source = new Source("1");
  const heard = listenTo(source);
  take(source, 1, { timestamp: 1000, at: 0 });
  take(source, 2, { timestamp: 1960, at: 20 });
  take(source, 40_000, { ssrc: 8, timestamp: 4_000_000_000, at: 120 });
  take(source, 40_001, { ssrc: 8, timestamp: 4_000_000_960, at: 140 });
  expect(heard.map(({ sequence, timestamp }) => [sequence, timestamp])).toEqual([
    [0, 1000],
    [1, 1960],
    [2, 1960 + 4800],
    [3, 1960 + 4800 + 960],
  ]);
});

test("whoever stops listening hears nothing more", () => {
  const source = new Source("1");
  const heard: number[] = [];
  const stop = source.listen(({ sequence }) => heard.push(sequence));
  source.add({ timestamp: 0, payload, level: undefined }, 0);
  stop();
  source.add({ timestamp: 960, payload, level: undefined }, 20);
  expect(heard).toEqual([0]);
});

test("whatever numbers come, each is delivered at most once and little is kept", () => {
  const wire = fc.record({ ssrc: fc.constantFrom(1, 2), sequenceNumber: fc.nat(0xffff), timestamp: fc.nat(0xffff_ffff) });
  fc.assert(
    fc.property(fc.array(wire, { maxLength: 400 }), (packets) => {
      const source = new Source("1");
      const heard = listenTo(source);
      packets.forEach(({ ssrc, sequenceNumber, timestamp }, index) => take(source, sequenceNumber, { ssrc, timestamp, at: index * 20 }));
      const numbers = heard.map(({ sequence }) => sequence);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(heard.every(({ timestamp }) => timestamp >= 0 && timestamp <= 0xffff_ffff)).toBe(true);
    }),
  );
});
