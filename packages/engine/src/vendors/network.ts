/** Requests to vendors: by the configured proxy, connected within 10 s, never redirected, never to a refused address. */
import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { Agent, buildConnector, type Dispatcher, Dispatcher1Wrapper, Pool, ProxyAgent, request } from "undici";
import { AppError } from "../errors.ts";
import { hostOf, isLoopbackHost, portOf, type Proxies, proxiesFrom, proxyFor } from "./proxy.ts";

export interface NetworkOptions {
  /** CIDR blocks that addresses given over an API may use although they are not public. */
  readonly allow?: readonly string[];
  /** Whether such addresses may be this machine's loopback: so while the engine itself listens on loopback alone. */
  readonly allowLoopback: boolean;
  /** Absent: from the process environment. */
  readonly proxies?: Proxies;
  /** Longest wait for a connection, name look-up and TLS included, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** Name look-up; absent: the system's. */
  readonly lookup?: typeof resolve;
}

export interface Target {
  /** Whom the messages of errors name, for instance `llm openai`. */
  readonly vendor: string;
  readonly url: URL;
  /** The address comes from the operator, not over an API: every address is allowed. */
  readonly trusted: boolean;
}

export interface RequestOptions {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** The policy has refused an address; carried inside the connection's error. */
class AddressRefused extends Error {}

type Cidr = ReturnType<typeof ipaddr.parseCIDR>;

function parseAllowed(blocks: readonly string[]): Cidr[] {
  return blocks.map((block) => {
    const text = block.includes("/") ? block : `${block}/${block.includes(":") ? "128" : "32"}`;
    if (!ipaddr.isValidCIDR(text))
      throw new AppError("invalid-field", `network.allow: "${block}" is no CIDR block; write for instance 10.0.0.0/8 or fd00::/8`);
    return ipaddr.parseCIDR(text);
  });
}

/** An IPv4 address inside an IPv6 one (mapped, or NAT64 of RFC 6052) counts as what it reaches. */
function unwrapAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const address = ipaddr.process(text.replace(/%.*$/, ""));
  if (address instanceof ipaddr.IPv6 && address.range() === "rfc6052") return new ipaddr.IPv4(address.toByteArray().slice(12));
  return address;
}

export class Network implements AsyncDisposable {
  readonly #allowed: readonly Cidr[];
  readonly #allowLoopback: boolean;
  readonly #proxies: Proxies;
  readonly #connectTimeoutMs: number;
  readonly #lookup: typeof resolve;
  /** Connections of trusted and of checked requests are never shared: a checked one may not ride on a trusted one's. */
  readonly #trusted: Agent;
  readonly #checked: Agent;
  readonly #byProxy = new Map<string, ProxyAgent>();

  constructor(options: NetworkOptions) {
    this.#allowed = parseAllowed(options.allow ?? []);
    this.#allowLoopback = options.allowLoopback;
    this.#proxies = options.proxies ?? proxiesFrom(process.env);
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
    this.#lookup = options.lookup ?? resolve;
    this.#trusted = this.#openAgent(false);
    this.#checked = this.#openAgent(true);
  }

  #openAgent(checks: boolean): Agent {
    const connect = buildConnector({ timeout: this.#connectTimeoutMs, lookup: this.#lookUp(checks) });
    return new Agent({
      ...agentLimits,
      connect: (options, callback) => {
        // A literal address is connected to without a look-up.
        const refusal = checks && isIP(options.hostname) !== 0 ? this.refusal(options.hostname) : undefined;
        if (refusal === undefined) connect(options, callback);
        else callback(new AddressRefused(refusal), null);
      },
    });
  }

  /** The look-up of the connection itself: what was checked is what is connected to, whatever the name says later. */
  #lookUp(checks: boolean): LookupFunction {
    return (hostname: string, options: LookupOptions, callback) => {
      this.#lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
        if (error !== null) {
          callback(error, []);
          return;
        }
        const allowed = checks ? addresses.filter(({ address }) => this.refusal(address) === undefined) : addresses;
        const first = allowed[0];
        if (first === undefined)
          callback(new AddressRefused(this.refusal(addresses[0]?.address ?? "") ?? `${hostname} has no address`), []);
        else if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    };
  }

