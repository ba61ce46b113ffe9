/** Which proxy a request takes: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` as other programs read them. */
import ipaddr from "ipaddr.js";

export interface Proxies {
  /** For `http:` addresses; absent: none. */
  readonly http?: string | undefined;
  /** For `https:` addresses; absent: the one for `http:`. */
  readonly https?: string | undefined;
  /** Hosts that are reached directly: names with their subdomains, `host:port`, addresses, CIDR blocks, or `*`. */
  readonly none?: string | undefined;
}

/** Lower-case names win, as in curl. */
export function proxiesFrom(environment: Readonly<Record<string, string | undefined>>): Proxies {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] ?? environment[name];
  return { http: read("HTTP_PROXY"), https: read("HTTPS_PROXY"), none: read("NO_PROXY") };
}

/** A URL's host without brackets and without the root's dot. */
export function hostOf(url: URL): string {
  return url.hostname
    .replace(/^\[(.+)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();
}

export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" || url.protocol === "wss:" ? 443 : 80) : Number(url.port);
}

/** Names that mean this machine by definition (RFC 6761), and its addresses. */
export function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback";
}

function exempt(host: string, port: number, none: string): boolean {
  return none
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      if (entry.includes("/") && ipaddr.isValid(host) && ipaddr.isValidCIDR(entry)) {
        const address = ipaddr.process(host);
        const [network, bits] = ipaddr.parseCIDR(entry);
        return address.kind() === network.kind() && address.match(network, bits);
      }
      const match = /^(?:\[(?<v6>.+)\]|(?<name>[^:]+)|(?<bare>.*:.*:.*?))(?::(?<port>\d+))?$/.exec(entry.toLowerCase());
      const groups = match?.groups ?? {};
      const entryPort = groups["port"];
      if (entryPort !== undefined && Number(entryPort) !== port) return false;
      const name = (groups["v6"] ?? groups["name"] ?? groups["bare"] ?? "").replace(/^\*?\./, "");
      return name !== "" && (host === name || host.endsWith(`.${name}`));
    });
}

/** The proxy for this address, or undefined for a direct connection. This machine is never reached through a proxy. */
export function proxyFor(url: URL, proxies: Proxies): string | undefined {
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  const proxy = secure ? (proxies.https ?? proxies.http) : proxies.http;
  if (proxy === undefined || proxy === "") return undefined;
  const host = hostOf(url);
  if (isLoopbackHost(host) || exempt(host, portOf(url), proxies.none ?? "")) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}
