import { expect, test } from "vitest";
import { Stage, type StageOptions } from "./stage.ts";

const fillers = { waitMs: 800, phrases: ["One moment please."], rule: "round_robin" as const };
const question = { at: 500, ms: 1000, text: "what is the weather" };

function open(options: StageOptions = {}): Stage {
  return new Stage({
    user: [question],
    agent: ["It is sunny today."],
    llmMs: 3000,
    ...options,
    config: { fillers, ...options.config },
  });
}
const said = (stage: Stage) => stage.session.history.map(({ role, content }) => `${role}: ${content}`);

test("an answer that keeps people waiting is bridged, and comes after the word in between", async () => {
  await using stage = open();
  await stage.clock.moveTo(12_000);
  const [heard] = stage.only("turn-end");
  const [began] = stage.only("reply-start");
  const waited = (began?.at ?? 0) - (heard?.at ?? 0);
  expect(waited).toBeGreaterThanOrEqual(800);
  expect(waited).toBeLessThan(900);
  expect(stage.only("reply-text").map(({ text }) => text)).toEqual(["One moment please.", "One moment please. It is sunny today."]);
  expect(stage.only("reply-end")).toMatchObject([{ text: "One moment please. It is sunny today." }]);
});

test("the model never learns of it", async () => {
  await using stage = open({ user: [question, { at: 9000, ms: 800, text: "and tomorrow" }] });
  await stage.clock.moveTo(18_000);
  expect(said(stage).slice(0, 2)).toEqual(["user: what is the weather", "assistant: It is sunny today."]);
  expect(JSON.stringify(stage.asked)).not.toContain("One moment");
});

test("what the answer's parts took is measured by the answer, not by the word in between", async () => {
  await using stage = open();
  await stage.clock.moveTo(12_000);
  const metrics = stage.only("metric").filter(({ module }) => module === "llm" || module === "tts");
  expect(metrics.map(({ module, name }) => `${module} ${name}`)).toEqual(["llm ttfb", "llm ttfs", "tts ttfb"]);
  expect(metrics[0]?.latencyMs).toBe(3000);
});

test("an answer in time needs none", async () => {
  await using stage = open({ llmMs: 300 });
  await stage.clock.moveTo(8000);
  expect(stage.only("reply-text").map(({ text }) => text)).toEqual(["It is sunny today."]);
});

test("people may interrupt it, and the answer that it stood for is gone", async () => {
  await using stage = open({ user: [question, { at: 3000, ms: 1500, text: "no wait" }], llmMs: 20_000 });
  await stage.clock.moveTo(6000);
  expect(stage.only("reply-interrupted")).toMatchObject([{ text: "One moment please." }]);
  expect(said(stage).filter((line) => line.startsWith("assistant"))).toEqual([]);
});

test("an answer that fails after it says what it has to say", async () => {
  await using stage = open({ agent: [new Error("the model is on holiday")], config: { fillers, failureMessage: "Please try again." } });
  await stage.clock.moveTo(12_000);
  expect(stage.only("reply-end")).toMatchObject([{ text: "One moment please. Please try again." }]);
});
