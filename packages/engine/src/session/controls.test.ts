import { expect, test } from "vitest";
import type { Control } from "../vendors/vendor.ts";
import { Stage } from "./stage.ts";

const protect: Control = { type: "control", interruptable: false };
const long = "one two three four five six seven eight nine ten eleven twelve";

test("an answer that says so is played to its end; what was said over it is answered afterwards, and may be cut again", async () => {
  await using stage = new Stage({
    user: [
      { at: 1000, ms: 600, text: "tell me" },
      { at: 3000, ms: 600, text: "and now" },
      { at: 6500, ms: 600, text: "stop it" },
    ],
    agent: [[protect, long], long, "fine"],
  });
  await stage.clock.moveTo(12_000);
  expect(stage.only("reply-end", "reply-interrupted").map(({ type, turnId }) => `${type} ${turnId}`)).toEqual([
    "reply-end 1",
    "reply-interrupted 2",
    "reply-end 3",
  ]);
  expect(stage.asked.map((messages) => messages.at(-1)?.content)).toEqual(["tell me", "and now", "stop it"]);
});

test("a request knows the turn and what is remembered of each message", async () => {
  await using stage = new Stage({ user: [{ at: 1000, ms: 600, text: "hello" }] });
  await stage.clock.moveTo(4000);
  const entry = stage.asked[0]?.at(-1)?.entry;
  expect(entry).toMatchObject({ role: "user", turnId: 1, uid: "7", source: "asr" });
  // The silence that ends a turn is part of it.
  expect(entry?.delayMs).toBeGreaterThan(400);
});
