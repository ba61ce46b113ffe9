/** Where replies come from: the language model with what was said before it, or a fixed text; either way, into a voice. */
import type { ReplySource } from "../core/events.ts";
import type { History } from "../core/history.ts";
import type { Llm } from "../vendors/vendor.ts";
import type { SystemMessage } from "./agent-config.ts";
import { once, Reply, type ReplyParts } from "./reply.ts";
import type { Tasks } from "./tasks.ts";

export interface MindParts extends ReplyParts {
  readonly llm: Llm;
  readonly history: History;
  readonly systemMessages: readonly SystemMessage[];
  readonly maxHistory: number;
  /** Spoken in place of an answer when the model fails. */
  readonly failureMessage: string | undefined;
  /** Resolves when the history says how much of the last reply was heard. */
  readonly settled: () => Promise<void>;
  readonly tasks: Tasks;
  readonly onError: (module: "llm" | "tts", error: unknown) => void;
}

export class Mind {
  readonly #parts: MindParts;
  /** From the next request on. */
  llm: Llm;
  systemMessages: readonly SystemMessage[];

  constructor(parts: MindParts) {
    this.#parts = parts;
    this.llm = parts.llm;
    this.systemMessages = parts.systemMessages;
  }

  /** The agent's answer to what the history ends with. */
  answer(): Reply {
    const reply = new Reply("llm", this.#parts);
    this.#parts.tasks.own(this.#speak(reply, this.#think(reply)));
    return reply;
  }

  /** A fixed text. */
  recite(text: string, source: ReplySource): Reply {
    const reply = new Reply(source, this.#parts);
    this.#parts.tasks.own(this.#speak(reply, once(text)));
    return reply;
  }

  async *#think(reply: Reply): AsyncGenerator<string, void, undefined> {
    const { history, maxHistory, failureMessage, settled, onError } = this.#parts;
    await settled();
    const memory = history.recall(maxHistory).map(({ role, content }) => ({ role, content }));
    try {
      yield* this.llm([...this.systemMessages, ...memory], { signal: reply.signal });
    } catch (error) {
      if (reply.signal.aborted) return;
      onError("llm", error);
      if (failureMessage === undefined) return;
      reply.source = "llm_failure";
      yield ` ${failureMessage}`;
    }
  }

  async #speak(reply: Reply, text: AsyncIterable<string>): Promise<void> {
    try {
      await reply.speak(text);
    } catch (error) {
      if (!reply.signal.aborted) this.#parts.onError("tts", error);
    }
    reply.playout.end();
  }
}
