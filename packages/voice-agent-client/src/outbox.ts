/** Messages that wait for a session: short ones, in order, no more than a bound. */
import { VoiceAgentError } from "./errors.ts";

/** A conversation has a handful of these in half a minute. */
const maxMessages = 64;

export class Outbox<Message> {
  #messages: Message[] = [];

  /** @throws VoiceAgentError `outbox-full` */
  push(message: Message): void {
    if (this.#messages.length >= maxMessages) {
      throw new VoiceAgentError("outbox-full", `${maxMessages} messages wait for the connection to come back.`);
    }
    this.#messages.push(message);
  }

  take(): Message[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}
