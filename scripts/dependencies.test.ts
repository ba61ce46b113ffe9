/** Holds docs/dependencies.md to the truth: the same packages as the workspace names, with the licences they state. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");

const Names = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  name: z.string(),
  license: z.string().optional(),
  dependencies: Names,
  devDependencies: Names,
  optionalDependencies: Names,
});

const manifests = ["package.json", ...globSync("{packages/*,examples/*,bench,e2e}/package.json", { cwd: root })].map((path) =>
  Manifest.parse(JSON.parse(read(path))),
);
const named = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) => [
  ...Object.entries({ ...dependencies, ...optionalDependencies }).map(([name, version]) => ({ name, version, runs: true })),
  ...Object.entries(devDependencies).map(([name, version]) => ({ name, version, runs: false })),
]);
const foreign = named.filter(({ name }) => !name.startsWith("@parley/"));

const page = read("docs/dependencies.md");
const [running = "", building = ""] = page.split("## What builds and tests");

/** Name and licence in each row of a part of the page. */
function rows(text: string): Map<string, string> {
  const table = text.split("## Overrides")[0] ?? "";
  return new Map([...table.matchAll(/^\| `([^`]+)` \|.*\| ([^|]+) \|$/gm)].map(([, name = "", licence = ""]) => [name, licence]));
}

test("the page lists what runs and what builds, no more and no less", () => {
  const runs = new Set(foreign.filter((dependency) => dependency.runs).map(({ name }) => name));
  const builds = new Set(foreign.map(({ name }) => name).filter((name) => !runs.has(name)));
  expect([...rows(running).keys()].toSorted()).toEqual([...runs].toSorted());
  expect([...rows(building).keys()].toSorted()).toEqual([...builds].toSorted());
});

test("licences are those that the packages state", () => {
  const manifestOf = (name: string): string | undefined =>
    ["", ...globSync("packages/*/", { cwd: root })]
      .map((folder) => `${folder}/node_modules/${name}/package.json`)
      .find((path) => existsSync(`${root}/${path}`));
  for (const [name, licence] of [...rows(running), ...rows(building)]) {
    const path = manifestOf(name);
    expect(path, `${name} is not installed`).toBeDefined();
    const stated = Manifest.parse(JSON.parse(read(path ?? ""))).license;
    if (stated !== undefined) expect(stated.replace("MPL 2.0", "MPL-2.0"), name).toBe(licence);
  }
});

test("versions are exact", () => {
  expect(foreign.filter(({ version }) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test("the lock file names no registry host, and every optional package of every platform", () => {
  const Lock = z.object({
    packages: z.record(
      z.string(),
      z.object({ resolved: z.string().optional(), link: z.boolean().optional(), optionalDependencies: Names }),
    ),
  });
  const { packages } = Lock.parse(JSON.parse(read("package-lock.json")));
  const paths = Object.keys(packages);
  expect(paths.filter((path) => packages[path]?.link !== true && packages[path]?.resolved !== undefined)).toEqual([]);
  const optional = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies));
  expect(
    optional.filter((name) => !paths.some((path) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`))),
  ).toEqual([]);
});
