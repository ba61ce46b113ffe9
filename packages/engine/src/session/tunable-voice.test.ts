import { expect, test } from "vitest";
import { AppError } from "../errors.ts";
import type { Voice } from "../vendors/vendor.ts";
import { tunable } from "./tunable-voice.ts";

/** Says each clause with the parameters that it was opened with. */
function open(params: Readonly<Record<string, unknown>>): Voice {
  if (params["speed"] === 99) throw new AppError("invalid-field", "tts.params.speed: too fast");
  return {
    sampleRate: params["rate"] === 24_000 ? 24_000 : 16_000,
    async *speak(clauses) {
      for await (const clause of clauses) yield { type: "clause", text: `${clause} ${JSON.stringify(params)}` };
    },
  };
}

async function spoken(voice: Voice, clauses: AsyncIterable<string>): Promise<string[]> {
  const heard: string[] = [];
  for await (const output of voice.speak(clauses, { signal: new AbortController().signal }))
    if (output.type === "clause") heard.push(output.text);
  return heard;
}

test.each([
  [true, ['a {"speed":2}', 'b {"speed":2}']],
  [false, ["a {}", "b {}"]],
])("what changes before the first words counts for them where the voice waits: %s", async (waits, heard) => {
  const voice = tunable(open, { waits });
  const clauses = async function* () {
    voice.tune({ speed: 2 });
    yield "a";
    yield "b";
  };
  expect(await spoken(voice, clauses())).toEqual(heard);
});

test("changes add up, and last", async () => {
  const voice = tunable(open, { waits: true });
  const say = async function* () {
    yield "a";
  };
  voice.tune({ speed: 2 });
  voice.tune({ rate: 24_000 });
  expect(voice.sampleRate).toBe(24_000);
  expect(await spoken(voice, say())).toEqual(['a {"speed":2,"rate":24000}']);
  expect(await spoken(voice, say())).toEqual(['a {"speed":2,"rate":24000}']);
});

test("what the vendor does not take changes nothing", async () => {
  const voice = tunable(open, { waits: true });
  voice.tune({ speed: 2 });
  expect(() => voice.tune({ speed: 99 })).toThrow("too fast");
  const say = async function* () {
    yield "a";
  };
  expect(await spoken(voice, say())).toEqual(['a {"speed":2}']);
});

test("no words, no voice; who stops early is told on", async () => {
  const voice = tunable(open, { waits: true });
  expect(await spoken(voice, (async function* (): AsyncGenerator<string> {})())).toEqual([]);
  let left = false;
  const endless = async function* () {
    try {
      for (;;) yield "a";
    } finally {
      left = true;
    }
  };
  for await (const output of voice.speak(endless(), { signal: new AbortController().signal })) {
    expect(output.type).toBe("clause");
    break;
  }
  expect(left).toBe(true);
});
