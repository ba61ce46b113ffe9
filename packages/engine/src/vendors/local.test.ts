import { SpeechError, type Recognition, type Speech, type Spoken } from "@parley/speech";
import { expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { openLocal } from "./local.ts";
import type { AsrContext, AsrInput, Transcript, TtsOutput } from "./vendor.ts";

const never = new AbortController().signal;
const english: AsrContext = { language: "en-US", prefixMs: 300, keyterms: [], signal: never };

/** Lets everything happen that waits for nothing but its turn. */
const settle = async (): Promise<void> => {
  for (let round = 0; round < 5; round++) await new Promise(setImmediate);
};

/** Models that answer when the test says so. */
class FakeSpeech implements Speech {
  readonly ready = Promise.resolve();
  readonly asked: {
    what: string;
    first?: boolean;
    signal: AbortSignal;
    resolve: (value: never) => void;
    reject: (error: unknown) => void;
  }[] = [];

  openVad(): never {
    throw new Error("not part of the vendor");
  }

  recognise(pcm: Int16Array, options: { model: string; signal: AbortSignal }): Promise<Recognition> {
    const { promise, resolve, reject } = Promise.withResolvers<Recognition>();
    this.asked.push({ what: `${options.model} ${pcm.length / 16}`, signal: options.signal, resolve, reject });
    return promise;
  }

  speak(
    text: string,
    { speaker, speed, first = false, signal }: { speaker: number; speed: number; first?: boolean; signal: AbortSignal },
  ): Promise<Spoken> {
    const { promise, resolve, reject } = Promise.withResolvers<Spoken>();
    this.asked.push({ what: `${text} ${speaker} ${speed}`, first, signal, resolve, reject });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  answer(value: Partial<Recognition> | Spoken): void {
    const next = this.asked.shift();
    next?.resolve(value as never);
  }
}

/** A source that the test feeds. */
class Feed<Item> implements AsyncIterable<Item> {
  #items: Item[] = [];
  #ended = false;
  #wake = Promise.withResolvers<void>();

  push(...items: Item[]): void {
    this.#items.push(...items);
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#ended) return;
      else {
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
      }
    }
  }
}

const audio = (from: number, to: number): AsrInput[] =>
  Array.from({ length: (to - from) / 20 }, (_, index) => ({
    type: "audio",
    frame: { at: from + 20 * index, uid: "1", pcm: new Int16Array(320), concealed: false },
  }));

async function collect<Item>(source: AsyncIterable<Item>, into: Item[]): Promise<void> {
  for await (const item of source) into.push(item);
}

const spoken = (ms: number): Spoken => ({
  pcm: new Int16Array((22_050 * ms) / 1000),
  sampleRate: 22_050,
  words: [{ text: "word", startMs: 0, endMs: ms }],
});

test("a spoken question becomes partials and one final transcript", async () => {
  const speech = new FakeSpeech();
  const feed = new Feed<AsrInput>();
  const heard: Transcript[] = [];
  const done = collect(openLocal(speech).asr!.open({})(feed, english), heard);
  feed.push(...audio(0, 800), { type: "speech-start", at: 400 }, ...audio(800, 820));
  await settle();
  speech.answer({ text: "What", complete: 0 });
  feed.push(...audio(820, 880), { type: "speech-pause", at: 840 });
  await settle();
  speech.answer({ text: "What time is it?", complete: 0.9 });
  await settle();
  feed.push({ type: "speech-end", at: 840 });
  feed.end();
  await done;
  const utterance = { startMs: 400, language: "en-US" };
  expect(heard).toEqual([
    { ...utterance, text: "What", final: false, endMs: 820 },
    { ...utterance, text: "What time is it?", final: false, endMs: 840, complete: 0.9 },
    { ...utterance, text: "What time is it?", final: true, endMs: 840, complete: 0.9 },
  ]);
});

test("audio that ends in mid-speech still gets its final", async () => {
  const speech = new FakeSpeech();
  const feed = new Feed<AsrInput>();
  const heard: Transcript[] = [];
  const done = collect(openLocal(speech).asr!.open({})(feed, english), heard);
  feed.push(...audio(0, 500), { type: "speech-start", at: 300 });
  feed.end();
  await settle();
  speech.answer({ text: "Hello.", complete: 0.8 });
  await done;
  expect(heard.map(({ text, final }) => [text, final])).toEqual([["Hello.", true]]);
});

test("keyterms are spelt as they are given, from the moment they are", async () => {
  const speech = new FakeSpeech();
  const feed = new Feed<AsrInput>();
  const heard: Transcript[] = [];
  const context = { ...english, keyterms: [] as string[] };
  const done = collect(openLocal(speech).asr!.open({})(feed, context), heard);
  for (const at of [0, 2000]) {
    feed.push(...audio(at, at + 500), { type: "speech-start", at: at + 300 }, { type: "speech-end", at: at + 500 });
    await settle();
    speech.answer({ text: "Ask deep grum.", complete: 0.8 });
    await settle();
    context.keyterms = ["Deepgram"];
  }
  feed.end();
  await done;
  expect(heard.filter(({ final }) => final).map(({ text }) => text)).toEqual(["Ask deep grum.", "Ask Deepgram."]);
});

test("hanging up ends the recogniser quietly and stops its work", async () => {
  const speech = new FakeSpeech();
  const feed = new Feed<AsrInput>();
  const call = new AbortController();
  const heard: Transcript[] = [];
  const done = collect(openLocal(speech).asr!.open({})(feed, { ...english, signal: call.signal }), heard);
  feed.push(...audio(0, 800), { type: "speech-start", at: 400 }, ...audio(800, 820));
  await settle();
  call.abort();
  await done;
  expect(heard).toEqual([]);
  expect(speech.asked[0]?.signal.aborted).toBe(true);
});

test("a recogniser that fails twice ends with the reason and the way out", async () => {
  const speech = new FakeSpeech();
  const feed = new Feed<AsrInput>();
  const done = collect(openLocal(speech).asr!.open({})(feed, english), []);
  feed.push(...audio(0, 800), { type: "speech-start", at: 400 }, { type: "speech-end", at: 700 });
  await settle();
  speech.asked.shift()?.reject(new SpeechError("worker-crashed", "The speech worker recogniser-1 stopped: out of memory"));
  await settle();
  speech.asked.shift()?.reject(new SpeechError("worker-crashed", "The speech worker recogniser-1 stopped: out of memory"));
  const error = await done.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({
    code: "vendor-failed",
    message: expect.stringContaining("local: The speech worker recogniser-1 stopped: out of memory. The worker is started again"),
  });
});

test("another language than English is refused with the way out", async () => {
  const asr = openLocal(new FakeSpeech()).asr!.open({});
  const error = await collect(asr(new Feed<AsrInput>(), { ...english, language: "ja-JP" }), []).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "invalid-field",
    message: expect.stringMatching(/asr\.language.*English only.*ja-JP.*asr\.vendor.*defaults\.asr/u),
  });
});

