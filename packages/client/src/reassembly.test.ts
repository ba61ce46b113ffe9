import { encodeStreamMessage } from "@parley/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Reassembly } from "./reassembly.ts";

const long = { object: "user.transcription", text: "Grüße aus 東京 ".repeat(200) };

test("the engine's packets come together in any order, doubles ignored", () => {
  const packets = encodeStreamMessage("m1", long);
  expect(packets.length).toBeGreaterThan(3);
  fc.assert(
    fc.property(fc.shuffledSubarray(packets, { minLength: packets.length }), (order) => {
      const reassembly = new Reassembly();
      const results = order
        .flatMap((packet, index) => (index === 0 ? [packet, packet] : [packet]))
        .map((packet) => reassembly.push(packet, 0));
      expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
      expect(results.at(-1)).toEqual(long);
    }),
  );
});

test("a number of parts that is not known yet is learnt from a later part", () => {
  const [first = "", second = ""] = encodeStreamMessage("m1", { text: "x".repeat(1_000) });
  const reassembly = new Reassembly();
  expect(reassembly.push(first.replace("|1|2|", "|1|???|"), 0)).toBeUndefined();
  expect(reassembly.push(second, 0)).toEqual({ text: "x".repeat(1_000) });
});

test("text beyond ASCII arrives, escaped or as UTF-8", () => {
  const bytes = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));
  const plain = JSON.stringify({ text: "Grüße" });
  expect(new Reassembly().push(`m|1|1|${btoa(bytes(plain))}`, 0)).toEqual({ text: "Grüße" });
  expect(new Reassembly().push(bytes(plain), 0)).toEqual({ text: "Grüße" });
});

test("what is no packet is nothing", () => {
  const reassembly = new Reassembly();
  for (const packet of ["", "m|0|1|e30=", "m|2|1|e30=", "m|1|0|e30=", "m|1|999|e30=", "m|x|1|e30=", "m|1|1|***", "m|1|1|e30", "a|b"]) {
    expect([packet, reassembly.push(packet, 0)]).toEqual([packet, packet === "m|1|1|e30" ? {} : undefined]);
  }
});

test("parts whose rest does not come are forgotten after thirty seconds", () => {
  const [first = "", second = ""] = encodeStreamMessage("m1", { text: "x".repeat(1_000) });
  const reassembly = new Reassembly();
  reassembly.push(first, 0);
  expect(reassembly.push(second, 30_000)).toBeUndefined();
  expect(reassembly.push(first, 30_001)).toEqual({ text: "x".repeat(1_000) });
});

test("a sender that begins without end costs no more than its newest messages", () => {
  const reassembly = new Reassembly();
  for (let count = 0; count < 100; count++) reassembly.push(`m${count}|1|2|e3`, 0);
  expect(reassembly.push("m0|2|2|0=", 0)).toBeUndefined();
  expect(reassembly.push("m99|2|2|0=", 0)).toEqual({});
});
