import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import type { Fault } from "../../faults.ts";
import { openAiStyle } from "../../vendors/openai.ts";
import { Network } from "../../vendors/network.ts";
import { joinBody } from "./door-stage.ts";
import { toFillers } from "./to-fillers.ts";

const styles = [openAiStyle(new Network({ allowLoopback: true, proxies: {} }))];

function fillers(words: unknown): { settings: unknown; faults: string[] } {
  const faults: Fault[] = [];
  const { properties } = rest.JoinBody.parse(joinBody("agent", { filler_words: words }));
  return { settings: toFillers(properties, styles, faults).fillers, faults: faults.map(({ message }) => message) };
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
  const { settings, faults } = fillers({ enable: true, content: { mode: "generated", generated_config: { llm_provider: { url } } } });
  expect(faults).toEqual([]);
  expect(settings).toMatchObject({
    phrases: [],
    made: { entries: 6, characters: 2000, prompt: expect.stringContaining("short sentence") },
  });
});

test("a model without address, and a fallback without phrases, are refused together", () => {
  const content = { mode: "generated", generated_config: { llm_provider: { params: {} }, fallback_strategy: "static" } };
  expect(fillers({ enable: true, content }).faults).toEqual([
    'properties.filler_words.content.static_config.phrases is required where generated_config.fallback_strategy is "static"',
    "properties.filler_words.content.generated_config.llm_provider.url is required",
  ]);
  expect(fillers({ enable: true, content: { mode: "generated" } }).faults).toEqual([
    "properties.filler_words.content.generated_config.llm_provider.url is required",
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
