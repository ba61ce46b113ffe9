/** A thread that holds models and works off one job at a time. */
import { parentPort } from "node:worker_threads";
import type { FromWorker, Job, JobResult, ToWorker, WorkerSetup } from "./jobs.ts";
import { loadModels, type Models } from "./models.ts";
import { niceThisThread } from "./niceness.ts";
import { SpeechError } from "./speech-error.ts";

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread only");

let models: Models | undefined;
let stop: Int32Array = new Int32Array(1);

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

async function open(setup: WorkerSetup): Promise<void> {
  stop = new Int32Array(setup.stop);
  niceThisThread(setup.niceness);
  try {
    models = await loadModels(setup.skills, (progress) => tell({ type: "progress", progress }));
    tell({ type: "ready" });
  } catch (error) {
    if (!(error instanceof SpeechError)) throw error;
    tell({ type: "refused", code: error.code, message: error.message });
  }
}

async function work(id: number, job: Job): Promise<void> {
  try {
    if (models === undefined) throw new Error("the models are not loaded yet");
    const result = await models.run(job, () => Atomics.load(stop, 0) === id);
    if (result === undefined) tell({ type: "stopped", id });
    else tell({ type: "done", id, result }, owned(result));
  } catch (error) {
    tell({ type: "failed", id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function close(): Promise<void> {
  port?.close();
  await models?.close();
}

/** Memory that moves to the main thread in place of being copied. */
function owned(result: JobResult): ArrayBuffer[] {
  if (result.type !== "spoken") return [];
  const { buffer } = result.spoken.pcm;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "open":
      void open(message.setup);
      return;
    case "job":
      void work(message.id, message.job);
      return;
    case "close":
      void close();
      return;
  }
});
