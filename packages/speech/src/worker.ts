/** A thread that holds models and works off one job at a time. */
import { parentPort, workerData } from "node:worker_threads";
import type { FromWorker, Job, JobResult, ToWorker, WorkerSetup } from "./jobs.ts";
import { loadModels, type Models } from "./models.ts";
import { niceThisThread } from "./niceness.ts";
import { SpeechError } from "./speech-error.ts";

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread only");

const setup: WorkerSetup = workerData;
const stop = new Int32Array(setup.stop);

niceThisThread(setup.niceness);

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

async function work(models: Models, id: number, job: Job): Promise<void> {
  try {
    const result = await models.run(job, () => Atomics.load(stop, 0) === id);
    if (result === undefined) tell({ type: "stopped", id });
    else tell({ type: "done", id, result }, owned(result));
  } catch (error) {
    tell({ type: "failed", id, message: error instanceof Error ? error.message : String(error) });
  }
}

/** Memory that moves to the main thread in place of being copied. */
function owned(result: JobResult): ArrayBuffer[] {
  if (result.type !== "spoken") return [];
  const { buffer } = result.spoken.pcm;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

try {
  const models = await loadModels(setup.skills, (progress) => tell({ type: "progress", progress }));
  port.on("message", (message: ToWorker) => {
    switch (message.type) {
      case "job":
        void work(models, message.id, message.job);
        return;
      case "close":
        port.close();
        void models.close();
        return;
    }
  });
  tell({ type: "ready" });
} catch (error) {
  if (!(error instanceof SpeechError)) throw error;
  tell({ type: "refused", code: error.code, message: error.message });
}
