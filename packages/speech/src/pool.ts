/** Worker threads with models, and the queue before them. */
import { Worker } from "node:worker_threads";
import { Control } from "./control.ts";
import type { FromWorker, Job, JobResult, LoadProgress, Skill, ToWorker, WorkerSetup } from "./jobs.ts";
import { Queue, type Urgency } from "./queue.ts";
import { SpeechError } from "./speech-error.ts";

/** Jobs that may wait; beyond it callers are refused at once, since what waits that long is of no use to a conversation. */
const MOST_WAITING = 512;
/** A partial that has waited longer is dropped: the next one knows more. In milliseconds. */
const PARTIAL_WAITS_MS = 300;
const RESTART_MS = 250;
/** Stops in a row, without work done in between, after which nothing is hoped for any more. */
const MOST_CRASHES = 5;
/** Longest that the process's exit waits for native code, in milliseconds: the slowest model loads in half of it. */
const EXIT_WAITS_MS = 2000;

export interface WorkerPlan {
  readonly name: string;
  readonly skills: readonly Skill[];
  readonly niceness: number;
}

export interface PoolOptions {
  readonly plan: readonly WorkerPlan[];
  readonly script: URL;
  onProgress?(progress: LoadProgress): void;
  /** Wait before a worker that stopped is started again, in milliseconds; doubled with each stop in a row. */
  readonly restartMs?: number;
  /** A worker stopped and is started again. */
  onCrash?(error: SpeechError): void;
}

interface Task {
  readonly id: number;
  readonly job: Job;
  readonly urgency: Urgency;
  readonly since: number;
  settle(outcome: { result: JobResult } | { error: unknown }): void;
}

interface Seat {
  readonly plan: WorkerPlan;
  readonly control: Control;
  worker: Worker | undefined;
  ready: boolean;
  task: Task | undefined;
  crashes: number;
  restart: NodeJS.Timeout | undefined;
}

