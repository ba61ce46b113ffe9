import { readRed, readRtp, sequenceDelta, timestampDelta, type RtpPacket } from "@parley/media";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Forward } from "./forward.ts";
import { Source } from "./source.ts";

const plain = { mid: "1", direction: "sendonly", opus: 109, red: null, audioLevelId: null } as const;
const chromium = { mid: "1", direction: "sendonly", opus: 111, red: 63, audioLevelId: 1 } as const;
const start = { sequence: 65_535, timestamp: 0xffff_fff0 };

/** Hands a source's packets to a forward and keeps what it would send. */
function connect(source: Source, forward: Forward, codecs: typeof plain | typeof chromium = plain): RtpPacket[] {
  const sent: RtpPacket[] = [];
  source.listen((packet, at) => {
    const bytes = forward.packet(source, packet, codecs, at);
    const read = bytes === undefined ? null : readRtp(bytes);
    if (read !== null) sent.push(read);
  });
  return sent;
}

const speak = (source: Source, count: number, from = 0) => {
  for (let index = from; index < from + count; index++) {
    source.add({ timestamp: index * 960, payload: Uint8Array.of(index), level: { level: 30, voice: true } }, index * 20);
  }
};

test("a copy has the subscriber's ssrc and payload type, and numbers and times that go on and wrap", () => {
  const source = new Source("77");
  const sent = connect(source, new Forward(5, start));
  speak(source, 3);
  expect(sent.map(({ ssrc, payloadType, sequenceNumber }) => [ssrc, payloadType, sequenceNumber])).toEqual([
    [5, 109, 0],
    [5, 109, 1],
    [5, 109, 2],
  ]);
  expect(sent.map(({ timestamp }) => timestampDelta(start.timestamp, timestamp))).toEqual([0, 960, 1920]);
  expect(sent.map(({ payload }) => [...payload])).toEqual([[0], [1], [2]]);
});

test("the loudness goes along where the subscriber knows the extension", () => {
  const source = new Source("77");
  const sent = connect(source, new Forward(5, start), chromium);
  speak(source, 1);
  expect(sent[0]?.extensions).toEqual([{ id: 1, data: Buffer.from([0x80 | 30]) }]);
});

test("a line that is given to another voice goes on as one stream", () => {
  const forward = new Forward(5, start);
  const ada = new Source("1");
  const bob = new Source("2");
  const sent = connect(ada, forward);
  speak(ada, 2);
  const later = connect(bob, forward);
  bob.add({ timestamp: 3_000_000_000, payload: Uint8Array.of(9), level: undefined }, 120);
  expect(later[0]?.sequenceNumber).toBe(2);
  expect(timestampDelta(sent[1]!.timestamp, later[0]!.timestamp)).toBe(100 * 48);
});

test("a played timestamp finds its way back to the voice", () => {
  const source = new Source("77");
  const forward = new Forward(5, start);
  const sent = connect(source, forward);
  speak(source, 5);
  expect(sent.map(({ timestamp }) => forward.sourceTimestamp(timestamp))).toEqual([0, 960, 1920, 2880, 3840]);
});

test("a subscriber that loses packets gets each one again, twice when it loses many, and not for ever", () => {
  const source = new Source("77");
  const forward = new Forward(5, start);
  const sent = connect(source, forward, chromium);
  speak(source, 3);
  forward.redundancy.report(0.03);
  speak(source, 1, 3);
  forward.redundancy.report(0.2);
  speak(source, 1, 4);
  for (let report = 0; report < 5; report++) forward.redundancy.report(0);
  speak(source, 1, 5);
  expect(sent.map(({ payloadType }) => payloadType)).toEqual([111, 111, 111, 63, 63, 111]);
  const blocks = (index: number) =>
    readRed(sent[index]!.payload)?.map(({ payload, timestampOffset, payloadType }) => [...payload, timestampOffset, payloadType]);
  expect(blocks(3)).toEqual([
    [2, 960, 111],
    [3, 0, 111],
  ]);
  expect(blocks(4)).toEqual([
    [2, 1920, 111],
    [3, 960, 111],
    [4, 0, 111],
  ]);
});

test("a subscriber without RED gets plain packets, whatever it loses", () => {
  const source = new Source("77");
  const forward = new Forward(5, start);
  const sent = connect(source, forward, plain);
  forward.redundancy.report(0.5);
  speak(source, 3);
  expect(sent.every(({ payloadType }) => payloadType === 109)).toBe(true);
});

test("whatever is lost or overtaken on the way in, the differences come out as they went in", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(
        Array.from({ length: 20 }, (_, index) => index),
        { minLength: 2 },
      ),
      (order) => {
        const source = new Source("1");
        const sent = connect(source, new Forward(5, start));
        for (const number of order)
          source.take(
            { ssrc: 1, sequenceNumber: 1000 + number },
            { timestamp: number * 960, payload: Uint8Array.of(number), level: undefined },
            number * 20,
          );
        for (const packet of sent) {
          const steps = (packet.payload[0] ?? 0) - (sent[0]?.payload[0] ?? 0);
          expect(sequenceDelta(sent[0]!.sequenceNumber, packet.sequenceNumber)).toBe(steps);
          expect(timestampDelta(sent[0]!.timestamp, packet.timestamp)).toBe(steps * 960);
        }
      },
    ),
  );
});
