/** The media port, on real sockets of the loopback interface. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

import { expect, test } from "vitest";

import { openRtc, UdpPortError } from "./rtc.ts";

async function occupy(port = 0): Promise<{ port: number; free: () => Promise<void> }> {
  const socket = createSocket("udp4");
  socket.bind({ port, address: "127.0.0.1", exclusive: true });
  await once(socket, "listening");
  const { port: taken }: AddressInfo = socket.address();
  return { port: taken, free: () => new Promise((resolve) => socket.close(resolve)) };
}

test("a port that is taken is an error with the way out, unless the next ones may be tried", async () => {
  const other = await occupy();
  const error = await openRtc({ udpPort: other.port, bindAddress: "127.0.0.1" }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UdpPortError);
  expect(error).toMatchObject({
    udpPort: other.port,
    message: `UDP port ${other.port} is taken at 127.0.0.1: end what uses it, or set another rtc.udp_port`,
  });
  await using rtc = await openRtc({ udpPort: other.port, nextPorts: 20, bindAddress: "127.0.0.1" });
  expect(rtc.udpPort).toBeGreaterThan(other.port);
  await other.free();
});

test("the port is held while no peer uses it, and free again once closed", async () => {
  const probe = await occupy();
  await probe.free();
  const rtc = await openRtc({ udpPort: probe.port, bindAddress: "127.0.0.1" });
  await expect(occupy(probe.port)).rejects.toThrow("EADDRINUSE");
  const peer = rtc.openPeer("idle");
  await rtc[Symbol.asyncDispose]();
  await rtc[Symbol.asyncDispose]();
  expect(peer.state).toBe("closed");
  expect(() => rtc.openPeer("late")).toThrow("closed");
  const again = await occupy(probe.port);
  await again.free();
});

test("addresses and ports that cannot be are named", async () => {
  await expect(openRtc({ udpPort: 70_000 })).rejects.toThrow("The UDP port 70000 is not 0 to 65535");
  await expect(openRtc({ udpPort: 0, bindAddress: "localhost" })).rejects.toThrow('"localhost" is not an IP address');
  await expect(openRtc({ udpPort: 0, announcedAddresses: ["example.org"] })).rejects.toThrow("not names");
  await expect(openRtc({ udpPort: 51_000, bindAddress: "192.0.2.77" })).rejects.toThrow("cannot be opened: bind EADDRNOTAVAIL");
});

test("answers name the announced address, and the shared port", async () => {
  await using engines = await openRtc({ udpPort: 51_900, nextPorts: 99, bindAddress: "127.0.0.1", announcedAddresses: ["203.0.113.5"] });
  await using callers = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
  const offer = await callers.openPeer("caller").offer([{ mid: "0", direction: "sendonly", ssrc: 1 }]);
  const answer = await engines.openPeer("engine").accept(offer, [{ mid: "0", direction: "recvonly", ssrc: 0 }]);
  expect(answer.match(/a=candidate.*/g)).toEqual([
    expect.stringMatching(new RegExp(`UDP \\d+ 203\\.0\\.113\\.5 ${engines.udpPort} typ host`)),
  ]);
});

test("on loopback, a browser that shuns it is answered on the machine's other addresses, and only it", async () => {
  const beyond = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ internal }) => !internal) === true);
  await using engines = await openRtc({ udpPort: 51_800, nextPorts: 99, bindAddress: "127.0.0.1" });
  await using callers = await openRtc({ udpPort: 0 });
  const answered = async (asFirefox: boolean): Promise<string[]> => {
    const caller = callers.openPeer("caller");
    const connected = new Promise<void>((resolve) => caller.onState((state) => state === "connected" && resolve()));
    const offer = await caller.offer([{ mid: "0", direction: "sendonly", ssrc: 1 }]);
    const told = asFirefox ? offer.replace("o=parley", "o=mozilla...THIS_IS_SDPARTA-99.0") : offer;
    const answer = await engines.openPeer("engine").accept(told, [{ mid: "0", direction: "recvonly", ssrc: 0 }]);
    await caller.answered(answer);
    if (beyond) await connected;
    return (answer.match(/a=candidate.*/g) ?? []).filter((candidate) => / (127\.0\.0\.1|::1) /.test(candidate));
  };
  expect(await answered(false)).toHaveLength(1);
  expect(await answered(true)).toHaveLength(beyond ? 0 : 1);
  const unused = engines.openPeer("never called");
  unused.close();
  expect(unused.state).toBe("closed");
  await expect(unused.accept("v=0", [])).rejects.toThrow("closed");
});
