/** An answer of the style `openai` as it streams in: what its chunks hold, and what went wrong in words. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import { complaint, parseJson, quote } from "./complaint.ts";
import { CallPiece } from "./openai-calls.ts";
import type { OpenAiOptions } from "./openai-options.ts";
import { hostOf, portOf } from "./proxy.ts";
import { readStart } from "./read-start.ts";
import { OwnSpeech, speechRate } from "./openai-speech.ts";
import type { Control, Speech } from "./vendor.ts";

/** Most bytes of one answer beside sound: the text of an hour of speech is far less. */
const mostBytes = 8 * 1_048_576;
/** Bytes of an error's body that are read. */
const mostErrorBytes = 16_384;

/** Text, or the list of parts that some servers send; other kinds of content (reasoning) are not spoken. */
const Delta = z.looseObject({
  content: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).nullish(),
  tool_calls: z.array(CallPiece).nullish(),
  audio: z.unknown().optional(),
});

const Chunk = z.looseObject({
  choices: z.array(z.looseObject({ delta: Delta.nullish(), message: Delta.nullish(), finish_reason: z.string().nullish() })).nullish(),
  error: z.unknown().optional(),
});

/** May come as the first chunk: how this answer and the voice are to be. */
const ControlChunk = z.looseObject({
  object: z.literal("chat.completion.custom_metadata"),
  metadata: z
    .looseObject({
      interruptable: z.boolean().optional(),
      tts_params: z.looseObject({ params: z.record(z.string(), z.unknown()).optional() }).optional(),
    })
    .default({}),
});

export type Step =
  | { type: "text"; text: string }
  | Speech
  | { type: "call-piece"; piece: CallPiece }
  | Control
  | { type: "finish"; reason: string }
  | { type: "done" };

export class Answer {
  readonly #name: string;
  readonly #options: OpenAiOptions;
  readonly #place: string;
  /** Where what the model says itself is wanted. */
  readonly #speech: OwnSpeech | undefined;
  #first = true;

  /** `name`: whom the messages of errors name. */
  constructor(name: string, options: OpenAiOptions, url: URL) {
    this.#name = name;
    this.#options = options;
    this.#place = `${hostOf(url)}:${portOf(url)}`;
    if (options.output.includes("audio")) this.#speech = new OwnSpeech(speechRate(options.params, url), (what) => this.fail(what));
  }

  /** `what`: in our words. `said`: what the vendor says to it. */
  fail(what: string, { said = "", ...details }: { said?: string; vendorCode?: number; cause?: unknown } = {}): AppError {
    const own = `${this.#name} at ${this.#place} ${what}`;
    return new AppError("vendor-failed", said === "" ? own : `${own}: ${said}`, { ...details, own });
  }

  quote(text: string): string {
    return quote(text, [this.#options.apiKey, ...Object.values(this.#options.headers)]);
  }

  async refused(status: number, body: AsyncIterable<Uint8Array>): Promise<AppError> {
    const { text } = await readStart(body, mostErrorBytes);
    const said = this.quote(complaint(parseJson(text) ?? text));
    const redirect = status >= 300 && status < 400 ? "; redirects are not followed, give the final address" : "";
    return this.fail(`answered with status ${status}${redirect}`, { said, vendorCode: status });
  }

  /** One event, or several that a server has run together, as steps of the answer. */
  *read(data: string): Generator<Step, void, undefined> {
    if (data.trim() === "[DONE]") {
      yield { type: "done" };
      return;
    }
    const whole = parseJson(data);
    if (whole === undefined && data.includes("\n")) {
      for (const line of data.split("\n")) if (line.trim() !== "") yield* this.read(line);
      return;
    }
    const first = this.#first;
    this.#first = false;
    const control = first ? ControlChunk.safeParse(whole) : undefined;
    if (control?.success === true) {
      const { interruptable, tts_params: voice } = control.data.metadata;
      yield {
        type: "control",
        ...(interruptable === undefined ? {} : { interruptable }),
        ...(voice?.params === undefined ? {} : { voiceParams: voice.params }),
      };
      return;
    }
    const chunk = Chunk.safeParse(whole);
    if (!chunk.success) throw this.fail("sent what is no chat completion chunk", { said: this.quote(data) });
    const { error, choices } = chunk.data;
    if (error !== undefined && error !== null)
      throw this.fail("reported an error in its answer", { said: this.quote(complaint(error)), ...errorCode(error) });
    const choice = choices?.[0];
    const delta = choice?.delta ?? choice?.message;
    const content = delta?.content ?? "";
    const text = typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
    if (text !== "" && this.#options.output.includes("text")) yield { type: "text", text };
    const speech = this.#speech === undefined || isNothing(delta?.audio) ? undefined : this.#speech.read(delta?.audio);
    if (speech !== undefined) yield speech;
    for (const piece of delta?.tool_calls ?? []) yield { type: "call-piece", piece };
    if (choice?.finish_reason !== undefined && choice.finish_reason !== null && choice.finish_reason !== "")
      yield { type: "finish", reason: choice.finish_reason };
  }

  /** The body, as far as one answer may go. */
  async *bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes - (this.#speech?.carried ?? 0) > mostBytes) throw this.fail(`sent more than ${mostBytes} bytes for one answer`);
      yield chunk;
    }
  }
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

/** A number in the error object, where servers put the status that they could no longer send. */
function errorCode(error: unknown): { vendorCode?: number } {
  const parsed = z.looseObject({ code: z.coerce.number().int().min(100).max(9999) }).safeParse(error);
  return parsed.success ? { vendorCode: parsed.data.code } : {};
}
