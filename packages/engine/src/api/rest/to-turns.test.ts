import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import type { Fault } from "../../faults.ts";
import type { TurnSettings } from "../../session/agent-config.ts";
import { toTurns } from "./to-turns.ts";
import { joinBody } from "./door-stage.ts";

function turns(properties: Record<string, unknown>, language = "en-US"): TurnSettings {
  const faults: Fault[] = [];
  const settings = toTurns(rest.JoinBody.parse(joinBody("agent", properties)).properties, language, faults);
  expect(faults).toEqual([]);
  return settings;
}

function faultsOf(properties: Record<string, unknown>): string[] {
  const faults: Fault[] = [];
  toTurns(rest.JoinBody.parse(joinBody("agent", properties)).properties, "en-US", faults);
  return faults.map(({ message }) => message);
}

test("without a word about turns the documented defaults hold", () => {
  expect(turns({})).toEqual({
    onset: "voice",
    endpointingMs: 640,
    endpointing: "silence",
    maxWaitMs: 3000,
    interruptMs: 160,
    interruption: "speech",
    keywords: [],
    overlapping: "append",
    prefixMs: 300,
    threshold: 0.5,
  });
  expect(turns({ turn_detection: {} })).toMatchObject({ prefixMs: 800, endpointingMs: 640 });
  expect(turns({ turn_detection: null, vad: null, interruption: null })).toEqual(turns({}));
});

test("the new structure wins over the flat one, and that over vad, field by field", () => {
  const vad = { silence_duration_ms: 480, interrupt_duration_ms: 90.5, prefix_padding_ms: 100, threshold: 0.3 };
  expect(turns({ vad })).toMatchObject({ endpointingMs: 480, interruptMs: 90.5, prefixMs: 100, threshold: 0.3 });

  const flat = { type: "agora_vad", silence_duration_ms: 500, interrupt_duration_ms: 200, prefix_padding_ms: 700, threshold: 0.4 };
  expect(turns({ vad, turn_detection: flat })).toMatchObject({ endpointingMs: 500, interruptMs: 200, prefixMs: 700, threshold: 0.4 });
  expect(turns({ vad, turn_detection: { threshold: 0.6 } })).toMatchObject({ endpointingMs: 480, prefixMs: 100, threshold: 0.6 });

  const config = {
    speech_threshold: 0.7,
    start_of_speech: { mode: "vad", vad_config: { interrupt_duration_ms: 300, prefix_padding_ms: 900 } },
    end_of_speech: { mode: "vad", vad_config: { silence_duration_ms: 800 } },
  };
  expect(turns({ vad, turn_detection: { ...flat, config } })).toMatchObject({
    endpointingMs: 800,
    endpointing: "silence",
    interruptMs: 300,
    prefixMs: 900,
    threshold: 0.7,
  });
});

test("end_of_speech without a mode is silence, or what enable_aivad says", () => {
  const turn_detection = { config: { end_of_speech: { vad_config: { silence_duration_ms: 900 } } } };
  expect(turns({ turn_detection })).toMatchObject({ endpointing: "silence", endpointingMs: 900 });
  expect(turns({ turn_detection, advanced_features: { enable_aivad: true } })).toMatchObject({
    endpointing: "semantic",
    endpointingMs: 900,
  });
  expect(faultsOf({ turn_detection: { config: { end_of_speech: { mode: null, semantic_config: {} } } } })).toEqual([
    expect.stringContaining('does not belong to mode "vad"'),
  ]);
});

test("what counts over the speaking agent is speaking_interrupt_duration_ms", () => {
  const vadConfig = { interrupt_duration_ms: 300, speaking_interrupt_duration_ms: 700 };
  expect(turns({ turn_detection: { config: { start_of_speech: { mode: "vad", vad_config: vadConfig } } } }).interruptMs).toBe(700);
});

test("a semantic end has its own silence and wait, in English and Chinese alone", () => {
  const semantic = (config?: unknown) => ({ turn_detection: { config: { end_of_speech: { mode: "semantic", semantic_config: config } } } });
  expect(turns(semantic())).toMatchObject({ endpointing: "semantic", endpointingMs: 320, maxWaitMs: 3000 });
  expect(turns(semantic({ silence_duration_ms: 400, max_wait_ms: 900 }))).toMatchObject({ endpointingMs: 400, maxWaitMs: 900 });
  expect(turns(semantic({ max_wait_ms: -1 })).maxWaitMs).toBeGreaterThanOrEqual(3_600_000);
  expect(turns(semantic(), "zh-CN").endpointing).toBe("semantic");
  expect(turns(semantic(), "fr-FR")).toMatchObject({ endpointing: "silence", endpointingMs: 640 });
});

test("enable_aivad judges by words, unless a newer field says otherwise", () => {
  const features = { advanced_features: { enable_aivad: true } };
  expect(turns(features)).toMatchObject({ endpointing: "semantic", endpointingMs: 640, interruption: "words" });
  expect(turns({ ...features, turn_detection: { config: { end_of_speech: { mode: "vad" } } } }).endpointing).toBe("silence");
});

