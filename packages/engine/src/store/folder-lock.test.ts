import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readEngineId } from "./engine-id.ts";
import { lockFolder } from "./folder-lock.ts";

const makeFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "parley-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test("a data folder belongs to one engine at a time", async () => {
  const folder = makeFolder();
  const held = await lockFolder(folder);
  expect(held).toBeDefined();
  expect(await lockFolder(folder)).toBeUndefined();
  await held?.[Symbol.asyncDispose]();
  const again = await lockFolder(folder);
  expect(again).toBeDefined();
  await again?.[Symbol.asyncDispose]();
});

test("an engine is known by the same id after a restart, and one whose folder takes no file by a new one", () => {
  const folder = makeFolder();
  const id = readEngineId(folder);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(readEngineId(folder)).toBe(id);
  expect(readEngineId(makeFolder())).not.toBe(id);
  const gone = path.join(folder, "gone");
  expect(readEngineId(gone)).not.toBe(readEngineId(gone));
});
