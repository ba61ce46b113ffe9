/** Where replies come from: the language model with what was said before it, or a fixed text; either way, into a voice. */
import type { ReplySource, ReplyTrigger } from "../core/events.ts";
import type { History, Memory } from "../core/history.ts";
import type { Control, Llm, LlmMessage, LlmOutput, LlmTurn, Recording, Speech, Voice } from "../vendors/vendor.ts";
import type { SystemMessage } from "./agent-config.ts";
import type { Restored } from "./parts.ts";
import { modelVoice } from "./model-voice.ts";
import type { Pictures } from "./pictures.ts";
import { recordedVoice } from "./recorded-voice.ts";
import { once, Reply, type ReplyParts } from "./reply.ts";
import type { CutReply } from "./snapshot.ts";
import type { Tasks } from "./tasks.ts";
import { type Batch, outputOf, type Tools } from "./tools.ts";

export interface MindParts extends Omit<ReplyParts, "voice"> {
  /** Absent: the model says everything itself. */
  readonly voice: Voice | undefined;
  /** Of the greeting. */
  readonly recording?: Promise<Recording>;
  readonly llm: Llm;
  readonly history: History;
  readonly tools: Tools;
  readonly systemMessages: readonly SystemMessage[];
  readonly maxHistory: number;
  /** Spoken in place of an answer when the model fails. */
  readonly failureMessage: string | undefined;
  /** Resolves when the history says how much of the last reply was heard. */
  readonly settled: () => Promise<void>;
  readonly tasks: Tasks;
  readonly pictures: Pictures;
  /** What is answered now. */
  readonly turn: () => LlmTurn;
  /** The model says how its answer and the voice are to be. */
  readonly onControl: (control: Control) => void;
  readonly onError: (module: "llm" | "tts", error: unknown) => void;
  readonly restored?: Pick<Restored, "replies">;
}

export interface AnswerOptions {
  /** What led to it. Default `turn`: somebody's words. */
  readonly trigger?: ReplyTrigger;
  /** For this answer alone, beside the system messages. */
  readonly instructions?: readonly string[];
}

/** A greeting is made before anybody comes: whoever makes it is not kept waiting for that, up to this length in milliseconds. */
const greetingAheadMs = 30_000;

export class Mind {
  readonly #parts: MindParts;
  readonly #voice: Voice;
  #replies: number;
  /** From the next request on. */
  llm: Llm;
  systemMessages: readonly SystemMessage[];

  constructor(parts: MindParts) {
    this.#parts = parts;
    this.#voice = parts.voice ?? modelVoice((text, signal) => this.#verbatim(text, signal));
    this.#replies = parts.restored?.replies ?? 0;
    this.llm = parts.llm;
    this.systemMessages = parts.systemMessages;
  }

