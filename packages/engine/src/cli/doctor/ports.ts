/** Whether ports are free, and whether UDP passes on this machine. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** How long a packet on loopback may take before it counts as lost. */
const ECHO_MS = 1000;

export async function freeTcpPort(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    server.close();
  }
}

export async function freeUdpPort(address: string, port: number): Promise<boolean> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, "listening");
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    socket.close();
  }
}

/** Sends a packet from one socket to another on loopback; returns the milliseconds until it had come back. */
export async function echoOnLoopback(): Promise<number> {
  const near = createSocket("udp4");
  const far = createSocket("udp4");
  try {
    near.bind(0, "127.0.0.1");
    far.bind(0, "127.0.0.1");
    await Promise.all([once(near, "listening"), once(far, "listening")]);
    far.on("message", (message, from) => far.send(message, from.port, from.address));
    const begun = performance.now();
    near.send("parley", far.address().port, "127.0.0.1");
    await once(near, "message", { signal: AbortSignal.timeout(ECHO_MS) });
    return performance.now() - begun;
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError")
      throw new Error(`UDP on loopback: no packet came within ${ECHO_MS} ms`, { cause: error });
    throw error;
  } finally {
    near.close();
    far.close();
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES");
}
