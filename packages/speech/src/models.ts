/** The models of one worker: loaded, warmed up, and run job by job. */
import * as ort from "onnxruntime-node";
import type { Job, JobResult, LoadProgress, Skill } from "./jobs.ts";
import { createMoonshine, shapes } from "./moonshine/moonshine.ts";
import { createRecogniser, type Recogniser } from "./moonshine/recogniser.ts";
import { withDurations } from "./piper/durations.ts";
import { createPiper, type Piper } from "./piper/piper.ts";
import { createSilero, STEP_SAMPLES, type Silero } from "./silero/silero.ts";
import { SpeechError } from "./speech-error.ts";
import { readWeights, weights, type Weights } from "./weights.ts";

export interface Models {
  /** `undefined` when `stopped` became true on the way. */
  run(job: Job, stopped: () => boolean): Promise<JobResult | undefined>;
  close(): Promise<void>;
}

/** The weights of each part. */
const parts = {
  silero: [weights.silero],
  tiny: [weights.tinyEncoder, weights.tinyDecoder],
  base: [weights.baseEncoder, weights.baseDecoder],
  piper: [weights.piper, weights.piperTokens],
} as const satisfies Record<Skill, readonly Weights[]>;

/** One thread per inference: more would only take the cores from other calls. */
const sessionOptions: ort.InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  // Audio comes in any length: patterns of one length would be kept for nothing.
  enableMemPattern: false,
  logSeverityLevel: 3,
};

/** Rejects with the code `closed` when `closing` becomes true on the way. */
export async function loadModels(
  skills: readonly Skill[],
  onProgress: (progress: LoadProgress) => void,
  closing: () => boolean,
): Promise<Models> {
  const sessions: ort.InferenceSession[] = [];
  let silero: Silero | undefined;
  let piper: Piper | undefined;
  const recognisers = new Map<"tiny" | "base", Recogniser>();

  const open = async (bytes: Uint8Array): Promise<ort.InferenceSession> => {
    if (closing()) throw new SpeechError("closed", "The embedded speech was closed while it was loading");
    const session = await ort.InferenceSession.create(bytes, sessionOptions);
    sessions.push(session);
    free(bytes);
    return session;
  };
  const reader = (part: Skill): ((which: Weights) => Promise<Uint8Array>) => {
    const totalBytes = parts[part].reduce((sum, { bytes }) => sum + bytes, 0);
    let loadedBytes = 0;
    return async (which) =>
      await readWeights(which, (count) => {
        loadedBytes += count;
        onProgress({ part, loadedBytes, totalBytes });
      });
  };

  const run = async (job: Job, stopped: () => boolean): Promise<JobResult | undefined> => {
    switch (job.skill) {
      case "silero": {
        const model = must(silero, job.skill);
        for (const stream of job.ended) model.forget(stream);
        return { type: "probabilities", probabilities: await model.step(job.streams, job.pcm) };
      }
      case "tiny":
      case "base": {
        const recognition = await must(recognisers.get(job.skill), job.skill).recognise(job, stopped);
        return recognition && { type: "recognition", recognition };
      }
      case "piper":
        return { type: "spoken", spoken: await must(piper, job.skill).synthesize(job.text, job) };
    }
  };

  for (const skill of skills) {
    const read = reader(skill);
    switch (skill) {
      case "silero":
        silero = createSilero(await open(await read(weights.silero)));
        break;
      case "tiny":
      case "base": {
        const [encoder, decoder] = parts[skill];
        const model = createMoonshine(
          { encoder: await open(await read(encoder)), decoder: await open(await read(decoder)) },
          shapes[skill],
        );
        recognisers.set(skill, createRecogniser(model, { judgesEnds: skill === "base" }));
        break;
      }
      case "piper": {
        const voice = await read(weights.piper);
        const model = await open(withDurations(voice));
        free(voice);
        piper = createPiper(model, new TextDecoder().decode(await read(weights.piperTokens)));
        break;
      }
    }
    await run(firstJob(skill), closing);
  }

  return {
    run,
    async close() {
      for (const session of sessions.splice(0)) await session.release();
    },
  };
}

/** Gives memory back at once: a worker with nothing to do yet would not collect its garbage for long. */
function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

/** Work whose only use is that the first person does not wait for first-time allocations. */
function firstJob(skill: Skill): Job {
  switch (skill) {
    case "silero":
      return { skill, streams: [-1], ended: [], pcm: new Int16Array(STEP_SAMPLES) };
    case "tiny":
    case "base":
      return { skill, pcm: new Int16Array(3 * 16_000), speechMs: 0, draft: "" };
    case "piper":
      return { skill, text: "Good morning, how can I help you?", speaker: 0, speed: 1 };
  }
}

function must<Model>(model: Model | undefined, skill: Skill): Model {
  if (model === undefined) throw new Error(`This worker has not loaded ${skill}`);
  return model;
}
