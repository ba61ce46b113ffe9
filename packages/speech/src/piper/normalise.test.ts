import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDictionary } from "./dictionary.ts";
import { normalise } from "./normalise.ts";

const dictionary = openDictionary();
const isWord = (word: string): boolean => dictionary.lookup(word) !== undefined;

/** What is said for a text, in one line. */
function said(text: string): string {
  return normalise(text, isWord)
    .flatMap(({ spoken }) => spoken)
    .join(" ");
}

describe("what is said for", () => {
  test.each([
    // Money.
    ["$3.50", "three dollars and fifty cents"],
    ["$1", "one dollar"],
    ["$0.99", "ninety nine cents"],
    ["$2.5 million", "two point five million dollars"],
    ["$5M", "five million dollars"],
    ["-$20", "minus twenty dollars"],
    ["€20 or 5€", "twenty euros or five euros"],
    // Times and dates.
    ["2:30 p.m. today", "two thirty p. m. today"],
    ["at 2:30 p.m.", "at two thirty p. m. ."],
    ["3pm", "three p. m."],
    ["10:00", "ten o'clock"],
    ["14:05", "fourteen oh five"],
    ["9am-5pm", "nine a. m. to five p. m."],
    ["May 5, 2024", "may fifth , twenty twenty four"],
    ["25 Dec 2023", "twenty fifth of december twenty twenty three"],
    ["2024-05-17", "may seventeenth , twenty twenty four"],
    ["12/25/2024", "december twenty fifth , twenty twenty four"],
    ["31/12/2023", "december thirty first , twenty twenty three"],
    ["in 1984, 1905 and 2007", "in nineteen eighty four , nineteen oh five and two thousand seven"],
    ["the 1990s and the '60s", "the nineteen nineties and the sixties"],
    // Numbers.
    ["1,234", "one thousand two hundred thirty four"],
    ["3.14", "three point one four"],
    ["-5", "minus five"],
    ["007", "zero zero seven"],
    ["1st, 22nd, 103rd", "first , twenty second , one hundred third"],
    ["1/2, 3/4, 8/10", "one half , three quarters , eight out of ten"],
    ["2 1/2", "two and one half"],
    ["10-20 people", "ten to twenty people"],
    ["5 - 3 = 2", "five minus three equals two"],
    ["3 * 4", "three times four"],
    ["12345678901234567", "one two three four five six seven eight nine zero one two three four five six seven"],
    ["$10–20 or 5%-6%", "ten to twenty dollars or five percent to six percent"],
    ["the mid-1990s", "the mid nineteen nineties"],
    ["1st-place", "first place"],
    ["2x + 3 is 2x faster", "two x. plus three is two times faster"],
    ["call 911", "call nine one one"],
    ["room 4B", "room four b."],
    ["H₂O", "h. two o."],
    ["Mon-Fri 9-5", "monday to friday nine to five"],
    ["7 p.m. EST", "seven p. m. e. s. t."],
    ["555-1234", "five five five , one two three four"],
    ["(555) 123-4567", "five five five , one two three , four five six seven"],
    ["v2.0.1", "version two point zero point one"],
    ["#1", "number one"],
    ["5% of 20", "five percent of twenty"],
    // Units.
    ["25°C", "twenty five degrees celsius"],
    ["1 km", "one kilometer"],
    ["~30 km/h", "about thirty kilometers per hour"],
    ["16GB in 20ms", "sixteen gigabytes in twenty milliseconds"],
    ["5ft 6in", "five feet six inches"],
    ["10k users in 4K", "ten thousand users in four k."],
    // Abbreviations.
    ["Dr. Smith on Elm Dr. at noon", "doctor smith on elm drive at noon"],
    ["St. Louis, 5th St. today", "saint louis , fifth street today"],
    ["Main St. The house near St. Mark", "main street the house near saint mark"],
    ["one rep. Then rest", "one rep . then rest"],
    ["Mr. Lee vs. Mrs. Lee", "mister lee versus missus lee"],
    ["cats, e.g. Tom", "cats , for example tom"],
    ["pens, etc. are", "pens , etcetera are"],
    ["pens, etc.", "pens , etcetera ."],
    ["No. 5", "number five"],
    ["I sat.", "i sat ."],
    ["U.S. teams", "u. s. teams"],
    // Capitals.
    ["an API, an LLM, a URL", "an a. p. i. , an l. l. m. , a u. r. l."],
    ["two APIs", "two a. p. i.'s"],
    ["NASA", "nasa"],
    ["JSON", "jason"],
    ["IT in the US", "i. t. in the u. s."],
    ["tell us", "tell us"],
    ["do NOT touch", "do not touch"],
    ["THIS IS VERY LOUD", "this is very loud"],
    ["AT&T, R&D", "a. t. and t. , r. and d."],
    ["GPT-4, MP3, B2B", "g. p. t. four , m. p. three , b. two b."],
    ["iPhone and WebRTC", "iphone and web r. t. c."],
    ["Plan B", "plan b."],
    ["A plan", "a plan"],
    ["C++ and C#", "c. plus plus and c. sharp"],
    // Addresses.
    ["https://www.example.com/docs?x=1", "example dot com slash docs"],
    ["joe.smith@example.com", "joe dot smith at example dot com"],
    ["Node.js", "node dot j. s."],
    ["192.168.0.1", "one hundred ninety two point one hundred sixty eight point zero point one"],
    // Markdown, emoji, signs.
    ["**Bold** and _thin_ `code`", "bold and thin code"],
    ["# Title", "title"],
    ["[the docs](https://example.com) say", "the docs say"],
    ["Great 😀 👍🏽 👩‍👩‍👧 🇫🇷!", "great !"],
    ["fine :)", "fine"],
    ["and/or, A & B", "and or , a. and b."],
    ["yes—no", "yes , no"],
    ["Wait... what?!", "wait , what ?"],
    ["don’t", "don't"],
    ["'no way'", "no way"],
    ["first\nsecond", "first . second"],
    ["café in Zürich", "cafe in zurich"],
    ["你好 мир hello", "hello"],
    ["", ""],
  ])("%j is %j", (text, expected) => {
    expect(said(text)).toBe(expected);
  });
});

