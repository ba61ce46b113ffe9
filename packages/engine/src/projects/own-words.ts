/** What happens in a call, as far as it may be recorded where nothing that is said is kept. */
import type { SessionEvent } from "../core/events.ts";
import { toAppError } from "../errors.ts";

/** An error or a failed end, without a vendor's or a client's own message: that may quote the call. Other events as they are. */
export function inOwnWords(event: SessionEvent): SessionEvent {
  if (event.type === "error") return { ...event, message: toAppError(event.cause).own, cause: undefined };
  if (event.type === "closed" && event.status === "FAILED") return { ...event, reason: "The call failed" };
  return event;
}
