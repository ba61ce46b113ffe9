/** What was at the ear when the agent was cut. */
import type { Played, Transport } from "../transports/transport.ts";
import type { Clock } from "./clock.ts";

/** Longest wait for clients to say what they have played, in milliseconds; then the estimate counts. */
const patienceMs = 250;

/** Drops what lies in the transport, and resolves with what was heard by then. */
export async function cutTransport(transport: Transport, clock: Clock): Promise<Played> {
  const { promise, resolve } = Promise.withResolvers<Played>();
  const cancel = clock.at(clock.now() + patienceMs, () => resolve(transport.played()));
  transport.flush().then(resolve, () => resolve(transport.played()));
  const played = await promise;
  cancel();
  return played;
}
