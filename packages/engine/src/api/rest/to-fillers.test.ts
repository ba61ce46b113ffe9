import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import type { Fault } from "../../faults.ts";
import { joinBody } from "./door-stage.ts";
import { toFillers } from "./to-fillers.ts";

function fillers(words: unknown): { settings: unknown; faults: string[] } {
  const faults: Fault[] = [];
  const { properties } = rest.JoinBody.parse(joinBody("agent", { filler_words: words }));
  return { settings: toFillers(properties, faults).fillers, faults: faults.map(({ message }) => message) };
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
  expect(fillers({ enable: true, content: { mode: "generated" } }).faults).toEqual([
    'properties.filler_words.content.mode: "generated" is not built; allowed: static, with phrases in static_config',
  ]);
  expect(fillers({ enable: true }).faults).toEqual([
    "properties.filler_words.content.static_config.phrases is required where properties.filler_words.enable is true",
  ]);
  const long = Array.from({ length: 51 }, () => "word").join(" ");
  expect(fillers({ enable: true, content: { static_config: { phrases: [long] } } }).faults).toHaveLength(1);
});

test.each([
  [{ trigger: { fixed_time_config: { response_wait_ms: 99 } } }],
  [{ trigger: { fixed_time_config: { response_wait_ms: 10_001 } } }],
  [{ trigger: { mode: "semantic" } }],
  [{ content: { static_config: { phrases: Array.from({ length: 101 }, () => "hm") } } }],
  [{ content: { static_config: { selection_rule: "random" } } }],
])("out of range: %j", (words) => {
  expect(rest.JoinBody.safeParse(joinBody("agent", { filler_words: words })).success).toBe(false);
});
