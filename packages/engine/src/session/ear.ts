/** The agent's ear for one person: their audio goes to VAD and recogniser, speech and words come out. */
import { INPUT_RATE, type Frame } from "../core/frame.ts";
import { SpeechGate, type GateDecision, type SpeechGateSettings } from "../core/speech-gate.ts";
import type { Asr, AsrContext, AsrInput, Transcript } from "../vendors/vendor.ts";
import type { Clock } from "./clock.ts";
import { Stream } from "./stream.ts";
import { VAD_SAMPLES, type Vad } from "./vad.ts";

export interface EarParts {
  readonly clock: Clock;
  readonly vad: Vad;
  readonly gate: SpeechGateSettings;
  readonly asr: Asr;
  readonly context: Omit<AsrContext, "signal">;
  readonly signal: AbortSignal;
  /** What the ear found, in order: once per gate decision and transcript. */
  readonly onSpeech: (decision: GateDecision) => void;
  readonly onTranscript: (transcript: Transcript) => void;
  /** VAD or recogniser failed; the ear goes on and tries again. */
  readonly onError: (module: "vad" | "asr", error: unknown) => void;
}

/** Audio that a recogniser may be behind, in items of 20 ms: beyond it the oldest is lost. */
const maxBacklog = 1500;
/** VAD windows under way; beyond it they count as silence until it has caught up. */
const maxWindows = 64;
/** Wait before a failed recogniser is opened again, in milliseconds; doubles up to the maximum. */
const retryMs = 250;
const maxRetryMs = 8000;

export class Ear implements AsyncDisposable {
  readonly #parts: EarParts;
  readonly #gate: SpeechGate;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #window = new Int16Array(VAD_SAMPLES);
  readonly #listening: Promise<void>;
  #filled = 0;
  #windowAt = 0;
  #windows = 0;
  #audio = new Stream<AsrInput>(maxBacklog);
  #vadFailed = false;
  /** The recogniser has been told of speech, and not yet that it is over. */
  #utterance: "none" | "speaking" | "paused" = "none";
  /** It was told that speech is over, and has not given its final. */
  #owesFinal = false;
  /** What was said until then belongs to utterances that are over. */
  #heardUntil = 0;
  /** What it has understood of the utterance so far. */
  #understood = "";

  constructor(parts: EarParts) {
    this.#parts = parts;
    this.#gate = new SpeechGate(parts.gate);
    this.#signal = AbortSignal.any([parts.signal, this.#abort.signal]);
    this.#listening = this.#listen();
  }

  /** From the next window on. */
  set gate(settings: SpeechGateSettings) {
    this.#gate.settings = settings;
  }

  hear(frame: Frame): void {
    this.#audio.push({ type: "audio", frame });
    let from = 0;
    while (from < frame.pcm.length) {
      if (this.#filled === 0) this.#windowAt = frame.at + (from * 1000) / INPUT_RATE;
      const part = frame.pcm.subarray(from, from + VAD_SAMPLES - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled < VAD_SAMPLES) continue;
      this.#filled = 0;
      this.#detect(this.#window.slice(), this.#windowAt);
    }
  }

  /** The turn is over: the recogniser shall give its final. */
  endUtterance(): void {
    if (this.#utterance === "none") return;
    this.#utterance = this.#gate.speaking ? "speaking" : "none";
    this.#owesFinal = true;
    const at = this.#parts.clock.now();
    this.#audio.push({ type: "speech-end", at });
    // Speech that goes on is the beginning of the next utterance.
    if (this.#utterance === "none") return;
    this.#audio.push({ type: "speech-start", at, after: at });
    this.#heardUntil = at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#audio.end();
    this.#parts.vad.close();
    await this.#listening;
  }

  #detect(window: Int16Array, at: number): void {
    if (this.#windows >= maxWindows) return;
    this.#windows += 1;
    this.#parts.vad.process(window).then(
      (probability) => {
        this.#windows -= 1;
        this.#vadFailed = false;
        this.#decide(at, probability);
      },
      (error: unknown) => {
        this.#windows -= 1;
        if (this.#signal.aborted) return;
        if (!this.#vadFailed) this.#parts.onError("vad", error);
        this.#vadFailed = true;
        this.#decide(at, 0);
      },
    );
  }

  #decide(at: number, probability: number): void {
    if (this.#signal.aborted) return;
    for (const decision of this.#gate.handle({ at, probability })) {
      switch (decision.type) {
        case "speech-start":
          if (this.#utterance !== "none") this.#audio.push({ type: "speech-resume", at: decision.at });
          else this.#audio.push({ type: "speech-start", at: decision.at, after: this.#heardUntil });
          this.#utterance = "speaking";
          break;
        case "speech-end":
          this.#audio.push({ type: "speech-pause", at: decision.at });
          this.#heardUntil = decision.at;
          this.#utterance = "paused";
          break;
      }
      this.#parts.onSpeech(decision);
    }
  }

  #context(): AsrContext {
    const { context } = this.#parts;
    const { language, prefixMs } = context;
    return {
      language,
      prefixMs,
      signal: this.#signal,
      get keyterms() {
        return context.keyterms;
      },
    };
  }

  #tell(transcript: Transcript): void {
    this.#understood = transcript.final ? "" : transcript.text;
    if (transcript.final) this.#owesFinal = false;
    this.#parts.onTranscript(transcript);
  }

  /** Reads the recogniser; when it fails, opens it again, sooner first and then less often. */
  async #listen(): Promise<void> {
    const { asr, context, clock, onError } = this.#parts;
    let wait = retryMs;
    while (!this.#signal.aborted) {
      const openedAt = clock.now();
      try {
        for await (const transcript of asr(this.#audio, this.#context())) {
          if (this.#signal.aborted) return;
          this.#tell(transcript);
        }
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        onError("asr", error);
        // Nobody else will answer for what this recogniser was working on.
        if (this.#owesFinal)
          this.#tell({
            text: this.#understood,
            final: true,
            startMs: openedAt,
            endMs: clock.now(),
            language: context.language,
          });
        this.#audio.end();
        this.#audio = new Stream<AsrInput>(maxBacklog);
      }
      wait = clock.now() - openedAt > maxRetryMs ? retryMs : Math.min(wait * 2, maxRetryMs);
      await sleep(clock, wait, this.#signal);
    }
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const cancel = clock.at(clock.now() + ms, resolve);
  signal.addEventListener(
    "abort",
    () => {
      cancel();
      resolve();
    },
    { once: true },
  );
  return promise;
}
