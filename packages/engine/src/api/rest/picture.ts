/** An image that a client sends (`image.upload`, section 8.6 of the REST contract), checked by its bytes or its address. Pure. */
import { ImageUpload } from "@parley/protocol";
import type { ClientMessage } from "../../session/client-message.ts";
import { readImageHeader } from "./image-header.ts";

/** Bytes of an image that comes inside a message. */
const mostBytes = 1_048_576;
/** Its longer side. */
const mostPixels = 8192;

export function readPicture(body: unknown): ClientMessage {
  const upload = ImageUpload.safeParse(body);
  if (!upload.success)
    return { type: "invalid", message: 'image.upload: {"uuid": "…", "image_url": "…"} or {"uuid": "…", "image_base64": "…"} is expected' };
  const { uuid: id, image_url: url = "", image_base64: given = "" } = upload.data;
  const refuse = (message: string): ClientMessage => ({ type: "picture", picture: { id, refusal: message } });
  if ((url ?? "") !== "" && (given ?? "") !== "") return refuse("image_url and image_base64 exclude one another");
  // An address that holds the image itself.
  const inline = /^data:[^,]*;base64,(.*)$/s.exec(given ?? "")?.[1] ?? /^data:[^,]*;base64,(.*)$/s.exec(url ?? "")?.[1] ?? given ?? "";
  if (inline === "") return readAddress(id, url ?? "", refuse);
  // Space at the end is taken off first: two stars over it would take time that grows with its square.
  if (!/^[A-Za-z0-9+/\s_-]*={0,2}$/.test(inline.trimEnd())) return refuse("image_base64 is not base64");
  const bytes = Buffer.from(inline, "base64");
  if (bytes.length > mostBytes) return refuse(`the image has ${bytes.length} bytes; at most ${mostBytes} are taken`);
  const header = readImageHeader(bytes);
  if (header === undefined) return refuse("the image is not PNG, JPEG, WebP or GIF, or its beginning is damaged");
  const { mediaType, width, height } = header;
  if (Math.max(width, height) > mostPixels)
    return refuse(`the image has ${width} × ${height} pixels; at most ${mostPixels} a side are taken`);
  const address = `data:${mediaType};base64,${bytes.toString("base64")}`;
  return { type: "picture", picture: { id, url: address, source: "base64", width, height, bytes: bytes.length } };
}

/** The language model fetches it, not this engine: what is there is not known. */
function readAddress(id: string, text: string, refuse: (message: string) => ClientMessage): ClientMessage {
  const url = URL.parse(text);
  if (text === "") return refuse("image_url or image_base64 is required");
  if (url === null || !/^https?:$/.test(url.protocol)) return refuse("image_url is not an http:// or https:// URL");
  return { type: "picture", picture: { id, url: url.href, source: "url", width: 0, height: 0, bytes: 0 } };
}
