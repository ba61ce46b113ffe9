/** What a model says itself: sound, its text and the times of its words, out of `delta.audio` of an answer's chunks. */
import { z } from "zod";
import type { AppError } from "../errors.ts";
import { OtherAudio, PcmBytes } from "./pcm-bytes.ts";
import { hostOf } from "./proxy.ts";
import type { Speech, TimedWord } from "./vendor.ts";

/** Sound in one answer, in milliseconds: who says more than this does not converse. */
const mostMs = 600_000;

/** Characters of transcript and of timed words in one answer: three times what is said in so long. Each is placed in the sound. */
const mostCharacters = 60_000;

/** Where nothing says otherwise: what servers with this contract send. */
const usualRate = 16_000;

/** `pcm16` of OpenAI's own models (platform.openai.com/docs/guides/audio). */
const openAiRate = 24_000;

const Format = z.union([
  z.string().regex(/^pcm/i),
  z.looseObject({ type: z.string().regex(/pcm/i).optional(), rate: z.int().min(8000).max(96_000).optional() }),
]);

/** `audio` of a request's parameters, as far as it says what comes back. */
const AudioParams = z.looseObject({
  format: Format.nullish(),
  sample_rate: z.int().min(8000).max(96_000).nullish(),
});

/** Why sound that is asked for so cannot be played; undefined where it can. */
export function audioFault(params: Readonly<Record<string, unknown>>): string | undefined {
  if (AudioParams.safeParse(params["audio"] ?? {}).success) return undefined;
  return 'audio: only raw PCM of 16 bits can be played: "format": "pcm16", and where it is not 16000 Hz a "sample_rate" of 8000 to 96000';
}

/** In hertz: as `params.audio` has it (`sample_rate`, `format.rate`, or the number in a format such as `pcm_24000`), else what is usual at that address. */
export function speechRate(params: Readonly<Record<string, unknown>>, url: URL): number {
  const { format, sample_rate: rate } = AudioParams.safeParse(params["audio"] ?? {}).data ?? {};
  if (rate !== undefined && rate !== null) return rate;
  if (typeof format === "object" && format?.rate !== undefined) return format.rate;
  const named = typeof format === "string" ? Number(/(?:^|\D)(\d{4,5})(?!\d)/.exec(format)?.[1] ?? 0) : 0;
  if (named >= 8000 && named <= 96_000) return named;
  return /(?:^|\.)(?:openai\.com|openai\.azure\.com)$/.test(hostOf(url)) ? openAiRate : usualRate;
}

const Audio = z.looseObject({
  id: z.string().nullish(),
  data: z.string().nullish(),
  transcript: z.string().nullish(),
  words: z.array(z.unknown()).nullish(),
});

/** All four are wanted. */
const Word = z.looseObject({
  text: z.string(),
  start_ts: z.number().min(0).max(mostMs),
  end_ts: z.number().min(0).max(mostMs),
  duration: z.number(),
});

const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

type Fail = (what: string) => AppError;

/** One answer's. */
export class OwnSpeech {
  readonly #sampleRate: number;
  readonly #fail: Fail;
  #id = "";
  #bytes: PcmBytes;
  /** Samples of the sound with this id, and of all. */
  #samples = 0;
  #allSamples = 0;
  /** Of the newest word, from the first sample of its sound. */
  #lastStartMs = 0;
  #timesWords = true;
  /** Characters that carried sound. */
  #carried = 0;
  /** Characters of transcript and of timed words. */
  #characters = 0;

  constructor(sampleRate: number, fail: Fail) {
    this.#sampleRate = sampleRate;
    this.#fail = fail;
    this.#bytes = new PcmBytes(sampleRate);
  }

  /** Characters of the answer that were sound, and are no text. */
  get carried(): number {
    return this.#carried;
  }

  /** Throws where the sound cannot be read, or does not end. Undefined: nothing that can be heard or read. */
  read(given: unknown): Speech | undefined {
    const audio = Audio.safeParse(given);
    if (!audio.success) throw this.#fail("sent sound that cannot be read: audio has data and transcript as text, and words as a list");
    const { id, data, transcript, words } = audio.data;
    if (id !== undefined && id !== null && id !== this.#id) this.#begin(id);
    const before = this.#ms;
    const pcm = this.#decode(data ?? "");
    const timed = this.#time(words ?? [], before);
    this.#characters += timed.reduce((sum, word) => sum + word.text.length, transcript?.length ?? 0);
    if (this.#characters > mostCharacters) throw this.#fail(`sent more than ${mostCharacters} characters of transcript for one answer`);
    if (pcm.length === 0 && timed.length === 0 && (transcript ?? "") === "") return undefined;
    return { type: "speech", by: "model", pcm, sampleRate: this.#sampleRate, text: transcript ?? "", words: timed };
  }

  get #ms(): number {
    return (this.#samples * 1000) / this.#sampleRate;
  }

  /** A sound with another id counts its words anew. */
  #begin(id: string): void {
    this.#id = id;
    this.#samples = 0;
    this.#lastStartMs = 0;
    this.#bytes = new PcmBytes(this.#sampleRate);
  }

  #decode(data: string): Int16Array {
    if (data === "") return new Int16Array();
    if (!base64.test(data)) throw this.#fail("sent sound that is not base64");
    this.#carried += data.length;
    const pcm = this.#samplesOf(Buffer.from(data, "base64"));
    this.#samples += pcm.length;
    this.#allSamples += pcm.length;
    if ((this.#allSamples * 1000) / this.#sampleRate > mostMs)
      throw this.#fail(`sent more than ${mostMs / 1000} s of sound for one answer`);
    return pcm;
  }

  #samplesOf(bytes: Buffer): Int16Array {
    try {
      return this.#bytes.push(bytes);
    } catch (error) {
      if (error instanceof OtherAudio) throw this.#fail(error.message);
      throw error;
    }
  }

  /** From the first sample of this piece. Times count from the first sample of the sound, or, where they go back, of the piece that brings them. */
  #time(given: readonly unknown[], pieceMs: number): TimedWord[] {
    const words: TimedWord[] = [];
    let baseMs: number | undefined;
    for (const one of given) {
      const word = Word.safeParse(one);
      // Letters of one that cannot be read would be taken for those of the next.
      this.#timesWords &&= word.success;
      if (!this.#timesWords || !word.success) return words;
      const { text, start_ts: start, end_ts: end } = word.data;
      baseMs ??= start < this.#lastStartMs ? pieceMs : 0;
      this.#lastStartMs = Math.max(this.#lastStartMs, baseMs + start);
      words.push({ text, startMs: baseMs + start - pieceMs, endMs: baseMs + Math.max(start, end) - pieceMs });
    }
    return words;
  }
}
