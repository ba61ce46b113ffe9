/** The end of a WebSocket server. */
import type { WebSocketServer } from "ws";

/** Takes no more clients and waits until all have gone; who has not answered the goodbye after `patienceMs` milliseconds is cut off. */
export async function closeSockets(server: WebSocketServer, patienceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const impatience = setTimeout(() => {
    for (const socket of server.clients) socket.terminate();
  }, patienceMs);
  await promise;
  clearTimeout(impatience);
}
