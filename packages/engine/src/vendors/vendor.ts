/** What a vendor brings: a recogniser, a language model, a voice, each a function from stream to stream. */
import type { z } from "zod";
import type { Frame } from "../core/frame.ts";
import type { HistoryEntry } from "../core/history.ts";

/** One person's audio, in order, with what the speech gate found in it. Hosted recognisers may ignore the marks. */
export type AsrInput =
  | { readonly type: "audio"; readonly frame: Frame }
  /** `at`: where speech begins, already behind the newest frame. */
  /** Audio before `after` belongs to what was said before. */
  | { readonly type: "speech-start"; readonly at: number; readonly after?: number }
  /** A silence has begun that may become the end: a recogniser may start its final early. */
  | { readonly type: "speech-pause"; readonly at: number }
  /** Speech goes on after a pause: an early final is worth nothing now. */
  | { readonly type: "speech-resume"; readonly at: number }
  /** The speech that began is over at `at`: a final transcript is wanted for it, empty if there were no words. */
  | { readonly type: "speech-end"; readonly at: number };

export interface Transcript {
  /** All words of the utterance so far; a later transcript of the same utterance replaces it. */
  readonly text: string;
  /** The utterance is over; the next transcript begins a new one. */
  readonly final: boolean;
  /** Session time of the utterance's first and last sample. */
  readonly startMs: number;
  readonly endMs: number;
  /** BCP 47. */
  readonly language: string;
  /** Probability that the sentence is complete, 0 to 1, if the recogniser knows. */
  readonly complete?: number;
}

export interface AsrContext {
  /** BCP 47, for instance `en-US`. */
  readonly language: string;
  /** Audio before the detected onset that belongs to the utterance. */
  readonly prefixMs: number;
  /** Words that people are likely to say. Read it anew for each utterance: it may change. */
  readonly keyterms: readonly string[];
  readonly signal: AbortSignal;
}

/** One recogniser for one person. Ends when the audio ends. */
export type Asr = (audio: AsyncIterable<AsrInput>, context: AsrContext) => AsyncIterable<Transcript>;

/** A function that the model may ask for. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The model asks for a tool. */
export interface ToolCall {
  /** The model's own id for it, or one made for it; never used twice in a session. */
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Why it cannot be carried out, in words for the model: its arguments could not be read. */
  readonly fault?: string;
}

/** An image that goes with a message: an http, https or data address. */
export interface Picture {
  readonly url: string;
}

export interface LlmMessage {
  /** `tool`: what the call `callId` gave. */
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  /** Of an assistant message: calls it made; each is followed by its `tool` message. */
  readonly toolCalls?: readonly ToolCall[];
  readonly callId?: string;
  /** Of a user message. */
  readonly pictures?: readonly Picture[];
  /** What is remembered of it, for vendors that tell. */
  readonly entry?: HistoryEntry;
  /** Messages given by the operator pass through as they are: fields beyond role and content, or in their place. */
  readonly raw?: Readonly<Record<string, unknown>>;
}

/** The turn that is answered. */
export interface LlmTurn {
  readonly id: number;
  /** Session time of the request. */
  readonly at: number;
  /** People's speech may cut the answer. */
  readonly interruptable: boolean;
}

export interface LlmContext {
  readonly signal: AbortSignal;
  /** What the model may call; absent or empty: nothing. */
  readonly tools?: readonly ToolDefinition[];
  readonly turn?: LlmTurn;
}

/** How an answer and the voice are to be; comes before the answer's text. */
export interface Control {
  readonly type: "control";
  /** People's speech may cut this answer. */
  readonly interruptable?: boolean;
  /** The voice's parameters that change, for this answer and those that follow. */
  readonly voiceParams?: Readonly<Record<string, unknown>>;
}

/** A piece of what is not spoken by a voice but brings its own sound: sound, text and times, each as far as there is some. */
export interface Speech {
  readonly type: "speech";
  readonly by: "model" | "recording";
  /** Mono. */
  readonly pcm: Int16Array;
  /** Of `pcm`, in hertz. */
  readonly sampleRate: number;
  /** More of what is said in it, spaces included. */
  readonly text: string;
  /** When the next words of the text sound, in milliseconds from the first sample of this piece. */
  readonly words: readonly TimedWord[];
}

/** A piece of the answer's text, of any size, or of what the model says itself, or a call. */
export type LlmOutput = string | Speech | ({ readonly type: "tool-call" } & ToolCall) | Control;

/** Streams the answer. An answer may hold text, calls, or both. */
export type Llm = (messages: readonly LlmMessage[], context: LlmContext) => AsyncIterable<LlmOutput>;

export interface TimedWord {
  /** The word with its punctuation, as in the text: joined with single spaces they give the clause again. */
  readonly text: string;
  /** Milliseconds from the first sample of the clause. */
  readonly startMs: number;
  readonly endMs: number;
}

export type TtsOutput =
  /** The audio that follows speaks this text. `words` as far as the vendor times them. */
  | { readonly type: "clause"; readonly text: string; readonly words?: readonly TimedWord[] }
  | { readonly type: "audio"; readonly pcm: Int16Array }
  | Speech;

export interface TtsContext {
  readonly signal: AbortSignal;
}

/** Where a recording lies that somebody wants played. */
export interface ChosenRecording {
  /** http or https. */
  readonly url: string;
  /** Longest wait for all of it, in milliseconds. */
  readonly timeoutMs: number;
  /** Of raw PCM, in hertz; a WAV file knows its own. */
  readonly sampleRate: number;
}

export interface Recording {
  /** Mono. */
  readonly pcm: Int16Array;
  /** In hertz. */
  readonly sampleRate: number;
}

/** Speaks clauses as they come; the audio has the rate in `Voice.sampleRate`. */
export type Tts = (clauses: AsyncIterable<string>, context: TtsContext) => AsyncIterable<TtsOutput>;

export interface Voice {
  readonly sampleRate: number;
  readonly speak: Tts;
}

/**
 * A vendor: a name and up to three factories. Each factory takes options that its schema has parsed; the schema is
 * also the check at the API. `languages` says which tags its recogniser knows, absent = any.
 */
export interface Vendor {
  readonly name: string;
  readonly asr?: { readonly options: z.ZodType; readonly languages?: readonly string[]; open(options: unknown): Asr };
  readonly tts?: {
    readonly options: z.ZodType;
    /** It is reached where its user says: its options are `url`, `headers` and `params`, not the parameters alone. */
    readonly addressed?: boolean;
    open(options: unknown): Voice;
  };
}

/** A request style of language models, chosen by `llm.style`. */
export interface LlmStyle {
  readonly name: string;
  /** Its models can answer with sound: its options have `output`. */
  readonly speaks?: boolean;
  readonly options: z.ZodType;
  /** `field`: whose options they are, for errors; default `llm`. Throws an `AppError` for an address that is refused at once. */
  open(options: unknown, field?: string): Llm;
}
