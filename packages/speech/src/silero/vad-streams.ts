/** Everybody's voice activity, one stream per person, put together in one run of the model as far as they wait at once. */
import type { Job, JobResult } from "../jobs.ts";
import { SpeechError } from "../speech-error.ts";
import { STEP_SAMPLES } from "./silero.ts";

/** Steps of one stream that may wait (2 s); beyond it the engine is far behind and says so. */
const MOST_WAITING = 64;
/** Streams in one run. */
const LARGEST_BATCH = 64;

/** Answers one probability, 0 to 1, per 512 samples at 16 kHz, in order. */
export interface Vad {
  process(pcm: Int16Array): Promise<number>;
  close(): void;
}

interface Step {
  readonly pcm: Int16Array;
  resolve(probability: number): void;
  reject(error: unknown): void;
}

export class VadStreams {
  readonly #run: (job: Job) => Promise<JobResult>;
  readonly #waiting = new Map<number, Step[]>();
  #ended: number[] = [];
  #nextStream = 1;
  #running = false;

  constructor(run: (job: Job) => Promise<JobResult>) {
    this.#run = run;
  }

  open(): Vad {
    const stream = this.#nextStream++;
    this.#waiting.set(stream, []);
    return {
      process: async (pcm) => await this.#process(stream, pcm),
      close: () => {
        for (const step of this.#waiting.get(stream) ?? []) step.reject(new SpeechError("closed", "The voice activity stream is closed"));
        if (this.#waiting.delete(stream)) this.#ended.push(stream);
      },
    };
  }

  #process(stream: number, pcm: Int16Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const steps = this.#waiting.get(stream);
    if (steps === undefined) reject(new SpeechError("closed", "The voice activity stream is closed"));
    else if (pcm.length !== STEP_SAMPLES) reject(new RangeError(`A step of voice activity has ${STEP_SAMPLES} samples, not ${pcm.length}`));
    else if (steps.length >= MOST_WAITING)
      reject(new SpeechError("overloaded", `${MOST_WAITING} steps of one stream wait for voice activity`));
    else {
      steps.push({ pcm: pcm.slice(), resolve, reject });
      if (!this.#running) void this.#work();
    }
    return promise;
  }

  async #work(): Promise<void> {
    this.#running = true;
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      const pcm = new Int16Array(batch.length * STEP_SAMPLES);
      for (const [index, { step }] of batch.entries()) pcm.set(step.pcm, index * STEP_SAMPLES);
      const ended = this.#ended;
      this.#ended = [];
      try {
        const result = await this.#run({ skill: "silero", streams: batch.map(({ stream }) => stream), ended, pcm });
        if (result.type !== "probabilities") throw new TypeError("The VAD worker answered with something else");
        for (const [index, { step }] of batch.entries()) step.resolve(result.probabilities[index] ?? 0);
      } catch (error) {
        for (const { step } of batch) step.reject(error);
      }
    }
    this.#running = false;
  }

  #next(): { stream: number; step: Step }[] {
    const batch: { stream: number; step: Step }[] = [];
    for (const [stream, steps] of this.#waiting) {
      if (batch.length === LARGEST_BATCH) break;
      const step = steps.shift();
      if (step !== undefined) batch.push({ stream, step });
    }
    return batch;
  }
}
