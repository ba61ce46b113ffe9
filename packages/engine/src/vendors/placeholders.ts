/** Placeholders of inline tools, put in place in one pass: what is put in is not looked through again. Pure. */

export interface Scope {
  readonly args: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly callId: string;
}

const placeholder = /\{\{\s*(?:(args|template_variables)\.([^{}\s]+)|tool_call_id)\s*\}\}/g;
const wholePlaceholder = new RegExp(`^${placeholder.source}$`);

export interface Placeholder {
  readonly source: "args" | "template_variables" | "tool_call_id";
  /** Of an argument or a variable. */
  readonly name: string;
}

/** What stands in a text, in order. */
export function placeholders(text: string): Placeholder[] {
  return [...text.matchAll(placeholder)].map(toPlaceholder);
}

/** The text with everything in place; what has no value becomes empty. `encode` is applied to what is put in. */
export function fill(
  text: string,
  scope: Scope,
  encode: (value: string, from: Placeholder["source"]) => string = (value) => value,
): string {
  return text.replace(placeholder, (...match: string[]) => {
    const found = toPlaceholder(match);
    return encode(asText(valueOf(found, scope)), found.source);
  });
}

/**
 * A value of any kind with everything in place. A text that is one placeholder and nothing else becomes the value itself,
 * of its own type; a field whose value is absent then is left out.
 */
export function fillAll(value: unknown, scope: Scope): unknown {
  if (typeof value === "string") {
    const whole = wholePlaceholder.exec(value);
    return whole === null ? fill(value, scope) : valueOf(toPlaceholder(whole), scope);
  }
  if (Array.isArray(value)) return value.map((item: unknown) => fillAll(item, scope) ?? null);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const filled = fillAll(item, scope);
      return filled === undefined ? [] : [[key, filled]];
    }),
  );
}

function toPlaceholder([, source, name = ""]: readonly (string | undefined)[]): Placeholder {
  return { source: source === "args" || source === "template_variables" ? source : "tool_call_id", name };
}

/** A dot leads into an object: `args.address.city`. */
function valueOf({ source, name }: Placeholder, { args, variables, callId }: Scope): unknown {
  if (source === "tool_call_id") return callId;
  if (source === "template_variables") return Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (Object.hasOwn(args, name)) return args[name];
  let value: unknown = args;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = new Map(Object.entries(value)).get(part);
  }
  return value;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
