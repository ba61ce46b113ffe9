/** The ordering guarantees of the contract as a check of what a client received, for tests. */
import type { WireEvent } from "./to-wire.ts";

type UserEvent = Extract<
  WireEvent,
  { type: "input.speech.started" | "input.speech.stopped" | "transcript.user.delta" | "transcript.user" }
>;
type AgentEvent = Extract<
  WireEvent,
  { type: "reply.started" | "reply.audio" | "transcript.agent.delta" | "transcript.agent" | "tool.call" | "reply.done" }
>;

/** What is wrong with the order of these events; empty: nothing. Sockets of one session may be joined together. */
export function orderFaults(events: readonly WireEvent[]): string[] {
  const check = new OrderCheck();
  for (const [index, event] of events.entries()) check.handle(event, index);
  return check.faults;
}

class OrderCheck {
  readonly faults: string[] = [];
  #updated = false;
  #ready = false;
  #ended = false;
  #speaking = false;
  #reply: { id: string; transcript: boolean; audio: number; itemId: string } | undefined;
  readonly #doneReplies = new Set<string>();
  readonly #finalItems = new Set<string>();
  readonly #agentItems = new Set<string>();
  /** Items whose deltas came since the user began to speak. */
  #item: string | undefined;
  #index = 0;

  handle(event: WireEvent, index: number): void {
    this.#index = index;
    if (this.#ended) this.#fault(`${event.type} after session.ended`);
    switch (event.type) {
      case "session.updated":
        this.#updated = true;
        return;
      case "session.ready":
        if (!this.#updated) this.#fault("session.ready before session.updated");
        this.#ready = true;
        return;
      case "session.ended":
        this.#ended = true;
        return;
      case "session.error":
        return;
      case "input.speech.started":
      case "input.speech.stopped":
      case "transcript.user.delta":
      case "transcript.user":
        this.#needReady(event.type);
        return this.#user(event);
      case "reply.started":
      case "reply.audio":
      case "transcript.agent.delta":
      case "transcript.agent":
      case "tool.call":
      case "reply.done":
        this.#needReady(event.type);
        return this.#agent(event);
    }
  }

  #user(event: UserEvent): void {
    switch (event.type) {
      case "input.speech.started":
      case "input.speech.stopped": {
        const starts = event.type === "input.speech.started";
        if (starts === this.#speaking) this.#fault(`two ${event.type} in a row`);
        this.#speaking = starts;
        if (starts) this.#item = undefined;
        return;
      }
      case "transcript.user.delta":
        if (!this.#speaking) this.#fault("transcript.user.delta while nobody speaks");
        if (this.#finalItems.has(event.item_id)) this.#fault("transcript.user.delta after its final");
        if (this.#item !== undefined && this.#item !== event.item_id) this.#fault("two items in one turn");
        this.#item = event.item_id;
        return;
      case "transcript.user":
        if (this.#speaking) this.#fault("transcript.user before input.speech.stopped");
        if (this.#finalItems.has(event.item_id)) this.#fault("two finals of one item");
        if (this.#item !== undefined && this.#item !== event.item_id) this.#fault("the final has another item than its deltas");
        if (this.#agentItems.has(event.item_id)) this.#fault("user and agent share an item");
        if (event.text === "") this.#fault("an empty transcript.user");
        this.#finalItems.add(event.item_id);
        return;
    }
  }

  #agent(event: AgentEvent): void {
    if (event.type === "reply.started") {
      if (this.#reply !== undefined) this.#fault("replies overlap");
      if (this.#doneReplies.has(event.reply_id)) this.#fault("a reply starts twice");
      this.#reply = { id: event.reply_id, transcript: false, audio: 0, itemId: event.item_id };
      this.#agentItems.add(event.item_id);
      return;
    }
    const reply = this.#reply;
    if (reply === undefined) return this.#fault(`${event.type} outside a reply`);
    if ("reply_id" in event && event.reply_id !== reply.id) this.#fault(`${event.type} of another reply`);
    if ("item_id" in event && event.item_id !== reply.itemId) this.#fault(`${event.type} of another item`);
    switch (event.type) {
      case "reply.audio":
      case "transcript.agent.delta":
      case "tool.call":
        if (reply.transcript) this.#fault(`${event.type} after transcript.agent`);
        if (event.type === "reply.audio") reply.audio += 1;
        if (event.type === "transcript.agent.delta" && /^$|\s/.test(event.delta)) this.#fault("a delta that is not one word");
        return;
      case "transcript.agent":
        if (reply.transcript) this.#fault("two transcript.agent");
        if (reply.audio === 0) this.#fault("transcript.agent without audio");
        reply.transcript = true;
        return;
      case "reply.done":
        if (reply.audio > 0 && !reply.transcript) this.#fault("reply.done without transcript.agent");
        this.#doneReplies.add(reply.id);
        this.#reply = undefined;
        return;
    }
  }

  #needReady(type: string): void {
    if (!this.#ready) this.#fault(`${type} before session.ready`);
  }

  #fault(text: string): void {
    this.faults.push(`${this.#index}: ${text}`);
  }
}
