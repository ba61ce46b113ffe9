/** What a tool gave, as a sentence. Pure. */
import { nameWords } from "./tool-match.ts";
import { capital } from "./spoken-number.ts";

/** Words that are said of one result: half a minute. */
const mostWords = 75;
/** Fields and items that are read out. */
const mostParts = 6;

/** Fields that hold the answer itself. */
const answers = new Set(["result", "answer", "text", "message", "summary", "output", "value"]);

/** `Error: ` before it says that the tool failed. */
export function sayResult(output: string): string {
  const failed = /^Error: ?(.*)$/s.exec(output)?.[1];
  if (failed !== undefined) return `That did not work. ${sentence(say(parse(failed)))}`;
  return sentence(say(parse(output)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function say(value: unknown): string {
  if (value === null || value === undefined) return "unknown";
  if (typeof value === "string") return plainText(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return sayList(value);
  if (typeof value === "object") return sayFields(Object.entries(value));
  return "";
}

/** What is written for the eye is not read out. */
function plainText(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_#`>|]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function sayFields(fields: readonly [string, unknown][]): string {
  const [only] = fields;
  if (fields.length === 0) return "nothing was found";
  if (fields.length === 1 && only !== undefined && answers.has(only[0])) return say(only[1]);
  const known = fields.filter(([, value]) => value !== null && value !== "");
  const said = known.slice(0, mostParts).map(([name, value]) => sayField(name, value));
  return join([...said, ...(known.length > mostParts ? ["and more"] : [])]);
}

function sayField(name: string, value: unknown): string {
  const words = nameWords(name).join(" ");
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return `${words}: ${say(value)}`;
  return Array.isArray(value) ? `${words}: ${sayList(value)}` : `the ${words} ${/[^isu]s$/.test(words) ? "are" : "is"} ${say(value)}`;
}

function sayList(items: readonly unknown[]): string {
  if (items.length === 0) return "nothing was found";
  const simple = items.every((item) => typeof item !== "object" || item === null);
  const said = items.slice(0, mostParts).map((item) => say(item));
  const rest = items.length - said.length;
  if (simple) return join([...said, ...(rest > 0 ? [`${rest} more`] : [])]);
  const [first = ""] = said;
  return items.length === 1 ? first : `there are ${items.length} results. The first: ${first}`;
}

/** "a", "a and b", "a, b and c". */
function join(parts: readonly string[]): string {
  const last = parts.at(-1) ?? "";
  if (parts.length < 2) return last;
  return `${parts.slice(0, -1).join(", ")}${last.startsWith("and ") ? ", " : " and "}${last}`;
}

function sentence(text: string): string {
  const words = text.split(" ").filter((word) => word !== "");
  if (words.length === 0) return "It is done.";
  const whole = words.length > mostWords ? `${words.slice(0, mostWords).join(" ")}, and so on` : words.join(" ");
  return `${capital(whole)}${/[.!?…]$/.test(whole) ? "" : "."}`;
}
