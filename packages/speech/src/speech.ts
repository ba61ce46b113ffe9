/** The embedded speech as the engine sees it: voice activity, recognition and a voice, with the models in worker threads. */
import { availableParallelism } from "node:os";
import type { LoadProgress, Recognition, Spoken } from "./jobs.ts";
import { Pool, type WorkerPlan } from "./pool.ts";
import { VadStreams, type Vad } from "./silero/vad-streams.ts";
import type { SpeechError } from "./speech-error.ts";

export interface RecogniseOptions {
  /** `tiny` for partials, which give way to everything else; `base` for finals. */
  readonly model: "tiny" | "base";
  /** How much of the audio is voice, in milliseconds; absent: all of it. */
  readonly speechMs?: number;
  /** What the text probably is, from an earlier partial: costs nothing when wrong, saves half the time when right. */
  readonly draft?: string;
  readonly signal: AbortSignal;
}

export interface SpeakOptions {
  /** 0 to 903. */
  readonly speaker: number;
  /** 1 is the voice's own pace, 0.5 to 2. */
  readonly speed: number;
  /** The first clause of a reply goes before everything but voice activity. */
  readonly first?: boolean;
  readonly signal: AbortSignal;
}

export interface Speech extends AsyncDisposable {
  /** Weights read and verified, models loaded and warmed up. Work given before waits for it; if it fails, so does the work. */
  readonly ready: Promise<void>;
  openVad(): Vad;
  /** `pcm`: 16 kHz, at most 15 s. */
  recognise(pcm: Int16Array, options: RecogniseOptions): Promise<Recognition>;
  /** Speaks one clause. */
  speak(text: string, options: SpeakOptions): Promise<Spoken>;
}

export interface SpeechOptions {
  onProgress?(progress: LoadProgress): void;
  /** A worker stopped and is started again: for the log. */
  onCrash?(error: SpeechError): void;
  /** Threads for recognition and voice together, besides the one for voice activity. Absent: one per core, 2 to 4. */
  readonly threads?: number;
}

/** Each thread holds its models for itself, about 300 MB: more threads only where they are asked for. */
const MOST_THREADS = 4;
/** Gives way to the main loop and to voice activity, yet not so far that another busy program starves it. */
const HEAVY_NICENESS = 5;

/**
 * Voice activity has a thread of its own, since it must answer every 32 ms. Recognition and voice have at least one
 * thread each, so that a first clause never waits for a recognition; further threads go to recognition twice as often,
 * which costs three times as much. With one thread, it does both.
 */
export function planWorkers(threads: number): WorkerPlan[] {
  const vad: WorkerPlan = { name: "vad", skills: ["silero"], niceness: 0 };
  if (threads < 2) return [vad, { name: "speech", skills: ["base", "tiny", "piper"], niceness: HEAVY_NICENESS }];
  const voices = Math.ceil((threads - 1) / 3);
  const heavy = (kind: string, count: number, skills: WorkerPlan["skills"]): WorkerPlan[] =>
    Array.from({ length: count }, (_, index) => ({ name: `${kind}-${index + 1}`, skills, niceness: HEAVY_NICENESS }));
  return [vad, ...heavy("recogniser", threads - voices, ["base", "tiny"]), ...heavy("voice", voices, ["piper"])];
}

export function openSpeech(options: SpeechOptions = {}): Speech {
  const pool = new Pool({
    ...options,
    plan: planWorkers(options.threads ?? Math.min(MOST_THREADS, Math.max(2, availableParallelism()))),
    // Beside this file, as source and when built.
    script: new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url),
  });
  const vad = new VadStreams(async (job) => await pool.run(job, { urgency: "vad" }));

  return {
    ready: pool.ready,
    openVad: () => vad.open(),

    async recognise(pcm, { model, signal, speechMs = pcm.length / 16, draft = "" }) {
      const urgency = model === "base" ? "final" : "partial";
      const result = await pool.run({ skill: model, pcm: pcm.slice(), speechMs, draft }, { urgency, signal });
      if (result.type !== "recognition") throw new TypeError("The recogniser answered with something else");
      return result.recognition;
    },

    async speak(text, { speaker, speed, first = false, signal }) {
      const result = await pool.run({ skill: "piper", text, speaker, speed }, { urgency: first ? "first-clause" : "clause", signal });
      if (result.type !== "spoken") throw new TypeError("The voice answered with something else");
      return result.spoken;
    },

    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
    },
  };
}
