/** An agent that hears itself through somebody's microphone, in virtual time. */
import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

const answer = "once upon a time there was a very small dragon who lived alone";
const question = { at: 500, ms: 800, text: "tell me a story" };

/** Somebody asks, the agent speaks a word every 200 ms, and at `at` the microphone hears this. */
function open(at: number, ms: number, text: string): Stage {
  return new Stage({ user: [question, { at, ms, text }], agent: [answer], wordMs: 200 });
}

async function startOfReply(): Promise<number> {
  await using stage = open(60_000, 100, "");
  await stage.clock.moveTo(4000);
  return stage.only("reply-start")[0]?.at ?? 0;
}

test("its own words do not interrupt it, and are no turn", async () => {
  const begun = await startOfReply();
  await using stage = open(begun + 250, 1000, "once upon a time there");
  await stage.clock.moveTo(12_000);
  expect(stage.only("echo-suspected")).toMatchObject([{ turnId: 1, uid: "7", text: "once upon a time there" }]);
  expect(stage.only("reply-interrupted")).toEqual([]);
  expect(stage.only("reply-end")).toMatchObject([{ turnId: 1, text: answer }]);
  expect(stage.only("turn-end")).toHaveLength(1);
});

test("a person's words interrupt it as ever", async () => {
  const begun = await startOfReply();
  await using stage = open(begun + 250, 1000, "no tell me another one");
  await stage.clock.moveTo(12_000);
  expect(stage.only("echo-suspected")).toEqual([]);
  expect(stage.only("reply-interrupted")).toMatchObject([{ turnId: 1 }]);
  expect(stage.only("turn-end").map(({ text }) => text)).toEqual(["tell me a story", "no tell me another one"]);
});