test("the voice is chosen by name or by number, and nothing else is accepted", () => {
  const { options } = openLocal(new FakeSpeech()).tts!;
  expect(options.parse({})).toEqual({ voice: "ada", speed: 1 });
  expect(options.parse({ voice: 793, speed: 1.2 })).toEqual({ voice: 793, speed: 1.2 });
  for (const wrong of [{ voice: "nobody" }, { voice: 904 }, { speed: 3 }, { pitch: 1 }])
    expect(options.safeParse(wrong).success).toBe(false);
});

test("a clause is given with its words and then its sound, while the next one alone is spoken ahead", async () => {
  const speech = new FakeSpeech();
  const clauses = new Feed<string>();
  clauses.push("One,", "two,", "three.");
  clauses.end();
  const voice = openLocal(speech).tts!.open({ voice: "theo", speed: 1.5 });
  const outputs = voice.speak(clauses, { signal: never })[Symbol.asyncIterator]();
  const first = outputs.next();
  await settle();
  expect(speech.asked.map(({ what, first }) => [what, first])).toEqual([["One, 793 1.5", true]]);
  speech.answer(spoken(100));
  expect((await first).value).toEqual({ type: "clause", text: "One,", words: [{ text: "word", startMs: 0, endMs: 100 }] });
  await settle();
  expect(speech.asked.map(({ what, first }) => [what, first])).toEqual([["two, 793 1.5", false]]);
  const sizes = [await outputs.next(), await outputs.next(), await outputs.next()].map(({ value }: { value: TtsOutput }) =>
    value.type === "audio" ? value.pcm.length : 0,
  );
  expect(sizes).toEqual([882, 882, 441]);
  expect(speech.asked).toHaveLength(1);
  await outputs.return?.();
});

test("an interruption ends the voice quietly, wherever it is", async () => {
  const speech = new FakeSpeech();
  const clauses = new Feed<string>();
  clauses.push("One,");
  const reply = new AbortController();
  const outputs: TtsOutput[] = [];
  const done = collect(openLocal(speech).tts!.open({}).speak(clauses, { signal: reply.signal }), outputs);
  await settle();
  speech.answer(spoken(20));
  await settle();
  reply.abort();
  await done;
  expect(outputs.map(({ type }) => type)).toEqual(["clause", "audio"]);
});

test("a voice that fails says which vendor and why", async () => {
  const speech = new FakeSpeech();
  const clauses = new Feed<string>();
  clauses.push("One,");
  const done = collect(openLocal(speech).tts!.open({}).speak(clauses, { signal: never }), []);
  await settle();
  speech.asked[0]?.reject(new Error("no sound"));
  await expect(done).rejects.toMatchObject({ code: "vendor-failed", message: "local: no sound" });
});
