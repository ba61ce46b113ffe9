/** What the main thread and the workers say to each other. */
import type { SpeechErrorCode } from "./speech-error.ts";

/** What a worker has loaded and can therefore do. */
export type Skill = "silero" | "tiny" | "base" | "piper";

/** How much of a part has been read from disk. */
export interface LoadProgress {
  readonly part: string;
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** The words in a stretch of speech. */
export interface Recognition {
  readonly text: string;
  /** Probability that the sentence is complete, 0 to 1; from the base model only, else 0. */
  readonly complete: number;
  readonly tokens: number;
}

export interface SpokenWord {
  readonly text: string;
  /** Milliseconds from the clause's first sample. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A clause as sound. */
export interface Spoken {
  /** Mono; silence before the first sound is at most 20 ms. */
  readonly pcm: Int16Array;
  readonly sampleRate: 22_050;
  readonly words: readonly SpokenWord[];
}

export type Job =
  /** 512 samples for each of `streams`, one after the other; `ended` streams are forgotten first. */
  | { readonly skill: "silero"; readonly streams: readonly number[]; readonly ended: readonly number[]; readonly pcm: Int16Array }
  /** `speechMs`: how much of the audio is voice. `draft`: what the text probably is. Both as far as the caller knows. */
  | { readonly skill: "tiny" | "base"; readonly pcm: Int16Array; readonly speechMs: number; readonly draft: string }
  | { readonly skill: "piper"; readonly text: string; readonly speaker: number; readonly speed: number };

export type JobResult =
  | { readonly type: "probabilities"; readonly probabilities: Float32Array }
  | { readonly type: "recognition"; readonly recognition: Recognition }
  | { readonly type: "spoken"; readonly spoken: Spoken };

export interface WorkerSetup {
  readonly skills: readonly Skill[];
  /** Added to the thread's niceness, 0 to 19. */
  readonly niceness: number;
  /** The memory of a `Control`. */
  readonly control: SharedArrayBuffer;
}

export type ToWorker =
  /** The first message: what to be. */
  | { readonly type: "open"; readonly setup: WorkerSetup }
  | { readonly type: "job"; readonly id: number; readonly job: Job }
  | { readonly type: "close" };

export type FromWorker =
  | { readonly type: "progress"; readonly progress: LoadProgress }
  | { readonly type: "ready" }
  /** The worker will never be ready. */
  | { readonly type: "refused"; readonly code: SpeechErrorCode; readonly message: string }
  | { readonly type: "done"; readonly id: number; readonly result: JobResult }
  /** Stopped on the way, as the main thread wished. */
  | { readonly type: "stopped"; readonly id: number }
  | { readonly type: "failed"; readonly id: number; readonly message: string };
