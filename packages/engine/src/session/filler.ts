/** Says a word in between when an answer keeps people waiting. */
import type { SessionEvent } from "../core/events.ts";
import { Fillers, isTooLong, newestWords } from "../core/fillers.ts";
import type { History } from "../core/history.ts";
import type { Llm, LlmMessage } from "../vendors/vendor.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { Cancel, Clock } from "./clock.ts";
import type { Feed } from "./feed.ts";
import type { Tasks } from "./tasks.ts";

interface FillerParts {
  readonly clock: Clock;
  readonly settings: NonNullable<AgentConfig["fillers"]>;
  /** Makes words, where the settings say so. */
  readonly llm: Llm | undefined;
  readonly history: History;
  readonly tasks: Tasks;
  readonly signal: AbortSignal;
  /** Says it before the answer under way; nothing happens where that has begun. */
  readonly fill: (text: string) => void;
  readonly onError: (error: unknown) => void;
}

/** After these there is nothing to wait for. */
const settling: ReadonlySet<SessionEvent["type"]> = new Set(["reply-start", "reply-end", "reply-interrupted", "turn-start", "closed"]);

/** Nothing happens where the agent is to be silent until it answers. */
export function openFiller(
  { clock, config, fillerLlm }: { readonly clock: Clock; readonly config: Pick<AgentConfig, "fillers">; readonly fillerLlm?: Llm },
  feed: Feed,
  parts: Pick<FillerParts, "history" | "tasks" | "signal" | "fill">,
): void {
  if (config.fillers === undefined) return;
  const onError = (error: unknown): void => feed.fail("llm", error);
  const filler = new Filler({ ...parts, clock, settings: config.fillers, llm: fillerLlm, onError });
  feed.listen((event) => filler.handle(event));
}

class Filler {
  readonly #parts: FillerParts;
  readonly #fillers: Fillers;
  #cancel: Cancel = () => {};
  /** Words are being made. */
  #request: AbortController | undefined;

  constructor(parts: FillerParts) {
    this.#parts = parts;
    this.#fillers = new Fillers(parts.settings, Math.random);
  }

  /** Follows what happens in the session. */
  handle(event: SessionEvent): void {
    if (event.type === "turn-end") this.#fillers.asked(event.at);
    else if (settling.has(event.type)) this.#fillers.settled();
    else return;
    this.#request?.abort();
    if (this.#fillers.wantsWords) this.#ask();
    const { clock, fill } = this.#parts;
    const { deadline } = this.#fillers;
    this.#cancel();
    if (deadline === undefined) return;
    this.#cancel = clock.at(deadline, () => {
      const text = this.#fillers.due(deadline);
      this.#request?.abort();
      if (text !== undefined) fill(text);
    });
  }

  /** Beside the answer, so that the words are there when it is late. */
  #ask(): void {
    const { llm, settings, history, tasks, signal, onError } = this.#parts;
    const { made } = settings;
    if (llm === undefined || made === undefined) return;
    const request = new AbortController();
    this.#request = request;
    const either = AbortSignal.any([signal, request.signal]);
    const messages = [{ role: "system", content: made.prompt } as const, ...newestWords(history.entries, made)];
    const work = async (): Promise<void> => {
      const text = await read(llm, messages, either);
      if (!either.aborted) this.#fillers.made(text);
    };
    tasks.own(work().catch((error: unknown) => (either.aborted ? undefined : onError(error))));
  }
}

/** The text of an answer, as far as it may be said in between. */
async function read(llm: Llm, messages: readonly LlmMessage[], signal: AbortSignal): Promise<string> {
  let text = "";
  for await (const output of llm(messages, { signal })) {
    if (typeof output === "string") text += output;
    if (isTooLong(text)) break;
  }
  return text;
}
