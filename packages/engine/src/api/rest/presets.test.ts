import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import type { ProjectDefaults } from "../../projects/project.ts";
import type { AgentConfig } from "../../session/agent-config.ts";
import { joinBody, styles, vendors } from "./door-stage.ts";
import { toConfig } from "./to-config.ts";
import { toChange } from "./to-update.ts";

const url = "http://127.0.0.1:11434/v1/chat/completions";

const defaults: ProjectDefaults = {
  asr: { "en-US": { vendor: "microsoft", params: {} } },
  maxHistory: 10,
  presets: {
    deepgram_nova_3: { asr: { vendor: "local", params: { key: "a" } } },
    openai_tts_1: { tts: { vendor: "microsoft", params: { key: "k", region: "r", voice_name: "a" } } },
    openai_gpt_5_mini: { llm: { style: "openai", url, apiKey: "sk", params: { model: "m", top_p: 1 }, headers: {} } },
    local_llm: { llm: { style: "local", params: { top_k: 1 }, headers: {} } },
    reception: { tts: { vendor: "local", params: { key: "b" } }, llm: { style: "openai", url, params: { model: "r" }, headers: {} } },
  },
};

function translate(top: Record<string, unknown>, properties: Record<string, unknown> = {}) {
  const body = rest.JoinBody.parse({ ...joinBody("agent", properties), ...top });
  return toConfig(body, { vendors, styles, defaults, firstUserTimeoutS: 600 });
}

function config(top: Record<string, unknown>, properties: Record<string, unknown> = {}): AgentConfig {
  const translation = translate(top, properties);
  if (!translation.ok) throw new Error(translation.faults.map(({ message }) => message).join("; "));
  return translation.request.config;
}

const faults = (top: Record<string, unknown>, properties: Record<string, unknown> = {}): string[] => {
  const translation = translate(top, properties);
  return translation.ok ? [] : translation.faults.map(({ message }) => message);
};

test("presets are what the operator says, whatever the body sends beside their names for vendors of the hosted service", () => {
  const { asr, tts, llm } = config(
    { preset: "deepgram_nova_3, openai_gpt_5_mini,openai_tts_1" },
    {
      asr: { vendor: "deepgram", language: "en-US", params: { smart_format: true } },
      tts: { vendor: "openai", params: { voice: "alloy" }, skip_patterns: [3] },
      llm: { style: "openai", params: { max_tokens: 50 }, input_modalities: ["text"] },
    },
  );
  expect(asr).toMatchObject({ vendor: "local", options: { key: "a" } });
  expect(asr.options).not.toHaveProperty("smart_format");
  expect(tts).toEqual({ vendor: "microsoft", options: { key: "k", region: "r", voice_name: "a" }, skip: ["()"] });
  expect(llm.options).toMatchObject({ url, apiKey: "sk", params: { model: "m", top_p: 1, max_tokens: 50 }, trusted: true });
});

test("parameters for a preset's own vendor are added to the operator's", () => {
  const { tts } = config({ preset: "openai_tts_1,deepgram_nova_3" }, { tts: { vendor: "microsoft", params: { voice_name: "b" } } });
  expect(tts.options).toEqual({ key: "k", region: "r", voice_name: "b" });
  const { asr } = config({ preset: "deepgram_nova_3" }, { asr: { params: { smart_format: true } } });
  expect(asr.options).toEqual({ key: "a", smart_format: true });
});

test("parameters for a language model of another style than the preset's are not passed to it", () => {
  const { llm } = config({ preset: "local_llm" }, { asr: { vendor: "local" }, llm: { style: "anthropic", params: { max_tokens: 9 } } });
  expect(llm).toMatchObject({ style: "local", options: { params: { top_k: 1 } } });
  expect(llm.options).not.toHaveProperty("params.max_tokens");
});

test("a model that speaks itself is not asked to say fixed texts where a pipeline or a preset brings a voice", () => {
  const llm = { url: "https://llm.example/", output_modalities: ["audio"] };
  const asr = { vendor: "local" };
  expect(config({}, { asr, llm }).llm.recites).toBe(true);
  expect(config({ preset: "openai_tts_1" }, { asr, llm }).llm.recites).toBeUndefined();
  expect(config({ pipeline_id: "reception" }, { asr, llm }).llm.recites).toBeUndefined();
});

