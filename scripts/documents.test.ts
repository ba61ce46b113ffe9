/** Holds the documents to what is there: each path that they name exists, each link leads somewhere. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Where a path in ARCHITECTURE.md may begin: most of what it names is the engine's, or stands beside what was named before. */
const engine = "packages/engine/src";
const places = [
  "",
  engine,
  ...["api", "session", "vendors", "transports"].map((folder) => `${engine}/${folder}`),
  "packages/media/src",
  "packages/speech/src",
];

test("every path that ARCHITECTURE.md names is there", () => {
  const named = [...read("ARCHITECTURE.md").matchAll(/`([\w./-]+(?:\.ts|\.md|\/))`/g)].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !places.some((place) => existsSync(join(root, place, path))))).toEqual([]);
});

test("every file that a document links to is there", () => {
  const documents = globSync(["*.md", "docs/**/*.md", "recordings/*.md", "packages/*/*.md"], { cwd: root }).filter(
    (path) => !path.includes("node_modules"),
  );
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/(?:\]\(|src=")([^)"#\s]+)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(document), target)))
      .map((target) => `${document}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test("every npm script and parley command that the README names exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = [...read("README.md").matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const commands = [...read("README.md").matchAll(/npx parley (\w+)/g)].map(([, name = ""]) => name);
  expect(commands.filter((name) => !existsSync(join(root, `packages/engine/src/cli/${name}.ts`)))).toEqual([]);
});
