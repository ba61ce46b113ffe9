import { spawn } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recording } from "./recording.ts";
import { openSpeech, planWorkers, type Speech } from "./speech.ts";

const signal = new AbortController().signal;
const STEP_MS = 32;

let speech: Speech;
const loaded = new Map<string, number>();
beforeAll(async () => {
  speech = openSpeech({ threads: 2, onProgress: ({ part, loadedBytes, totalBytes }) => loaded.set(part, loadedBytes / totalBytes) });
  await speech.ready;
});
afterAll(async () => {
  await speech[Symbol.asyncDispose]();
});

/** Words as they are compared: small, without punctuation, one spelling. */
function words(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll("mr.", "mister")
    .replaceAll(/\bmr\b/gu, "mister")
    .replaceAll("-", " ")
    .split(/\s+/u)
    .map((word) => word.replaceAll(/[^\p{Letter}\p{Number}']/gu, ""))
    .filter((word) => word !== "");
}

/** Words put in, left out or replaced, at the least. */
function errors(heard: readonly string[], spoken: readonly string[]): number {
  let row = spoken.map((_, index) => index + 1);
  heard.forEach((word, line) => {
    let diagonal = line;
    let left = line + 1;
    row = row.map((above, index) => {
      left = Math.min(above + 1, left + 1, diagonal + (word === spoken[index] ? 0 : 1));
      diagonal = above;
      return left;
    });
  });
  return row.at(-1) ?? heard.length;
}

/** The audio with silence around it, as a caller cuts it. */
function padded(pcm: Int16Array): Int16Array {
  const around = new Int16Array(pcm.length + 16 * 500);
  around.set(pcm, 16 * 300);
  return around;
}

test("loading tells how far each part is, up to its end", () => {
  expect(Object.fromEntries(loaded)).toEqual({ silero: 1, base: 1, tiny: 1, piper: 1 });
});

test("of 104 spoken words at most 5 are heard wrong", async () => {
  const names = ["jfk", "librivox-austen-0870", "librivox-austen-0880", "librivox-austen-0890", "librivox-austen-0930"];
  names.push("librispeech-quilter", "whats-the-weather-like", "brooklyn-bridge", "cmd-book-a-room");
  let spoken = 0;
  let wrong = 0;
  for (const name of names) {
    const { pcm, text } = recording(name);
    const heard = await speech.recognise(padded(pcm), { model: "base", signal });
    spoken += words(text).length;
    wrong += errors(words(heard.text), words(text));
  }
  expect(spoken).toBe(104);
  expect(wrong).toBeLessThanOrEqual(5);
});

test("a short command alone in its file is heard at a second try", async () => {
  const { text } = await speech.recognise(recording("cmd-mountain-view").pcm, { model: "base", signal });
  expect(words(text)).toEqual(["mountain", "view"]);
});

test("a draft, right or wrong, changes nothing in what is heard", async () => {
  const { pcm } = recording("librispeech-quilter");
  const { text } = await speech.recognise(padded(pcm), { model: "base", signal });
  for (const draft of [text, "Mr. Quill is the apology of middle classes", "something else"]) {
    expect((await speech.recognise(padded(pcm), { model: "base", draft, signal })).text).toBe(text);
  }
});

test("the end of a sentence is told from its middle", async () => {
  const { pcm } = recording("librispeech-quilter");
  const whole = await speech.recognise(padded(pcm), { model: "base", signal });
  const part = await speech.recognise(padded(pcm.subarray(0, 16 * 3550)), { model: "base", signal });
  expect(whole.complete).toBeGreaterThan(0.9);
  expect(part.complete).toBeLessThan(0.5);
});

test("silence, noise and hum hold no words", async () => {
  let seed = 7;
  const noise = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 30 - 1;
  };
  const sounds = [
    () => 0,
    () => 3000 * noise(),
    (at: number) => 4000 * Math.sin((2 * Math.PI * 120 * at) / 16_000),
    (at: number) => (at % 4000 < 100 ? 20_000 * noise() : 0),
  ];
  for (const sound of sounds) {
    const pcm = Int16Array.from({ length: 24_000 }, (_, at) => Math.round(sound(at)));
    expect(await speech.recognise(pcm, { model: "base", signal })).toMatchObject({ text: "", complete: 0 });
  }
});

test("voice activity agrees with the words' times", async () => {
  const { pcm, words: spoken } = recording("librispeech-quilter");
  const vad = speech.openVad();
  const counts = { both: 0, heardOnly: 0, spokenOnly: 0 };
  for (let at = 0; at + 512 <= pcm.length; at += 512) {
    const heard = (await vad.process(pcm.subarray(at, at + 512))) >= 0.5;
    const middle = at / 16 + STEP_MS / 2;
    // Words of one sentence: gaps below 200 ms are no pauses.
    const isSpoken = spoken.some(({ startMs, endMs }) => middle >= startMs - 100 && middle <= endMs + 100);
    if (heard && isSpoken) counts.both++;
    else if (heard) counts.heardOnly++;
    else if (isSpoken) counts.spokenOnly++;
  }
  vad.close();
  const f1 = (2 * counts.both) / (2 * counts.both + counts.heardOnly + counts.spokenOnly);
  expect(f1).toBeGreaterThan(0.9);
});

test("streams that share runs hear what each would hear alone", async () => {
  const [a, b] = [recording("librispeech-quilter").pcm, recording("librivox-austen-0880").pcm];
  const steps = Array.from({ length: 40 }, (_, index) => 16 * 500 + 512 * index);
  const alone = async (pcm: Int16Array): Promise<number[]> => {
    const vad = speech.openVad();
    const heard: number[] = [];
    for (const at of steps) heard.push(await vad.process(pcm.subarray(at, at + 512)));
    vad.close();
    return heard;
  };
  const apart = [await alone(a), await alone(b)];
  const together = await Promise.all([alone(a), alone(b)]);
  for (const [stream, heard] of together.entries()) {
    for (const [index, probability] of heard.entries()) expect(probability).toBeCloseTo(apart[stream]?.[index] ?? -1, 3);
  }
});

test("what the voice says is understood", async () => {
  const text = "The library opens in the morning and closes in the evening.";
  const { pcm, sampleRate, words: timed } = await speech.speak(text, { speaker: 793, speed: 1, signal });
  expect(timed.map((word) => word.text).join(" ")).toBe(text);
  // From 22,050 to 16,000 Hz, coarsely: good enough to be understood.
  const heard = Int16Array.from(
    { length: Math.floor((pcm.length * 16_000) / sampleRate) },
    (_, at) => pcm[Math.floor((at * sampleRate) / 16_000)] ?? 0,
  );
  const recognised = await speech.recognise(padded(heard), { model: "base", signal });
  expect(errors(words(recognised.text), words(text))).toBeLessThanOrEqual(1);
});

test("the main loop goes on while every model runs", async () => {
  const { pcm } = recording("jfk");
  const vad = speech.openVad();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const clause = "The bridge was opened in eighteen eighty-three, and people walked over it for a day.";
  const heavy = Promise.all([
    speech.recognise(padded(pcm), { model: "base", signal }),
    speech.speak(clause, { speaker: 793, speed: 1, signal }),
  ]);
  let slowest = 0;
  for (let at = 0; at < 30 * 512; at += 512) {
    const since = performance.now();
    await vad.process(pcm.subarray(at, at + 512));
    slowest = Math.max(slowest, performance.now() - since);
  }
  await heavy;
  delay.disable();
  vad.close();
  // A model on the main loop would stall it for 300 ms and more.
  expect(delay.percentile(99) / 1e6).toBeLessThan(30);
  expect(slowest).toBeLessThan(100);
});

test("an abort ends a recognition at once", async () => {
  const abort = new AbortController();
  const answer = speech.recognise(recording("jfk").pcm, { model: "base", signal: abort.signal });
  abort.abort(new Error("hung up"));
  await expect(answer).rejects.toThrow("hung up");
});

test("a process that exits in mid-decoding ends with its own exit code", async () => {
  const script = `
    import { openSpeech } from ${JSON.stringify(new URL("./speech.ts", import.meta.url).href)};
    const speech = openSpeech();
    await speech.ready;
    const { signal } = new AbortController();
    speech.recognise(new Int16Array(16000 * 8), { model: "base", signal }).catch(() => undefined);
    speech.speak("And it is still one of the most photographed places of New York City.", { speaker: 1, speed: 1, signal }).catch(() => undefined);
    setTimeout(() => process.exit(3), 20);
  `;
  const child = spawn(process.execPath, ["--conditions=source", "--input-type=module", "--eval", script], { stdio: "ignore" });
  expect(await once(child, "exit")).toEqual([3, null]);
});

test("voice activity has a thread of its own, recognition and voice share the rest", () => {
  const skills = (threads: number): string[] => planWorkers(threads).map((worker) => worker.skills.join("+"));
  expect(skills(1)).toEqual(["silero", "base+tiny+piper"]);
  expect(skills(2)).toEqual(["silero", "base+tiny", "piper"]);
  expect(skills(4)).toEqual(["silero", "base+tiny", "base+tiny", "base+tiny", "piper"]);
});