  /** Why an address that came over an API may not be connected to; undefined if it may. */
  refusal(text: string): string | undefined {
    if (isIP(text.replace(/%.*$/, "")) === 0) return `"${text}" is no address`;
    const address = unwrapAddress(text);
    const range = address.range();
    if (range === "unicast") return undefined;
    if (range === "loopback" && this.#allowLoopback) return undefined;
    if (this.#allowed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))) return undefined;
    return `${address.toString()} is not a public address (${range}); the operator can allow it with network.allow: ["${address.toString()}/${address.kind() === "ipv4" ? "32" : "128"}"]`;
  }

  /** Refuses at once what needs no look-up: addresses written out, and names that mean this machine. */
  check(field: string, url: URL): void {
    const host = hostOf(url);
    const literal = isIP(host) === 0 ? (isLoopbackHost(host) ? "127.0.0.1" : undefined) : host;
    const refusal = literal === undefined ? undefined : this.refusal(literal);
    if (refusal !== undefined) throw new AppError("invalid-field", `${field}: ${host} is refused: ${refusal}`);
  }

  /** The way to a target for Node's own WebSocket, which is of an older undici. Throws an `AppError` for addresses that are refused at once. */
  socketDispatcher(target: Target): Dispatcher {
    return new Dispatcher1Wrapper(this.#dispatcher(target));
  }

  #dispatcher(target: Target): Dispatcher {
    if (!target.trusted) this.check(`${target.vendor} url`, target.url);
    const proxy = proxyFor(target.url, this.#proxies);
    if (proxy !== undefined) return this.#proxyAgent(proxy);
    return target.trusted ? this.#trusted : this.#checked;
  }

  /** Resolves when the response's head is there, whatever its status. Redirects are not followed. */
  async request(target: Target, options: RequestOptions): Promise<Dispatcher.ResponseData> {
    const proxy = proxyFor(target.url, this.#proxies);
    const dispatcher = this.#dispatcher(target);
    try {
      return await request(target.url, {
        dispatcher,
        method: options.method,
        headers: { ...options.headers },
        body: options.body ?? null,
        signal: options.signal,
      });
    } catch (error) {
      if (options.signal.aborted) throw error;
      throw unreachable(target, proxy, error);
    }
  }

  #proxyAgent(proxy: string): ProxyAgent {
    let agent = this.#byProxy.get(proxy);
    if (agent === undefined) {
      agent = new ProxyAgent({
        ...agentLimits,
        uri: proxy,
        connectTimeout: this.#connectTimeoutMs,
        // A proxy that takes the connection and then never answers CONNECT is a connection that does not come about.
        clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: this.#connectTimeoutMs }),
      });
      this.#byProxy.set(proxy, agent);
    }
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const agents = [this.#trusted, this.#checked, ...this.#byProxy.values()];
    await Promise.all(agents.map((agent) => agent.destroy()));
  }
}

/** Idle connections are kept for a turn's length. Waiting for head and body is bounded by who asks, not here. */
const agentLimits = { keepAliveTimeout: 60_000, headersTimeout: 0, bodyTimeout: 0 } as const;

/** The error in the words of who has to repair it: who, where, by which proxy, and what the system said. */
function unreachable(target: Target, proxy: string | undefined, error: unknown): AppError {
  const place = `${hostOf(target.url)}:${portOf(target.url)}`;
  const by = proxy === undefined ? "" : ` through the proxy ${new URL(proxy).host}`;
  return new AppError("vendor-unreachable", `${target.vendor} at ${place} cannot be reached${by}: ${reason(error)}`, { cause: error });
}

/** The innermost message that says something; Node hides several failed attempts behind an empty one. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reason))].join("; ");
  const cause = error.cause instanceof Error ? reason(error.cause) : "";
  const code = "code" in error && typeof error.code === "string" && !error.message.includes(error.code) ? ` (${error.code})` : "";
  const message = `${error.message}${code}`;
  return cause === "" || message.includes(cause) ? message : `${message}: ${cause}`;
}
