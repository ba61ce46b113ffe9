/** Finds the keys of an input that its schema does not know. */
import { z } from "zod";
import { pathText } from "../../faults.ts";

/** More are not worth a line in the log. */
const MOST = 20;

/** Dotted paths of keys that no object schema names; what a record holds is everybody's own. */
export function unknownPaths(schema: z.core.$ZodType, input: unknown): string[] {
  const found: string[] = [];
  walk(schema, input, [], found);
  return found;
}

function walk(schema: z.core.$ZodType, input: unknown, path: readonly PropertyKey[], found: string[]): void {
  const bare = unwrap(schema);
  if (Array.isArray(input)) {
    if (bare instanceof z.ZodArray) input.forEach((item: unknown, index) => walk(bare.element, item, [...path, index], found));
    return;
  }
  if (!(bare instanceof z.ZodObject) || typeof input !== "object" || input === null) return;
  const shape = new Map<string, z.core.$ZodType>(Object.entries(bare.shape));
  for (const [key, value] of Object.entries(input)) {
    const child = shape.get(key);
    if (child !== undefined) walk(child, value, [...path, key], found);
    else if (found.length < MOST) found.push(pathText([...path, key.slice(0, 64)]));
  }
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let bare = schema;
  while (bare instanceof z.ZodOptional || bare instanceof z.ZodNullable || bare instanceof z.ZodDefault) bare = bare.unwrap();
  return bare;
}
