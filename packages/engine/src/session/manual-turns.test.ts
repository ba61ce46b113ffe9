/** Push to talk through a whole session, in virtual time. */
import { expect, test } from "vitest";
import { defaultTurns } from "./agent-config.ts";
import { Stage, type StageOptions } from "./stage.ts";

function open(user: StageOptions["user"], turns: Partial<typeof defaultTurns> = {}): Stage {
  return new Stage({
    user: user ?? [],
    agent: ["this goes on and on for quite a while and longer"],
    config: { turns: { ...defaultTurns, onset: "manual", endpointing: "manual", ...turns } },
  });
}

test("the button's words are answered as soon as it is let go, and no others", async () => {
  await using stage = open([
    { at: 500, ms: 800, text: "not for you" },
    { at: 3100, ms: 900, text: "what time is it" },
  ]);
  await stage.clock.moveTo(3000);
  expect(stage.only("turn-start")).toEqual([]);
  stage.mark("start", "r1");
  await stage.clock.moveTo(4100);
  stage.mark("end", "r2");
  await stage.clock.moveTo(4400);
  expect(stage.only("turn-marked")).toMatchObject([
    { requestId: "r1", mark: "start", turn: 1, refused: null },
    { requestId: "r2", mark: "end", turn: 1, refused: null },
  ]);
  const [heard] = stage.only("turn-end");
  expect(heard).toMatchObject({ text: "what time is it", turnId: 1 });
  expect((heard?.at ?? 0) - 4100).toBeLessThan(250);
});

test("the button silences the agent at once", async () => {
  await using stage = open([{ at: 600, ms: 800, text: "tell me a story" }]);
  await stage.clock.moveTo(500);
  stage.mark("start", "r1");
  await stage.clock.moveTo(1500);
  stage.mark("end", "r2");
  await stage.clock.moveTo(3000);
  expect(stage.session.state).toBe("speaking");
  stage.mark("start", "r3");
  await stage.clock.moveTo(3100);
  expect(stage.only("reply-interrupted")).toMatchObject([{ turnId: 1, cause: "start_of_speech" }]);
  expect(stage.transport.voiced.at(-1)).toBeLessThanOrEqual(3020);
  expect(stage.session.state).toBe("listening");
});

test("over an agent that ignores what is said over it, speech is recorded under a number of its own", async () => {
  await using stage = open(
    [
      { at: 500, ms: 800, text: "tell me a story" },
      { at: 3000, ms: 700, text: "louder please" },
    ],
    { onset: "voice", endpointing: "silence", interruption: "never", overlapping: "ignore" },
  );
  await stage.clock.moveTo(12_000);
  expect(stage.only("speech-ignored")).toMatchObject([{ turnId: 2, text: "louder please", cause: "disable" }]);
  expect(stage.only("reply-end")).toMatchObject([{ turnId: 1 }]);
  const numbers = stage.only("state").map(({ turnId }) => turnId);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});
