/** What is wrong with a body or a query of the Voice Agent REST, each fault as a message and as an entry of `detail[]`. Pure. */
import type { z } from "zod";
import { faultsOf, pathText } from "../../../faults.ts";
import type { Refusal } from "../refusal.ts";

/** An entry of `detail[]`, in the spelling of that API. */
export interface Detail {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** More are counted by nobody. */
const LISTED = 20;

/** The request is understood, and refused for what it holds: 422. */
export class InvalidRequest extends Error {
  /** The first field at fault, as a dotted path; null: the request as a whole. */
  readonly param: string | null;
  readonly details: readonly Detail[];

  constructor(message: string, param: string | null, details: readonly Detail[]) {
    super(message);
    this.name = "InvalidRequest";
    this.param = param;
    this.details = details;
  }
}

export type Part = "query" | "body" | "path";

/** What a schema found. Values of a query are told back; those of a body may be secret. */
export function fromSchema(error: z.core.$ZodError, input: unknown, part: Part): InvalidRequest {
  const faults = faultsOf(error, input);
  const details = error.issues.slice(0, LISTED).map((issue, index): Detail => {
    const value = valueAt(input, issue.path);
    return {
      ...kindOf(issue, value),
      loc: [part, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))],
      msg: faults[index]?.message ?? issue.message,
      input: part === "query" ? (value ?? null) : null,
    };
  });
  const [first] = error.issues;
  return new InvalidRequest(
    faults
      .slice(0, LISTED)
      .map(({ message }) => message)
      .join("; "),
    first === undefined || first.path.length === 0 ? null : pathText(first.path),
    details,
  );
}

/** What the socket would refuse, too. */
export function fromRefusal({ message, param }: Refusal, part: Part = "body"): InvalidRequest {
  const loc = [part, ...(param === null ? [] : stepsOf(param))];
  return new InvalidRequest(message, param, [{ type: "value_error", loc, msg: message, input: null }]);
}

export function fromText(message: string, param: string | null, part: Part): InvalidRequest {
  return fromRefusal({ code: "invalid_value", message, param }, part);
}

/** The field that an entry is about, as a dotted path; null: the request as a whole. */
export function fieldOf({ loc: [, ...path] }: Detail): string | null {
  return path.length === 0 ? null : pathText(path);
}

/** `tools[0].name` → `tools`, 0, `name`. */
function stepsOf(param: string): (string | number)[] {
  return param
    .split(/[.[\]]+/)
    .filter((step) => step !== "")
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** The names that the other side's validator has for the same. */
function kindOf(issue: z.core.$ZodIssue, value: unknown): Pick<Detail, "type" | "ctx"> {
  if (value === undefined) return { type: "missing" };
  switch (issue.code) {
    case "too_small":
      return issue.origin === "string"
        ? { type: "string_too_short", ctx: { min_length: Number(issue.minimum) } }
        : issue.origin === "array"
          ? { type: "too_short", ctx: { min_length: Number(issue.minimum) } }
          : { type: "greater_than_equal", ctx: { ge: Number(issue.minimum) } };
    case "too_big":
      return issue.origin === "string"
        ? { type: "string_too_long", ctx: { max_length: Number(issue.maximum) } }
        : issue.origin === "array"
          ? { type: "too_long", ctx: { max_length: Number(issue.maximum) } }
          : { type: "less_than_equal", ctx: { le: Number(issue.maximum) } };
    case "invalid_type":
      return { type: `${issue.expected}_type` };
    case "invalid_value":
      return { type: "literal_error", ctx: { expected: issue.values.map(String).join(", ") } };
    case "invalid_format":
      return { type: issue.message.includes("whole number") ? "int_parsing" : "string_pattern_mismatch" };
    case "invalid_union":
    case "unrecognized_keys":
    case "custom":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      return { type: "value_error" };
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined), input);
}
