import { afterEach, expect, test } from "vitest";
import type { Job } from "./jobs.ts";
import { Pool, type PoolOptions, type WorkerPlan } from "./pool.ts";
import type { SpeechError } from "./speech-error.ts";

// Real threads, with a script in the place of the models. A text is an order to it: it answers with the texts it was
// given so far, crashes, or works until it is stopped.
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    let stop;
    const texts = [];
    parentPort.on("message", ({ type, id, job, setup }) => {
      if (type === "open") {
        stop = new Int32Array(setup.control);
        return parentPort.postMessage({ type: "ready" });
      }
      if (type === "close") return parentPort.close();
      const text = job.text ?? job.draft;
      texts.push(text);
      if (text === "crash") throw new Error("out of memory");
      if (text === "fail") return parentPort.postMessage({ type: "failed", id, message: "no such speaker" });
      if (text === "until stopped") {
        const look = () => ([id, -1].includes(Atomics.load(stop, 0)) ? parentPort.postMessage({ type: "stopped", id }) : setImmediate(look));
        return look();
      }
      parentPort.postMessage({ type: "done", id, result: { type: "recognition", recognition: { text: texts.join(), complete: 0, tokens: 0 } } });
    });
  `)}`,
);
const refusing = new URL(
  `data:text/javascript,import { parentPort } from "node:worker_threads"; parentPort.postMessage({ type: "refused", code: "weights-altered", message: "not these" });`,
);
const crashing = new URL(`data:text/javascript,throw new Error("no memory for it");`);
const plan: WorkerPlan[] = [{ name: "recogniser-1", skills: ["tiny", "base"], niceness: 0 }];

const opened: Pool[] = [];
function open(options: Partial<PoolOptions> = {}): Pool {
  const pool = new Pool({ plan, script, restartMs: 0, ...options });
  opened.push(pool);
  return pool;
}
afterEach(async () => {
  for (const pool of opened.splice(0)) await pool[Symbol.asyncDispose]();
});

const job = (draft: string, skill: "tiny" | "base" = "base"): Job => ({ skill, draft, pcm: new Int16Array(0), speechMs: 0 });
const texts = async (answer: ReturnType<Pool["run"]>): Promise<string> => {
  const result = await answer;
  return result.type === "recognition" ? result.recognition.text : "";
};

test("work given before the models are loaded waits for them, and finals go before partials", async () => {
  const pool = open();
  const partial = pool.run(job("partial", "tiny"), { urgency: "partial" });
  const final = pool.run(job("final"), { urgency: "final" });
  await pool.ready;
  expect(await texts(final)).toBe("final");
  expect(await texts(partial)).toBe("final,partial");
});

test("a partial under way gives way to a final", async () => {
  const pool = open();
  await pool.ready;
  const partial = pool.run(job("until stopped", "tiny"), { urgency: "partial" });
  const final = pool.run(job("final"), { urgency: "final" });
  await expect(partial).rejects.toMatchObject({ code: "too-late" });
  expect(await texts(final)).toBe("until stopped,final");
});

test("an abort takes waiting work out of the queue, and stops work under way", async () => {
  const pool = open();
  await pool.ready;
  const abort = new AbortController();
  const running = pool.run(job("until stopped"), { urgency: "final", signal: abort.signal });
  const waiting = pool.run(job("never"), { urgency: "final", signal: abort.signal });
  const after = pool.run(job("after"), { urgency: "final" });
  abort.abort(new Error("hung up"));
  await expect(running).rejects.toThrow("hung up");
  await expect(waiting).rejects.toThrow("hung up");
  expect(await texts(after)).toBe("until stopped,after");
});

test("a worker that crashes fails its own job by name, and works again afterwards", async () => {
  const crashes: SpeechError[] = [];
  const pool = open({ onCrash: (error) => crashes.push(error) });
  await pool.ready;
  const crashed = pool.run(job("crash"), { urgency: "final" });
  const next = pool.run(job("next"), { urgency: "final" });
  await expect(crashed).rejects.toMatchObject({ code: "worker-crashed", message: "The speech worker recogniser-1 stopped: out of memory" });
  expect(await texts(next)).toBe("next");
  expect(crashes).toHaveLength(1);
});

test("a job that fails says so and leaves the worker at work", async () => {
  const pool = open();
  await expect(pool.run(job("fail"), { urgency: "final" })).rejects.toThrow("recogniser-1 could not do its work: no such speaker");
  expect(await texts(pool.run(job("next"), { urgency: "final" }))).toBe("fail,next");
});

test("weights that are refused fail `ready` and every job, with the reason", async () => {
  const pool = open({ script: refusing });
  const early = pool.run(job("early"), { urgency: "final" });
  await expect(early).rejects.toMatchObject({ code: "weights-altered" });
  await expect(pool.ready).rejects.toMatchObject({ code: "weights-altered", message: "not these" });
  await expect(pool.run(job("late"), { urgency: "final" })).rejects.toMatchObject({ code: "weights-altered" });
});

test("a worker that crashes again and again is given up, and says why", async () => {
  const crashes: string[] = [];
  const crash = Promise.withResolvers<void>();
  const pool = open({
    script: crashing,
    onCrash: (error) => {
      crashes.push(error.message);
      if (crashes.length === 5) crash.resolve();
    },
  });
  const work = pool.run(job("work"), { urgency: "final" });
  const message = "The speech worker recogniser-1 stopped: no memory for it";
  await expect(work).rejects.toMatchObject({ code: "worker-crashed", message });
  await crash.promise;
  await expect(pool.ready).rejects.toMatchObject({ code: "worker-crashed" });
  expect(crashes).toEqual(Array.from({ length: 5 }, () => message));
});

test("more work than a conversation could use is refused at once", async () => {
  const pool = open();
  const abort = new AbortController();
  const waiting = Array.from(
    { length: 512 },
    async () => await pool.run(job("wait"), { urgency: "final", signal: abort.signal }).catch(() => "aborted"),
  );
  await expect(pool.run(job("one too many"), { urgency: "final" })).rejects.toMatchObject({ code: "overloaded" });
  abort.abort();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["aborted"]));
});

test("closing ends what waits and what runs", async () => {
  const pool = new Pool({ plan, script });
  await pool.ready;
  const running = pool.run(job("until stopped"), { urgency: "final" });
  const waiting = pool.run(job("never"), { urgency: "final" });
  const ends = Promise.allSettled([running, waiting]);
  await pool[Symbol.asyncDispose]();
  expect((await ends).map((end) => end.status === "rejected" && end.reason)).toMatchObject([{ code: "closed" }, { code: "closed" }]);
  await pool[Symbol.asyncDispose]();
});
