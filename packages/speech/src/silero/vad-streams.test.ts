import { expect, test } from "vitest";
import type { Job, JobResult } from "../jobs.ts";
import { STEP_SAMPLES } from "./silero.ts";
import { VadStreams } from "./vad-streams.ts";

/** A model that answers when it is told to, with each step's first sample as its probability. */
class Model {
  readonly jobs: (Job & { skill: "silero" })[] = [];
  #answers: (() => void)[] = [];

  readonly run = (job: Job): Promise<JobResult> => {
    if (job.skill !== "silero") throw new Error("not for this model");
    this.jobs.push(job);
    const { promise, resolve } = Promise.withResolvers<JobResult>();
    const probabilities = Float32Array.from(job.streams, (_, index) => job.pcm[index * STEP_SAMPLES] ?? -1);
    this.#answers.push(() => resolve({ type: "probabilities", probabilities }));
    return promise;
  };

  answer(): void {
    this.#answers.shift()?.();
  }
}

const step = (value: number): Int16Array => new Int16Array(STEP_SAMPLES).fill(value);

test("streams that wait at once share one run, and each gets its own answers in order", async () => {
  const model = new Model();
  const streams = new VadStreams(model.run);
  const [a, b] = [streams.open(), streams.open()];
  const answers = [a.process(step(1)), a.process(step(2)), b.process(step(11)), b.process(step(12)), a.process(step(3))];
  for (let run = 0; run < 4; run++) {
    model.answer();
    await new Promise(setImmediate);
  }
  expect(await Promise.all(answers)).toEqual([1, 2, 11, 12, 3]);
  expect(model.jobs.map((job) => job.streams)).toEqual([[1], [1, 2], [1, 2]]);
});

test("a closed stream is forgotten by the model, and its waiting steps are refused", async () => {
  const model = new Model();
  const streams = new VadStreams(model.run);
  const [a, b] = [streams.open(), streams.open()];
  const running = a.process(step(1));
  const waiting = a.process(step(2));
  a.close();
  a.close();
  await expect(waiting).rejects.toMatchObject({ code: "closed" });
  await expect(a.process(step(3))).rejects.toMatchObject({ code: "closed" });
  const other = b.process(step(9));
  model.answer();
  await running;
  await new Promise(setImmediate);
  model.answer();
  expect(await other).toBe(9);
  expect(model.jobs[1]?.ended).toEqual([1]);
});

test("a stream that is two seconds behind is told so", async () => {
  const model = new Model();
  const vad = new VadStreams(model.run).open();
  const steps = Array.from({ length: 65 }, async () => await vad.process(step(0)).catch(() => "closed"));
  await expect(vad.process(step(0))).rejects.toMatchObject({ code: "overloaded" });
  vad.close();
  model.answer();
  expect(await Promise.all(steps)).toEqual([0, ...Array.from({ length: 64 }, () => "closed")]);
});

test("a step of another length is refused with both lengths", async () => {
  const vad = new VadStreams(new Model().run).open();
  await expect(vad.process(new Int16Array(320))).rejects.toThrow("A step of voice activity has 512 samples, not 320");
});
