import fc from "fast-check";
import { expect, test } from "vitest";
import { readImageHeader } from "./image-header.ts";
import { readClientMessage } from "./client-messages.ts";

const ascii = (text: string): number[] => [...Buffer.from(text, "latin1")];
const u16 = (value: number): number[] => [value >> 8, value & 255];
const le16 = (value: number): number[] => u16(value).toReversed();
const le24 = (value: number): number[] => [value & 255, (value >> 8) & 255, value >> 16];

const png = (width: number, height: number) =>
  Buffer.from([...ascii("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13, ...ascii("IHDR"), 0, 0, ...u16(width), 0, 0, ...u16(height), 8, 6, 0, 0, 0]);
const gif = (width: number, height: number) => Buffer.from([...ascii("GIF89a"), ...le16(width), ...le16(height), 0, 0, 0]);
const jpeg = (width: number, height: number) =>
  Buffer.from([
    0xff,
    0xd8,
    0xff,
    0xe0,
    ...u16(16),
    ...ascii("JFIF\0"),
    1,
    1,
    0,
    0,
    1,
    0,
    1,
    0,
    0,
    0xff,
    0xdb,
    ...u16(3),
    7,
    0xff,
    0xc2,
    ...u16(11),
    8,
    ...u16(height),
    ...u16(width),
    1,
    1,
    17,
    0,
  ]);
const webp = (form: string, body: number[]) =>
  Buffer.from([...ascii("RIFF"), 0, 0, 0, 0, ...ascii("WEBP"), ...ascii(form), 0, 0, 0, 0, ...body, ...Array<number>(12).fill(0)]);

test.each([
  ["image/png", png(640, 480)],
  ["image/gif", gif(640, 480)],
  ["image/jpeg", jpeg(640, 480)],
  ["image/webp", webp("VP8 ", [0, 0, 0, 0x9d, 0x01, 0x2a, ...le16(640), ...le16(480)])],
  ["image/webp", webp("VP8L", [0x2f, ...new Uint8Array(new Uint32Array([639 | (479 << 14)]).buffer)])],
  ["image/webp", webp("VP8X", [0, 0, 0, 0, ...le24(639), ...le24(479)])],
])("kind and size stand in the first bytes: %s", (mediaType, bytes) => {
  expect(readImageHeader(bytes)).toEqual({ mediaType, width: 640, height: 480 });
});

test("whatever the bytes are, reading them ends without an error", () => {
  const starts = [png(1, 1), gif(1, 1), jpeg(1, 1), webp("VP8 ", []), webp("VP8L", []), webp("VP8X", [])];
  fc.assert(
    fc.property(fc.constantFrom(...starts), fc.nat(40), fc.uint8Array({ maxLength: 200 }), (start, length, rest) => {
      const found = readImageHeader(Buffer.concat([start.subarray(0, length), rest]));
      if (found !== undefined) expect(found.width * found.height).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

const upload = (body: object) => readClientMessage("image.upload", JSON.stringify({ uuid: "u1", ...body }));

test("an image inside the message is told by its bytes, whatever it says it is", () => {
  const base64 = png(640, 480).toString("base64");
  const taken = {
    type: "picture",
    picture: { id: "u1", url: `data:image/png;base64,${base64}`, source: "base64", width: 640, height: 480, bytes: png(1, 1).length },
  };
  expect(upload({ image_base64: base64 })).toEqual(taken);
  expect(upload({ image_base64: `data:image/jpeg;base64,${base64}`, image_url: "" })).toEqual(taken);
  expect(upload({ image_url: `data:image/jpeg;base64,${base64}`, image_base64: null })).toEqual(taken);
});

test("an address is passed on, not fetched: its size is not known", () => {
  expect(upload({ image_url: "https://a.example/b.png" })).toEqual({
    type: "picture",
    picture: { id: "u1", url: "https://a.example/b.png", source: "url", width: 0, height: 0, bytes: 0 },
  });
});

test.each<[object, string]>([
  [{}, "image_url or image_base64 is required"],
  [{ image_url: "", image_base64: "" }, "image_url or image_base64 is required"],
  [{ image_url: "https://a.example/b.png", image_base64: png(1, 1).toString("base64") }, "exclude one another"],
  [{ image_url: "file:///etc/passwd" }, "not an http:// or https:// URL"],
  [{ image_base64: "%%%" }, "not base64"],
  [{ image_base64: `${" ".repeat(1_000_000)}!` }, "not base64"],
  [{ image_base64: Buffer.from("BM, a bitmap").toString("base64") }, "not PNG, JPEG, WebP or GIF"],
  [{ image_base64: png(0, 9).toString("base64") }, "not PNG, JPEG, WebP or GIF"],
  [{ image_base64: png(9000, 10).toString("base64") }, "9000 × 10 pixels"],
  [{ image_base64: Buffer.concat([png(10, 10), Buffer.alloc(1_048_576)]).toString("base64") }, "at most 1048576 are taken"],
])("what is no image is refused under its name: %#", (body, message) => {
  expect(upload(body)).toMatchObject({ type: "picture", picture: { id: "u1", refusal: expect.stringContaining(message) as string } });
});

test("without a name there is nobody to tell", () => {
  expect(readClientMessage("image.upload", "{}")).toMatchObject({ type: "invalid" });
});
