import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { spellTerms } from "./keyterms.ts";

const terms = [
  "AssemblyAI",
  "Agora",
  "Parley",
  "Deepgram",
  "Nguyen",
  "omeprazole",
  "McAllister",
  "Anneliese",
  "Poughkeepsie",
  "Schenectady",
  "Kubernetes",
  "PostgreSQL",
  "Redis",
  "Dify",
  "Universal-3",
  "Siobhan",
];

// What the embedded recogniser understood of these names when the embedded voice said them.
test.for([
  ["I want to connect assembly at, I with Agra today.", "I want to connect AssemblyAI at, I with Agora today."],
  ["Please ask Kelsey about the parley engine.", "Please ask Kelsey about the Parley engine."],
  ["Does universal three work with deep grum?", "Does Universal-3 work with Deepgram?"],
  ["My name is Shelburne Macallister.", "My name is Shelburne McAllister."],
  ["My name is Shelburne Callister.", "My name is Shelburne McAllister."],
  ["Hooked the jammie phone for Ann Lees.", "Hooked the jammie phone for Anneliese."],
  ["I live in Bukkeepsie near Schenectady.", "I live in Bukkeepsie near Schenectady."],
  ["We use post-cresc equal and readies with diffy.", "We use PostgreSQL and Redis with Dify."],
  ["Is it agra's fault, (deepgram)?", "Is it Agora's fault, (Deepgram)?"],
])("%s", ([heard = "", wanted = ""]) => {
  expect(spellTerms(heard, terms)).toBe(wanted);
});

const folder = path.resolve(import.meta.dirname, "../../../../recordings");
const spoken = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name): string => (JSON.parse(readFileSync(path.join(folder, name), "utf8")) as { text: string }).text)
  .filter((text) => text !== "");

test("nothing that people said in the recordings is taken for a term", () => {
  expect(spoken.length).toBeGreaterThan(8);
  for (const text of spoken) expect(spellTerms(text, terms)).toBe(text);
});

test("without a term that sounds alike the words stay as they are, and hostile input costs little", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.array(fc.string({ maxLength: 20 }), { maxLength: 10 }), (text, given) => {
      expect(typeof spellTerms(text, given)).toBe("string");
      expect(spellTerms(text, [])).toBe(text);
    }),
  );
  const many = Array.from({ length: 500 }, (_, index) => `term${index}`);
  expect(spellTerms("plain words ".repeat(40), many)).toBe("plain words ".repeat(40));
});
