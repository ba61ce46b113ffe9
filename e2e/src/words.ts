/** Compares what was said with what was understood, word by word. */

const ones =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const tens = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** Same word, other spelling. */
const spellings: Readonly<Record<string, string>> = { mister: "mr", "o'clock": "oclock", okay: "ok" };

/** Words in lower case without punctuation, numbers spelled out. */
export function plainWords(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll("’", "'")
    .replace(/\d+/g, (digits) => ` ${spell(Number(digits))} `)
    .replace(/[^a-z' ]+/g, " ")
    .split(/\s+/)
    .map((word) => word.replace(/^'+|'+$/g, ""))
    .filter((word) => word !== "")
    .map((word) => spellings[word] ?? word);
}

/** Up to 9999, years as one says them. */
function spell(value: number): string {
  if (value < 20) return ones[value] ?? "";
  if (value < 100) return `${tens[Math.floor(value / 10)]}${value % 10 === 0 ? "" : ` ${ones[value % 10]}`}`;
  if (value >= 1100 && value < 2000) {
    const rest = value % 100;
    return `${spell(Math.floor(value / 100))} ${rest === 0 ? "hundred" : rest < 10 ? `oh ${ones[rest]}` : spell(rest)}`;
  }
  if (value < 1000) return `${ones[Math.floor(value / 100)]} hundred${value % 100 === 0 ? "" : ` ${spell(value % 100)}`}`;
  if (value < 10_000) return `${spell(Math.floor(value / 1000))} thousand${value % 1000 === 0 ? "" : ` ${spell(value % 1000)}`}`;
  return Array.from(String(value))
    .map((digit) => ones[Number(digit)])
    .join(" ");
}

/** Words that are wrong, missing or too many (Levenshtein distance over words). */
export function wordErrors(said: string, understood: string): { errors: number; words: number } {
  const [expected, actual] = [plainWords(said), plainWords(understood)];
  let row = actual.map((_, index) => index + 1);
  for (const [line, word] of expected.entries()) {
    let diagonal = line;
    let left = line + 1;
    row = row.map((above, index) => {
      const best = Math.min(above + 1, left + 1, diagonal + (actual[index] === word ? 0 : 1));
      diagonal = above;
      left = best;
      return best;
    });
  }
  return { errors: row.at(-1) ?? expected.length, words: expected.length };
}
