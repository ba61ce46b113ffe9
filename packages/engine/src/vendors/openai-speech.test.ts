import { readFileSync } from "node:fs";
import { audioDelta, type ChatAnswer, type ChatSimulator, startChatSimulator } from "@parley/simulators";
import { writeWav } from "@parley/media";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { Network } from "./network.ts";
import { openAiStyle } from "./openai.ts";
import { OpenAiOptions } from "./openai-options.ts";
import { OwnSpeech, speechRate } from "./openai-speech.ts";
import type { Speech } from "./vendor.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

const never = new AbortController().signal;
const tone = Int16Array.from({ length: 16_000 }, (_, index) => Math.round(8000 * Math.sin((index * 2 * Math.PI * 440) / 16_000)));
const words = [
  { text: "Hello", startMs: 100, endMs: 400 },
  { text: "world", startMs: 500, endMs: 900 },
];

async function ask(answer: ChatAnswer, options: Record<string, unknown> = {}) {
  const server: ChatSimulator = await startChatSimulator({ script: [answer] });
  const network = new Network({ allowLoopback: true, proxies: {} });
  open.push(server, network);
  const llm = openAiStyle(network).open({ url: server.url, output: ["audio"], ...options });
  return { server, outputs: llm([{ role: "user", content: "Hi" }], { signal: never }) };
}

async function hear(answer: ChatAnswer, options: Record<string, unknown> = {}) {
  const { server, outputs } = await ask(answer, options);
  const texts: string[] = [];
  const speech: Speech[] = [];
  let error: unknown;
  try {
    for await (const output of outputs) {
      if (typeof output === "string") texts.push(output);
      else if (output.type === "speech") speech.push(output);
    }
  } catch (thrown) {
    error = thrown;
  }
  const pcm = speech.flatMap((piece) => [...piece.pcm]);
  let ms = 0;
  const timed = speech.flatMap((piece) => {
    const from = ms;
    ms += (piece.pcm.length * 1000) / piece.sampleRate;
    return piece.words.map((word) => ({ text: word.text, startMs: word.startMs + from, endMs: word.endMs + from }));
  });
  return { server, texts, speech, pcm, words: timed, said: speech.map(({ text }) => text).join(""), error };
}

const deltas = (...all: Record<string, unknown>[]): ChatAnswer => ({ deltas: all.map((audio) => ({ audio })) });
const base64 = (pcm: Int16Array): string => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString("base64");

test("sound, transcript and words come through as they are", async () => {
  const heard = await hear({ speech: { pcm: tone, transcript: "Hello, world!", words } });
  expect(heard.error).toBeUndefined();
  expect(heard.pcm).toEqual([...tone]);
  expect(heard.said).toBe("Hello, world!");
  expect(heard.words).toEqual(words);
  expect(heard.speech.every(({ sampleRate }) => sampleRate === 16_000)).toBe(true);
});

test("the chunk in docs/rest.md is read as the page says", () => {
  const page = readFileSync(new URL("../../../../docs/rest.md", import.meta.url), "utf8");
  const chunk = /```json\n(\{ "choices": [\s\S]*?"audio"[\s\S]*?)```/.exec(page)?.[1] ?? "";
  const { choices } = JSON.parse(chunk) as { choices: { delta: { audio: unknown } }[] };
  const reader = new OwnSpeech(16_000, (what) => new AppError("vendor-failed", what));
  expect(reader.read(choices[0]?.delta.audio)).toMatchObject({
    pcm: Int16Array.of(1, 2, 3, 4),
    text: "Hello world!",
    words: [{ text: "Hello", startMs: 100, endMs: 140 }],
  });
});

test("the request asks for what is wanted, unless its parameters do", async () => {
  const plain = await hear({ speech: { pcm: tone } }, { output: ["text", "audio"] });
  expect(plain.server.requests[0]?.body).toMatchObject({ modalities: ["text", "audio"] });
  const params = { modalities: ["text", "audio"], audio: { voice: "alloy", format: "pcm16" } };
  const own = await hear({ speech: { pcm: tone } }, { params });
  expect(own.server.requests[0]?.body).toMatchObject(params);
  const text = await hear("Hello.", { output: ["text"] });
  expect(text.server.requests[0]?.body).not.toHaveProperty("modalities");
});

