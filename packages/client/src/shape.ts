/** Checks of what comes over the wire: enough to be safe, small enough for a page. */

type Kind = "string" | "number" | "boolean" | "array" | "object" | "number?" | "array?";

/** The fields that a message needs, and of what kind. A question mark allows null. */
export type Shape = Readonly<Record<string, Kind>>;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fits(value: Record<string, unknown>, shape: Shape): boolean {
  return Object.entries(shape).every(([field, kind]) => isOf(kind, value[field]));
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case "string":
    case "boolean":
      return typeof value === kind;
    case "number":
      return Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    case "number?":
      return value === null || value === undefined || Number.isFinite(value);
    case "array?":
      return value === null || value === undefined || Array.isArray(value);
  }
}

/** JSON text as a value; undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
