import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

const text = "welcome to the town library we are glad that you called us";

test.each([
  { overlapping: "remember" as const, answers: 1, asked: "what is it" },
  { overlapping: "append" as const, answers: 2, asked: "my name is Ada" },
])("speech over a greeting that nobody may cut: $overlapping", async ({ overlapping, answers, asked }) => {
  await using stage = new Stage({
    user: [
      { at: 500, ms: 800, text: "my name is Ada" },
      { at: 7000, ms: 800, text: "what is it" },
    ],
    agent: ["Ada"],
    config: { greeting: { text, interruptable: false, overlapping } },
  });
  await stage.clock.moveTo(10_000);
  expect(stage.only("reply-begin").filter(({ trigger }) => trigger === "turn")).toHaveLength(answers);
  expect(stage.only("reply-interrupted")).toEqual([]);
  expect(stage.asked[0]?.filter(({ role }) => role === "user").at(-1)?.content).toBe(asked);
  // The model knows it in any case.
  expect(stage.asked.at(-1)?.map(({ content }) => content)).toContain("my name is Ada");
  expect(stage.session.history.map(({ role, content }) => [role, content])).toContainEqual(["user", "my name is Ada"]);
});
