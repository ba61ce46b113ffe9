/** What each voice sounds like: a sentence, spoken when somebody asks for it first, and kept. */
import { writeWav } from "@parley/media";
import { type Speech, voices as named } from "@parley/speech";
import { AppError } from "../../errors.ts";
import { RateLimit } from "../../rate-limit.ts";
import type { FoundVoice } from "./voices.ts";

export interface VoicePreviewsOptions {
  readonly speech: Pick<Speech, "speak">;
  /** The models are loaded. */
  readonly ready: () => boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Aborted when the engine ends. */
  readonly signal: AbortSignal;
}

/** Kept at once, each some 150 KB: all names of the list have room. */
const MOST_KEPT = 96;

/** New ones; calls come first. */
const PER_SECOND = 2;
const BURST = 12;

export class VoicePreviews {
  readonly #options: VoicePreviewsOptions;
  /** By name; the oldest first. */
  readonly #kept = new Map<string, Promise<Buffer>>();
  readonly #rate = new RateLimit({ perSecond: PER_SECOND, burst: BURST });
  /** One is spoken after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: VoicePreviewsOptions) {
    this.#options = options;
  }

  /** A WAV file. Throws `speech-not-loaded`, and `too-many-previews` while too many new ones are asked for. */
  async get(voice: FoundVoice): Promise<Buffer> {
    const kept = this.#kept.get(voice.alias);
    if (kept !== undefined) return await kept;
    const { ready, now } = this.#options;
    if (!ready()) throw new AppError("speech-not-loaded", "the embedded voice is still loading");
    if (!this.#rate.admit(now())) throw new AppError("too-many-previews", `more than ${PER_SECOND} new previews are asked for in a second`);
    const making = this.#last.then(async () => await this.#make(voice));
    this.#last = making.catch(() => {});
    this.#kept.set(voice.alias, making);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    try {
      return await making;
    } catch (error) {
      this.#kept.delete(voice.alias);
      throw error;
    }
  }

  async #make({ alias, voice }: FoundVoice): Promise<Buffer> {
    const { speech, signal } = this.#options;
    const speaker = typeof voice === "number" ? voice : (named.find(({ name }) => name === voice)?.speaker ?? 0);
    const { pcm, sampleRate } = await speech.speak(textOf(alias), { speaker, speed: 1, signal });
    return Buffer.from(writeWav({ pcm, sampleRate }));
  }
}

function textOf(alias: string): string {
  const name = alias.startsWith("local/") ? "" : `, my name is ${alias.slice(0, 1).toUpperCase()}${alias.slice(1)}`;
  return `Hello${name}. What can I do for you today?`;
}
