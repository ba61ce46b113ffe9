/** What all peer connections of a process share: one UDP port, addresses, ICE servers. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import type { RtcConfig } from "node-datachannel";

import { Connection } from "./connection.ts";
import { LateWire } from "./late-wire.ts";
import { NativeWire } from "./native-wire.ts";
import type { RtpPeer } from "./peer.ts";
import type { TransportParameters } from "./sdp.ts";
import type { Wire, WireHandlers } from "./wire.ts";

/** How long closing waits for the native side to let go of everything. */
const CLOSING_MS = 1000;

export interface RtcSettings {
  /** UDP port that all peers share; 0: each peer takes a free one (callers, tests). */
  readonly udpPort: number;
  /** How many following ports to try when the port is taken. Default 0: taken is an error. */
  readonly nextPorts?: number;
  /**
   * Address to bind media to; undefined: all. On loopback, a call with a browser that shuns it (Firefox) has a port of its
   * own on this machine's other addresses, as long as nothing else is announced.
   */
  readonly bindAddress?: string;
  /** Addresses that answers name in place of the machine's own: behind NAT, in a container. */
  readonly announcedAddresses?: readonly string[];
  /** `stun:host:port` or `turn:user:password@host:port`. */
  readonly iceServers?: readonly string[];
}

/** The process's media port. Closing it closes every peer. */
export interface Rtc extends AsyncDisposable {
  /** The port in use; 0 when each peer has its own. */
  readonly udpPort: number;
  /** A new connection; `name` appears in logs. */
  openPeer(name: string): RtpPeer;
}

/** The UDP port cannot be used; the message says which and what to do. */
export class UdpPortError extends Error {
  readonly udpPort: number;

  constructor(udpPort: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UdpPortError";
    this.udpPort = udpPort;
  }
}

/** Takes the media port; throws {@link UdpPortError} when it is not to be had. */
export async function openRtc(settings: RtcSettings): Promise<Rtc> {
  checkSettings(settings);
  const rtc = new NativeRtc(settings, await findPort(settings));
  await rtc.hold();
  return rtc;
}

class NativeRtc implements Rtc {
  readonly udpPort: number;
  readonly #config: RtcConfig;
  readonly #announced: readonly string[];
  readonly #bindAddress: string | undefined;
  readonly #peers = new Set<RtpPeer>();
  /** Every wire that the native side still knows: one that is collected too early brings the process down. */
  readonly #wires = new Set<Wire>();
  #closed: (() => void) | null = null;

