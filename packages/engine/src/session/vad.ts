/** Voice activity detection as the session uses it: one stream for each person. */

/** Samples in one window: 32 ms at 16 kHz. */
export const VAD_SAMPLES = 512;

export interface Vad {
  /** The probability that the window holds speech, 0 to 1. Answers come in the order of the windows. */
  process(window: Int16Array): Promise<number>;
  close(): void;
}

export type OpenVad = () => Vad;
