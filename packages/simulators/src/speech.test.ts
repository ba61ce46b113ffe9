import { expect, test } from "vitest";
import { simulatedRate, simulatedVendors, type SimulatedAsrInput, type SimulatedTtsOutput } from "./speech.ts";

const signal = new AbortController().signal;

async function* each<Item>(...items: readonly Item[]): AsyncGenerator<Item, void, undefined> {
  for (const item of items) yield item;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function parts(options: Parameters<typeof simulatedVendors>[0] = {}) {
  const { vendors, styles } = simulatedVendors(options);
  return { vendor: vendors[0]!, style: styles[0]! };
}

test("the recogniser gives its texts one by one, at the end of speech, with the times of the gate", async () => {
  const asr = parts({ transcripts: ["one", "two"] }).vendor.asr.open({});
  const audio: SimulatedAsrInput[] = [
    { type: "speech-start", at: 100 },
    { type: "speech-pause", at: 900 },
    { type: "speech-end", at: 1000 },
    { type: "speech-end", at: 1010 },
    { type: "speech-start", at: 2000 },
    { type: "speech-end", at: 2500 },
    { type: "speech-start", at: 3000 },
    { type: "speech-end", at: 3500 },
  ];
  expect(await collect(asr(each(...audio), { language: "en-US", signal }))).toEqual([
    { text: "one", final: true, startMs: 100, endMs: 1000, language: "en-US" },
    { text: "two", final: true, startMs: 2000, endMs: 2500, language: "en-US" },
    { text: "one", final: true, startMs: 3000, endMs: 3500, language: "en-US" },
  ]);
});

test("a partial comes once, when its time has come", async () => {
  const asr = parts({ transcripts: ["count to ten please"], partialMs: 40 }).vendor.asr.open({});
  const frame = (at: number): SimulatedAsrInput => ({ type: "audio", frame: { at, pcm: new Int16Array(320) } });
  const heard = await collect(
    asr(each<SimulatedAsrInput>({ type: "speech-start", at: 0 }, frame(20), frame(40), frame(60), { type: "speech-end", at: 80 }), {
      language: "en",
      signal,
    }),
  );
  expect(heard.map(({ text, final, endMs }) => [text, final, endMs])).toEqual([
    ["count to", false, 40],
    ["count to ten please", true, 80],
  ]);
});

test("the voice hums a sound for each word, just when it says so", async () => {
  const voice = parts().vendor.tts.open({});
  const output = await collect(voice.speak(each("Hello there, friend.", "Bye."), { signal }));
  const clauses = output.filter((part): part is SimulatedTtsOutput & { type: "clause" } => part.type === "clause");
  expect(voice.sampleRate).toBe(simulatedRate);
  expect(clauses.map(({ text, words }) => [text, words.map((word) => word.text).join(" ")])).toEqual([
    ["Hello there, friend.", "Hello there, friend."],
    ["Bye.", "Bye."],
  ]);
  const firstEnd = output.indexOf(clauses[1]!);
  const pcm = output.slice(1, firstEnd).flatMap((part) => (part.type === "audio" ? [...part.pcm] : []));
  const peak = (fromMs: number, toMs: number): number =>
    Math.max(...pcm.slice((fromMs * simulatedRate) / 1000, (toMs * simulatedRate) / 1000).map(Math.abs));
  const { words } = clauses[0]!;
  for (const [at, word] of words.entries()) {
    expect(peak(word.startMs + 5, word.endMs - 5)).toBeGreaterThan(4000);
    const next = words[at + 1];
    if (next !== undefined) expect(peak(word.endMs, next.startMs)).toBe(0);
  }
  expect(pcm.length / simulatedRate).toBeCloseTo((words.at(-1)!.endMs + 160) / 1000, 3);
});

test("a clause is above minus forty decibels within 5 ms", async () => {
  const output = await collect(parts().vendor.tts.open({}).speak(each("Now."), { signal }));
  const first = output[1];
  const loud = first?.type === "audio" ? first.pcm.findIndex((sample) => Math.abs(sample) > 328) : -1;
  expect(loud).toBeGreaterThan(0);
  expect(loud / (simulatedRate / 1000)).toBeLessThan(5);
});

test("an abort ends a voice, and a language model, in mid-sentence", async () => {
  const stop = new AbortController();
  const { vendor, style } = parts({ answers: ["one two three"] });
  const heard: unknown[] = [];
  for await (const part of vendor.tts.open({}).speak(each("A sentence that goes on for quite a while."), { signal: stop.signal })) {
    heard.push(part);
    if (heard.length === 3) stop.abort();
  }
  expect(heard).toHaveLength(3);
  expect(await collect(style.open({})([], { signal: stop.signal }))).toEqual([]);
});

test("answers come in their order, and begin again", async () => {
  const llm = parts({ answers: ["one two", "three"] }).style.open({});
  const say = async (): Promise<string> => (await collect(llm([], { signal }))).join("");
  expect([await say(), await say(), await say()]).toEqual(["one two", "three", "one two"]);
});
