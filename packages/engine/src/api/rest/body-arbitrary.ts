/** Bodies for property tests, made from the JSON Schema that clients read: what it allows, and the same with one thing wrong. */
import fc from "fast-check";
import { z } from "zod";

/** As much of JSON Schema as the door's schemas come to; a keyword that is not here fails loudly. */
export interface BodySchema {
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly anyOf?: readonly BodySchema[] | undefined;
  readonly oneOf?: readonly BodySchema[] | undefined;
  readonly properties?: Readonly<Record<string, BodySchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | BodySchema | undefined;
  readonly items?: BodySchema | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly pattern?: string | undefined;
  readonly format?: string | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
}

const BodySchema: z.ZodType<BodySchema> = z.lazy(() =>
  z.looseObject({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    anyOf: z.array(BodySchema).optional(),
    oneOf: z.array(BodySchema).optional(),
    properties: z.record(z.string(), BodySchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), BodySchema]).optional(),
    items: BodySchema.optional(),
    minItems: z.number().optional(),
    maxItems: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    pattern: z.string().optional(),
    format: z.string().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    // A reference would be generated as anything at all.
    $ref: z.never().optional(),
    allOf: z.never().optional(),
  }),
);

/** What a body may be, as `/openapi.json` tells it. */
export function schemaOf(body: z.ZodType): BodySchema {
  return BodySchema.parse(z.toJSONSchema(body, { io: "input", unrepresentable: "any" }));
}

/** Values for fields that a schema cannot narrow: by the field's name, in place of what its schema allows. */
export type Known = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const json = fc.jsonValue({ maxDepth: 2, stringUnit: "grapheme" });
/** Keys that have a meaning of their own in JavaScript. */
const key = fc.oneof({ weight: 4, arbitrary: fc.string() }, fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty"));

/** Of what an object may leave out, at most so many fields are there: with all of them, something is always refused. */
const MOST_OPTIONAL = 3;

/** What the schema allows. */
export function validOf(schema: BodySchema, known: Known = {}, name = ""): fc.Arbitrary<unknown> {
  const given = Object.hasOwn(known, name) ? known[name] : undefined;
  if (given !== undefined) return given;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if ("const" in schema) return fc.constant(schema.const);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return fc.oneof(...options.map((option) => validOf(option, known)));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type: string) => validOf({ ...schema, type }, known)));
  switch (schema.type) {
    case undefined:
      return json;
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "string":
      return stringOf(schema);
    case "integer":
      return fc.integer({ min: Math.ceil(lowestOf(schema, -0x8000_0000)), max: Math.floor(highestOf(schema, 0x7fff_ffff)) });
    case "number":
      return fc.double({ min: lowestOf(schema, -1e9), max: highestOf(schema, 1e9), noNaN: true }).map((value) => value + 0);
    case "array":
      return fc.array(validOf(schema.items ?? {}, known), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, Math.max(3, schema.minItems ?? 0)),
      });
    case "object":
      return objectOf(schema, known);
    default:
      throw new TypeError(`JSON Schema type ${JSON.stringify(schema.type)} is not known here`);
  }
}

function stringOf({ pattern, format, minLength = 0, maxLength = 40 }: BodySchema): fc.Arbitrary<string> {
  if (format === "uri") return fc.webUrl({ validSchemes: ["http", "https"] });
  const fits = (text: string): boolean => text.length >= minLength && text.length <= maxLength;
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern), { size: "small" }).filter(fits);
  return fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, minLength + 40) }).filter(fits);
}

function lowestOf({ minimum, exclusiveMinimum }: BodySchema, otherwise: number): number {
  return minimum ?? (exclusiveMinimum === undefined ? otherwise : exclusiveMinimum + Math.max(1e-9, Number.EPSILON));
}

function highestOf({ maximum, exclusiveMaximum }: BodySchema, otherwise: number): number {
  return maximum ?? (exclusiveMaximum === undefined ? otherwise : exclusiveMaximum - Math.max(1e-9, Number.EPSILON));
}

function objectOf({ properties = {}, required = [], additionalProperties }: BodySchema, known: Known): fc.Arbitrary<unknown> {
  const fields = new Map(Object.entries(properties).map(([name, field]) => [name, validOf(field, known, name)]));
  const optional = [...fields.keys()].filter((name) => !required.includes(name));
  const own = fc
    .subarray(optional, { maxLength: Math.min(MOST_OPTIONAL, optional.length) })
    .chain((chosen) => fc.record(Object.fromEntries([...required, ...chosen].map((name) => [name, fields.get(name) ?? json]))));
  if (additionalProperties === undefined || typeof additionalProperties === "boolean") return own;
  const others = fc.dictionary(key, validOf(additionalProperties, known), { maxKeys: 3 });
  return fc.tuple(others, own).map(([more, fixed]) => ({ ...more, ...fixed }));
}

/** Places of everything in a body, its own first. */
export function pathsOf(body: unknown, path: readonly PropertyKey[] = []): (readonly PropertyKey[])[] {
  if (typeof body !== "object" || body === null) return [path];
  const entries: [PropertyKey, unknown][] = Array.isArray(body) ? [...body.entries()] : Object.entries(body);
  return [path, ...entries.flatMap(([name, inner]) => pathsOf(inner, [...path, name]))];
}

/** A copy with another value at a path; `undefined` takes the field out. */
export function changed(body: unknown, [name, ...rest]: readonly PropertyKey[], value: unknown): unknown {
  if (name === undefined) return value;
  if (typeof body !== "object" || body === null) return body;
  const inner = changed(Reflect.get(body, name), rest, value);
  if (Array.isArray(body)) return body.flatMap((item: unknown, index) => (index !== name ? [item] : inner === undefined ? [] : [inner]));
  // Not by assignment, which `__proto__` would take as the prototype.
  return Object.fromEntries([...Object.entries(body).filter(([other]) => other !== name), ...(inner === undefined ? [] : [[name, inner]])]);
}

/** What goes wrong at one place: another type, too much, too little, nothing. */
export const wrong: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, 0, -1, 1.5, 1e308, "", " ", "\0", "\ud800", [], {}, [[]], { "": {} }),
  fc.constantFrom("x".repeat(100_000), "\u{1f600}".repeat(300), "{{name}}", "__proto__", "127.0.0.1", "javascript:alert(1)"),
  fc.constant(Array.from({ length: 2000 }, () => "x")),
  json,
  fc.dictionary(key, json, { maxKeys: 3 }),
);
