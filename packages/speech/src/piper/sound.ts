/** The model's samples as 16-bit PCM of even loudness, with little silence before and after. */

/** Silence kept before the first word, in samples at 22,050 Hz: 20 ms. */
const LEAD = 441;
const TAIL = 2646;
/** Speech is this loud after evening out, of full scale (about −20 dBFS), and never above the peak (−1 dBFS). */
const LOUDNESS = 0.1;
const PEAK = 0.89;

export interface Shaped {
  pcm: Int16Array;
  /** Samples removed at the beginning. */
  dropped: number;
}

export function shape(samples: Float32Array, spans: ({ start: number; end: number } | undefined)[]): Shaped {
  const spoken = spans.filter((span) => span !== undefined);
  const from = Math.max(0, (spoken[0]?.start ?? 0) - LEAD);
  const to = Math.min(samples.length, (spoken.at(-1)?.end ?? samples.length) + TAIL);
  const kept = samples.subarray(from, to);
  let peak = 0;
  let energy = 0;
  for (const sample of kept) {
    peak = Math.max(peak, Math.abs(sample));
    energy += sample * sample;
  }
  const rms = Math.sqrt(energy / Math.max(1, kept.length));
  const gain = rms === 0 ? 0 : Math.min(LOUDNESS / rms, PEAK / peak);
  return { pcm: Int16Array.from(kept, (sample) => Math.round(sample * gain * 32_767)), dropped: from };
}
