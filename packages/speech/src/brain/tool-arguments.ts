/** Arguments of a tool out of what was said, as far as its schema makes plain what is wanted. Pure. */
import { readNumber } from "./spoken-number.ts";
import { nameWords } from "./tool-match.ts";
import { plain } from "./words.ts";

type Value = string | number | boolean;
export type Arguments = Record<string, Value>;

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly choices: readonly (string | number)[];
  readonly isRequired: boolean;
}

/** The fields of a schema, in its order. */
export function fieldsOf(parameters: Readonly<Record<string, unknown>>): Field[] {
  const properties = asRecord(parameters["properties"]);
  const required = Array.isArray(parameters["required"]) ? new Set<unknown>(parameters["required"]) : new Set<unknown>();
  return Object.entries(properties).map(([name, schema]) => {
    const { type, enum: choices } = asRecord(schema);
    return {
      name,
      type: typeof type === "string" ? type : "string",
      choices: Array.isArray(choices) ? choices.filter((choice) => typeof choice === "string" || typeof choice === "number") : [],
      isRequired: required.has(name),
    };
  });
}

/** What a whole request says about the fields. */
export function readArguments(said: string, fields: readonly Field[]): Arguments {
  const found: Arguments = {};
  const taken = new Set<string>();
  for (const field of fields) {
    const value = readField(said, field, taken);
    if (value === undefined) continue;
    found[field.name] = value;
    taken.add(String(value).toLowerCase());
  }
  return found;
}

/** What an answer says that was given to the question for one field. */
export function readAnswer(said: string, field: Field): Value | undefined {
  const direct = readField(said, field, new Set());
  if (direct !== undefined || field.choices.length > 0) return direct;
  if (field.type !== "string") return undefined;
  const bare = said
    .trim()
    .replace(/[.!?…]+$/, "")
    .replace(/^(?:(?:it is|it's|that is|that's|in|at|for|to|from|on|my name is|the|please|um+|uh+|oh|well)[\s,]+)+/i, "")
    .replace(/[\s,]+please$/i, "");
  return bare === "" ? undefined : bare;
}

function readField(said: string, field: Field, taken: ReadonlySet<string>): Value | undefined {
  if (field.choices.length > 0) return readChoice(said, field.choices);
  switch (field.type) {
    case "number":
    case "integer":
      return readFirstNumber(said, field.type, taken);
    case "boolean":
      return readFlag(said, field.name);
    case "string": {
      const value = readText(said, field.name);
      return value === undefined || taken.has(value.toLowerCase()) ? undefined : value;
    }
    default:
      return undefined;
  }
}

/** The longest that was said. */
function readChoice(said: string, choices: readonly (string | number)[]): string | number | undefined {
  const text = ` ${plain(said)} `;
  const spoken = (choice: string | number): string => ` ${plain(String(choice).replaceAll("_", " "))} `;
  return choices.toSorted((one, other) => String(other).length - String(one).length).find((choice) => text.includes(spoken(choice)));
}

function readFirstNumber(said: string, type: "number" | "integer", taken: ReadonlySet<string>): number | undefined {
  const words = plain(said).split(" ");
  for (let at = 0; at < words.length; at += 1) {
    const read = readNumber(words, at);
    if (read === undefined) continue;
    if ((type === "number" || Number.isInteger(read.value)) && !taken.has(String(read.value))) return read.value;
    at += read.length - 1;
  }
  return undefined;
}

function readFlag(said: string, name: string): boolean | undefined {
  const word = nameWords(name).at(-1) ?? name;
  const match = new RegExp(`\\b(?:(no|not|without|off)\\s+(?:\\w+\\s+)?)?${escape(word)}\\b`, "i").exec(said);
  return match === null ? undefined : match[1] === undefined;
}

/** Ends a name in the middle of a sentence. */
const ends =
  "(?=\\s+(?:today|tonight|tomorrow|now|right now|please|this|next|on|at|for|from|to|in|with|and|by|is|are|has|have|like)\\b|[,.!?…]|$)";
const noPlace = "(?!the (?:morning|afternoon|evening)\\b|(?:a|an|my|your|this|that|me|you|it)\\b|\\d)";
const day =
  "today|tonight|tomorrow|the day after tomorrow|(?:this |next |on )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)|(?:january|february|march|april|may|june|july|august|september|october|november|december) \\d{1,2}(?:st|nd|rd|th)?|\\d{4}-\\d{2}-\\d{2}";

/** Kinds of texts that a field's name tells, and how they are said. The first that fits the name is tried. */
const kinds: readonly { readonly name: RegExp; readonly said: readonly RegExp[]; readonly isFree?: true }[] = [
  { name: /e.?mail/, said: [/([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/] },
  { name: /phone|mobile|tel$/, said: [/(\+?\d[\d ()-]{5,}\d)/] },
  { name: /date|day|when/, said: [new RegExp(`\\b(${day})\\b`, "i")] },
  { name: /time|hour/, said: [/\b(\d{1,2}(?::\d{2})? ?(?:am|pm|a\.m\.|p\.m\.|o'clock)|\d{1,2}:\d{2}|noon|midnight)(?!\w)/i] },
  { name: /origin|source|departure|from/, said: [new RegExp(`\\bfrom ${noPlace}([\\p{L}'. -]+?)${ends}`, "iu")] },
  {
    name: /destination|arrival|target|^to$|recipient/,
    said: [new RegExp(`\\bto ${noPlace}(?!(?!\\p{Lu})\\p{L}+ (?:the|a|my)\\b)([\\p{L}'. -]+?)${ends}`, "iu")],
  },
  {
    name: /city|town|place|location|country|region|where|address/,
    said: [
      new RegExp(`\\b(?:in|at|near|around) ${noPlace}([\\p{L}'. -]+?)${ends}`, "iu"),
      /\b(?:for|of|to) (\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*)/u,
    ],
  },
  {
    name: /(?:^|_)(?:id|number|no|code|sku|reference|ref)$|Id$|Number$/,
    said: [/\b([A-Za-z]{1,6}-?\d[\w-]*|\d[\d-]*[A-Za-z]?)\b/],
  },
  {
    name: /name|customer|person|user|contact|who/,
    said: [/\b(?:named|called|for|of|is|to|with|by|about) (\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*)/u],
  },
  {
    name: /query|search|keyword|term|question|topic|subject|text|message|body|content|note|title|^q$/,
    isFree: true,
    said: [/\b(?:that says|saying|about|that|for|with the (?:text|words)) (.+?)[.!?…]*$/i],
  },
];

function readText(said: string, name: string): string | undefined {
  const kind = kinds.find((one) => one.name.test(name) || one.name.test(name.toLowerCase()));
  const quoted = /["“”«]([^"“”«»]+)["“”»]/.exec(said)?.[1];
  if (quoted !== undefined && (kind === undefined || kind.isFree === true)) return quoted;
  for (const pattern of kind?.said ?? []) {
    const match = pattern.exec(said)?.[1]?.trim();
    if (match !== undefined && match !== "") return match.replace(/^on /i, "");
  }
  if (kind?.name.test("id") === true) {
    const number = readFirstNumber(said, "integer", new Set());
    if (number !== undefined) return String(number);
  }
  // "the reason is …", "colour red"
  const words = nameWords(name).join(" ");
  return new RegExp(`\\b${escape(words)} (?:is |to |= ?)?([\\p{L}\\p{N}-]+)`, "iu").exec(said)?.[1];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
