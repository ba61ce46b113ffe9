/** What waits until nobody has the floor: texts first, since people wait for an answer, then fixed texts to be spoken. */
import type { ReplyRule, TurnInput } from "./turn-contract.ts";

export type TextInput = Extract<TurnInput, { type: "text" }>;

export interface Say extends ReplyRule {
  readonly id: number;
}

/** Of either kind. More are refused. */
const MAX_WAITING = 32;

export class TurnQueue {
  readonly #texts: TextInput[] = [];
  readonly #says: Say[] = [];

  get saysWait(): boolean {
    return this.#says.length > 0;
  }

  /** False if there is no room. */
  addText(text: TextInput): boolean {
    return add(this.#texts, text);
  }

  /** False if there is no room. */
  addSay(say: Say): boolean {
    return add(this.#says, say);
  }

  /** The agent goes: nothing of it will be said. */
  clear(): void {
    this.#texts.length = 0;
    this.#says.length = 0;
  }

  nextText(): TextInput | undefined {
    return this.#texts.shift();
  }

  nextSay(): Say | undefined {
    return this.#says.shift();
  }
}

function add<T>(queue: T[], item: T): boolean {
  if (queue.length >= MAX_WAITING) return false;
  queue.push(item);
  return true;
}
