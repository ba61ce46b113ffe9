/** The codec itself: what goes in comes out, and losses are mended. */
import { describe, expect, test } from "vitest";

import { hasFec, openOpusDecoder, openOpusEncoder } from "./opus.ts";

/** A voice-like sound at 24 kHz: a gliding buzz under a syllable's envelope, with a little noise from a fixed seed. */
function voice(frames: number): Int16Array[] {
  let seed = 1;
  let phase = 0;
  return Array.from({ length: frames }, (_, frame) =>
    Int16Array.from({ length: 480 }, (_unused, index) => {
      const t = (frame * 480 + index) / 24_000;
      phase += (2 * Math.PI * (120 + 30 * Math.sin(2 * Math.PI * 1.3 * t))) / 24_000;
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const buzz = [1, 2, 3, 5, 8].reduce((sum, harmonic) => sum + Math.sin(harmonic * phase) / harmonic, 0);
      return (0.5 + 0.5 * Math.sin(2 * Math.PI * 4 * t)) * 5000 * (buzz + 0.1 * (seed / 2 ** 30 - 1));
    }),
  );
}

/** Energy of the difference over energy, in dB; below zero: more alike than not. */
function errorDb(wanted: Int16Array, got: Int16Array): number {
  let error = 0;
  let energy = 1;
  for (const [index, sample] of wanted.entries()) {
    error += (sample - (got[index] ?? 0)) ** 2;
    energy += sample ** 2;
  }
  return 10 * Math.log10(error / energy);
}

describe("Opus", () => {
  test("24 kHz go in and 16 kHz come out, 20 ms at a time, at 32 kbit/s or less", async () => {
    using encoder = await openOpusEncoder();
    using decoder = await openOpusDecoder();
    const packets = voice(100).map((pcm) => encoder.encode(pcm));
    expect(packets.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100 * 80 * 1.1);
    const frames = packets.map((packet) => decoder.decode(packet));
    expect(frames.every(({ length }) => length === 320)).toBe(true);
    expect(Math.max(...frames.flatMap((frame) => [...frame]))).toBeGreaterThan(4000);
    expect(() => encoder.encode(new Int16Array(320))).toThrow("480 samples");
    expect(() => decoder.decode(Uint8Array.of(0xff, 0xff, 0xff))).toThrow();
  });

  test("silence costs next to nothing, but is sent: a sender that stops makes browsers stretch the last sound", async () => {
    using encoder = await openOpusEncoder();
    const packets = Array.from({ length: 50 }, () => encoder.encode(new Int16Array(480)));
    expect(packets.every(({ length }) => length >= 1 && length < 40)).toBe(true);
  });

  test("packets carry a copy of the one before once loss is reported, and it is better than concealment", async () => {
    const sound = voice(150);
    using encoder = await openOpusEncoder();
    const plain = sound.map((pcm) => encoder.encode(pcm));
    expect(plain.filter(hasFec)).toEqual([]);
    encoder.setLoss(0.2);
    const packets = sound.map((pcm) => encoder.encode(pcm));
    expect(packets.filter(hasFec).length).toBeGreaterThan(100);

    using whole = await openOpusDecoder();
    using mended = await openOpusDecoder();
    using concealed = await openOpusDecoder();
    const errors = { fec: 0, plc: 0 };
    let losses = 0;
    for (const [index, packet] of packets.entries()) {
      const wanted = whole.decode(packet);
      const next = packets[index + 1];
      if (index % 10 === 9 && next !== undefined && hasFec(next)) {
        losses += 1;
        errors.fec += errorDb(wanted, mended.recover(next, 320)!);
        errors.plc += errorDb(wanted, concealed.conceal(320));
      } else {
        mended.decode(packet);
        concealed.decode(packet);
      }
    }
    expect(losses).toBeGreaterThan(5);
    expect(errors.fec / losses).toBeLessThan(errors.plc / losses - 3);
    encoder.setLoss(0);
    expect(
      sound
        .map((pcm) => encoder.encode(pcm))
        .slice(1)
        .filter(hasFec),
    ).toEqual([]);
  });
});
