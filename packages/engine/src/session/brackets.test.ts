import { expect, test } from "vitest";
import type { TtsOutput, Voice } from "../vendors/vendor.ts";
import { type BracketPair, skippingBrackets, withoutBrackets } from "./brackets.ts";

test.each<[string, BracketPair[], string, boolean]>([
  ["Hello (waves) there.", ["()"], "Hello there.", false],
  ["Hello (waves (twice)) there.", ["()"], "Hello there.", false],
  ["Hello [a (b] c).", ["[]"], "Hello c).", false],
  ["Hello (waves).", ["()"], "Hello.", false],
  ["Hello (waves).", ["[]"], "Hello (waves).", false],
  ["你好（微笑）。", ["（）"], "你好。", false],
  ["{a}【b】[c]", ["{}", "【】"], "[c]", false],
  ["I am sorry :( Wait.", ["()"], "I am sorry :( Wait.", true],
  ["Closed) before.", ["()"], "Closed) before.", false],
])("of %j without %j %j is spoken", (text, pairs, spoken, open) => {
  expect(withoutBrackets(text, pairs)).toEqual({ spoken, open });
});

/** Speaks each clause with one sample, a word every 100 ms. */
function scripted(said: string[], times = true): Voice {
  return {
    sampleRate: 16_000,
    async *speak(clauses) {
      for await (const text of clauses) {
        said.push(text);
        const words = text.split(" ").map((word, index) => ({ text: word, startMs: index * 100, endMs: index * 100 + 100 }));
        yield times ? { type: "clause", text, words } : { type: "clause", text };
        yield { type: "audio", pcm: new Int16Array(1) };
      }
    },
  };
}

async function speak(clauses: readonly string[], times = true) {
  const said: string[] = [];
  const outputs: TtsOutput[] = [];
  const voice = skippingBrackets(scripted(said, times), ["()"]);
  const stream = (async function* () {
    yield* clauses;
  })();
  for await (const output of voice.speak(stream, { signal: new AbortController().signal })) outputs.push(output);
  return { said, clauses: outputs.filter((output) => output.type === "clause") };
}

test("the voice gets what is spoken, the captions and the memory get all of it, with times", async () => {
  const { said, clauses } = await speak(["Hello (waves) there."]);
  expect(said).toEqual(["Hello there."]);
  expect(clauses).toEqual([
    {
      type: "clause",
      text: "Hello (waves) there.",
      words: [
        { text: "Hello", startMs: 0, endMs: 100 },
        { text: "(waves)", startMs: 100, endMs: 100 },
        { text: "there.", startMs: 100, endMs: 200 },
      ],
    },
  ]);
});

test("a bracket over several clauses waits for its end", async () => {
  const { said, clauses } = await speak(["Well (he sits.", "He stands.) Yes.", "Good."], false);
  expect(said).toEqual(["Well Yes.", "Good."]);
  expect(clauses.map(({ text }) => text)).toEqual(["Well (he sits. He stands.) Yes.", "Good."]);
});

test("a clause that is all brackets is shown with what comes next, or at the end", async () => {
  const { said, clauses } = await speak(["(Smiles.)", "Yes.", "(Leaves.)"]);
  expect(said).toEqual(["Yes."]);
  expect(clauses.map(({ text }) => text)).toEqual(["(Smiles.) Yes.", "(Leaves.)"]);
});

test("a bracket that never closes silences nothing", async () => {
  const { said } = await speak(["Sorry :( One moment.", "Two.", "Three.", "Four.", "Five."]);
  expect(said).toEqual(["Sorry :( One moment. Two. Three. Four.", "Five."]);
  expect((await speak(["Sorry :("])).said).toEqual(["Sorry :("]);
});

test("without brackets to skip the voice is left as it is", () => {
  const voice = scripted([]);
  expect(skippingBrackets(voice, [])).toBe(voice);
});
