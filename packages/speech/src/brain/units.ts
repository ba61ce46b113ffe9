/** Conversions: "how many feet are in a mile", "convert 20 degrees Celsius to Fahrenheit". */
import type { Question } from "./question.ts";
import { capital, readNumber, sayNumber } from "./spoken-number.ts";

interface Unit {
  readonly kind: "length" | "mass" | "volume" | "time" | "temperature" | "speed" | "data";
  /** In metres, grams, litres, seconds, metres per second, bytes; temperatures by their own rule. */
  readonly size: number;
  readonly one: string;
  readonly many: string;
}

const unit = (kind: Unit["kind"], size: number, one: string, many = `${one}s`): Unit => ({ kind, size, one, many });

const list: readonly (readonly [RegExp, Unit])[] = [
  [/^kilomet(?:er|re)s? per hour$/, unit("speed", 1 / 3.6, "kilometer per hour", "kilometers per hour")],
  [/^miles? per hour$/, unit("speed", 0.44704, "mile per hour", "miles per hour")],
  [/^(?:millimet(?:er|re)s?|mm)$/, unit("length", 0.001, "millimeter")],
  [/^(?:centimet(?:er|re)s?|cm)$/, unit("length", 0.01, "centimeter")],
  [/^(?:met(?:er|re)s?|m)$/, unit("length", 1, "meter")],
  [/^(?:kilomet(?:er|re)s?|km|kilometers)$/, unit("length", 1000, "kilometer")],
  [/^(?:inch|inches)$/, unit("length", 0.0254, "inch", "inches")],
  [/^(?:foot|feet)$/, unit("length", 0.3048, "foot", "feet")],
  [/^yards?$/, unit("length", 0.9144, "yard")],
  [/^miles?$/, unit("length", 1609.344, "mile")],
  [/^(?:grams?|g)$/, unit("mass", 1, "gram")],
  [/^(?:kilos?|kilograms?|kg)$/, unit("mass", 1000, "kilogram")],
  [/^(?:tons?|tonnes?)$/, unit("mass", 1e6, "metric ton")],
  [/^ounces?$/, unit("mass", 28.349523125, "ounce")],
  [/^(?:pounds?|lbs?)$/, unit("mass", 453.59237, "pound")],
  [/^(?:millilit(?:er|re)s?|ml)$/, unit("volume", 0.001, "milliliter")],
  [/^(?:lit(?:er|re)s?|l)$/, unit("volume", 1, "liter")],
  [/^gallons?$/, unit("volume", 3.785411784, "gallon")],
  [/^quarts?$/, unit("volume", 0.946352946, "quart")],
  [/^pints?$/, unit("volume", 0.473176473, "pint")],
  [/^cups?$/, unit("volume", 0.2365882365, "cup")],
  [/^tablespoons?$/, unit("volume", 0.01478676478125, "tablespoon")],
  [/^teaspoons?$/, unit("volume", 0.00492892159375, "teaspoon")],
  [/^seconds?$/, unit("time", 1, "second")],
  [/^minutes?$/, unit("time", 60, "minute")],
  [/^hours?$/, unit("time", 3600, "hour")],
  [/^days?$/, unit("time", 86_400, "day")],
  [/^weeks?$/, unit("time", 604_800, "week")],
  [/^kilobytes?$/, unit("data", 1e3, "kilobyte")],
  [/^megabytes?$/, unit("data", 1e6, "megabyte")],
  [/^gigabytes?$/, unit("data", 1e9, "gigabyte")],
  [/^terabytes?$/, unit("data", 1e12, "terabyte")],
  [/^(?:degrees? )?(?:celsius|centigrade)$/, unit("temperature", 0, "degree Celsius", "degrees Celsius")],
  [/^(?:degrees? )?fahrenheit$/, unit("temperature", 1, "degree Fahrenheit", "degrees Fahrenheit")],
];

function find(name: string): Unit | undefined {
  return list.find(([pattern]) => pattern.test(name))?.[1];
}

function convert(value: number, from: Unit, to: Unit): number {
  if (from.kind !== "temperature") return (value * from.size) / to.size;
  if (from.size === to.size) return value;
  return from.size === 0 ? (value * 9) / 5 + 32 : ((value - 32) * 5) / 9;
}

/** Three figures that count are enough for the ear. */
function rounded(value: number): number {
  if (Number.isInteger(Math.round(value * 1e6) / 1e6)) return Math.round(value);
  return Math.abs(value) >= 100 ? Math.round(value * 10) / 10 : Number(value.toPrecision(3));
}

/** "twenty degrees celsius", "a mile", "five feet". */
function amount(text: string): { value: number; unit: Unit } | undefined {
  const words = text.split(" ");
  const number = readNumber(words, 0);
  const skipped = number?.length ?? (/^(?:an?|one)$/.test(words[0] ?? "") ? 1 : 0);
  const found = find(words.slice(skipped).join(" "));
  return found === undefined ? undefined : { value: number?.value ?? 1, unit: found };
}

export function units(question: Question): string | undefined {
  const text = question.text
    .replace(/°\s*c\b/g, " degrees celsius")
    .replace(/°\s*f\b/g, " degrees fahrenheit")
    .replace(/(\d)(km|kg|cm|mm|ml|m|g|l)\b/g, "$1 $2")
    .replace(/\s+/g, " ");
  const match =
    /^how (?:many|much) (?<to>[a-z ]+?) (?:are|is|do|does|make|fit)?(?: there)? ?(?:in|make|to|is|are) (?<from>.+?)(?: have| make)?$/.exec(
      text,
    ) ?? /^(?:convert |what (?:is|are) |how much (?:is|are) |change )?(?<from>.+?) (?:to|in|into|as) (?<to>[a-z ]+)$/.exec(text);
  const source = amount(match?.groups?.["from"] ?? "");
  const target = find(match?.groups?.["to"] ?? "");
  if (source === undefined || target === undefined) return undefined;
  if (source.unit.kind !== target.kind)
    return `${capital(source.unit.many)} and ${target.many} measure different things. One cannot be turned into the other.`;
  const value = convert(source.value, source.unit, target);
  const result = rounded(value);
  const about = Math.abs(result - value) > 1e-9 ? "about " : "";
  const name = (count: number, of: Unit): string => (count === 1 ? of.one : of.many);
  const verb = source.value === 1 || source.unit.kind === "temperature" ? "is" : "are";
  return `${capital(sayNumber(source.value))} ${name(source.value, source.unit)} ${verb} ${about}${sayNumber(result)} ${name(result, target)}.`;
}
