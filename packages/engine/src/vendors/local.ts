/** The embedded recogniser and voice as a vendor: no key, no network. */
import { SpeechError, voices, type Speech, type Spoken } from "@parley/speech";
import { z } from "zod";
import { spellTerms } from "./keyterms.ts";
import { aborted } from "../aborted.ts";
import { AppError } from "../errors.ts";
import { Dictation, type DictationDecision, type DictationInput } from "./local-asr.ts";
import type { Asr, AsrContext, AsrInput, Transcript, Tts, Vendor, Voice } from "./vendor.ts";

/** What the embedded recogniser understands. Its English is one for all of them. */
const languages = ["en", "en-US", "en-GB", "en-IN", "en-AU", "en-CA", "en-IE", "en-NZ", "en-ZA"] as const;
const SPEAKERS = 904;
/** Rate of the embedded voice, in hertz. */
const VOICE_RATE = 22_050;
/** Samples that the voice gives at once: 40 ms. */
const PORTION = 882;

const asrOptions = z.strictObject({});

const ttsOptions = z.strictObject({
  /** A name, or the number of a speaker in the voice's training data. */
  voice: z
    .union([
      z.enum(voices.map(({ name }) => name)),
      z
        .int()
        .min(0)
        .max(SPEAKERS - 1),
    ])
    .default(voices.find((voice) => voice.default)?.name ?? 0),
  /** 1 is the voice's own pace. */
  speed: z.number().min(0.5).max(2).default(1),
});

export function openLocal(speech: Speech): Vendor {
  return {
    name: "local",
    asr: {
      options: asrOptions,
      languages,
      open: () => recognise(speech),
    },
    tts: {
      options: ttsOptions,
      open(options): Voice {
        const { voice, speed } = ttsOptions.parse(options);
        const speaker = typeof voice === "number" ? voice : (voices.find(({ name }) => name === voice)?.speaker ?? 0);
        return { sampleRate: VOICE_RATE, speak: speak(speech, speaker, speed) };
      },
    },
  };
}

/** The embedded recogniser knows English only: anything else is refused, and what to do is said. */
function checkLanguage(language: string): void {
  if (/^en(?:-|$)/iu.test(language)) return;
  throw new AppError(
    "invalid-field",
    `asr.language: the embedded recogniser (vendor local) knows English only (${languages.join(", ")}), not ${language}. ` +
      "Name a vendor that knows it in asr.vendor or in the project's defaults.asr; this version brings none",
  );
}

function recognise(speech: Speech): Asr {
  return async function* (audio, context) {
    checkLanguage(context.language);
    await using dictating = new Dictating(speech, context);
    yield* dictating.transcripts(audio);
  };
}

/** Carries out what {@link Dictation} decides, and gives its transcripts to whoever iterates. */
class Dictating implements AsyncDisposable {
  readonly #speech: Speech;
  readonly #context: AsrContext;
  readonly #dictation: Dictation;
  readonly #jobs = new Map<number, AbortController>();
  /** Why jobs failed that may yet be tried again. */
  readonly #causes = new Map<number, unknown>();
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  /** Transcripts not yet taken. A partial that is followed by another of its utterance is dropped, so this stays short. */
  #given: Transcript[] = [];
  #ended = false;
  #failure: { cause: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(speech: Speech, context: AsrContext) {
    const { prefixMs, signal } = context;
    this.#speech = speech;
    this.#context = context;
    this.#dictation = new Dictation(prefixMs);
    this.#signal = AbortSignal.any([signal, this.#closing.signal]);
    this.#signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  async *transcripts(audio: AsyncIterable<AsrInput>): AsyncGenerator<Transcript> {
    void this.#listen(audio);
    while (!this.#signal.aborted) {
      const transcript = this.#given.shift();
      if (transcript !== undefined) {
        yield transcript;
        continue;
      }
      if (this.#failure !== undefined) throw failed(this.#failure.cause);
      if (this.#ended && !this.#dictation.busy) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #listen(audio: AsyncIterable<AsrInput>): Promise<void> {
    let newest = 0;
    try {
      for await (const input of audio) {
        if (this.#signal.aborted) return;
        if (input.type === "audio") newest = input.frame.at;
        this.#handle(input);
      }
      this.#handle({ type: "speech-end", at: newest });
    } catch (cause) {
      this.#failure ??= { cause };
    } finally {
      this.#ended = true;
      this.#wake?.();
    }
  }

  #handle(input: DictationInput): void {
    for (const decision of this.#dictation.handle(input)) this.#carryOut(decision);
  }

  #carryOut(decision: DictationDecision): void {
    switch (decision.type) {
      case "recognise":
        void this.#recognise(decision);
        return;
      case "abandon":
        this.#jobs.get(decision.id)?.abort();
        this.#jobs.delete(decision.id);
        return;
      case "transcript": {
        const last = this.#given.at(-1);
        if (last !== undefined && !last.final) this.#given.pop();
        const text = spellTerms(decision.transcript.text, this.#context.keyterms);
        this.#given.push({ ...decision.transcript, text, language: this.#context.language });
        this.#wake?.();
        return;
      }
      case "give-up":
        this.#failure ??= { cause: this.#causes.get(decision.id) };
        this.#wake?.();
        return;
    }
  }

  async #recognise({ id, pcm, ...options }: DictationDecision & { type: "recognise" }): Promise<void> {
    const job = new AbortController();
    this.#jobs.set(id, job);
    const signal = AbortSignal.any([this.#signal, job.signal]);
    try {
      const { text, complete } = await this.#speech.recognise(pcm, { ...options, signal });
      if (!signal.aborted) this.#handle({ type: "recognised", id, text, complete });
    } catch (cause) {
      if (signal.aborted) return;
      this.#causes.set(id, cause);
      this.#handle({ type: "failed", id });
    } finally {
      this.#jobs.delete(id);
      this.#causes.delete(id);
    }
  }
}

/** Speaks clause by clause; while one is given out, the next is awaited and spoken already, and no more than that one. */
function speak(speech: Speech, speaker: number, speed: number): Tts {
  return async function* (clauses, { signal }) {
    const source = clauses[Symbol.asyncIterator]();
    using over = aborted(signal);
    let first = true;
    const pull = async (): Promise<{ text: string; spoken: Spoken } | undefined> => {
      const next = await source.next();
      if (next.done === true) return undefined;
      const urgent = first;
      first = false;
      return { text: next.value, spoken: await speech.speak(next.value, { speaker, speed, first: urgent, signal }) };
    };
    let coming = pull();
    try {
      for (;;) {
        const clause = await Promise.race([coming, over.promise]);
        if (clause === undefined || signal.aborted) return;
        coming = pull();
        // It is awaited in the next round; until then its failure is nobody's, and after an abort for good.
        coming.catch(() => undefined);
        yield { type: "clause", text: clause.text, words: clause.spoken.words };
        for (const pcm of portions(clause.spoken.pcm)) {
          if (signal.aborted) return;
          yield { type: "audio", pcm };
        }
      }
    } catch (cause) {
      if (signal.aborted) return;
      throw failed(cause);
    } finally {
      coming.catch(() => undefined);
      void source.return?.();
    }
  };
}

function* portions(pcm: Int16Array): Generator<Int16Array> {
  for (let from = 0; from < pcm.length; from += PORTION) yield pcm.subarray(from, from + PORTION);
}

function failed(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const remedy = cause instanceof SpeechError ? `. ${cause.remedy}` : "";
  return new AppError("vendor-failed", `local: ${message}${remedy}`, { cause, own: "local failed" });
}