test("every written word keeps its punctuation and has its own spoken words", () => {
  expect(normalise('He said: "$5, please 😀!"', isWord)).toEqual([
    { text: "He", spoken: ["he"] },
    { text: "said:", spoken: ["said", ":"] },
    { text: '"$5,', spoken: ["five", "dollars", ","] },
    { text: "please", spoken: ["please", "!"] },
    { text: '😀!"', spoken: [] },
  ]);
});

test("what goes on and on without a space is cut short", () => {
  for (const text of [
    "9".repeat(5_000),
    "a".repeat(5_000),
    "a.".repeat(2_500),
    "!".repeat(5_000),
    "[(".repeat(2_500),
    "1-".repeat(2_500),
  ]) {
    const [word, ...others] = normalise(text, isWord);
    expect(others).toEqual([]);
    expect(word?.text).toBe(text);
    expect(word?.spoken.join(" ").length).toBeLessThan(2_000);
  }
});

test("a letter that is two is spelt as two", () => {
  expect(normalise("ȟǢ", isWord).flatMap((word) => word.spoken)).toEqual(["h.", "a.", "e."]);
});

test("any text has all its written words in order, and only letters, stops and marks are spoken", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc
      .array(fc.stringMatching(/^[$€#@'"(*\-–.]{0,2}[0-9A-Za-z]{0,6}[.,:/'%°&@\-_–]{0,2}[0-9a-zA-Z]{0,5}[.,;:!?)"'*]{0,2}$/), {
        maxLength: 8,
      })
      .map((words) => words.join(" ")),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const words = normalise(text, isWord);
      expect(words.map((word) => word.text)).toEqual(text.match(/\S+/gu) ?? []);
      for (const spoken of words.flatMap((word) => word.spoken)) {
        expect(spoken).toMatch(/^(?:'?[a-z]+(?:'[a-z]+)*'?|[a-z]\.(?:'s)?|ms\.|[,;:.?!])$/u);
      }
    }),
    { numRuns: 2_000 },
  );
});
