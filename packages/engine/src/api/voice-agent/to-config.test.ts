import { expect, test } from "vitest";
import { z } from "zod";
import type { Project } from "../../projects/project.ts";
import { genericHttp } from "../../vendors/generic-http.ts";
import { Network } from "../../vendors/network.ts";
import { type Configuration, firstConfiguration, readUpdate } from "./configuration.ts";
import { type Offer, toAgentConfig, toTurns } from "./to-config.ts";

const project: Project = {
  appId: "a".repeat(32),
  certificate: "",
  customers: [],
  apiKeys: [],
  limits: {},
  defaults: { asr: {}, maxHistory: 10 },
  webhooks: [],
};

const offer: Offer = {
  project,
  vendors: [{ name: "local", asr: { options: z.unknown(), languages: ["en"], open: () => async function* () {} } }],
  localVoice: (name) => (name === "ivy" ? "emma" : undefined),
  httpTool: () => undefined,
};

function configurationOf(session: unknown): Configuration {
  const read = readUpdate(session);
  if (!read.ok) throw new Error(read.refusal.message);
  const rules = { allowInlineLlm: true, mutableVoice: false, knowsVoice: () => true, voiceNames: () => [] };
  const merged = firstConfiguration(read.update, rules);
  if (!merged.ok) throw new Error(merged.refusal.message);
  return merged.configuration;
}

function translate(session: unknown, given: Partial<Offer> = {}) {
  const result = toAgentConfig(configurationOf(session), { ...offer, ...given });
  return result.ok ? result.config : result.refusal;
}

test("an empty session is an agent with everything embedded", () => {
  expect(translate({})).toMatchObject({
    asr: { vendor: "local", language: "en-US", keyterms: [] },
    tts: { vendor: "local", options: {} },
    llm: { style: "local" },
    systemMessages: [{ role: "system", content: expect.stringContaining("voice assistant") }],
    failureMessage: expect.stringContaining("sorry"),
    tools: { tools: [], answers: "new-reply" },
  });
});

const turns = (session: object) => toTurns(configurationOf(session));

test("the end of a turn adapts, until one of the silences is fixed; turn_detection alone fixes nothing", () => {
  const adaptive = { endpointing: "semantic", endpointingMs: 480, maxWaitMs: 2400 };
  expect(turns({})).toMatchObject(adaptive);
  expect(turns({ input: { turn_detection: { type: "server_vad", vad_threshold: 0.7 } } })).toMatchObject({ ...adaptive, threshold: 0.7 });
  expect(turns({ input: { turn_detection: { min_silence: 600, max_silence: 1500 } } })).toMatchObject({
    endpointingMs: 600,
    maxWaitMs: 1500,
  });
  expect(turns({ input: { turn_detection: { min_silence: 4000 } } })).toMatchObject({ endpointingMs: 4000, maxWaitMs: 4000 });
  expect(turns({ input: { turn_detection: { max_silence: 400 } } })).toMatchObject({ endpointingMs: 400, maxWaitMs: 400 });
  expect(turns({ input: { transcription_mode: "min_latency" } })).toMatchObject({ endpointingMs: 320, interruptMs: 0 });
});

test("what interrupts, and after how long", () => {
  expect(turns({})).toMatchObject({ interruption: "words", interruptMs: 500, overlapping: "append" });
  expect(turns({ input: { turn_detection: { interruption_delay: 120 } } })).toMatchObject({ interruptMs: 120 });
  expect(turns({ input: { turn_detection: { interrupt_response: false } } })).toMatchObject({
    interruption: "never",
    overlapping: "append",
  });
});

test("the ends of the threshold leave the gate working", () => {
  expect(turns({ input: { turn_detection: { vad_threshold: 0 } } }).threshold).toBeGreaterThan(0);
  expect(turns({ input: { turn_detection: { vad_threshold: 1 } } }).threshold).toBeLessThan(1);
});

test("how to speak of a tool's result is told of success and of failure", () => {
  const tools = [{ name: "f", description: "d", response_instructions: { success: "Name the source.", error: "Offer a colleague." } }];
  expect(translate({ tools })).toMatchObject({
    tools: { tools: [{ description: "d\nWhen it succeeds: Name the source.\nWhen it fails: Offer a colleague." }] },
  });
});

test("greeting, prompt, terms, voice and tools arrive", () => {
  expect(
    translate({
      system_prompt: "You sell tea.",
      greeting: "Hello!",
      input: { keyterms: ["Parley"] },
      output: { voice: "ivy" },
      tools: [{ name: "f", description: "d", timeout_seconds: 3, execution_mode: "hold", response_instructions: "Be brief." }],
    }),
  ).toMatchObject({
    systemMessages: [{ role: "system", content: "You sell tea." }],
    greeting: { text: "Hello!", interruptable: true, mode: "first" },
    asr: { keyterms: ["Parley"] },
    tts: { vendor: "local", options: { voice: "emma" } },
    tools: { tools: [{ name: "f", description: "d\nWhen it succeeds: Be brief.", timeoutMs: 3000, mode: "hold" }] },
  });
});

test("a language that no recogniser knows is refused, one that the operator has a vendor for is not", () => {
  expect(translate({ input: { language_codes: ["es"] } })).toMatchObject({ code: "invalid_value", param: "input.language_codes" });
  expect(translate({ input: { language_codes: ["es", "en"] } })).toMatchObject({ asr: { language: "en-US" } });
  const defaults = { ...project.defaults, asr: { "es-MX": { vendor: "acme", params: { model: "m" } } } };
  expect(translate({ input: { language_codes: ["es"] } }, { project: { ...project, defaults } })).toMatchObject({
    asr: { vendor: "acme", language: "es-MX", options: { model: "m" } },
  });
});

test("the operator's voice behind HTTP is used with its address, which may lie in any network", () => {
  const tts = { vendor: "generic_http", url: "http://10.0.0.5/speak", headers: { "x-tenant": "t" }, params: { api_key: "k" } };
  const network = new Network({ allowLoopback: false, proxies: {} });
  const offered = { project: { ...project, defaults: { ...project.defaults, tts } }, vendors: [...offer.vendors, genericHttp(network)] };
  expect(translate({}, offered)).toMatchObject({
    tts: { vendor: "generic_http", options: { url: tts.url, headers: tts.headers, params: { api_key: "k" }, trusted: true } },
  });
});

test("the project's language model is the default, a client's own comes with its address", () => {
  const llm = { style: "openai", url: "http://10.0.0.5/v1/chat/completions", apiKey: "k", params: { model: "m" }, headers: {} };
  expect(translate({}, { project: { ...project, defaults: { ...project.defaults, llm } } })).toMatchObject({
    llm: { style: "openai", options: { url: llm.url, trusted: true } },
  });
  expect(translate({ llm: [{ base_url: "https://llm.example/v1/", model: "m", api_key: "s" }] })).toMatchObject({
    llm: { style: "openai", options: { url: "https://llm.example/v1/chat/completions", apiKey: "s", params: { model: "m" } } },
  });
});
