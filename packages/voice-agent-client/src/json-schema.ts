/** The part of JSON Schema that tools need: as TypeScript types, and as a check of what a model made up. */
import { isRecord } from "./settings.ts";

/** A schema as it is written in code. Keywords beside these reach the server and are not checked here. */
export interface JsonSchema {
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  readonly description?: string;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly [keyword: string]: unknown;
}

export interface ObjectSchema extends JsonSchema {
  readonly type: "object";
}

/** The type of values that fit a schema: what is not understood is `unknown`. */
export type FromSchema<Schema> = Schema extends { readonly enum: readonly (infer Member)[] }
  ? Member
  : Schema extends { readonly type: "object"; readonly properties: infer Properties }
    ? Simple<
        { readonly [Name in keyof Properties & RequiredOf<Schema>]: FromSchema<Properties[Name]> } & {
          readonly [Name in Exclude<keyof Properties, RequiredOf<Schema>>]?: FromSchema<Properties[Name]>;
        }
      >
    : Schema extends { readonly type: "object" }
      ? Readonly<Record<string, unknown>>
      : Schema extends { readonly type: "array" }
        ? readonly (Schema extends { readonly items: infer Items } ? FromSchema<Items> : unknown)[]
        : Schema extends { readonly type: "string" }
          ? string
          : Schema extends { readonly type: "number" | "integer" }
            ? number
            : Schema extends { readonly type: "boolean" }
              ? boolean
              : Schema extends { readonly type: "null" }
                ? null
                : unknown;

type RequiredOf<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never;
type Simple<Type> = { [Name in keyof Type]: Type[Name] };

/** What is wrong with a value, in words that a model can act on; undefined where it fits. */
export function misfit(schema: JsonSchema, value: unknown, path = "arguments"): string | undefined {
  if (schema.enum !== undefined && !schema.enum.some((member) => member === value)) {
    return `${path} must be one of ${schema.enum.map((member) => JSON.stringify(member)).join(", ")}`;
  }
  if (schema.type !== undefined && !isOfType(schema.type, value)) return `${path} must be of type ${schema.type}`;
  if (isRecord(value)) return missing(schema, value, path) ?? misfitInside(schema, value, path);
  if (Array.isArray(value) && schema.items !== undefined) {
    const { items } = schema;
    return firstOf(value.map((item: unknown, index) => () => misfit(items, item, `${path}[${index}]`)));
  }
  return undefined;
}

function missing(schema: JsonSchema, value: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const name = schema.required?.find((one) => !Object.hasOwn(value, one));
  return name === undefined ? undefined : `${path}.${name} is missing`;
}

function misfitInside(schema: JsonSchema, value: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => Object.hasOwn(value, name));
  return firstOf(
    properties.map(
      ([name, inner]) =>
        () =>
          misfit(inner, value[name], `${path}.${name}`),
    ),
  );
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOfType(type: NonNullable<JsonSchema["type"]>, value: unknown): boolean {
  switch (type) {
    case "object":
      return isRecord(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
  }
}
