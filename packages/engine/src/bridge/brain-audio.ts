/** What people say, in the format that the endpoint's configuration asks for. */
import { createResampler, encodeG711, type Resampler } from "@parley/media";
import { z } from "zod";
import { VOICE_RATE } from "./voice.ts";

const Format = z.object({
  input: z.object({
    format: z.object({ encoding: z.enum(["audio/pcm", "audio/pcmu", "audio/pcma"]), sample_rate: z.int().min(8000).max(48_000).nullish() }),
  }),
});

/** Hertz where a configuration names an encoding alone. */
const usualRates = { "audio/pcm": 24_000, "audio/pcmu": 8000, "audio/pcma": 8000 } as const;

export class BrainAudio implements Disposable {
  readonly #encoding: keyof typeof usualRates;
  readonly #resampler: Resampler;

  /** `config`: the session's configuration as the endpoint echoes it; `rate`: of the samples that come, in hertz. */
  constructor(config: unknown, rate = VOICE_RATE) {
    const format = Format.safeParse(config).data?.input.format;
    this.#encoding = format?.encoding ?? "audio/pcm";
    this.#resampler = createResampler(rate, format?.sample_rate ?? usualRates[this.#encoding]);
  }

  /** Samples to bytes of the endpoint's format. */
  encode(pcm: Int16Array): Uint8Array {
    const samples = this.#resampler.process(pcm);
    switch (this.#encoding) {
      case "audio/pcmu":
        return encodeG711(samples, "µ-law");
      case "audio/pcma":
        return encodeG711(samples, "A-law");
      case "audio/pcm": {
        const bytes = Buffer.allocUnsafe(samples.length * 2);
        for (let index = 0; index < samples.length; index += 1) bytes.writeInt16LE(samples[index] ?? 0, index * 2);
        return bytes;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#resampler[Symbol.dispose]();
  }
}
