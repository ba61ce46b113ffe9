import { describe, expect, test } from "vitest";
import type { LlmOutput, Speech } from "../vendors/vendor.ts";
import { Stage, type StageOptions, stageRate } from "./stage.ts";

const question = [{ at: 1000, ms: 800, text: "how are you" }];
const interruption = [...question, { at: 3600, ms: 900, text: "stop that please" }];

const silence = new Int16Array();
const piece = (change: Partial<Speech>): Speech => ({
  type: "speech",
  by: "model",
  pcm: silence,
  sampleRate: stageRate,
  text: "",
  words: [],
  ...change,
});

/** So many milliseconds of a sound of which no two samples in a row are alike. */
const sound = (ms: number, seed = 1): Int16Array =>
  Int16Array.from({ length: (ms * stageRate) / 1000 }, (_, index) => ((index * 7 + seed) % 997) + 1);

/** The sound in pieces of 40 ms. */
const cut = (pcm: Int16Array): Speech[] => {
  const samples = (40 * stageRate) / 1000;
  return Array.from({ length: Math.ceil(pcm.length / samples) }, (_, index) =>
    piece({ pcm: pcm.slice(index * samples, (index + 1) * samples) }),
  );
};
const said = (stage: Stage): string[] => stage.session.history.map(({ role, content }) => `${role}: ${content}`);
const heard = (stage: Stage): number[] => stage.transport.voicedPcm.flatMap((pcm) => [...pcm]);

const counting = "one two three four five six seven eight nine ten";
/** Ten words of very different lengths, in two seconds and a half. */
const words = counting.split(" ").map((text, index) => ({ text, startMs: index * index * 25, endMs: (index + 1) ** 2 * 25 }));

