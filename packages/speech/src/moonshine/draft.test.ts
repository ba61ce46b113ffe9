import fc from "fast-check";
import { expect, test } from "vitest";
import { Draft } from "./draft.ts";

/** Runs a decoder that would choose `truth`, and says how many runs it took. */
function decode(truth: readonly number[], draft: Draft): { chosen: number[]; runs: number } {
  const chosen: number[] = [];
  let runs = 0;
  while (chosen.length <= truth.length) {
    runs++;
    const guess = draft.next;
    let right = 0;
    while (right < guess.length && chosen.length + right < truth.length && guess[right] === truth[chosen.length + right]) right++;
    // The token after those that were right comes with the run.
    chosen.push(...truth.slice(chosen.length, chosen.length + right + 1));
    if (chosen.length === truth.length) return { chosen, runs };
    draft.chose(right, chosen.at(-1));
  }
  return { chosen, runs };
}

const sentence = Array.from({ length: 24 }, (_, index) => 100 + index);

test("a draft that is right needs one run", () => {
  expect(decode([...sentence, 5], new Draft(sentence))).toEqual({ chosen: [...sentence, 5], runs: 1 });
});

test("without a draft each token needs its run", () => {
  expect(decode(sentence, new Draft([])).runs).toBe(24);
});

test("one word replaced, left out or put in costs few runs more", () => {
  const replaced = sentence.with(10, 7);
  const leftOut = sentence.toSpliced(10, 1);
  const putIn = sentence.toSpliced(10, 0, 7);
  for (const draft of [replaced, leftOut, putIn]) expect(decode(sentence, new Draft(draft)).runs).toBeLessThanOrEqual(4);
});

test("whatever the draft, the decoder's choice comes out, in no more runs than without", () => {
  const tokens = fc.array(fc.integer({ min: 3, max: 9 }), { maxLength: 30 });
  fc.assert(
    fc.property(tokens, tokens, (truth, draft) => {
      const { chosen, runs } = decode(truth, new Draft(draft));
      expect(chosen).toEqual(truth);
      expect(runs).toBeLessThanOrEqual(Math.max(1, truth.length));
    }),
  );
});