test("there may be no more names than a body needs", () => {
  const parsed = rest.JoinBody.safeParse({ ...joinBody(), preset: "a,".repeat(513), pipeline_id: "p".repeat(257) });
  expect(parsed.error?.issues.map(({ path }) => path)).toEqual([["preset"], ["pipeline_id"]]);
});

test("an update replaces the body's parameters, and leaves the operator's model to answer", () => {
  const opened: unknown[] = [];
  const watched = styles.map((style) => ({
    ...style,
    open: (options: unknown) => {
      opened.push(options);
      return style.open(options);
    },
  }));
  const notes = { epochMs: 0, turns: [], details: false, variables: {}, updated: () => {} };
  const asr = { vendor: "local" };
  const update = { properties: { llm: { params: { temperature: 0.2 } } } };
  const after = (top: Record<string, unknown>, llm?: unknown): unknown => {
    toChange(update, { config: config(top, { asr, ...(llm === undefined ? {} : { llm }) }), notes }, watched);
    return opened.pop();
  };
  const kept = { url, params: { model: "m", top_p: 1, temperature: 0.2 } };
  expect(after({ preset: "openai_gpt_5_mini" }, { params: { max_tokens: 9 } })).toMatchObject(kept);
  expect(after({ preset: "openai_gpt_5_mini" }, { params: { max_tokens: 9 } })).not.toHaveProperty("params.max_tokens");
  expect(after({ preset: "openai_gpt_5_mini" })).toMatchObject(kept);
  expect(after({ pipeline_id: "reception" })).toMatchObject({ params: { model: "r", temperature: 0.2 } });
  const own = { url: "https://llm.example/", params: { model: "x" } };
  expect(after({}, own)).toEqual({ ...own, style: "openai", headers: {}, params: { temperature: 0.2 } });
});

test("a preset leaves the other parts to the body", () => {
  const { tts, llm } = config(
    { preset: "openai_tts_1" },
    { asr: { vendor: "local" }, llm: { url: "https://llm.example/", params: { model: "x" } } },
  );
  expect(tts.vendor).toBe("microsoft");
  expect(llm.options).toMatchObject({ url: "https://llm.example/", params: { model: "x" } });
  expect(llm.options).not.toHaveProperty("trusted");
});

test("a pipeline fills in what the body leaves out, and the body wins", () => {
  const asr = { vendor: "local" };
  const bare = config({ pipeline_id: "reception" }, { asr });
  expect(bare.tts).toEqual({ vendor: "local", options: { key: "b" } });
  expect(bare.llm.options).toMatchObject({ url, params: { model: "r" } });
  const spoken = config(
    { pipeline_id: "reception" },
    { asr, tts: { vendor: "local", params: { key: "mine" } }, llm: { greeting_message: "Hello.", params: { max_tokens: 9 } } },
  );
  expect(spoken.tts.options).toEqual({ key: "mine" });
  expect(spoken.greeting?.text).toBe("Hello.");
  expect(spoken.llm.options).toMatchObject({ url, params: { model: "r", max_tokens: 9 } });
  const own = config({ pipeline_id: "reception" }, { asr, llm: { url: "https://llm.example/" } });
  expect(own.llm.options).toMatchObject({ url: "https://llm.example/", params: {} });
});

test("names that the operator has not given are refused, with those that there are", () => {
  expect(faults({ preset: "openai_tts_2,reception", pipeline_id: "constructor" }, { asr: { vendor: "local" } })).toEqual([
    'pipeline_id: "constructor" is not in defaults.presets (the project has deepgram_nova_3, openai_tts_1, openai_gpt_5_mini, local_llm, reception); ' +
      "send the properties themselves; what they leave out is the project's default",
    'preset: "openai_tts_2" is not in defaults.presets (the project has deepgram_nova_3, openai_tts_1, openai_gpt_5_mini, local_llm, reception); ' +
      "choose asr, tts and llm by vendor, url and key, or leave them out for the project's defaults",
  ]);
});

test("the recogniser of the China edition is the project's own, too", () => {
  const { asr } = config({ preset: "deepgram_nova_3" }, { asr: { vendor: "fengming", params: { keywords: ["Parley"] } } });
  expect(asr).toMatchObject({ vendor: "local", keyterms: ["Parley"] });
});
