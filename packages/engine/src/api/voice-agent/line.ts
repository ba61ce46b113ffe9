/** The socket of one client as a session sees it. */
import type { WireEvent } from "./to-wire.ts";

export interface Line {
  /** Sends an event, stamped with the time. `onSent`: the operating system has it. */
  send(event: WireEvent, onSent?: () => void): void;
  /** After what was sent. */
  close(code: number, reason: string): void;
}