describe("an answer that brings its own sound", () => {
  test("is played as it is, with its transcript as caption and in the memory, and no voice is asked", async () => {
    const pcm = sound(2500);
    await using stage = new Stage({
      user: question,
      agent: [[piece({ text: counting }), ...cut(pcm)]],
      voiceError: new Error("nobody needs a voice"),
    });
    await stage.clock.moveTo(8000);
    expect(heard(stage)).toEqual([...pcm]);
    expect(said(stage)).toEqual(["user: how are you", `assistant: ${counting}`]);
    expect(stage.only("reply-text").map(({ text }) => text)).toEqual([counting]);
    expect(stage.only("reply-end")).toMatchObject([{ text: counting, playedMs: 2500 }]);
    expect(stage.only("error")).toEqual([]);
    expect(stage.only("metric").map(({ module, name }) => `${module} ${name}`)).toEqual(["asr ttlw", "llm ttfa", "total e2e"]);
  });

  test("has the times of its words in the caption, wherever these come", async () => {
    const pieces = cut(sound(2500));
    // Each goes with the piece in which it begins, and counts from there.
    const timed = pieces.map((one, index) => ({
      ...one,
      words: words
        .filter(({ startMs }) => Math.floor(startMs / 40) === index)
        .map(({ text, startMs, endMs }) => ({ text, startMs: startMs - index * 40, endMs: endMs - index * 40 })),
    }));
    await using stage = new Stage({ user: question, agent: [[piece({ text: `${counting}.` }), ...timed]] });
    await stage.clock.moveTo(8000);
    const [start] = stage.only("reply-start");
    const [caption] = stage.only("reply-text");
    expect(caption?.words.map((word) => [word.text, Math.round(word.startMs - start!.at), Math.round(word.endMs - start!.at)])).toEqual(
      words.map(({ text, startMs, endMs }) => [text === "ten" ? "ten." : text, startMs, endMs]),
    );
  });

  test.each([
    { by: "its words, where these are timed", timed: true },
    { by: "the share of the sound that was heard, where not", timed: false },
  ])("is remembered up to the interruption: by $by", async ({ timed }) => {
    const pcm = sound(2500);
    await using stage = new Stage({
      user: interruption,
      agent: [[piece({ text: counting, words: timed ? words : [] }), piece({ pcm })], "fine"],
    });
    await stage.clock.moveTo(5000);
    const [cutOff] = stage.only("reply-interrupted");
    expect(stage.transport.voiced.length * 20).toBe(1540);
    // The eighth word's middle is at 1412 ms as they are timed; with 39 letters in 2500 ms, the seventh's at 1571.
    const expected = timed ? "one two three four five six seven eight" : "one two three four five six";
    expect(cutOff).toMatchObject({ heard: expected, text: counting });
    expect(said(stage)).toContain(`assistant: ${expected}`);
    expect(stage.session.history.find(({ role }) => role === "assistant")).toMatchObject({ original: counting });
  });

  test("without a transcript is heard, and neither shown nor remembered", async () => {
    await using stage = new Stage({ user: question, agent: [cut(sound(1000))] });
    await stage.clock.moveTo(6000);
    expect(heard(stage)).toHaveLength(stageRate);
    expect(stage.only("reply-text")).toEqual([]);
    expect(stage.only("reply-end")).toMatchObject([{ text: "", playedMs: 1000 }]);
    expect(said(stage)).toEqual(["user: how are you"]);
  });

  test("that is a transcript alone is shown and remembered, not spoken", async () => {
    await using stage = new Stage({ user: question, agent: [[piece({ text: "Read " }), piece({ text: "this." })]] });
    await stage.clock.moveTo(6000);
    expect(stage.transport.voiced).toEqual([]);
    expect(stage.only("reply-end")).toMatchObject([{ text: "Read this.", playedMs: 0 }]);
    expect(said(stage)).toEqual(["user: how are you", "assistant: Read this."]);
  });

  test("is captioned sentence by sentence as it sounds, though all of its text came first", async () => {
    const pcm = sound(4000);
    await using stage = new Stage({
      user: question,
      agent: [[piece({ text: "First we walk. Then we talk. At last we rest." }), ...cut(pcm)]],
    });
    await stage.clock.moveTo(9000);
    const [start] = stage.only("reply-start");
    const captions = stage.only("reply-text");
    expect(captions.map(({ text }) => text)).toEqual([
      "First we walk.",
      "First we walk. Then we talk.",
      "First we walk. Then we talk. At last we rest.",
    ]);
    const [first, second, third] = captions.map(({ at }) => at - start!.at);
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(700);
    expect(third).toBeGreaterThan(second! + 700);
  });

  test("and its text for the voice come in the order in which they are sent", async () => {
    const pcm = sound(1000);
    await using stage = new Stage({
      user: question,
      agent: [["Let me ", "see. ", ...cut(pcm), piece({ text: "A bell." }), "That was it."]],
      wordMs: 200,
    });
    await stage.clock.moveTo(9000);
    const samples = heard(stage);
    const before = (3 * 200 * stageRate) / 1000;
    expect(samples.slice(before, before + pcm.length)).toEqual([...pcm]);
    expect(samples).toHaveLength(before * 2 + pcm.length);
    expect(said(stage)).toEqual(["user: how are you", "assistant: Let me see. A bell. That was it."]);
  });

  test("is taken no faster than it is played", async () => {
    let given = 0;
    const many: Iterable<LlmOutput> = {
      *[Symbol.iterator]() {
        for (const one of cut(sound(40_000))) {
          given += 40;
          yield one;
        }
      },
    };
    await using stage = new Stage({ user: question, agent: [many as readonly LlmOutput[]] });
    await stage.clock.moveTo(3000);
    const played = stage.transport.voiced.length * 20;
    expect(played).toBeGreaterThan(500);
    expect(given - played).toBeLessThanOrEqual(3100);
    await stage.clock.moveTo(12_000);
    expect(given - stage.transport.voiced.length * 20).toBeLessThanOrEqual(3100);
  });

  test("breaks off in the middle with what the agent says then", async () => {
    const broken: Iterable<LlmOutput> = {
      *[Symbol.iterator]() {
        yield* cut(sound(400));
        yield piece({ text: "I was about" });
        throw new Error("gone");
      },
    };
    await using stage = new Stage({
      user: question,
      agent: [broken as readonly LlmOutput[]],
      config: { failureMessage: "Please try again." },
    });
    await stage.clock.moveTo(8000);
    expect(stage.only("reply-end")).toMatchObject([{ text: "I was about Please try again." }]);
    expect(stage.only("error")).toMatchObject([{ module: "llm" }]);
  });
});

