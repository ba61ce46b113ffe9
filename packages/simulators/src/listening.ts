/** An HTTP server of this machine, for as long as somebody needs it. */
import type { Server } from "node:http";

export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:49152` */
  readonly origin: string;
  readonly port: number;
  /** Breaks what is open; harmless twice. */
  readonly close: () => Promise<void>;
}

/** Resolves when it listens; rejects where the port is taken. `port`: 0 or absent, a free one. */
export async function listen(
  server: Server,
  { port: wanted = 0, host = "127.0.0.1" }: { readonly port?: number; readonly host?: string } = {},
): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return { origin: `http://${host.includes(":") ? `[${host}]` : host}:${port}`, port, close, [Symbol.asyncDispose]: close };
}
