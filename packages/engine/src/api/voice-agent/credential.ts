/** Finds the credential in a request to the Voice Agent door. Pure. */
import type { IncomingMessage } from "node:http";

/** A key or a temporary token is shorter. */
const longest = 512;

/** From `Authorization: Bearer …`, `Authorization: …` without a scheme, or `?token=…`; undefined: there is none. */
export function readCredential({ headers, url = "" }: Pick<IncomingMessage, "headers" | "url">): string | undefined {
  const header = (headers.authorization ?? "").replace(/^bearer\s+/i, "").trim();
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1 || url.length)).get("token") ?? "";
  const credential = header === "" ? query.trim() : header;
  return credential === "" || credential.length > longest ? undefined : credential;
}