export class Pool implements AsyncDisposable {
  readonly ready: Promise<void>;
  readonly #seats: readonly Seat[];
  readonly #queue = new Queue<Task>();
  readonly #options: PoolOptions;
  readonly #loading = Promise.withResolvers<void>();
  #refusal: SpeechError | undefined;
  #nextId = 1;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.ready = this.#loading.promise;
    // Whoever awaits it, or runs a job, is told; nobody has to.
    this.ready.catch(() => undefined);
    this.#seats = options.plan.map((plan) => ({
      plan,
      control: new Control(),
      worker: undefined,
      ready: false,
      task: undefined,
      crashes: 0,
      restart: undefined,
    }));
    for (const seat of this.#seats) this.#start(seat);
    process.on("exit", this.#calm);
  }

  /** Rejects with the signal's reason when it aborts, and then leaves no work behind. The job's audio moves to the worker. */
  async run(job: Job, { urgency, signal }: { urgency: Urgency; signal?: AbortSignal }): Promise<JobResult> {
    signal?.throwIfAborted();
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#queue.length >= MOST_WAITING) {
      throw new SpeechError("overloaded", `${MOST_WAITING} pieces of work are waiting for the embedded speech models`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
    const task: Task = {
      id: this.#nextId++,
      job,
      urgency,
      since: performance.now(),
      settle: (outcome) => ("result" in outcome ? resolve(outcome.result) : reject(outcome.error)),
    };
    const abort = (): void => {
      this.#giveUp(task);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#queue.push(task);
    this.#dispatch();
    this.#makeRoomFor(task);
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refuse(new SpeechError("closed", "The embedded speech is closed"));
    await Promise.all(this.#seats.map(close));
    process.off("exit", this.#calm);
  }

  #start(seat: Seat): void {
    const { plan, control } = seat;
    const setup: WorkerSetup = { skills: plan.skills, niceness: plan.niceness, control: control.memory };
    const open: ToWorker = { type: "open", setup };
    const worker = new Worker(this.#options.script, { name: plan.name, execArgv: [] });
    worker.postMessage(open);
    let cause: unknown;
    seat.worker = worker;
    worker.on("message", (message: FromWorker) => this.#hear(seat, message));
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", (code) => this.#exited(seat, cause ?? new Error(`exit code ${code}`)));
  }

  #hear(seat: Seat, message: FromWorker): void {
    switch (message.type) {
      case "progress":
        this.#options.onProgress?.(message.progress);
        return;
      case "ready":
        seat.ready = true;
        if (this.#seats.every(({ ready }) => ready)) this.#loading.resolve();
        break;
      case "refused":
        this.#refuse(new SpeechError(message.code, message.message));
        return;
      case "done":
        seat.crashes = 0;
        this.#free(seat, { result: message.result });
        break;
      case "failed":
        this.#free(seat, { error: new Error(`${seat.plan.name} could not do its work: ${message.message}`) });
        break;
      case "stopped":
        this.#free(seat, { error: this.#refusal ?? tooLate() });
        break;
    }
    this.#dispatch();
  }

  #free(seat: Seat, outcome: { result: JobResult } | { error: unknown }): void {
    const { task } = seat;
    seat.task = undefined;
    task?.settle(outcome);
  }

  #exited(seat: Seat, cause: unknown): void {
    seat.worker = undefined;
    seat.ready = false;
    if (this.#refusal !== undefined) return;
    const error = new SpeechError(
      "worker-crashed",
      `The speech worker ${seat.plan.name} stopped: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.#free(seat, { error });
    this.#options.onCrash?.(error);
    seat.crashes++;
    if (seat.crashes === MOST_CRASHES) this.#refuse(error);
    else seat.restart = setTimeout(() => this.#start(seat), (this.#options.restartMs ?? RESTART_MS) * 2 ** (seat.crashes - 1));
  }

  #dispatch(): void {
    const now = performance.now();
    for (const late of this.#queue.takeAll(({ urgency, since }) => urgency === "partial" && now - since > PARTIAL_WAITS_MS))
      late.settle({ error: tooLate() });
    for (const seat of this.#seats) {
      if (!seat.ready || seat.task !== undefined) continue;
      const task = this.#queue.take(({ job }) => seat.plan.skills.includes(job.skill));
      if (task === undefined) continue;
      seat.task = task;
      const message: ToWorker = { type: "job", id: task.id, job: task.job };
      seat.worker?.postMessage(message, moved(task.job));
    }
  }

  /** A partial that runs gives way to work that is waited for. */
  #makeRoomFor(waiting: Task): void {
    if (waiting.urgency === "partial" || this.#seats.some(({ task }) => task === waiting)) return;
    const seat = this.#seats.find(({ plan, task }) => plan.skills.includes(waiting.job.skill) && task?.urgency === "partial");
    if (seat?.task !== undefined) seat.control.stop(seat.task.id);
  }

  #giveUp(task: Task): void {
    this.#queue.takeAll((waiting) => waiting === task);
    const seat = this.#seats.find((candidate) => candidate.task === task);
    if (seat !== undefined) seat.control.stop(task.id);
  }

  /** A process that exits while native code runs would abort: it waits until the workers are between two runs. */
  readonly #calm = (): void => {
    for (const { control } of this.#seats) control.stopEverything();
    for (const { control } of this.#seats) control.waitUntilIdle(EXIT_WAITS_MS);
  };

  #refuse(error: SpeechError): void {
    this.#refusal ??= error;
    this.#loading.reject(error);
    for (const task of this.#queue.takeAll(() => true)) task.settle({ error });
  }
}

async function close(seat: Seat): Promise<void> {
  clearTimeout(seat.restart);
  const { worker } = seat;
  if (worker === undefined) return;
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  worker.once("exit", () => resolve());
  seat.control.stopEverything();
  const message: ToWorker = { type: "close" };
  worker.postMessage(message);
  // Never by `terminate`: native code that comes back to a thread under termination aborts the whole process.
  await exited;
  seat.task?.settle({ error: new SpeechError("closed", "The embedded speech was closed") });
  seat.task = undefined;
}

/** Audio on its way in belongs to the job alone and moves in place of being copied. */
function moved(job: Job): ArrayBuffer[] {
  return "pcm" in job && job.pcm.buffer instanceof ArrayBuffer ? [job.pcm.buffer] : [];
}

function tooLate(): SpeechError {
  return new SpeechError("too-late", "The recognition gave way to more urgent work");
}