describe("an agent without a voice", () => {
  const mute = (options: StageOptions): Stage => new Stage({ mute: true, ...options, config: { ...options.config } });
  const asked = (stage: Stage, number: number): string[] => (stage.asked[number] ?? []).map(({ role, content }) => `${role}: ${content}`);

  test("has its greeting spoken by the model, which is given it as its own last words", async () => {
    const pcm = sound(900);
    await using stage = mute({ agent: [cut(pcm)], config: { greeting: { text: "Hello. Who is there?", interruptable: true } } });
    await stage.clock.moveTo(3000);
    expect(asked(stage, 0)).toEqual(["system: Be brief.", "assistant: Hello. Who is there?"]);
    expect(heard(stage)).toEqual([...pcm]);
    expect(stage.only("reply-end")).toMatchObject([{ text: "Hello. Who is there?", playedMs: 900 }]);
    expect(stage.session.history).toMatchObject([{ role: "assistant", content: "Hello. Who is there?", source: "greeting" }]);
  });

  test("says what the API wants so, too, and knows it afterwards by the text that it was given", async () => {
    await using stage = mute({
      user: question,
      agent: [
        [piece({ text: "Fine." }), ...cut(sound(400))],
        [piece({ text: "som thing els" }), ...cut(sound(400))],
      ],
    });
    await stage.clock.moveTo(5000);
    expect(stage.session.say("Something else.", { priority: "append", interruptable: true })).toBe("spoken");
    await stage.clock.moveTo(8000);
    expect(asked(stage, 1)).toEqual(["system: Be brief.", "user: how are you", "assistant: Fine.", "assistant: Something else."]);
    expect(stage.session.history.at(-1)).toMatchObject({ content: "Something else.", source: "command" });
  });

  test("says that it has failed, after what the person said", async () => {
    await using stage = mute({ user: question, agent: [new Error("no"), cut(sound(600))], config: { failureMessage: "Please wait." } });
    await stage.clock.moveTo(6000);
    expect(asked(stage, 1)).toEqual(["system: Be brief.", "user: how are you", "assistant: Please wait."]);
    expect(stage.session.history.at(-1)).toMatchObject({ content: "Please wait.", source: "llm_failure" });
  });

  test("that cannot say a text says so as an error of the model, and goes on", async () => {
    await using stage = mute({
      user: question,
      agent: [new Error("no"), new Error("nor this"), [piece({ text: "Yes." }), ...cut(sound(400))]],
      config: { failureMessage: "Please wait." },
    });
    await stage.clock.moveTo(4000);
    expect(stage.only("error")).toMatchObject([{ module: "llm" }, { module: "llm" }]);
    stage.type("and now");
    await stage.clock.moveTo(8000);
    expect(said(stage).at(-1)).toBe("assistant: Yes.");
  });

  test.each([
    ["text", "only text"],
    ["a transcript", [piece({ text: "Hello." })]],
  ])("of which a text makes no sound tells it: %s alone", async (_what, answer) => {
    await using stage = mute({ agent: [answer], config: { greeting: { text: "Hello.", interruptable: true } } });
    await stage.clock.moveTo(3000);
    expect(stage.only("error")).toMatchObject([{ module: "llm", message: expect.stringContaining("made no sound") as string }]);
    expect(stage.session.state).toBe("silent");
    expect(said(stage)).toEqual([]);
  });

  test("knows the times of a text's words that come before its sound", async () => {
    const times = [
      { text: "Hello", startMs: 0, endMs: 300 },
      { text: "there", startMs: 700, endMs: 900 },
    ];
    await using stage = mute({
      agent: [[piece({ words: times }), ...cut(sound(900))]],
      config: { greeting: { text: "Hello there.", interruptable: true } },
    });
    await stage.clock.moveTo(3000);
    const [caption] = stage.only("reply-text");
    expect(caption?.words.map(({ startMs, endMs }) => [startMs - caption.at, endMs - caption.at])).toEqual([
      [0, 300],
      [700, 900],
    ]);
  });

  test("is not kept waiting by a word in between that the answer overtakes", async () => {
    const answer = sound(400);
    await using stage = mute({
      user: question,
      llmMs: 900,
      // Asked for 500 ms after the answer, the word would be there 500 ms after it.
      agent: [[piece({ text: "Fine." }), ...cut(answer)], cut(sound(300, 5))],
      config: { fillers: { waitMs: 500, phrases: ["One moment."], rule: "round_robin" } },
    });
    await stage.clock.moveTo(9000);
    expect(stage.asked).toHaveLength(2);
    expect(heard(stage)).toEqual([...answer]);
    expect(stage.only("reply-text").map(({ text }) => text)).toEqual(["Fine."]);
    expect(stage.only("metric").map(({ name }) => name)).toContain("ttfa");
    expect(stage.only("error")).toEqual([]);
  });

  test("has a word in between spoken by the model, before the answer", async () => {
    const bell = sound(300, 5);
    await using stage = mute({
      user: question,
      llmMs: [2000, 300],
      agent: [[piece({ text: "Fine." }), ...cut(sound(400))], cut(bell)],
      config: { fillers: { waitMs: 500, phrases: ["One moment."], rule: "round_robin" } },
    });
    await stage.clock.moveTo(9000);
    expect(stage.only("reply-end").map(({ text }) => text)).toEqual(["One moment. Fine."]);
    expect(said(stage)).toEqual(["user: how are you", "assistant: Fine."]);
  });
});
