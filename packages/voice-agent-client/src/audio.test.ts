import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { bytesOf, samplesOf } from "./pcm.ts";

/** Runs `body` as on a platform without Node's Buffer: with the newest methods, or with what every browser has. */
function asBrowser<Result>(body: () => Result): Result {
  const saved = globalThis.Buffer;
  Reflect.deleteProperty(globalThis, "Buffer");
  try {
    return body();
  } finally {
    globalThis.Buffer = saved;
  }
}

test("Base64 is the same on every platform, there and back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(3), (bytes, from) => {
      const part = bytes.subarray(from);
      const expected = Buffer.from(part).toString("base64");
      expect(encodeBase64(part)).toBe(expected);
      expect(asBrowser(() => encodeBase64(part))).toBe(expected);
      expect(decodeBase64(expected)).toEqual(Uint8Array.from(part));
      expect(asBrowser(() => decodeBase64(expected))).toEqual(Uint8Array.from(part));
    }),
    { numRuns: 50 },
  );
});

test("samples survive the way through bytes, wherever they lie in memory", () => {
  fc.assert(
    fc.property(fc.int16Array({ maxLength: 1_000 }), fc.nat(5), (pcm, from) => {
      const part = pcm.subarray(from);
      const bytes = decodeBase64(encodeBase64(bytesOf(part)));
      expect(samplesOf(bytes!, "audio/pcm")).toEqual(Int16Array.from(part));
    }),
  );
});

test("G.711 decodes to the values of its tables", () => {
  const decode = (encoding: "audio/pcmu" | "audio/pcma", codes: number[]) => [...samplesOf(Uint8Array.from(codes), encoding)];
  expect(decode("audio/pcmu", [0xff, 0x7f, 0x80, 0x00, 0xef, 0x9f])).toEqual([0, 0, 32_124, -32_124, 132, 8_316]);
  expect(decode("audio/pcma", [0xd5, 0x55, 0xaa, 0x2a, 0x80])).toEqual([8, -8, 32_256, -32_256, 5_504]);
});
