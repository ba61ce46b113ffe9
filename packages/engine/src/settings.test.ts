import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { Settings } from "./settings.ts";

const page = new URL("../../../docs/configuration.md", import.meta.url);

/** A row for each setting, nested ones by their whole path. */
function rows(schema: z.core.$ZodType, path: readonly string[]): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.entries(inner.shape).flatMap(([name, field]) => rows(field, [...path, name]));
  return [`| \`${path.join(".")}\` | ${defaultOf(schema)} | ${described(schema)} |`];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrap(schema.unwrap())
    : schema;
}

function described(schema: z.core.$ZodType): string {
  return (schema instanceof z.ZodType ? schema.description : undefined) ?? "";
}

function defaultOf(schema: z.core.$ZodType): string {
  if (!(schema instanceof z.ZodDefault)) return "";
  const value: unknown = schema.def.defaultValue;
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

test("docs/configuration.md lists every setting with its default", () => {
  const table = ["| setting | default | |", "| --- | --- | --- |", ...rows(Settings, [])].join("\n");
  const text = readFileSync(page, "utf8");
  const current = text.replace(/<!-- settings -->[\s\S]*<!-- \/settings -->/, `<!-- settings -->\n\n${table}\n\n<!-- /settings -->`);
  // UPDATE_DOCS=1 writes the page.
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, current);
  expect(text === current || process.env["UPDATE_DOCS"] === "1", "run it again with UPDATE_DOCS=1").toBe(true);
});

test("every setting says what it is for", () => {
  expect(rows(Settings, []).filter((row) => row.endsWith("|  |"))).toEqual([]);
});
