/** The HTTP port: whether it is free, which one is instead, and under which address people find the engine. */
import { createServer } from "node:net";
import type { Config } from "./config.ts";

/** How far to look for another port. */
const PORTS_TRIED = 50;

/** Undefined: the port is free. Else what to tell. */
export async function portProblem({ host, port }: Pick<Config, "host" | "port">): Promise<string | undefined> {
  const problem = await tryPort(host, port);
  if (problem === undefined) return undefined;
  if (problem !== "EADDRINUSE") return `cannot listen on ${host}:${port} (${problem}): choose another HOST or PORT`;
  for (let other = port + 1; other <= Math.min(port + PORTS_TRIED, 65_535); other += 1) {
    if ((await tryPort(host, other)) === undefined)
      return `port ${port} on ${host} is taken, perhaps by another Parley; port ${other} is free: PORT=${other} npm start`;
  }
  return `port ${port} on ${host} is taken, and so are the ${PORTS_TRIED} above it: choose another PORT`;
}

/** Undefined: it can be listened on; else the system's error code. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** What a person types into a browser. */
export function publicUrl({ host, tls }: Pick<Config, "host" | "tls">, port: number): string {
  const name = host === "127.0.0.1" || host === "::1" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `${tls === undefined ? "http" : "https"}://${name}:${port}`;
}
