/** What an image is, by its first bytes: PNG, JPEG, WebP or GIF, and how large. Pure. */

export interface ImageHeader {
  readonly mediaType: "image/png" | "image/jpeg" | "image/webp" | "image/gif";
  readonly width: number;
  readonly height: number;
}

/** Undefined: none of these, or its header is not whole. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from: number, length: number): string => String.fromCharCode(...bytes.subarray(from, from + length));
  const found =
    text(0, 8) === "\x89PNG\r\n\x1a\n" && text(12, 4) === "IHDR"
      ? readPng(view)
      : /^GIF8[79]a$/.test(text(0, 6))
        ? readGif(view)
        : text(0, 4) === "RIFF" && text(8, 4) === "WEBP"
          ? readWebp(view, text(12, 4))
          : text(0, 3) === "\xff\xd8\xff"
            ? readJpeg(view)
            : undefined;
  return found !== undefined && found.width > 0 && found.height > 0 ? found : undefined;
}

function readPng(view: DataView): ImageHeader | undefined {
  return view.byteLength < 24 ? undefined : { mediaType: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
}

function readGif(view: DataView): ImageHeader | undefined {
  return view.byteLength < 10 ? undefined : { mediaType: "image/gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

/** Its three forms: lossy, lossless, extended. */
function readWebp(view: DataView, form: string): ImageHeader | undefined {
  if (view.byteLength < 30) return undefined;
  switch (form) {
    case "VP8 ":
      return { mediaType: "image/webp", width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { mediaType: "image/webp", width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X": {
      const read = (at: number): number => view.getUint16(at, true) + view.getUint8(at + 2) * 65_536 + 1;
      return { mediaType: "image/webp", width: read(24), height: read(27) };
    }
    default:
      return undefined;
  }
}

/** Segment by segment to the frame's header. */
function readJpeg(view: DataView): ImageHeader | undefined {
  let at = 2;
  while (at + 9 <= view.byteLength) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { mediaType: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    else if (marker >= 0xd0 && marker <= 0xd9) at += 2;
    else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
