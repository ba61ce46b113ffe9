/** Numbers, money, times and dates as an American says them. Every function takes the digits as text and returns words. */
import { toCardinal, toOrdinal } from "n2words/en-US";

const digitNames = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

export const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** Nobody follows the words of a longer number: it is read digit by digit. */
const LONGEST_NUMBER = 15;

/** `"1,234"`, `"007"`, `"3.14"`: thousands, a leading zero and a decimal point are understood. */
export function number(text: string): string[] {
  const [whole = "", decimals] = text.replaceAll(",", "").split(".");
  const point = decimals === undefined || decimals === "" ? [] : ["point", ...digits(decimals)];
  if (whole === "") return point;
  return [...(/^0\d/.test(whole) ? digits(whole) : cardinal(whole)), ...point];
}

export function cardinal(whole: string): string[] {
  return whole.length > LONGEST_NUMBER ? digits(whole) : split(toCardinal(BigInt(whole)));
}

/** `"1"` to `["first"]`. Zero has none in the language's table and is said as it is written. */
export function ordinal(whole: string): string[] {
  return /^0*$/.test(whole) || whole.length > LONGEST_NUMBER ? ["zeroth"] : split(toOrdinal(BigInt(whole)));
}

/** One by one; what is not a digit is left out. */
export function digits(text: string): string[] {
  return Array.from(text, (digit) => digitNames[Number(digit)] ?? "").filter((word) => word !== "");
}

/** A year of four digits: "nineteen eighty four", "nineteen oh five", "two thousand five", "twenty twenty four". */
export function year(text: string): string[] {
  const century = text.slice(0, 2);
  const rest = text.slice(2);
  if (century.endsWith("0") && rest.startsWith("0")) return cardinal(text);
  if (rest === "00") return [...cardinal(century), "hundred"];
  return [...cardinal(century), ...(rest.startsWith("0") ? ["oh"] : []), ...cardinal(rest)];
}

/** `["ninety"]` to `["nineties"]`, `["hundred"]` to `["hundreds"]`. */
export function plural(words: string[]): string[] {
  const last = words.at(-1) ?? "";
  const many = last.endsWith("y") ? `${last.slice(0, -1)}ies` : last.endsWith("x") ? `${last}es` : `${last}s`;
  return [...words.slice(0, -1), many];
}

/** Hours and minutes, each as written: "two thirty", "two oh five", "two o'clock". */
export function clockTime(hours: string, minutes: string, halfDayFollows: boolean): string[] {
  const hour = cardinal(hours);
  if (minutes === "00") return halfDayFollows ? hour : [...hour, "o'clock"];
  return [...hour, ...(minutes.startsWith("0") ? ["oh"] : []), ...cardinal(minutes)];
}

/** Month (1 to 12), day and perhaps year, as numbers in text; undefined when there is no such day. */
export function date(month: string, day: string, yearText: string | undefined): string[] | undefined {
  const name = months[Number(month) - 1];
  if (name === undefined || Number(day) < 1 || Number(day) > 31) return undefined;
  return [name, ...ordinal(day), ...(yearText === undefined ? [] : [",", ...year(yearText)])];
}

/** "one half", "three quarters", "two thirds", "eight out of ten". */
export function fraction(above: string, below: string): string[] {
  const many = Number(above) !== 1;
  if (Number(below) === 10) return [...cardinal(above), "out", "of", "ten"];
  if (above === below) return [...cardinal(above), ...cardinal(below)];
  if (Number(above) >= Number(below) || Number(below) > 16) return [...cardinal(above), "over", ...cardinal(below)];
  if (Number(below) === 2) return [...cardinal(above), many ? "halves" : "half"];
  const part = Number(below) === 4 ? ["quarter"] : ordinal(below);
  return [...cardinal(above), ...(many ? plural(part) : part)];
}

interface Currency {
  one: string;
  many: string;
  cent: string;
  cents: string;
}

const currencies: Record<string, Currency> = {
  $: { one: "dollar", many: "dollars", cent: "cent", cents: "cents" },
  "€": { one: "euro", many: "euros", cent: "cent", cents: "cents" },
  "£": { one: "pound", many: "pounds", cent: "penny", cents: "pence" },
  "¥": { one: "yen", many: "yen", cent: "sen", cents: "sen" },
  "₹": { one: "rupee", many: "rupees", cent: "paisa", cents: "paise" },
  "₩": { one: "won", many: "won", cent: "jeon", cents: "jeon" },
  "₽": { one: "ruble", many: "rubles", cent: "kopeck", cents: "kopecks" },
};

export function currencyName(sign: string): string {
  return currencies[sign]?.many ?? "";
}

/** An amount in a currency given by its sign, perhaps followed by thousands, millions or billions. */
export function money(sign: string, amount: string, scale: string | undefined): string[] {
  const currency = currencies[sign];
  if (currency === undefined) return number(amount);
  const [whole = "", decimals] = amount.replaceAll(",", "").split(".");
  if (scale !== undefined) return [...number(amount), scale, currency.many];
  if (decimals !== undefined && decimals.length !== 2) return [...number(amount), currency.many];
  const units = whole === "" ? 0n : BigInt(whole);
  const cents = Number(decimals ?? 0);
  const part = cents === 0 ? [] : [...cardinal(String(cents)), cents === 1 ? currency.cent : currency.cents];
  if (units === 0n && part.length > 0) return part;
  const all = [...cardinal(String(units)), units === 1n ? currency.one : currency.many];
  return part.length === 0 ? all : [...all, "and", ...part];
}

function split(words: string): string[] {
  return words.toLowerCase().split(/[\s-]+/u);
}
