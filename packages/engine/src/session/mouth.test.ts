import { expect, test } from "vitest";
import { Stage } from "./stage.ts";

const long = "one two three four five six seven eight nine ten eleven twelve";

test("a reply that is cut while it is still asked how much was heard of the one before waits for that", async () => {
  await using stage = new Stage({ user: [{ at: 500, ms: 800, text: "count" }], agent: [long, "yes"], flushMs: [200, 0] });
  await stage.clock.moveTo(4000);
  stage.session.interrupt();
  stage.session.say(long, { priority: "interrupt", interruptable: true });
  await stage.clock.moveTo(4100);
  stage.session.interrupt();
  stage.session.think("go on", { priority: "interrupt", whileSpeaking: "replace" });
  await stage.clock.moveTo(4190);
  expect(stage.only("reply-interrupted")).toEqual([]);
  expect(stage.asked).toHaveLength(1);
  await stage.clock.moveTo(4300);
  expect(stage.only("reply-interrupted").map(({ reply }) => reply)).toEqual([1, 2]);
  expect(stage.asked).toHaveLength(2);
  const [counted] = stage.asked[1]?.filter(({ role }) => role === "assistant") ?? [];
  expect(counted?.content).toBe(stage.only("reply-interrupted")[0]?.heard);
});
