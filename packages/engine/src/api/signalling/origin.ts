/** Which pages may open a signalling socket: any web site that somebody has open could reach the engine. */
import type { IncomingMessage } from "node:http";
import { isLoopback } from "../../config.ts";
import { isLoopbackAddress } from "../loopback.ts";

/** Headers by which a proxy says that the request comes from elsewhere. */
const proxyHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/**
 * Undefined: the socket may open. Else what is wrong with it. Clients outside browsers send no Origin; what they may
 * do is for their token to say. On this machine pages of this machine may join, whatever their port; and a page that
 * has made its own name point here (DNS rebinding) is foreign though Origin and Host agree.
 */
export function foreignOrigin(
  { headers, socket }: { headers: IncomingMessage["headers"]; socket: { remoteAddress?: string | undefined } },
  allowedOrigins: readonly string[],
): string | undefined {
  const { origin, host = "" } = headers;
  if (origin === undefined || allowedOrigins.includes("*") || allowedOrigins.includes(origin)) return undefined;
  const shown = JSON.stringify(origin.slice(0, 100));
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (page === undefined || page.host === "") return `the Origin ${shown} is no page's address`;
  const local = isLoopbackAddress(socket.remoteAddress) && proxyHeaders.every((name) => headers[name] === undefined);
  if (local) return isLoopback(page.hostname) ? undefined : `the page ${shown} is not of this machine`;
  return page.host === host ? undefined : `the page ${shown} is not one of this engine's, which is ${JSON.stringify(host.slice(0, 100))}`;
}
