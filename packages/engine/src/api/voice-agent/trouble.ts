/** What the log says of trouble in a conversation. */
import type { Logger } from "pino";
import type { SessionEvent } from "../../core/events.ts";

export function logTrouble(log: Logger, session: string, event: SessionEvent): void {
  if (event.type === "error") log.warn({ session, module: event.module, code: event.code, err: event.cause }, event.message);
  else if (event.type === "echo-suspected") {
    log.info(
      { session },
      "echo_suspected: the user's words repeat what the agent is saying. Its voice reaches the microphone: headphones help, or echoCancellation: true",
    );
  }
}
