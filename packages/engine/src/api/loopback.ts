/** Who may use the page's own endpoints without signing in: this machine, by the engine's own name, from the engine's own page. */
import type { IncomingMessage } from "node:http";
import { isLoopback } from "../config.ts";

export type Refusal = string;

/**
 * Undefined: the request comes from this machine and from no foreign page. Any web site that somebody has open can
 * reach loopback: its requests carry a foreign Origin or Referer, or (DNS rebinding) a foreign Host. What a proxy has
 * passed on comes from elsewhere, whatever its address.
 */
export function refuseForeign({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): Refusal | undefined {
  if (!isLoopbackAddress(socket.remoteAddress)) return "it comes from another machine";
  const proxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"].find((name) => headers[name] !== undefined);
  if (proxied !== undefined) return `a proxy has passed it on (header ${proxied})`;
  const host = headers.host ?? "";
  if (!isLoopback(hostnameOf(host))) return `its Host ${JSON.stringify(host.slice(0, 100))} is not this machine`;
  const { origin, referer } = headers;
  if (origin !== undefined && hostOf(origin) !== host)
    return `its Origin ${JSON.stringify(origin.slice(0, 100))} is not the engine's own page`;
  if (referer !== undefined && hostOf(referer) !== host) return "its Referer is not the engine's own page";
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return `another site sends it (${site.slice(0, 20)})`;
  return undefined;
}

export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && isLoopback(address.replace(/^::ffff:/i, ""));
}

/** `localhost:8080` → `localhost`, `[::1]:8080` → `::1`. */
function hostnameOf(host: string): string {
  return host.startsWith("[") ? host.slice(1, host.indexOf("]")) : (host.split(":")[0] ?? "");
}

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).host;
  } catch {
    return undefined;
  }
}
