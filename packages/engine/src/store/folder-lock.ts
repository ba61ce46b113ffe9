/** Keeps a data folder to one engine: two would destroy its database. */
import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * Holds the folder until disposed; undefined: another process holds it. The lock is a local socket that somebody
 * listens on: it goes with the process, however that ends, and no number of a dead process can be mistaken for it.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable | undefined> {
  mkdirSync(folder, { recursive: true });
  const name = `parley-${createHash("sha256").update(realpathSync(folder)).digest("hex").slice(0, 24)}`;
  const address = process.platform === "win32" ? `\\\\.\\pipe\\${name}` : path.join(tmpdir(), `${name}.lock`);
  const server = (await listen(address)) ?? ((await answers(address)) ? undefined : await relisten(address));
  if (server === undefined) return undefined;
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The socket of an engine that is gone: its file remains. */
async function relisten(address: string): Promise<Server | undefined> {
  rmSync(address, { force: true });
  return await listen(address);
}

/** Undefined: the address is in use. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
