/** A thread that holds models and works off one job at a time. */
import { parentPort } from "node:worker_threads";
import { Control } from "./control.ts";
import type { FromWorker, Job, JobResult, ToWorker, WorkerSetup } from "./jobs.ts";
import { loadModels, type Models } from "./models.ts";
import { niceThisThread } from "./niceness.ts";
import { SpeechError } from "./speech-error.ts";

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread only");

let models: Models | undefined;
let control = new Control();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

async function open(setup: WorkerSetup): Promise<void> {
  control = new Control(setup.control);
  control.busy = true;
  try {
    models = await loadModels(
      setup.skills,
      (progress) => tell({ type: "progress", progress }),
      () => control.isClosing,
    );
    // Now, and not before: the threads that loading starts for reading files inherit the niceness.
    niceThisThread(setup.niceness);
    tell({ type: "ready" });
  } catch (error) {
    if (!(error instanceof SpeechError)) throw error;
    tell({ type: "refused", code: error.code, message: error.message });
  } finally {
    control.busy = false;
  }
}

async function work(id: number, job: Job): Promise<void> {
  control.busy = true;
  try {
    if (models === undefined) throw new Error("the models are not loaded yet");
    const result = await models.run(job, () => control.isStopped(id));
    if (result === undefined) tell({ type: "stopped", id });
    else tell({ type: "done", id, result }, owned(result));
  } catch (error) {
    tell({ type: "failed", id, message: error instanceof Error ? error.message : String(error) });
  } finally {
    control.busy = false;
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
