/** Speech that cut a reply and turns out to hold no words was none: what it cut off can be said after all. Pure. */
import type { SessionEvent } from "../../core/events.ts";

export class FalseInterruption {
  /** What was not heard of the reply that speech has cut, until that speech turns out to be words. */
  #unsaid = "";

  /** What is to be said now; empty: nothing. */
  weigh(event: SessionEvent): string {
    if (event.type === "reply-interrupted") {
      const isCut = event.cause === "start_of_speech" && event.text.startsWith(event.heard);
      this.#unsaid = isCut ? event.text.slice(event.heard.length).trim() : "";
    } else if (event.type === "turn-end") {
      this.#unsaid = "";
    } else if (event.type === "turn-dropped") {
      const rest = this.#unsaid;
      this.#unsaid = "";
      return rest;
    }
    return "";
  }
}
