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

const made = { waitMs: 800, phrases: [], rule: "round_robin" as const, made: { prompt: "Bridge the wait.", entries: 4, characters: 500 } };
const texts = (stage: Stage) => stage.only("reply-text").map(({ text }) => text);

test("words that a model makes for the answer are said when that is late", async () => {
  await using stage = open({ fillers: ["Let me look out of the window."], fillerMs: 500, config: { fillers: made } });
  await stage.clock.moveTo(12_000);
  expect(texts(stage)).toEqual(["Let me look out of the window.", "Let me look out of the window. It is sunny today."]);
  expect(stage.askedToFill.map(({ messages }) => messages)).toEqual([
    [
      { role: "system", content: "Bridge the wait." },
      { role: "user", content: "what is the weather" },
    ],
  ]);
});

test("they are asked for beside the answer, and are no part of the memory", async () => {
  await using stage = open({
    user: [question, { at: 9000, ms: 800, text: "and tomorrow" }],
    fillers: ["Let me look."],
    fillerMs: 500,
    config: { fillers: made },
  });
  await stage.clock.moveTo(18_000);
  expect(stage.asked).toHaveLength(2);
  expect(stage.askedToFill.at(-1)?.messages.slice(1)).toEqual([
    { role: "user", content: "what is the weather" },
    { role: "assistant", content: "It is sunny today." },
    { role: "user", content: "and tomorrow" },
  ]);
  expect(JSON.stringify([stage.asked, stage.session.history])).not.toContain("Let me look");
});

test("the answer breaks the request off when it comes first", async () => {
  await using stage = open({ llmMs: 200, fillers: ["Let me look."], fillerMs: 600, config: { fillers: made } });
  await stage.clock.moveTo(3000);
  expect(stage.askedToFill).toMatchObject([{ broken: true }]);
  expect(texts(stage)).toEqual(["It is sunny today."]);
});

test("who goes on speaking breaks it off, too, and a new one is asked for afterwards", async () => {
  await using stage = open({
    user: [question, { at: 2200, ms: 800, text: "in Oslo" }],
    fillers: ["Let me look."],
    fillerMs: 700,
    config: { fillers: made },
  });
  await stage.clock.moveTo(12_000);
  expect(stage.askedToFill.map(({ broken }) => broken)).toEqual([true, false]);
  expect(texts(stage)[0]).toBe("Let me look.");
});

test.each([
  ["too late", { fillers: ["Let me look."], fillerMs: 900 }, []],
  ["empty", { fillers: [" "] }, []],
  ["broken", { fillers: [new Error("no model")] }, ["no model"]],
] as const)("words that are %s are a phrase instead, where there is one", async (_why, options, errors) => {
  for (const [phrases, expected] of [[["One moment."], "One moment. It is sunny today."] as const, [[], "It is sunny today."] as const]) {
    await using stage = open({ ...options, config: { fillers: { ...made, phrases } } });
    await stage.clock.moveTo(12_000);
    expect(texts(stage).at(-1)).toBe(expected);
    expect(stage.only("error").map(({ module, message }) => [module, message])).toEqual(errors.map((message) => ["llm", message]));
  }
});

test("people may interrupt them", async () => {
  await using stage = open({
    user: [question, { at: 3000, ms: 1500, text: "no wait" }],
    llmMs: 20_000,
    fillers: ["Let me look out of the window for you."],
    config: { fillers: made },
  });
  await stage.clock.moveTo(6000);
  expect(stage.only("reply-interrupted")).toMatchObject([{ text: "Let me look out of the window for you." }]);
  expect(said(stage).filter((line) => line.startsWith("assistant"))).toEqual([]);
});

test("a model that does not stop is read no further than may be said", async () => {
  await using stage = open({ fillers: [`${"so ".repeat(40)}so. ${"on and ".repeat(1000)}`], config: { fillers: made } });
  await stage.clock.moveTo(40_000);
  expect(texts(stage)[0]).toBe(`${"so ".repeat(40)}so.`);
});

test("a session that ends breaks the request off", async () => {
  const stage = open({ fillers: ["Let me look."], fillerMs: 5000, config: { fillers: { ...made, waitMs: 9000 } } });
  await stage.clock.moveTo(2500);
  await stage[Symbol.asyncDispose]();
  expect(stage.askedToFill).toMatchObject([{ broken: true }]);
});
