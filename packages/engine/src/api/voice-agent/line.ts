/** The socket of one client as a session sees it. */
import type { WireEvent } from "./to-wire.ts";

export interface Line {
  /** What was sent within so long, in milliseconds, did not arrive: its client answers no pings. 0: it does. */
  readonly silentMs: number;
  /** Sends an event, stamped with the time; false: the socket takes nothing any more. `onSent`: the operating system has it. */
  send(event: WireEvent, onSent?: () => void): boolean;
  /** After what was sent. */
  close(code: number, reason: string): void;
}
