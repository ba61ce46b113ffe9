/** The unit of audio inside the engine: 20 ms of mono 16-bit PCM, with its place in time and its speaker. */

/** Length of a frame in milliseconds. Opus, G.711 and every transport here use the same. */
export const FRAME_MS = 20;

/** Rate of people's audio inside the engine, in hertz: what VAD and recognisers take. */
export const INPUT_RATE = 16_000;

/** Samples in one frame of people's audio. */
export const INPUT_SAMPLES = (INPUT_RATE * FRAME_MS) / 1000;

/** 20 ms of one person's voice on its way to the agent. */
export interface Frame {
  /** Session time of the first sample, in milliseconds. Frames of one uid follow each other without holes. */
  readonly at: number;
  /** Who speaks, as text, as the token says it. */
  readonly uid: string;
  /** {@link INPUT_SAMPLES} samples at {@link INPUT_RATE}. */
  readonly pcm: Int16Array;
  /** True when the samples were made up (loss concealment, silence for a muted microphone). */
  readonly concealed: boolean;
}

/** 20 ms of the agent's voice on its way to the people, at the transport's sample rate. */
export interface VoiceFrame {
  /** Session time at which the first sample is due. */
  readonly at: number;
  readonly pcm: Int16Array;
}
