import { expect, test } from "vitest";
import { type Recipe, withUpdate } from "./recipe.ts";

const recipe: Recipe = { door: "join", body: {} };

test("of what update has set the newest counts: llm's fields as a whole, an endpoint's one by one, as it has taken them itself", () => {
  const first = withUpdate(recipe, {
    properties: {
      token: "old",
      llm: { params: { model: "a", top_p: 1 } },
      mllm: { params: { greeting: "Hi.", input: { keyterms: ["Ada"], turn_detection: { vad_threshold: 0.5 } } } },
    },
  });
  const second = withUpdate(first, {
    properties: {
      token: "new",
      llm: { params: { model: "b" } },
      mllm: { params: { system_prompt: "Be brief.", input: { keyterms: ["Bob"], turn_detection: { max_silence: 900 } } } },
    },
  });
  expect(second.update?.properties).toEqual({
    token: "new",
    llm: { params: { model: "b" } },
    mllm: {
      params: {
        greeting: "Hi.",
        system_prompt: "Be brief.",
        input: { keyterms: ["Bob"], turn_detection: { vad_threshold: 0.5, max_silence: 900 } },
      },
    },
  });
  expect(withUpdate(second, { properties: { mllm: { params: { greeting: null } } } }).update?.properties.mllm?.params).toMatchObject({
    greeting: null,
    system_prompt: "Be brief.",
  });
});
