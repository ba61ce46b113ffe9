/** What the agent still has to say: answers that the API wished for, results of tools, an answer that tools hold back. */
import type { Mind } from "./mind.ts";
import type { Mouth } from "./mouth.ts";
import type { Reply } from "./reply.ts";
import type { Tools } from "./tools.ts";

/** Wishes that may wait; the oldest is dropped for a ninth. */
const maxWishes = 8;

export interface AgendaParts {
  readonly tools: Tools;
  readonly mind: Mind;
  readonly mouth: Mouth;
  readonly floorIsFree: () => boolean;
  /** Takes the floor with a reply as soon as nobody has it. */
  readonly say: (reply: () => Reply) => void;
}

export class Agenda {
  readonly #parts: AgendaParts;
  /** Instructions of answers that the API wants. */
  readonly #wishes: string[] = [];
  /** A person's turn that is answered when the tools let go; the agent has the floor for it. */
  #held: { readonly turnId: number; readonly speechEndMs: number } | undefined;
  #closed = false;

  constructor(parts: AgendaParts) {
    this.#parts = parts;
  }

  /** An answer has to wait: the floor stays the agent's. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** Instructions of answers that wait. */
  get wishes(): readonly string[] {
    return this.#wishes;
  }

  wish(instructions: string): void {
    this.#wishes.push(instructions);
    if (this.#wishes.length > maxWishes) this.#wishes.shift();
    this.next();
  }

  /** The conversation ends: nothing more is said. */
  close(): void {
    this.#closed = true;
    this.#held = undefined;
  }

  /** A person's turn is over. */
  answer(turnId: number, speechEndMs: number): void {
    if (this.#closed) return;
    const { tools, mouth } = this.#parts;
    tools.startTurn();
    if (tools.holding) this.#held = { turnId, speechEndMs };
    else mouth.play(turnId, this.#reply("turn"), speechEndMs);
  }

  /** The answer that waits is not wanted any more. */
  interrupt(): void {
    this.#held = undefined;
  }

  /** Something has changed: what can be said now is. */
  next(): void {
    const { tools, mouth, floorIsFree, say } = this.#parts;
    if (this.#closed) return;
    if (this.#held !== undefined) {
      if (mouth.busy) return;
      const { turnId, speechEndMs } = this.#held;
      if (!tools.holding) {
        this.#held = undefined;
        mouth.play(turnId, this.#reply("turn"), speechEndMs);
      } else if (this.#wishes.length > 0) {
        // A word in between, while the answer has to wait.
        mouth.play(turnId, this.#reply("create"), undefined);
      }
    } else if (floorIsFree()) {
      if (tools.unanswered) say(() => this.#reply("tool-result"));
      else if (this.#wishes.length > 0) say(() => this.#reply("create"));
    }
  }

  #reply(trigger: "turn" | "tool-result" | "create"): Reply {
    // An answer to somebody's words follows all wishes at once; one that was only wished for, its own.
    const instructions = trigger === "turn" ? this.#wishes.splice(0) : trigger === "create" ? this.#wishes.splice(0, 1) : [];
    return this.#parts.mind.answer({ trigger, instructions: instructions.filter((text) => text !== "") });
  }
}
