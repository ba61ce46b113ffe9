/** Audio in the contract's words, and what is wrong with a client's. Pure. */
import type { AudioFormat, AudioProblem } from "../../transports/audio-input.ts";
import { formatOf } from "./configuration.ts";
import { type Refusal, refusal } from "./refusal.ts";

export function audioFormatOf(format: Parameters<typeof formatOf>[0]): AudioFormat {
  const { encoding, sample_rate: rate } = formatOf(format);
  if (encoding !== "audio/pcm") return { encoding, sampleRate: 8000 };
  return { encoding, sampleRate: rate === 8000 || rate === 16_000 || rate === 48_000 ? rate : 24_000 };
}

export function toRefusal({ code, message }: AudioProblem): Refusal {
  switch (code) {
    case "invalid-audio":
      return refusal("invalid_audio", message, "audio");
    case "audio-rate-violation":
      return refusal("audio_rate_violation", message);
    case "audio-rate-mismatch":
      return refusal("audio_rate_mismatch", message, "input.format.sample_rate");
  }
}
