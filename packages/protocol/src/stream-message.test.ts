import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiJson, encodeStreamMessage, packetFromBase64, packetToBase64, StreamMessageReader } from "./stream-message.ts";

const message = { object: "user.transcription", text: "¿Qué tal? 你好 👋", final: true };

test("a message survives its packets in any order, with doubles", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 4000 }), fc.infiniteStream(fc.nat()), (text, order) => {
      const packets = encodeStreamMessage("m1", { text });
      const shuffled = [...packets, ...packets.slice(1)]
        .map((packet) => ({ packet, key: order.next().value ?? 0 }))
        .sort((a, b) => a.key - b.key);
      const reader = new StreamMessageReader();
      const whole = shuffled.map(({ packet }) => reader.push(packet, 0)).filter((value) => value !== undefined);
      expect(whole.length).toBeGreaterThanOrEqual(1);
      expect(whole[0]).toEqual({ text });
    }),
  );
});

test("packets are shorter than 900 bytes, have three pipes and number from one", () => {
  const packets = encodeStreamMessage("id", { text: "x".repeat(5000) });
  expect(packets.length).toBeGreaterThan(5);
  packets.forEach((packet, index) => {
    expect(packet.length).toBeLessThan(900);
    expect(packet.split("|").slice(0, 3)).toEqual(["id", String(index + 1), String(packets.length)]);
    expect(packet.split("|").length).toBe(4);
  });
});

test("a client that reads the base64 as Latin-1 still sees every character", () => {
  const json = atob(encodeStreamMessage("a", message)[0]!.split("|")[3]!);
  expect(/^[\x20-\x7e]*$/.test(json)).toBe(true);
  expect(JSON.parse(json)).toEqual(message);
  expect(asciiJson("é")).toBe('"\\u00e9"');
});

test("a total that comes late is waited for", () => {
  const [first, second] = encodeStreamMessage("a", { text: "y".repeat(1000) });
  const reader = new StreamMessageReader();
  expect(reader.push(first!.replace("|2|", "|???|"), 0)).toBeUndefined();
  expect(reader.push(second!, 0)).toEqual({ text: "y".repeat(1000) });
});

test("what is no packet, or not JSON, yields nothing and harms nothing", () => {
  const reader = new StreamMessageReader();
  for (const packet of [
    "",
    "a|1|1",
    "a|0|1|e30=",
    "a|2|1|e30=",
    "a|1|999999|e30=",
    "a|1|1|%%%",
    "a|1|1|e30",
    '{"a":"|||"}',
    "x".repeat(2000),
  ]) {
    reader.push(packet, 0);
  }
  expect(reader.push(encodeStreamMessage("b", message)[0]!, 0)).toEqual(message);
  fc.assert(fc.property(fc.string({ maxLength: 1100 }), (packet) => void reader.push(packet, 0)));
});

test("parts are forgotten after thirty seconds, and the oldest when too many are open", () => {
  const [first, second] = encodeStreamMessage("late", { text: "z".repeat(1000) });
  const reader = new StreamMessageReader();
  reader.push(first!, 0);
  expect(reader.push(second!, 30_000)).toBeUndefined();
  const other = new StreamMessageReader();
  other.push(first!, 0);
  for (let id = 0; id < 32; id++) other.push(`${id}|1|2|AAAA`, 0);
  expect(other.push(second!, 0)).toBeUndefined();
});

test("an id with a pipe and a message too long are refused", () => {
  expect(() => encodeStreamMessage("a|b", {})).toThrow(/without a pipe/);
  expect(() => encodeStreamMessage("a", { text: "x".repeat(100_000) })).toThrow(/at most/);
});

test("base64 for the signalling message goes there and back", () => {
  expect(packetFromBase64(packetToBase64("a|1|1|e30="))).toBe("a|1|1|e30=");
  expect(packetFromBase64("%")).toBeUndefined();
});
