/** Says what is wrong with a request: the field by its path, the value, what is allowed, and the nearest valid value. */
import type { z } from "zod";
import { AppError, type ErrorCode } from "./errors.ts";
import { nearest } from "./nearest.ts";

export interface Fault {
  readonly kind: "body" | "missing" | "invalid";
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** More faults than this are counted, not listed. */
export const LISTED = 20;

const HIDDEN = "the value";

/** Values under such names stay out of messages. */
const secretName = /key|token|secret|certificate|password|credential|authorization|header|database_url/i;

/** One error for all faults of a request; the gravest kind chooses the code. */
export function toError(faults: readonly Fault[], prefix = ""): AppError {
  const code: ErrorCode = faults.some(({ kind }) => kind === "body")
    ? "invalid-body"
    : faults.some(({ kind }) => kind === "missing")
      ? "missing-field"
      : "invalid-field";
  const messages = faults.slice(0, LISTED).map(({ message }) => message);
  if (faults.length > LISTED) messages.push(`and ${faults.length - LISTED} more`);
  return new AppError(code, prefix + messages.join("; "));
}

/** What a schema found, one fault for each issue. `root` stands before every path; `spell` gives a field's name on the wire. */
export function faultsOf(
  error: z.core.$ZodError,
  input: unknown,
  root: readonly PropertyKey[] = [],
  spell: (name: PropertyKey) => PropertyKey = (name) => name,
): Fault[] {
  return error.issues.map((issue) => faultOf(issue, input, [...root, ...issue.path.map(spell)]));
}

function faultOf(issue: Issue, input: unknown, path: readonly PropertyKey[]): Fault {
  const value = valueAt(input, issue.path);
  if (path.length === 0)
    return { kind: "body", message: `the body is ${value === null ? "empty" : kindOf(value)}; a JSON object is expected` };
  const name = pathText(path);
  if (value === undefined || value === null) {
    return { kind: "missing", message: `${name} ${issue.code === "custom" ? issue.message : "is required"}` };
  }
  const secret = path.some((part) => typeof part === "string" && secretName.test(part));
  return {
    kind: "invalid",
    message: `${name}: ${secret ? describe(issue, undefined, HIDDEN, kindOf(value)) : describe(issue, value, show(value), kindOf(value))}`,
  };
}

/** The second half of a message; an issue's own text is written to follow the value. `value`: only where it may be repeated. */
function describe(issue: Issue, value: unknown, shown: string, kind: string): string {
  switch (issue.code) {
    case "invalid_type": {
      if (issue.expected === "string" && typeof value === "number") {
        return `${shown} is a number; send it as a string: "${value}"`;
      }
      if (issue.expected === "int" && typeof value === "number") return `${shown} is not a whole number`;
      return `${shown} is ${kind}; ${withArticle(issue.expected)} is expected`;
    }
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const near = typeof value === "string" ? nearest(value, allowed) : undefined;
      return `${shown} is not supported${near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`}${near === undefined ? "; " : " "}Allowed: ${allowed.join(", ")}`;
    }
    case "too_small":
      return `${shown} is too ${small(issue.origin)}; ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unitOf(issue.origin)} is allowed`;
    case "too_big":
      return `${shown} is too ${large(issue.origin)}; ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unitOf(issue.origin)} is allowed`;
    case "invalid_union": {
      const texts = issue.errors.flatMap((issues) => issues.map((inner) => describe(inner, value, shown, kind)));
      return texts[texts.length - 1] ?? `${shown} ${issue.message}`;
    }
    case "unrecognized_keys":
      return `${issue.keys.map((key) => JSON.stringify(key)).join(", ")} ${issue.keys.length === 1 ? "is no field" : "are no fields"} of it`;
    case "invalid_format":
    case "custom":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      return `${shown} ${issue.message}`;
  }
}

/** Text of a value, short enough for a message. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return "the list";
  if (typeof value === "object" && value !== null) return "the object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 64 ? `${text.slice(0, 60)}…${typeof value === "string" ? '"' : ""}` : text;
}

/** `properties.llm.system_messages[0].role` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? String(part) : `${text}.${String(part)}`),
    "",
  );
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined), input);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "empty";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return withArticle(typeof value);
}

function withArticle(type: string): string {
  switch (type) {
    case "int":
      return "a whole number";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "an object";
    case "boolean":
      return "true or false";
    default:
      return `a ${type}`;
  }
}

function small(origin: string): string {
  return origin === "string" || origin === "array" ? "short" : "small";
}

function large(origin: string): string {
  return origin === "string" || origin === "array" ? "long" : "large";
}

function unitOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " entries" : "";
}
