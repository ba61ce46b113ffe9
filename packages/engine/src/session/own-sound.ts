/** Sound that brings its own text, on its way into the playout. */
import type { Playout } from "../core/playout.ts";
import type { Script } from "../core/script.ts";
import type { Speech } from "../vendors/vendor.ts";
import type { Resampler } from "./reply.ts";

export interface OwnSoundParts {
  readonly playout: Playout;
  /** Of the playout, in hertz. */
  readonly sampleRate: number;
  readonly resample: (from: number, to: number) => Resampler;
  readonly isFiller: boolean;
}

export class OwnSound {
  readonly #parts: OwnSoundParts;
  readonly #script: Script;
  #resampler: Resampler | undefined;
  #rate = 0;
  /** Sound so far, in milliseconds: what the times of a piece's words are counted from. */
  #ms = 0;

  constructor(parts: OwnSoundParts) {
    this.#parts = parts;
    this.#script = parts.playout.scripted(parts.isFiller);
  }

  push({ pcm, sampleRate, text, words }: Speech): void {
    const { playout, resample } = this.#parts;
    const from = this.#ms;
    this.#script.time(words.map((word) => ({ ...word, startMs: from + word.startMs, endMs: from + word.endMs })));
    this.#script.add(text);
    if (pcm.length === 0) return;
    if (sampleRate !== this.#rate) {
      this.end();
      this.#rate = sampleRate;
      if (sampleRate !== this.#parts.sampleRate) this.#resampler = resample(sampleRate, this.#parts.sampleRate);
    }
    this.#ms += (pcm.length * 1000) / sampleRate;
    playout.push(this.#resampler === undefined ? pcm : this.#resampler.process(pcm));
  }

  /** No more of it comes. Gives back the resampler, whose memory is native. */
  end(): void {
    if (this.#resampler !== undefined) this.#parts.playout.push(this.#resampler.flush());
    this.#resampler = undefined;
    this.#rate = 0;
  }
}
