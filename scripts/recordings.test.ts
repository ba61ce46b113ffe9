/** Holds the recordings to what their README says of them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";

const folder = new URL("../recordings/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".wav"));

const Span = z.strictObject({ speaker: z.string(), startMs: z.number(), endMs: z.number() });
const Description = z.strictObject({
  text: z.string(),
  language: z.string(),
  textSource: z.string(),
  sampleRate: z.int(),
  durationMs: z.int(),
  speech: z.array(Span).min(1),
  words: z.array(z.strictObject({ text: z.string(), startMs: z.number(), endMs: z.number() })).optional(),
  pauses: z.array(z.strictObject({ fromMs: z.number(), pauseMs: z.number(), sentence: z.enum(["complete", "incomplete"]) })).optional(),
});

test("each recording has its source, licence and sha256 in the README", () => {
  const readme = readFileSync(new URL("README.md", folder), "utf8");
  const rows = Object.fromEntries(
    [...readme.matchAll(/^\| (\S+\.wav) \|.*\| ([0-9a-f]{64}) \|$/gm)].map(([, name = "", sha256 = ""]) => [name, sha256]),
  );
  const actual = names.map((name) => [
    name,
    createHash("sha256")
      .update(readFileSync(new URL(name, folder)))
      .digest("hex"),
  ]);
  expect(rows).toEqual(Object.fromEntries(actual));
});

test.each(names)("%s says what is spoken in it and when, in order and within its length", (name) => {
  const {
    durationMs,
    speech,
    words = [],
  } = Description.parse(JSON.parse(readFileSync(new URL(name.replace(".wav", ".json"), folder), "utf8")));
  for (const spans of [speech, words]) {
    expect(spans.every(({ startMs, endMs }) => startMs <= endMs && endMs <= durationMs)).toBe(true);
    expect(spans.map(({ startMs }) => startMs)).toEqual(spans.map(({ startMs }) => startMs).toSorted((a, b) => a - b));
  }
});

test("all of them together stay below 8 MB", () => {
  expect(names.reduce((bytes, name) => bytes + statSync(new URL(name, folder)).size, 0)).toBeLessThan(8e6);
});
