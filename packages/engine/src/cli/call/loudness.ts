/** Finds where sound begins and ends in audio that comes in frame by frame: pure, by the waveform alone. */

/** −40 dBFS as a 16-bit sample: what is louder counts as sound. */
export const AUDIBLE = 328;

/** A stretch of sound, in milliseconds of the frames' own time. */
export interface Sound {
  readonly startMs: number;
  /** End of the last audible sample so far. */
  readonly endMs: number;
}

export class Loudness {
  readonly #sampleRate: number;
  readonly #bridgeMs: number;
  readonly #sounds: Sound[] = [];

  /** Silence shorter than `bridgeMs`, as between words, does not end a sound. */
  constructor({ sampleRate, bridgeMs }: { sampleRate: number; bridgeMs: number }) {
    this.#sampleRate = sampleRate;
    this.#bridgeMs = bridgeMs;
  }

  get sounds(): readonly Sound[] {
    return this.#sounds;
  }

  /** `at`: time of the frame's first sample. */
  push(at: number, pcm: Int16Array): void {
    for (const [index, sample] of pcm.entries()) {
      if (sample <= AUDIBLE && sample >= -AUDIBLE) continue;
      const startMs = at + (index * 1000) / this.#sampleRate;
      const endMs = at + ((index + 1) * 1000) / this.#sampleRate;
      const last = this.#sounds.at(-1);
      if (last !== undefined && startMs - last.endMs < this.#bridgeMs)
        this.#sounds[this.#sounds.length - 1] = { startMs: last.startMs, endMs };
      else this.#sounds.push({ startMs, endMs });
    }
  }
}

/** The audible part of a whole recording, from its first to its last audible sample; undefined where it holds none. */
export function audibleSpan(pcm: Int16Array, sampleRate: number): Sound | undefined {
  const isAudible = (sample: number): boolean => sample > AUDIBLE || sample < -AUDIBLE;
  const first = pcm.findIndex(isAudible);
  if (first === -1) return undefined;
  return { startMs: (first * 1000) / sampleRate, endMs: ((pcm.findLastIndex(isAudible) + 1) * 1000) / sampleRate };
}

/** When the sound that goes on at `at` fell silent for at least `quietMs`; `at` itself where nothing sounds then. */
export function silentFrom(sounds: readonly Sound[], at: number, quietMs: number): number {
  let silent = at;
  for (const sound of sounds) {
    if (sound.endMs <= silent) continue;
    if (sound.startMs - silent >= quietMs) break;
    silent = sound.endMs;
  }
  return silent;
}
