/** Numbers as people say them, in words or digits, to values; and values to words. */
import { toCardinal, toOrdinal } from "n2words/en-US";

const units: ReadonlyMap<string, number> = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    .split(" ")
    .map((word, value) => [word, value]),
);
const tens: ReadonlyMap<string, number> = new Map(
  "twenty thirty forty fifty sixty seventy eighty ninety".split(" ").map((word, at) => [word, (at + 2) * 10]),
);
const scales: ReadonlyMap<string, number> = new Map([
  ["hundred", 100],
  ["thousand", 1e3],
  ["million", 1e6],
  ["billion", 1e9],
  ["trillion", 1e12],
]);

export interface ReadNumber {
  readonly value: number;
  /** Words used. */
  readonly length: number;
}

/** Reads the longest number that begins at `from`: "two hundred and five", "minus 3.5", "a dozen", "1.5 million". */
export function readNumber(words: readonly string[], from: number): ReadNumber | undefined {
  let at = from;
  let sign = 1;
  if (words[at] === "minus" || words[at] === "negative") {
    sign = -1;
    at += 1;
  }
  const first = words[at] ?? "";
  if ((first === "a" || first === "an") && (scales.has(words[at + 1] ?? "") || words[at + 1] === "dozen")) at += 1;
  if (words[at] === "dozen") return { value: sign * 12, length: at + 1 - from };
  if (first === "half") return { value: sign * 0.5, length: at + 1 - from };

  let total = 0;
  let group = 0;
  let read = at > from + (sign < 0 ? 1 : 0) && scales.has(words[at] ?? "");
  if (read) group = 1;
  let lastSize = Number.POSITIVE_INFINITY;
  while (at < words.length) {
    const word = words[at] ?? "";
    const digits = /^-?\d+(?:\.\d+)?$/.test(word) ? Number(word) : undefined;
    const unit = units.get(word);
    const ten = tens.get(word);
    const scale = scales.get(word);
    if (digits !== undefined) {
      if (read) break;
      group = digits;
      lastSize = 0;
    } else if (unit !== undefined) {
      const size = unit < 10 ? 1 : 10;
      if (lastSize <= size || (unit === 0 && read)) break;
      group += unit;
      lastSize = 1;
    } else if (ten !== undefined) {
      if (lastSize <= 10) break;
      group += ten;
      lastSize = 10;
    } else if (scale !== undefined && read) {
      if (scale === 100) {
        group = (group === 0 ? 1 : group) * 100;
        lastSize = 100;
      } else {
        total += group * scale;
        group = 0;
        lastSize = Number.POSITIVE_INFINITY;
      }
    } else if (word === "and" && read && lastSize >= 100 && continues(words[at + 1])) {
      at += 1;
      continue;
    } else {
      break;
    }
    read = true;
    at += 1;
  }
  if (!read) return undefined;
  let value = total + group;
  if (words[at] === "point" && units.has(words[at + 1] ?? "")) {
    let decimals = "";
    at += 1;
    for (let digit = units.get(words[at] ?? ""); digit !== undefined && digit < 10; digit = units.get(words[at] ?? "")) {
      decimals += String(digit);
      at += 1;
    }
    value = Number(`${value}.${decimals}`);
    const scale = scales.get(words[at] ?? "");
    if (scale !== undefined) {
      value *= scale;
      at += 1;
    }
  }
  return { value: sign * value, length: at - from };
}

function continues(word: string | undefined): boolean {
  return word !== undefined && (units.has(word) || tens.has(word));
}

/** "one hundred sixty-one", "two point five", "minus three"; at most four decimals. */
export function sayNumber(value: number): string {
  const rounded = Math.abs(Math.round(value * 1e4) / 1e4);
  const whole = Math.trunc(rounded);
  const decimals = rounded.toFixed(4).split(".")[1]?.replace(/0+$/, "") ?? "";
  const sign = value < 0 && rounded > 0 ? "minus " : "";
  const tail = decimals === "" ? "" : ` point ${Array.from(decimals, (digit) => toCardinal(Number(digit))).join(" ")}`;
  return `${sign}${toCardinal(whole)}${tail}`;
}

/** "twenty-first". */
export function sayOrdinal(value: number): string {
  return toOrdinal(value);
}

/** As years are said: "eighteen eighty-three", "nineteen oh five", "two thousand nine", "twenty twenty-six". */
export function sayYear(year: number): string {
  if (year < 1000 || year > 9999 || (year >= 2000 && year < 2010) || year % 1000 === 0) return toCardinal(year);
  const century = toCardinal(Math.floor(year / 100));
  const rest = year % 100;
  if (rest === 0) return `${century} hundred`;
  return rest < 10 ? `${century} oh ${toCardinal(rest)}` : `${century} ${toCardinal(rest)}`;
}

/** First letter in upper case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