test("only what is wanted of an answer counts", async () => {
  const both: ChatAnswer = { text: "Hello there.", speech: { pcm: tone.slice(0, 640) } };
  expect(await hear(both, { output: ["text"] })).toMatchObject({ texts: ["Hello ", "there."], speech: [] });
  expect((await hear(both)).texts).toEqual([]);
  const all = await hear(both, { output: ["text", "audio"] });
  expect([all.texts.join(""), all.pcm.length]).toEqual(["Hello there.", 640]);
});

test("an answer without sound or transcript is an error that says so", async () => {
  const { error } = await hear("Text alone.");
  expect(error).toBeInstanceOf(AppError);
  expect(String(error)).toContain("answered without any sound");
  expect((await hear(deltas({ transcript: "Shown, not spoken." }))).error).toBeUndefined();
});

test.each([
  [{ data: "not base64!" }, "is not base64"],
  [{ data: 7 }, "sound that cannot be read"],
  ["noise", "sound that cannot be read"],
  [{ words: "Hello" }, "sound that cannot be read"],
])("sound that is none ends the answer with an error: %j", async (audio, message) => {
  const answer: ChatAnswer = { deltas: [audioDelta("a", tone.slice(0, 640)), { audio }] };
  const { error, pcm } = await hear(answer);
  expect(pcm).toHaveLength(640);
  expect(error).toMatchObject({ code: "vendor-failed" });
  expect(String(error)).toContain(message);
});

test.each([
  ["a transcript", { transcript: "so on and " }],
  ["words", { words: [{ text: "forever and a ", start_ts: 1, end_ts: 2, duration: 1 }] }],
])("%s without end is an error, whatever sound comes with it", (_what, audio) => {
  const reader = new OwnSpeech(16_000, (what) => new AppError("vendor-failed", what));
  let pieces = 0;
  const read = (): void => {
    for (; pieces < 100_000; pieces += 1) reader.read(audio);
  };
  expect(read).toThrow("sent more than 60000 characters of transcript");
  expect(pieces).toBeGreaterThan(4000);
});

test("samples may be cut anywhere between two pieces; half a sample at the end is no sound", () => {
  fc.assert(
    fc.property(
      fc.int16Array({ minLength: 8, maxLength: 200 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 20 }),
      fc.boolean(),
      (pcm, cuts, extra) => {
        const reader = new OwnSpeech(16_000, (what) => new AppError("vendor-failed", what));
        const bytes = Buffer.concat([Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength), Buffer.alloc(extra ? 1 : 0, 7)]);
        const heard: number[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          const piece = bytes.subarray(at, Math.min(bytes.length, at + cut));
          at += piece.length;
          heard.push(...(reader.read({ data: piece.toString("base64") })?.pcm ?? []));
        }
        expect(heard).toEqual([...pcm]);
      },
    ),
  );
});

test("a WAV header before the samples is taken off where it says the same, and told where it does not", async () => {
  const wav = (sampleRate: number): string => writeWav({ pcm: tone, sampleRate }).toString("base64");
  expect((await hear(deltas({ data: wav(16_000) }))).pcm).toEqual([...tone]);
  expect(String((await hear(deltas({ data: wav(24_000) }))).error)).toContain("24000 Hz");
});

