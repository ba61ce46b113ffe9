/** Turns the VAD's probabilities into the beginnings and ends of one person's speech. */

/** Length of one VAD window in milliseconds: 512 samples at 16 kHz, as Silero takes them. */
export const VAD_WINDOW_MS = 32;

export interface VadResult {
  /** Session time of the window's first sample. */
  readonly at: number;
  /** Probability of speech, 0 to 1. */
  readonly probability: number;
}

export type GateDecision =
  /** `at`: where the first voiced window begins. */
  | { type: "speech-start"; at: number }
  /** `at`: where the last voiced window ends; said {@link SpeechGateSettings.hangoverMs} later. */
  | { type: "speech-end"; at: number };

export interface SpeechGateSettings {
  /** Probability that counts as voice, in (0, 1). */
  readonly threshold: number;
  /** Voice needed to begin, in milliseconds: one window alone is a click. */
  readonly onsetMs: number;
  /** Silence needed to end, in milliseconds. Short: it is TurnTaking that waits for the end of the turn. */
  readonly hangoverMs: number;
}

export const defaultGate: SpeechGateSettings = {
  threshold: 0.5,
  onsetMs: 2 * VAD_WINDOW_MS,
  hangoverMs: 3 * VAD_WINDOW_MS,
};

// Silero's own iterator lets speech go on while the probability stays above the threshold minus .15
// (snakers4/silero-vad, utils_vad.py): a sentence does not fall apart at its soft consonants.
const hysteresis = 0.15;

/**
 *            voice for onsetMs              silence for hangoverMs
 *   silent ─────────────────────▶ speaking ───────────────────────▶ silent
 */
type State = { name: "silent"; voicedSince: number | undefined } | { name: "speaking"; voicedUntil: number };

export class SpeechGate {
  /** They count from the next window on. */
  settings: SpeechGateSettings;
  #state: State = { name: "silent", voicedSince: undefined };

  constructor(settings: SpeechGateSettings = defaultGate) {
    this.settings = settings;
  }

  get speaking(): boolean {
    return this.#state.name === "speaking";
  }

  handle({ at, probability }: VadResult): GateDecision[] {
    const { threshold, onsetMs, hangoverMs } = this.settings;
    const end = at + VAD_WINDOW_MS;
    switch (this.#state.name) {
      case "silent": {
        if (probability < threshold) {
          this.#state.voicedSince = undefined;
          return [];
        }
        const since = (this.#state.voicedSince ??= at);
        if (end - since < onsetMs) return [];
        this.#state = { name: "speaking", voicedUntil: end };
        return [{ type: "speech-start", at: since }];
      }
      case "speaking": {
        if (probability >= Math.max(threshold - hysteresis, 0.01)) {
          this.#state.voicedUntil = end;
          return [];
        }
        const { voicedUntil } = this.#state;
        if (end - voicedUntil < hangoverMs) return [];
        this.#state = { name: "silent", voicedSince: undefined };
        return [{ type: "speech-end", at: voicedUntil }];
      }
    }
  }
}
