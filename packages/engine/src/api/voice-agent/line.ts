/** The socket of one client as a session sees it. */
import type { WireEvent } from "./to-wire.ts";

export interface Line {
  /** Sends an event, stamped with the time; false: the socket takes nothing any more. `onSent`: the operating system has it. */
  send(event: WireEvent, onSent?: () => void): boolean;
  /** After what was sent. */
  close(code: number, reason: string): void;
}