test("whatever stands in audio, it is sound, or an error that says what is wrong", () => {
  const word = fc.oneof(
    fc.record({ text: fc.string(), start_ts: fc.double(), end_ts: fc.double(), duration: fc.double() }, { requiredKeys: [] }),
    fc.anything(),
  );
  const audio = fc.oneof(
    fc.record(
      {
        id: fc.oneof(fc.constantFrom("a", "b"), fc.anything()),
        data: fc.oneof(fc.base64String(), fc.string(), fc.anything()),
        transcript: fc.oneof(fc.string(), fc.anything()),
        words: fc.oneof(fc.array(word), fc.anything()),
      },
      { requiredKeys: [] },
    ),
    fc.anything(),
  );
  fc.assert(
    fc.property(fc.array(audio, { maxLength: 8 }), (pieces) => {
      const reader = new OwnSpeech(16_000, (what) => new AppError("vendor-failed", what));
      for (const piece of pieces) {
        try {
          const speech = reader.read(piece);
          for (const { startMs, endMs } of speech?.words ?? []) expect(endMs >= startMs && Number.isFinite(endMs)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }
    }),
    { numRuns: 500 },
  );
});

describe("words", () => {
  const word = (text: string, start: number, end: number) => ({ text, start_ts: start, end_ts: end, duration: end - start });
  const second = base64(tone);

  test("without all four keys, and those after them, are not used", async () => {
    const { words: timed, error } = await hear(
      deltas({ data: second, words: [word("one", 0, 300), { text: "two", start_ts: 300, end_ts: 600 }, word("three", 600, 900)] }),
    );
    expect(error).toBeUndefined();
    expect(timed.map(({ text }) => text)).toEqual(["one"]);
  });

  test("count from the first sample of the sound, also in a later piece", async () => {
    const { words: timed } = await hear(
      deltas({ id: "a", data: second, words: [word("one", 100, 300)] }, { id: "a", data: second, words: [word("two", 1200, 1500)] }),
    );
    expect(timed.map(({ startMs }) => startMs)).toEqual([100, 1200]);
  });

  test("that go back count from the piece that brings them", async () => {
    const { words: timed } = await hear(
      deltas({ data: second, words: [word("one", 100, 300)] }, { data: second, words: [word("two", 50, 300)] }),
    );
    expect(timed.map(({ startMs }) => startMs)).toEqual([100, 1050]);
  });

  test("of a sound with another id count anew", async () => {
    const { words: timed } = await hear(
      deltas({ id: "a", data: second, words: [word("one", 100, 300)] }, { id: "b", data: second, words: [word("two", 400, 700)] }),
    );
    expect(timed.map(({ startMs }) => startMs)).toEqual([100, 1400]);
  });
});

test("the rate is the one that the parameters name, else 16 kHz, and that of OpenAI's own format at OpenAI", () => {
  const url = new URL("http://model.example/v1/chat/completions");
  const openAi = new URL("https://api.openai.com/v1/chat/completions");
  const rate = (audio: unknown, at = url): number => speechRate({ audio }, at);
  expect([rate(undefined), rate({}), rate({ format: "pcm16" }), rate({ format: "pcm_24000" }), rate({ format: "pcm16-8000" })]).toEqual([
    16_000, 16_000, 16_000, 24_000, 8000,
  ]);
  expect([rate({ sample_rate: 48_000 }), rate({ format: { type: "audio/pcm", rate: 24_000 } })]).toEqual([48_000, 24_000]);
  expect([rate({ format: "pcm16" }, openAi), rate({ format: "pcm16", sample_rate: 16_000 }, openAi)]).toEqual([24_000, 16_000]);
});

test.each(["mp3", "wav", 7, { type: "audio/opus" }])("sound in the format %j is refused before a call, where sound is wanted", (format) => {
  const options = { url: "http://model.example/", params: { audio: { format } } };
  expect(OpenAiOptions.safeParse({ ...options, output: ["audio"] }).error?.issues[0]).toMatchObject({ path: ["params"] });
  expect(OpenAiOptions.safeParse(options).success).toBe(true);
});

function* endless(count: { pieces: number }): Generator<Record<string, unknown>> {
  const piece = audioDelta("a", tone);
  for (;;) {
    count.pieces += 1;
    yield piece;
  }
}

test("a server is asked for no more sound than is taken, and one that does not end is left", async () => {
  const count = { pieces: 0 };
  const { outputs } = await ask({ deltas: endless(count) });
  let taken = 0;
  const reading = async (until: number): Promise<void> => {
    for await (const _output of outputs) if (++taken === until) return;
  };
  await reading(5);
  // A second of sound is 43 kB: what is under way fits the buffers between the two.
  expect(count.pieces).toBeLessThan(400);

  const second = await ask({ deltas: endless({ pieces: 0 }) });
  let ms = 0;
  await expect(
    (async () => {
      for await (const output of second.outputs) if (typeof output !== "string" && output.type === "speech") ms += output.pcm.length / 16;
    })(),
  ).rejects.toThrow("sent more than 600 s of sound");
  expect(ms).toBe(600_000);
});