test.each<[string, Record<string, unknown>, Partial<TurnSettings>]>([
  ["interruption off", { interruption: { enable: false } }, { interruption: "never", overlapping: "append" }],
  [
    "interruption off, what is said over the agent forgotten",
    { interruption: { enable: false, disabled_config: { strategy: "ignored" } } },
    { interruption: "never", overlapping: "ignore" },
  ],
  [
    "interruption by keywords",
    { interruption: { mode: "keywords", keywords_config: { trigger_keywords: ["stop", "wait a moment"] } } },
    { interruption: "keywords", keywords: ["stop", "wait a moment"] },
  ],
  [
    "start of speech by keywords",
    {
      turn_detection: {
        config: { start_of_speech: { mode: "keywords", keywords_config: { triggered_keywords: ["stop"], prefix_padding_ms: 50 } } },
      },
    },
    { interruption: "keywords", keywords: ["stop"], prefixMs: 50 },
  ],
  [
    "start of speech disabled",
    { turn_detection: { config: { start_of_speech: { mode: "disabled", disabled_config: { strategy: "ignore" } } } } },
    { interruption: "never", overlapping: "ignore" },
  ],
  ["interrupt_mode append", { turn_detection: { interrupt_mode: "append" } }, { interruption: "never", overlapping: "append" }],
  ["interrupt_mode ignore", { turn_detection: { interrupt_mode: "ignore" } }, { interruption: "never", overlapping: "ignore" }],
  [
    "interrupt_mode keyword",
    { turn_detection: { interrupt_mode: "keyword", interrupt_keywords: ["halt"] } },
    { interruption: "keywords", keywords: ["halt"] },
  ],
  [
    "interrupt_mode adaptive",
    { turn_detection: { interrupt_mode: "adaptive", interrupt_duration_ms: 200 } },
    { interruption: "speech", interruptMs: 600 },
  ],
  [
    "interruption over all older forms",
    { interruption: { mode: "start_of_speech" }, turn_detection: { interrupt_mode: "ignore" } },
    { interruption: "speech" },
  ],
])("%s", (_name, properties, expected) => {
  expect(turns(properties)).toMatchObject(expected);
});

test.each([
  ["vad", "manual", { onset: "voice", endpointing: "manual" }],
  ["manual", "vad", { onset: "manual", endpointing: "silence" }],
  ["manual", "semantic", { onset: "manual", endpointing: "semantic", endpointingMs: 320 }],
  ["manual", "manual", { onset: "manual", endpointing: "manual" }],
])("a start by %s and an end by %s", (start, end, expected) => {
  const config = { start_of_speech: { mode: start }, end_of_speech: { mode: end } };
  expect(turns({ turn_detection: { config } })).toMatchObject(expected);
  expect(turns({ advanced_features: { enable_aivad: true }, turn_detection: { config } })).toMatchObject(expected);
});

test("exactly the config of the mode is allowed", () => {
  expect(
    faultsOf({
      turn_detection: {
        type: "server_vad",
        config: {
          start_of_speech: { mode: "vad", vad_config: {}, keywords_config: {}, disabled_config: null },
          end_of_speech: { mode: "manual", vad_config: {} },
        },
      },
    }),
  ).toEqual([
    'properties.turn_detection.type: "server_vad" belongs to mllm, whose endpoint finds the ends of turns itself; allowed: agora_vad',
    'properties.turn_detection.config.start_of_speech.keywords_config: the object does not belong to mode "vad"; only vad_config does',
    'properties.turn_detection.config.end_of_speech.vad_config: the object does not belong to mode "manual"',
  ]);
});

test("interruption by keywords needs some", () => {
  expect(faultsOf({ interruption: { mode: "keywords" } })).toEqual([
    "properties.interruption.keywords_config.trigger_keywords is required where keywords interrupt",
  ]);
  expect(faultsOf({ turn_detection: { interrupt_mode: "keywords", interrupt_keywords: [] } })).toHaveLength(1);
});

const start = (config: unknown) => ({ turn_detection: { config: { start_of_speech: { mode: "vad", vad_config: config } } } });
const end = (mode: string, config: unknown) => ({ turn_detection: { config: { end_of_speech: { mode, [`${mode}_config`]: config } } } });

test.each([
  [start({ interrupt_duration_ms: 120, speaking_interrupt_duration_ms: 1200, prefix_padding_ms: 5000 }), true],
  [start({ interrupt_duration_ms: 119 }), false],
  [start({ speaking_interrupt_duration_ms: 1201 }), false],
  [start({ prefix_padding_ms: 5001 }), false],
  [start({ interrupt_duration_ms: 160.5 }), false],
  [end("vad", { silence_duration_ms: 2000 }), true],
  [end("vad", { silence_duration_ms: 2001 }), false],
  [end("semantic", { max_wait_ms: 499 }), false],
  [end("semantic", { max_wait_ms: 500 }), true],
  [{ turn_detection: { config: { speech_threshold: 0 } } }, false],
  [{ turn_detection: { config: { start_of_speech: {} } } }, false],
  [{ interruption: { mode: "keywords", keywords_config: { trigger_keywords: Array.from({ length: 129 }, () => "stop") } } }, false],
  // The oldest form knows no ranges but the threshold's.
  [{ vad: { interrupt_duration_ms: 0.5, silence_duration_ms: 30_000, prefix_padding_ms: 0 } }, true],
])("range %#", (properties, fits) => {
  expect(rest.JoinBody.safeParse(joinBody("agent", properties)).success).toBe(fits);
});
