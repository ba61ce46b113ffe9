import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Script } from "./script.ts";

const half = ({ startMs, endMs }: { startMs: number; endMs: number }): number => (startMs + endMs) / 2;
const word = (text: string, startMs: number, endMs: number) => ({ text, startMs, endMs });
const whole = (ms: number) => ({ ms, isWhole: true });
const sofar = (ms: number) => ({ ms, isWhole: false });

function scriptOf(text: string, ...words: ReturnType<typeof word>[]): Script {
  const script = new Script();
  script.add(text);
  script.time(words);
  return script;
}

describe("with words that are timed", () => {
  const words = [word("Hello", 100, 400), word("world", 600, 900), word("again", 1500, 1800)];

  test("each word of the text has the time that was told, with its own signs", () => {
    expect(scriptOf("Hello, world! Again.", ...words).words(whole(2000))).toEqual([
      word("Hello,", 100, 400),
      word("world!", 600, 900),
      word("Again.", 1500, 1800),
    ]);
  });

  test("just the words are heard that were at the ear, however the sound is shared out", () => {
    const script = scriptOf("Hello, world! Again.", ...words);
    expect([0, 249, 250, 749, 750, 1649, 1650].map((ms) => script.heard(ms, sofar(5000), half))).toEqual([
      "",
      "",
      "Hello,",
      "Hello,",
      "Hello, world!",
      "Hello, world!",
      "Hello, world! Again.",
    ]);
  });

  test("words that come after the text, or before it, are the same", () => {
    const late = new Script();
    late.time(words.slice(0, 1));
    late.add("Hello, wor");
    late.time(words.slice(1));
    late.add("ld! Again.");
    expect(late.words(whole(2000))).toEqual(scriptOf("Hello, world! Again.", ...words).words(whole(2000)));
  });

  test("a text without spaces is cut where its words are", () => {
    const script = scriptOf("你好，世界。", word("你好", 0, 400), word("世界", 500, 900));
    expect(script.words(whole(1000))).toEqual([word("你好，", 0, 400), { ...word("世界。", 500, 900), isGlued: true }]);
    expect(script.heard(300, whole(1000), half)).toBe("你好，");
    expect(script.heard(1000, whole(1000), half)).toBe("你好，世界。");
  });

  test("what is not timed yet follows at an ordinary rate, and within the sound once that is whole", () => {
    const script = scriptOf("Hello world again", ...words.slice(0, 2));
    expect(script.words(sofar(1000))[2]).toEqual(word("again", 900, 900 + 5 * 77));
    expect(script.words(whole(1000))[2]).toEqual(word("again", 900, 1000));
  });
});

describe("without", () => {
  test("words are heard in proportion to the sound", () => {
    const script = scriptOf("aa bb cc dd");
    expect([0, 250, 500, 800, 2000].map((ms) => script.heard(ms, whole(2000), half))).toEqual(["", "aa", "aa", "aa bb", "aa bb cc dd"]);
  });

  test("a text that is there before most of its sound is not taken for heard", () => {
    const script = scriptOf("one two three four five six seven eight nine ten");
    expect(script.heard(300, sofar(300), half)).toBe("one");
  });
});

describe("captions", () => {
  test("a sentence is shown when it begins to sound, once, with all before it", () => {
    const script = scriptOf("First one. Second one. Third one.");
    script.end();
    const sound = whole(3000);
    const shown: (readonly [number, string, string])[] = [];
    for (let until = 20; until <= 3000; until += 20) {
      const due = script.due(until, sound);
      if (due !== undefined) shown.push([until, due.text, due.words.map(({ text }) => text).join(" ")]);
    }
    expect(shown.map(([, text]) => text)).toEqual(["First one.", "First one. Second one.", "First one. Second one. Third one."]);
    expect(shown.map(([, , words]) => words)).toEqual(["First one.", "Second one.", "Third one."]);
    // 8, 9 and 8 letters of 25.
    expect(shown.map(([until]) => until)).toEqual([20, 980, 2060]);
  });

  test("a sentence that is not whole yet is shown as far as it is known, and again when the sound has come so far", () => {
    const script = scriptOf("One two thr");
    expect(script.due(20, sofar(1000))?.text).toBe("One two");
    script.add("ee four five");
    expect(script.due(40, sofar(1000))).toBeUndefined();
    expect(script.due(600, sofar(1000))?.text).toBe("One two three four");
    script.end();
    expect(script.due(1000, whole(1000))).toMatchObject({ text: "One two three four five", words: [{ text: "five" }] });
    expect(script.due(2000, whole(1000))).toBeUndefined();
  });

  test("the last sentence does not wait for the end of the sound", () => {
    const script = scriptOf("The first one. The last one.");
    expect([script.due(20, sofar(500))?.text, script.due(1500, sofar(2000))?.text]).toEqual([
      "The first one.",
      "The first one. The last one.",
    ]);
  });
});

const wordArbitrary = fc.stringMatching(/^[a-z]{1,8}[,.!?]?$/);

test("over any text in any pieces: words are in order and within the sound, and what is heard grows and begins the text", () => {
  fc.assert(
    fc.property(
      fc.array(wordArbitrary, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat({ max: 12 }), { maxLength: 40 }),
      fc.nat({ max: 30 }),
      fc.integer({ min: 1, max: 60_000 }),
      (words, cuts, timed, ms) => {
        const text = words.join(" ");
        const script = new Script();
        let at = 0;
        for (const cut of cuts) {
          script.add(text.slice(at, at + cut));
          at += cut;
        }
        script.add(text.slice(at));
        const step = ms / words.length;
        script.time(words.slice(0, timed).map((each, index) => word(each, index * step, (index + 1) * step)));
        script.end();
        expect(script.text).toBe(text);
        const times = script.words(whole(ms));
        expect(times.map((each) => each.text).join(" ")).toBe(text);
        let last = 0;
        for (const { startMs, endMs } of times) {
          expect(startMs).toBeGreaterThanOrEqual(last - 1e-6);
          expect(endMs).toBeGreaterThanOrEqual(startMs - 1e-6);
          last = endMs;
        }
        expect(last).toBeLessThanOrEqual(ms + 1e-6);
        let heard = "";
        let shown = "";
        for (let until = 0; until <= ms + 20; until += Math.max(20, ms / 50)) {
          const now = script.heard(until, whole(ms), half);
          expect(now.startsWith(heard) && text.startsWith(now)).toBe(true);
          heard = now;
          const due = script.due(until, whole(ms));
          if (due === undefined) continue;
          expect(due.text.startsWith(shown) && text.startsWith(due.text)).toBe(true);
          expect(`${shown} ${due.words.map((each) => each.text).join(" ")}`.trim()).toBe(due.text);
          shown = due.text;
        }
        expect(script.heard(ms, whole(ms), half)).toBe(text);
      },
    ),
    { numRuns: 500 },
  );
});