  constructor(settings: RtcSettings, udpPort: number) {
    this.udpPort = udpPort;
    this.#announced = settings.announcedAddresses ?? [];
    this.#bindAddress = settings.bindAddress;
    this.#config = {
      iceServers: [...(settings.iceServers ?? [])],
      ...(settings.bindAddress === undefined ? {} : { bindAddress: settings.bindAddress }),
      ...(udpPort === 0 ? {} : { enableIceUdpMux: true, portRangeBegin: udpPort, portRangeEnd: udpPort }),
    };
  }

  /** Opens the port through a connection that goes nowhere, so that it is ours while no peer uses it. */
  async hold(): Promise<void> {
    if (this.udpPort === 0) return;
    const holder = this.#openWire("port", { ...this.#config, iceServers: [] }, { onState: () => {}, onPacket: () => {} }, () => {});
    const { candidates } = await holder.offer();
    if (candidates.length > 0) return;
    await this[Symbol.asyncDispose]();
    throw new UdpPortError(
      this.udpPort,
      `UDP port ${this.udpPort} was opened, but no network interface has an address that others could reach`,
    );
  }

  openPeer(name: string): RtpPeer {
    if (this.#closed !== null) throw new Error("The media port is closed");
    const peer = new Connection(name, (wireName, handlers) => {
      const onGone = (): void => void this.#peers.delete(peer);
      const open = (config: RtcConfig): Wire => this.#openWire(wireName, config, handlers, onGone);
      if (this.#bindAddress === undefined || !isLoopback(this.#bindAddress)) return announcing(open(this.#config), this.#announced);
      if (this.#announced.length > 0) return announcing(open(this.#config), this.#announced);
      const late = (remote: TransportParameters | null): Wire =>
        open(remote?.shunsLoopback === true && isOnNetwork() ? { iceServers: this.#config.iceServers } : this.#config);
      return new LateWire(late, handlers, onGone);
    });
    this.#peers.add(peer);
    return peer;
  }

  #openWire(name: string, config: RtcConfig, handlers: WireHandlers, onGone: () => void): Wire {
    const wire: Wire = new NativeWire(name, config, handlers, () => {
      this.#wires.delete(wire);
      onGone();
      if (this.#wires.size === 0) this.#closed?.();
    });
    this.#wires.add(wire);
    return wire;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = resolve;
    for (const peer of this.#peers) peer.close();
    for (const wire of this.#wires) wire.close();
    const timer = setTimeout(resolve, CLOSING_MS);
    if (this.#wires.size > 0) await promise;
    clearTimeout(timer);
    // The native side closes the socket on a thread of its own, and says nothing.
    for (
      let waited = 0;
      this.udpPort !== 0 && waited < CLOSING_MS && (await tryPort(this.udpPort, this.#bindAddress)) !== null;
      waited += 5
    )
      await sleep(5);
  }
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** This machine has an address beyond loopback. */
function isOnNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal) === true);
}

/** A wire whose descriptions name the announced addresses in place of those of this machine. */
function announcing(wire: Wire, addresses: readonly string[]): Wire {
  if (addresses.length === 0) return wire;
  return {
    answer: async (remote) => announce(await wire.answer(remote), addresses),
    offer: async () => announce(await wire.offer(), addresses),
    answered: (remote) => wire.answered(remote),
    send: (packet) => wire.send(packet),
    stats: () => wire.stats(),
    close: () => wire.close(),
  };
}

/** Puts the announced addresses, each once per port, in place of the host candidates; others stay. */
export function announce(transport: TransportParameters, addresses: readonly string[]): TransportParameters {
  const hosts = transport.candidates.filter((candidate) => candidate.endsWith(" typ host"));
  const ports = new Set(hosts.map((candidate) => candidate.split(" ")[5]));
  const priority = hosts[0]?.split(" ")[3] ?? "2114977791";
  const announced = addresses.flatMap((address, index) =>
    [...ports].map((port) => `candidate:${index + 1} 1 UDP ${Number(priority) - index} ${address} ${port} typ host`),
  );
  return { ...transport, candidates: [...announced, ...transport.candidates.filter((candidate) => !hosts.includes(candidate))] };
}

function checkSettings({ udpPort, bindAddress, announcedAddresses }: RtcSettings): void {
  if (!Number.isInteger(udpPort) || udpPort < 0 || udpPort > 65_535)
    throw new UdpPortError(udpPort, `The UDP port ${udpPort} is not 0 to 65535`);
  for (const address of [...(bindAddress === undefined ? [] : [bindAddress]), ...(announcedAddresses ?? [])]) {
    if (isIP(address) === 0)
      throw new RangeError(`${JSON.stringify(address)} is not an IP address: media is bound to and announced under numbers, not names`);
  }
}

async function findPort({ udpPort, nextPorts = 0, bindAddress }: RtcSettings): Promise<number> {
  if (udpPort === 0) return 0;
  const last = Math.min(65_535, udpPort + nextPorts);
  for (let port = udpPort; ; port += 1) {
    const error = await tryPort(port, bindAddress);
    if (error === null) return port;
    if (error.code !== "EADDRINUSE")
      throw new UdpPortError(port, `UDP port ${port} at ${bindAddress ?? "all addresses"} cannot be opened: ${error.message}`, {
        cause: error,
      });
    if (port >= last) {
      const ports = last === udpPort ? `port ${udpPort} is` : `ports ${udpPort} to ${last} are`;
      throw new UdpPortError(
        udpPort,
        `UDP ${ports} taken at ${bindAddress ?? "all addresses"}: end what uses it, or set another rtc.udp_port`,
        { cause: error },
      );
    }
  }
}

/** Opens and closes the port; the library below would report one that is taken only with the first call. */
async function tryPort(port: number, bindAddress: string | undefined): Promise<NodeJS.ErrnoException | null> {
  const socket = createSocket(bindAddress !== undefined && isIPv6(bindAddress) ? "udp6" : "udp4");
  try {
    socket.bind({ port, exclusive: true, ...(bindAddress === undefined ? {} : { address: bindAddress }) });
    await once(socket, "listening");
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    socket.close();
  }
}
