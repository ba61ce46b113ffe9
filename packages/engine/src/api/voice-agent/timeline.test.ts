import { expect, test } from "vitest";
import { toEcho } from "./echo.ts";
import { Timeline } from "./timeline.ts";

/** When the changes were made that a timeline still has, one for each prompt's length. */
function kept(lengths: readonly number[]): { readonly times: readonly number[]; readonly bytes: number } {
  const timeline = new Timeline();
  for (const [at, length] of lengths.entries()) timeline.changed(at, toEcho("sess_1", { system_prompt: "x".repeat(length) }));
  return { times: timeline.changes.map(({ at_ms: at }) => at), bytes: Buffer.byteLength(JSON.stringify(timeline.changes)) };
}

test("changes of the configuration are kept up to 64 KiB, the newest first of all", () => {
  const long = kept(Array.from({ length: 100 }, () => 20_000));
  expect(long.times).toEqual([97, 98, 99]);
  expect(long.bytes).toBeLessThan(64 * 1024);
  expect(kept([10, 10, 10]).times).toEqual([0, 1, 2]);
});

test("one that is longer than that is kept while it is the last", () => {
  expect(kept([10, 100_000]).times).toEqual([1]);
  expect(kept([100_000, 10]).times).toEqual([1]);
});
