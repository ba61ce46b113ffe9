import fc from "fast-check";
import { expect, test } from "vitest";
import { Fillers } from "./fillers.ts";

const phrases = ["One moment.", "Let me see.", "Hm."];
const never = () => 0;

test("the wait begins with the end of a turn, and a phrase comes once for each answer", () => {
  const fillers = new Fillers({ waitMs: 1500, phrases, rule: "round_robin" }, never);
  expect(fillers.deadline).toBeUndefined();
  fillers.asked(1000);
  expect(fillers.deadline).toBe(2500);
  expect(fillers.due(2499)).toBeUndefined();
  expect(fillers.due(2500)).toBe("One moment.");
  expect(fillers.deadline).toBeUndefined();
  expect(fillers.due(9000)).toBeUndefined();
});

test("an answer that sounds in time needs none", () => {
  const fillers = new Fillers({ waitMs: 1500, phrases, rule: "round_robin" }, never);
  fillers.asked(1000);
  fillers.settled();
  expect(fillers.deadline).toBeUndefined();
  expect(fillers.due(5000)).toBeUndefined();
});

/** What is said to so many answers. */
function say(fillers: Fillers, times: number): string[] {
  return Array.from({ length: times }, (_, index) => {
    fillers.asked(index * 10_000);
    return fillers.due(index * 10_000 + 5000) ?? "";
  });
}

test("round robin goes through the phrases in their order", () => {
  expect(say(new Fillers({ waitMs: 100, phrases, rule: "round_robin" }, never), 7)).toEqual([...phrases, ...phrases, "One moment."]);
});

test("by chance, each phrase comes once in a round and none twice in a row", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }),
      (all, chances) => {
        let next = 0;
        const fillers = new Fillers({ waitMs: 100, phrases: all, rule: "shuffle" }, () => chances[next++ % chances.length] ?? 0);
        const said = say(fillers, all.length * 4);
        for (let round = 0; round < 4; round++) {
          expect(new Set(said.slice(round * all.length, (round + 1) * all.length))).toEqual(new Set(all));
        }
        if (all.length > 1) for (const [index, phrase] of said.entries()) expect(phrase).not.toBe(said[index + 1]);
      },
    ),
  );
});
