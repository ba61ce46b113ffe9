import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import type { Fault } from "../../faults.ts";
import type { ChosenLlm } from "../../session/agent-config.ts";
import { openAiStyle } from "../../vendors/openai.ts";
import { Network } from "../../vendors/network.ts";
import { joinBody } from "./door-stage.ts";
import { toFillers } from "./to-fillers.ts";

const styles = [openAiStyle(new Network({ allowLoopback: true, proxies: {} }))];

function fillers(words: unknown, own: ChosenLlm = { style: "local", options: {} }): { settings: unknown; faults: string[] } {
  const faults: Fault[] = [];
  const { properties } = rest.JoinBody.parse(joinBody("agent", { filler_words: words }));
  return { settings: toFillers(properties, styles, own, faults).fillers, faults: faults.map(({ message }) => message) };
}
const phrases = ["One moment.", "Let me see."];

test("nothing is said in between unless it is asked for", () => {
  expect(fillers(undefined)).toEqual({ settings: undefined, faults: [] });
  expect(fillers({ enable: false, content: { mode: "generated" } })).toEqual({ settings: undefined, faults: [] });
});

test("phrases, their order and the wait are the body's, else the contract's", () => {
  expect(fillers({ enable: true, content: { mode: "static", static_config: { phrases } } })).toEqual({
    settings: { waitMs: 1500, phrases, rule: "shuffle" },
    faults: [],
  });
  expect(
    fillers({
      enable: true,
      trigger: { mode: "fixed_time", fixed_time_config: { response_wait_ms: 400 } },
      content: { mode: "static", static_config: { phrases, selection_rule: "round_robin" } },
    }).settings,
  ).toEqual({ waitMs: 400, phrases, rule: "round_robin" });
});

test("what cannot be had is refused by name", () => {
  expect(fillers({ enable: true }).faults).toEqual([
    "properties.filler_words.content.static_config.phrases is required where properties.filler_words.enable is true",
  ]);
  const long = Array.from({ length: 51 }, () => "word").join(" ");
  expect(fillers({ enable: true, content: { static_config: { phrases: [long] } } }).faults).toHaveLength(1);
});

const url = "https://llm.example/v1/chat/completions";

test("words may be made by a model, which is told what it is to do and the newest of the conversation", () => {
  const generated = {
    llm_provider: { url, api_key: "sk-1", params: { model: "small" } },
    prompt: "Bridge it.",
    fallback_strategy: "static",
    context_message_limit: 2,
    history_character_limit: 300,
  };
  expect(fillers({ enable: true, content: { mode: "generated", generated_config: generated, static_config: { phrases } } })).toMatchObject({
    settings: {
      waitMs: 1500,
      phrases,
      made: { prompt: "Bridge it.", entries: 2, characters: 300 },
      llm: { style: "openai", options: { url, apiKey: "sk-1", params: { model: "small" }, trusted: false } },
    },
    faults: [],
  });
  const { settings, faults } = fillers({
    enable: true,
    content: { mode: "generated", generated_config: { llm_provider: { url }, prompt: "" } },
  });
  expect(faults).toEqual([]);
  expect(settings).toMatchObject({
    phrases: [],
    made: { entries: 6, characters: 2000, prompt: expect.stringContaining("short sentence") },
  });
});

test("where no model is named for it, the agent's own makes the words", () => {
  const options = { url, apiKey: "sk-own", params: { model: "large", seed: 1 }, output: ["text"], details: true, trusted: true };
  const own = { style: "openai", options, tunes: true, pictures: true };
  const made = { ...options, details: false };
  expect(fillers({ enable: true, content: { mode: "generated" } }, own)).toMatchObject({
    settings: { llm: { style: "openai", options: made }, made: { entries: 6 } },
    faults: [],
  });
  const generated = { llm_provider: { params: { model: "small" } }, context_message_limit: 4 };
  expect(fillers({ enable: true, content: { mode: "generated", generated_config: generated } }, own)).toMatchObject({
    settings: { llm: { style: "openai", options: { ...made, params: { model: "small", seed: 1 } } }, made: { entries: 4 } },
    faults: [],
  });
  const speaking = { style: "openai", options: { ...options, output: ["audio"] } };
  expect(fillers({ enable: true, content: { mode: "generated" } }, speaking).faults).toEqual([
    expect.stringContaining("llm_provider.url is required"),
  ]);
});

test.each([
  ["https://llm.example/v1", "https://llm.example/v1/chat/completions"],
  ["https://llm.example/v1/", "https://llm.example/v1/chat/completions"],
  ["https://llm.example/d/chat/completions?api-version=1", "https://llm.example/d/chat/completions?api-version=1"],
  ["https://llm.example/d?api-version=1", "https://llm.example/d/chat/completions?api-version=1"],
])("the address of a model for words in between is completed: %s", (given, asked) => {
  const content = { mode: "generated", generated_config: { llm_provider: { url: given } } };
  expect(fillers({ enable: true, content })).toMatchObject({ settings: { llm: { options: { url: asked } } }, faults: [] });
});

test("a model without address, and a fallback without phrases, are refused together", () => {
  const content = { mode: "generated", generated_config: { llm_provider: { params: {} }, fallback_strategy: "static" } };
  expect(fillers({ enable: true, content }).faults).toEqual([
    'properties.filler_words.content.static_config.phrases is required where generated_config.fallback_strategy is "static"',
    "properties.filler_words.content.generated_config.llm_provider.url is required where properties.llm is no model that answers in text by chat completions",
  ]);
  expect(fillers({ enable: true, content: { mode: "generated" } }).faults).toEqual([
    "properties.filler_words.content.generated_config.llm_provider.url is required where properties.llm is no model that answers in text by chat completions",
  ]);
});

test.each([
  [{ content: { generated_config: { context_message_limit: -1 } } }],
  [{ content: { generated_config: { fallback_strategy: "silence" } } }],
  [{ content: { generated_config: { prompt: "x".repeat(10_001) } } }],
  [{ trigger: { fixed_time_config: { response_wait_ms: 99 } } }],
  [{ trigger: { fixed_time_config: { response_wait_ms: 10_001 } } }],
  [{ trigger: { mode: "semantic" } }],
  [{ content: { static_config: { phrases: Array.from({ length: 101 }, () => "hm") } } }],
  [{ content: { static_config: { selection_rule: "random" } } }],
])("out of range: %j", (words) => {
  expect(rest.JoinBody.safeParse(joinBody("agent", { filler_words: words })).success).toBe(false);
});
