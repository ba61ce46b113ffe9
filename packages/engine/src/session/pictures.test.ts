import { expect, test } from "vitest";
import { Stage, type StageOptions } from "./stage.ts";

const llm = { style: "script", options: {}, pictures: true };
const long = "one two three four five six seven eight nine ten eleven twelve";

const open = (options: StageOptions): Stage => new Stage({ ...options, config: { llm, ...options.config } });
/** Which images went with which words, request by request. */
const shown = (stage: Stage) =>
  stage.asked.map((messages) =>
    messages.flatMap(({ content, pictures = [] }) =>
      pictures.length > 0 ? [`${content}: ${pictures.map(({ url }) => url.slice(18)).join(" ")}`] : [],
    ),
  );

test("images go with the next words, and not with the request after they were answered", async () => {
  await using stage = open({
    user: [
      { at: 1000, ms: 600, text: "what is this" },
      { at: 5000, ms: 600, text: "thank you" },
    ],
  });
  stage.show("a");
  stage.show("b");
  await stage.clock.moveTo(8000);
  expect(shown(stage)).toEqual([["what is this: a b"], []]);
  expect(stage.only("picture-taken")).toMatchObject([
    { uid: "7", id: "a", source: "url", url: "https://a.example/a", count: 1 },
    { uid: "7", id: "b", count: 2 },
  ]);
});

test("words that go on before anything was heard keep their images", async () => {
  await using stage = open({
    user: [
      { at: 1000, ms: 600, text: "what is" },
      { at: 2400, ms: 600, text: "in this picture" },
    ],
    agent: [long],
    llmMs: 2000,
  });
  stage.show("a");
  await stage.clock.moveTo(9000);
  expect(stage.asked.length).toBeGreaterThan(1);
  expect(shown(stage).at(-1)?.join(" ")).toContain(": a");
});

test("an image comes while the agent speaks, and waits for words", async () => {
  await using stage = open({ user: [{ at: 1000, ms: 600, text: "tell me" }], agent: [long, "yes"] });
  await stage.clock.moveTo(3000);
  stage.show("late");
  await stage.clock.moveTo(6000);
  stage.type("and this");
  await stage.clock.moveTo(9000);
  expect(shown(stage)).toEqual([[], ["and this: late"]]);
});

test("at most eight images wait; a model that takes none gets none", async () => {
  await using stage = open({});
  for (let count = 0; count < 10; count += 1) stage.show(String(count));
  await stage.clock.moveTo(500);
  expect(stage.only("picture-taken")).toHaveLength(8);
  expect(stage.only("picture-refused").map(({ id, message }) => `${id}: ${message}`)).toEqual([
    "8: 8 images wait for words already",
    "9: 8 images wait for words already",
  ]);

  await using blind = open({ config: { llm: { style: "script", options: {} } } });
  blind.show("a");
  await blind.clock.moveTo(500);
  expect(blind.only("picture-refused")).toMatchObject([{ id: "a", message: "the language model of this agent takes no images" }]);
});