  /** The agent's answer to what the history ends with. */
  answer({ trigger = "turn", instructions = [] }: AnswerOptions = {}): Reply {
    const reply = new Reply(++this.#replies, "llm", trigger, { ...this.#parts, voice: this.#voice });
    reply.instructions = instructions;
    this.#parts.tasks.own(this.#speak(reply, this.#think(reply, instructions)));
    return reply;
  }

  /** What another process had begun to say. */
  goOn(cut: CutReply): Reply {
    const { number, trigger, source, said, saidMs, rest, whole, instructions, callIds } = cut;
    const playout = { ...this.#parts.playout, before: { text: said, ms: saidMs } };
    const reply = new Reply(number, source, trigger, { ...this.#parts, voice: this.#voice, playout });
    reply.instructions = instructions;
    const batch = this.#parts.tools.batchOf(callIds);
    if (batch !== undefined) reply.batch = batch;
    // An answer that called tools is followed by another.
    const text =
      whole || callIds.length > 0 ? once(rest) : this.#goOnThinking(reply, [said, rest].filter((part) => part !== "").join(" "), rest);
    this.#parts.tasks.own(this.#speak(reply, text));
    return reply;
  }

  /** A fixed text. */
  recite(text: string, source: Exclude<ReplySource, "llm" | "llm_failure">): Reply {
    const { recording } = this.#parts;
    const isGreeting = source === "greeting";
    const voice = isGreeting && recording !== undefined ? recordedVoice(recording, text, this.#voice) : this.#voice;
    const ahead = isGreeting ? { aheadMs: greetingAheadMs } : {};
    const reply = new Reply(++this.#replies, source, source, { ...this.#parts, voice, ...ahead });
    this.#parts.tasks.own(this.#speak(reply, once(text)));
    return reply;
  }

  async *#think(reply: Reply, instructions: readonly string[]): AsyncGenerator<string | Speech, void, undefined> {
    const { tools, failureMessage, settled, onError } = this.#parts;
    await settled();
    try {
      for (;;) {
        const batch = tools.openBatch();
        reply.batch = batch;
        yield* this.#ask(reply, batch, instructions);
        if (batch.uses.length === 0 || tools.settings.answers === "new-reply" || reply.signal.aborted) return;
        await reply.waitFor(batch.settled);
        if (reply.signal.aborted) return;
        // What was said before the call and what is said after it are two sentences.
        yield " ";
      }
    } catch (error) {
      if (reply.signal.aborted) return;
      onError("llm", error);
      if (failureMessage === undefined) return;
      reply.source = "llm_failure";
      yield ` ${failureMessage}`;
    }
  }

  /** The model is asked for what it had not written yet. */
  async *#goOnThinking(reply: Reply, written: string, rest: string): AsyncGenerator<string | Speech, void, undefined> {
    if (rest !== "") yield `${rest} `;
    yield* this.#think(reply, written === "" ? reply.instructions : [...reply.instructions, goOnAfter(written)]);
  }

  /** One request: the text goes on, the calls go to the tools. */
  async *#ask(reply: Reply, batch: Batch, instructions: readonly string[]): AsyncGenerator<string | Speech, void, undefined> {
    const { tools, history, maxHistory, pictures, turn, onControl } = this.#parts;
    const messages = [
      ...this.systemMessages,
      ...merged(history.recall(maxHistory).flatMap((memory) => toMessages(memory, pictures))),
      ...instructions.map((content): LlmMessage => ({ role: "system", content })),
    ];
    tools.requested();
    try {
      for await (const output of this.llm(messages, { signal: reply.signal, tools: tools.definitions, turn: turn() })) {
        if (reply.signal.aborted) return;
        if (typeof output === "string" || output.type === "speech") yield output;
        else if (output.type === "tool-call") tools.call(batch, output, reply.number);
        else onControl(output);
      }
    } finally {
      tools.close(batch);
    }
  }

  /** The agent's last words are a text that the model is to say: a server with this contract speaks it as it stands. */
  async *#verbatim(text: string, signal: AbortSignal): AsyncGenerator<LlmOutput, void, undefined> {
    const { history, maxHistory, pictures, turn, settled } = this.#parts;
    await settled();
    const before = merged(history.recall(maxHistory).flatMap((memory) => toMessages(memory, pictures)));
    yield* this.llm([...this.systemMessages, ...before, { role: "assistant", content: text }], { signal, turn: turn() });
  }

  async #speak(reply: Reply, said: AsyncIterable<string | Speech>): Promise<void> {
    try {
      await reply.speak(said);
    } catch (error) {
      if (!reply.signal.aborted) this.#parts.onError(this.#parts.voice === undefined ? "llm" : "tts", error);
    }
    reply.playout.end();
  }
}

/** For an answer that was cut off while it was being written. */
function goOnAfter(written: string): string {
  return `You have begun to answer with the words below, and were interrupted. They are said already: go on exactly where they end, and repeat nothing of them. If nothing is missing, say nothing.\n\n${written}`;
}

/** What a person said in several turns without an answer is one question to the model. */
function merged(messages: readonly LlmMessage[]): LlmMessage[] {
  const result: LlmMessage[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (message.role === "user" && last?.role === "user") {
      const pictures = [...(last.pictures ?? []), ...(message.pictures ?? [])];
      const shown = pictures.length > 0 ? { pictures } : {};
      result.splice(-1, 1, { ...message, content: `${last.content} ${message.content}`, ...shown });
    } else result.push(message);
  }
  return result;
}

/** Every call is followed by what it gave, or by a word that it has not given anything yet. */
function toMessages(memory: Memory, pictures: Pictures): LlmMessage[] {
  switch (memory.type) {
    case "said": {
      const { entry } = memory;
      const shown = entry.role === "user" ? pictures.of(entry.turnId) : [];
      return [{ role: entry.role, content: entry.content, entry, ...(shown.length > 0 ? { pictures: shown } : {}) }];
    }
    case "note":
      return [{ role: "system", content: memory.content }];
    case "tools": {
      const calls = memory.uses.map((use) => ({ id: use.callId, name: use.name, arguments: use.arguments }));
      return [
        { role: "assistant", content: "", toolCalls: calls },
        ...memory.uses.map((use): LlmMessage => ({ role: "tool", content: outputOf(use), callId: use.callId })),
      ];
    }
  }
}
