import { readFileSync } from "node:fs";
import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { ProjectDefaults } from "../../projects/project.ts";
import { joinBody, openDoor, styles, vendors } from "./door-stage.ts";
import { type AgentRequest, toConfig } from "./to-config.ts";

const none: ProjectDefaults = { asr: {}, maxHistory: 10 };

function translate(properties: Record<string, unknown>, defaults = none, top: Record<string, unknown> = {}) {
  const body = rest.JoinBody.parse({ ...joinBody("agent", properties), ...top });
  return toConfig(body, { vendors, styles, defaults, firstUserTimeoutS: 600 });
}

function accepted(properties: Record<string, unknown>, defaults = none): AgentRequest {
  const translation = translate(properties, defaults);
  if (!translation.ok) throw new Error(translation.faults.map(({ message }) => message).join("; "));
  return translation.request;
}

function refused(properties: Record<string, unknown>, defaults = none, top: Record<string, unknown> = {}): string[] {
  const translation = translate(properties, defaults, top);
  return translation.ok ? [] : translation.faults.map(({ message }) => message);
}

const url = "https://llm.example/v1/chat/completions";

test("variables are put in place wherever the contract says so, and not looked through again", () => {
  const { config, variables } = accepted({
    llm: {
      url,
      template_variables: { name: "Ada", loop: "{{name}}" },
      system_messages: [{ role: "system", content: "You serve {{ name }}. {{loop}} {{unknown}}" }],
      greeting_message: "Hello {{name}}!",
      failure_message: "Sorry, {{name}}.",
    },
    parameters: { silence_config: { timeout_ms: 5000, content: "Still there, {{name}}?" } },
  });
  expect(config.systemMessages[0]?.content).toBe("You serve Ada. {{name}} {{unknown}}");
  expect(config.greeting?.text).toBe("Hello Ada!");
  expect(config.failureMessage).toBe("Sorry, Ada.");
  expect(config.silence).toEqual({ timeoutMs: 5000, action: "speak", content: "Still there, Ada?" });
  expect(variables).toEqual({ name: "Ada", loop: "{{name}}" });
});

test("greeting modes, delay and interruption become what they say", () => {
  const greeting = (configs?: unknown) => accepted({ llm: { url, greeting_message: "Hi.", greeting_configs: configs } }).config.greeting;
  expect(greeting()).toEqual({ text: "Hi.", interruptable: true, mode: "every", delayMs: 0 });
  expect(greeting({ mode: "single_first", delay_ms: 5000, interruptable: false, uninterruptible_asr_policy: "merge_reply" })).toEqual({
    text: "Hi.",
    interruptable: false,
    mode: "first",
    delayMs: 5000,
    overlapping: "append",
  });
  expect(greeting({ uninterruptible_asr_policy: "context" })?.overlapping).toBe("remember");
});

test("a recording is the greeting, with or without what is said in it", () => {
  const greeting = (llm: object) => accepted({ llm: { url, greeting_audio_url: "https://a.example/hello.wav", ...llm } }).config.greeting;
  const recording = { url: "https://a.example/hello.wav", timeoutMs: 5000, sampleRate: 16_000 };
  expect(greeting({})).toMatchObject({ text: "", recording });
  const configs = { audio_download_timeout_ms: 800, audio_pcm_sample_rate: 24_000 };
  expect(greeting({ greeting_message: "Hello.", greeting_configs: configs })).toMatchObject({
    text: "Hello.",
    recording: { ...recording, timeoutMs: 800, sampleRate: 24_000 },
  });
});

test("silence needs a content unless it is off", () => {
  const silence = (config: unknown) => ({ parameters: { silence_config: config } });
  expect(accepted(silence({ timeout_ms: 0 })).config.silence).toBeUndefined();
  expect(accepted(silence({ timeout_ms: 60_000, action: "think", content: "Say something." })).config.silence?.action).toBe("think");
  expect(refused(silence({ timeout_ms: 100 }))).toEqual([
    "properties.parameters.silence_config.content is required with a timeout_ms other than 0",
  ]);
});

test("a farewell has thirty seconds where none are named, and none unless it is wanted", () => {
  const grace = (config: unknown) => accepted({ parameters: { farewell_config: config } }).graceS;
  expect(grace({ graceful_enabled: true })).toBe(30);
  expect(grace({ graceful_enabled: true, graceful_timeout_seconds: 0 })).toBe(0);
  expect(grace({ graceful_timeout_seconds: 90 })).toBe(0);
  expect(grace(null)).toBe(0);
});

test("params and headers of the language model may be JSON text", () => {
  const { options } = accepted({ llm: { url, params: '{"model":"m"}', headers: '{"anthropic-version":"2023-06-01"}' } }).config.llm;
  expect(options).toMatchObject({ params: { model: "m" }, headers: { "anthropic-version": "2023-06-01" } });
  expect(refused({ llm: { url, params: "[1]", headers: '{"a":1}' } })).toEqual([
    "properties.llm.params: the text is not JSON of an object; send the object itself",
    "properties.llm.headers.a: the value is a number; a string is expected",
  ]);
});

test("a model that speaks itself needs no voice for fixed texts, unless there is one", () => {
  const llm = (output: readonly string[], others: object = {}) =>
    accepted({ llm: { url, output_modalities: output }, ...others }).config.llm;
  expect(llm(["audio"])).toMatchObject({ options: { output: ["audio"] }, recites: true });
  expect(llm(["audio"], { tts: { vendor: "local" } })).not.toHaveProperty("recites");
  expect(llm(["text", "audio"])).toMatchObject({ options: { output: ["text", "audio"] } });
  expect(llm(["text", "audio"])).not.toHaveProperty("recites");
  expect(llm(["text"])).not.toHaveProperty("options.output");
});

test("an empty answer is no error where it is to be ignored", () => {
  expect(accepted({ llm: { url, ignore_empty: true } }).config.llm.options).toMatchObject({ ignoreEmpty: true });
});

test("brackets are skipped by their numbers", () => {
  expect(accepted({ tts: { vendor: "local", skip_patterns: [3, 1] } }).config.tts.skip).toEqual(["()", "（）"]);
  expect(accepted({ tts: { vendor: "local", skip_patterns: [] } }).config.tts.skip).toBeUndefined();
});

test("managed parts are the operator's own, with what the body adds", () => {
  const defaults: ProjectDefaults = {
    asr: {},
    tts: { vendor: "microsoft", params: { key: "k", region: "r", voice_name: "a" } },
    llm: { style: "openai", url, apiKey: "sk", params: { model: "m", top_p: 1 }, headers: {} },
    maxHistory: 10,
  };
  const { tts, llm } = accepted(
    {
      asr: { credential_mode: "managed" },
      tts: { vendor: "microsoft", credential_mode: "managed", params: { voice_name: "b" } },
      llm: { credential_mode: "managed", params: { model: "n" } },
    },
    defaults,
  ).config;
  expect(tts.options).toEqual({ key: "k", region: "r", voice_name: "b" });
  expect(llm.options).toMatchObject({ url, apiKey: "sk", params: { model: "n", top_p: 1 } });

  expect(refused({ asr: { vendor: "microsoft", credential_mode: "managed" } })).toEqual([
    'properties.asr.credential_mode: "managed" has keys for the operator\'s default alone, whose vendor is "local"; leave credential_mode out and send the key for "microsoft"',
  ]);
});

test("a developer's message and one of parts reach the model as they are, and others as text", () => {
  const { systemMessages } = accepted({
    llm: {
      url,
      template_variables: { name: "Ada" },
      system_messages: [
        { role: "developer", content: "Serve {{name}}." },
        {
          role: "system",
          content: [
            { type: "text", text: "Be brief, {{name}}." },
            { type: "image_url", image_url: { url: "https://a/b.png" } },
          ],
          name: "rules",
        },
      ],
    },
  }).config;
  expect(systemMessages).toEqual([
    { role: "system", content: "Serve Ada.", raw: { role: "developer" } },
    {
      role: "system",
      content: "Be brief, Ada.",
      raw: {
        name: "rules",
        content: [
          { type: "text", text: "Be brief, Ada." },
          { type: "image_url", image_url: { url: "https://a/b.png" } },
        ],
      },
    },
  ]);
});

test("images go to a model that takes them", () => {
  expect(accepted({ llm: { url, input_modalities: ["text", "image"] } }).config.llm).toMatchObject({ pictures: true });
  expect(accepted({ llm: { url, input_modalities: ["text"] } }).config.llm).not.toHaveProperty("pictures");
});

test("a language model of one's own is told details", () => {
  expect(accepted({ llm: { url, vendor: "custom" } }).config.llm.options).toMatchObject({ details: true });
  expect(accepted({ llm: { url, vendor: "azure" } }).config.llm.options).not.toHaveProperty("details");
});

test("hot words come from either place, and the language from turn_detection where asr has none", () => {
  expect(accepted({ asr: { vendor: "ares", params: { keywords: ["Parley"] } } }).config.asr.keyterms).toEqual(["Parley"]);
  expect(accepted({ asr: { keywords: ["a"], params: { keywords: ["b"] } } }).config.asr.keyterms).toEqual(["a"]);
  expect(accepted({ turn_detection: { language: "en_us" } }).config.asr.language).toBe("en-US");
  expect(refused({ turn_detection: { language: "en" } })).toEqual([
    'properties.turn_detection.language: "en" is not supported; did you mean "en-US"?',
  ]);
});

test.each<[Record<string, unknown>, string]>([
  [
    { mllm: { enable: true, vendor: "openai", url: "wss://x", api_key: "k" } },
    'properties.mllm.vendor: "openai" is not built; allowed: assemblyai',
  ],
  [{ advanced_features: { enable_mllm: true } }, "properties.mllm is required with properties.advanced_features.enable_mllm"],
  [{ mllm: { enable: true, api_key: "k" } }, "properties.mllm.vendor is required"],
  [{ mllm: { enable: true, vendor: "assemblyai" } }, "properties.mllm.api_key is required"],
  [{ mllm: { enable: true, vendor: "assemblyai", api_key: "k", url: "ftp://x" } }, 'properties.mllm.url: "ftp://x" is no address'],
  [
    { mllm: { enable: true, vendor: "assemblyai", api_key: "k", params: { output: { volume: 200 } } } },
    "properties.mllm.params.output.volume: 200 is refused",
  ],
  [
    { mllm: { enable: true, vendor: "assemblyai", api_key: "k", params: { tools: [{ name: "look" }] } } },
    'properties.mllm.params.tools[0]: "look" has no http',
  ],
  [{ advanced_features: { enable_sal: true } }, "properties.advanced_features.enable_sal: true is not built"],
  [{ avatar: { enable: true, vendor: "akool" } }, "properties.avatar.enable: true is not built"],
  [
    {
      filler_words: {
        enable: true,
        content: { mode: "generated", generated_config: { fallback_strategy: "static", llm_provider: { url } } },
      },
    },
    "properties.filler_words.content.static_config.phrases is required",
  ],
  [
    { llm: { url, greeting_audio_url: "file:///etc/passwd" } },
    'properties.llm.greeting_audio_url: "file:///etc/passwd" is not an http:// or https:// URL',
  ],
  [
    { llm: { style: "local", output_modalities: ["text", "audio"] } },
    'properties.llm.output_modalities: "audio" is nothing for style "local"',
  ],
  [{ geofence: { exclude_area: "ASIA" } }, "properties.geofence.area is required"],
  [
    { geofence: { area: "EUROPE", exclude_area: "ASIA" } },
    'properties.geofence.exclude_area: "ASIA" goes with properties.geofence.area "GLOBAL" alone',
  ],
  [
    { rtc: { encryption_mode: 7, encryption_key: "k" } },
    "properties.rtc.encryption_salt is required with properties.rtc.encryption_mode 7",
  ],
])("what is not built, or does not fit together, is refused by name: %j", (properties, message) => {
  const messages = refused(properties);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toContain(message);
});

test("a brain of its own takes the place of asr, llm and tts", () => {
  const params = { system_prompt: "Be brief.", output: { voice: "ivy" } };
  const mllm = {
    enable: true,
    vendor: "assemblyai",
    api_key: "k",
    params,
    greeting_message: "Hello {{name}}.",
    messages: [{ role: "user", content: "Hi" }],
  };
  const template = { template_variables: { name: "Ada" } };
  expect(accepted({ mllm, llm: template }).config.brain).toEqual({
    url: "wss://agents.assemblyai.com/v1/ws",
    apiKey: "k",
    session: { ...params, greeting: "Hello Ada." },
    messages: [{ role: "user", content: "Hi" }],
  });
  expect(
    accepted({ mllm: { ...mllm, url: "ws://brain/v1/ws", enable: null }, advanced_features: { enable_mllm: true }, llm: template }).config
      .brain?.url,
  ).toBe("ws://brain/v1/ws");
  expect(accepted({ mllm: { ...mllm, enable: false }, advanced_features: { enable_mllm: true } }).config.brain).toBeUndefined();
  expect(accepted({}).config.brain).toBeUndefined();
});

test("stored configurations and managed presets are refused by name where the operator has none", () => {
  expect(refused({}, none, { preset: "openai_tts_1", pipeline_id: "p1" })).toEqual([
    'pipeline_id: "p1" is not in defaults.presets (the project has none); send the properties themselves; what they leave out is the project\'s default',
    'preset: "openai_tts_1" is not in defaults.presets (the project has none); choose asr, tts and llm by vendor, url and key, or leave them out for the project\'s defaults',
  ]);
  expect(refused({}, none, { preset: "", pipeline_id: null })).toEqual([]);
});

test("what is switched off or empty is no request for it", () => {
  expect(
    refused({
      mllm: { enable: false, vendor: "openai" },
      avatar: { enable: false },
      filler_words: { enable: false, trigger: {} },
      sal: { sal_mode: "locking" },
      advanced_features: { enable_mllm: false, enable_sal: false, enable_tools: true, enable_rtm: true },
      llm: { url, mcp_servers: [], tools: [], greeting_audio_url: "" },
      geofence: { area: "GLOBAL", exclude_area: "ASIA" },
      rtc: { encryption_mode: 7, encryption_key: "" },
      parameters: { data_channel: "rtm", audio_scenario: "chorus", opt_out: false },
    }),
  ).toEqual([]);
});

test("null counts as absent in every field", () => {
  const nulls = (schema: unknown): unknown => Object.fromEntries(fieldsOf(schema).map(({ name }) => [name, null]));
  const { channel, token, agent_rtc_uid, remote_rtc_uids } = rest.JoinProperties.parse(joinBody()["properties"]);
  const all = { ...Object(nulls(rest.JoinProperties)), channel, token, agent_rtc_uid, remote_rtc_uids };
  expect(accepted(all)).toEqual(accepted({}));
  expect(accepted({ llm: { ...Object(nulls(rest.LlmBody)), url } })).toEqual(accepted({ llm: { url } }));
});

test("who opts out is followed without a word of what is said", async () => {
  const { agents, call, followed, sessions } = openDoor();
  const { body } = await call("POST", "join", joinBody("agent", { parameters: { opt_out: true } }));
  const own = "llm at host:443 answered with status 400";
  const cause = new AppError("vendor-failed", `${own}: my secret is no good`, { own });
  sessions[0]?.end("STOPPED", "OK", [
    { type: "turn-end", at: 1, turnId: 1, uid: "7", text: "my secret", startMs: 0, endMs: 1, by: "voice" },
    { type: "reply-text", at: 2, turnId: 1, reply: 1, text: "your secret", words: [{ text: "your", startMs: 0, endMs: 1 }] },
    { type: "reply-interrupted", at: 3, turnId: 1, reply: 1, heard: "your", text: "your secret", cause: "api_leave" },
    { type: "error", at: 4, turnId: 1, module: "llm", code: 400, message: cause.message, remedy: "", cause },
  ]);
  await agents.gone(String(body?.["agent_id"]));

  expect(followed.map(({ type }) => type)).toEqual(["turn-end", "reply-text", "reply-interrupted", "error"]);
  expect(followed.at(-1)).toMatchObject({ module: "llm", code: 400, message: own });
  expect(JSON.stringify(followed)).not.toMatch(/your|my/);
});

interface Field {
  readonly name: string;
  readonly schema: z.ZodType;
}

/** The fields of an object's schema, whatever wraps it. */
function fieldsOf(schema: unknown): Field[] {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
  if (inner instanceof z.ZodArray) return [];
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).map(([name, field]) => ({ name, schema: field as z.ZodType }));
}

/** Paths of all fields that hold no other fields, and whether the schema says that they change nothing. */
function leavesOf(schema: unknown, path = ""): { path: string; idle: boolean }[] {
  return fieldsOf(schema).flatMap(({ name, schema: field }) => {
    const here = path === "" ? name : `${path}.${name}`;
    const inner = leavesOf(field, here);
    return inner.length > 0 ? inner : [{ path: here, idle: field.meta()?.["x-effect"] === "none" }];
  });
}

const leaves = leavesOf(rest.JoinBody);

test("docs/rest-compatibility.md lists just those fields that change nothing, and none of the first contract", () => {
  const page = readFileSync(new URL("../../../../../docs/rest-compatibility.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("## Accepted without effect");
  const listed = [...section.matchAll(/^\| `([^`]+)`/gm)].flatMap(([, path]) => path ?? []);
  const idle = leaves.filter((leaf) => leaf.idle).map(({ path }) => path.replace(/^properties\./, ""));
  expect(listed.toSorted()).toEqual(idle.toSorted());

  const first =
    "name channel token agent_rtc_uid remote_rtc_uids enable_string_uid idle_timeout advanced_features.enable_aivad asr.language tts.vendor tts.params llm.url llm.api_key llm.system_messages llm.params llm.max_history llm.input_modalities llm.output_modalities llm.greeting_message llm.failure_message llm.style vad.interrupt_duration_ms vad.prefix_padding_ms vad.silence_duration_ms vad.threshold";
  for (const path of first.split(" ")) expect(listed).not.toContain(path);
});

test("every other field is read on the way to the agent", () => {
  const read = new Set<string>();
  const watch = (value: unknown, path: string): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return new Proxy(value, {
      get(target, name) {
        const here = path === "" ? String(name) : `${path}.${String(name)}`;
        read.add(here);
        return watch(Reflect.get(target, name), here);
      },
    });
  };
  const empty = (schema: unknown): unknown => {
    const fields = fieldsOf(schema).filter(({ schema: field }) => fieldsOf(field).length > 0);
    return Object.fromEntries(fields.map(({ name, schema: field }) => [name, empty(field)]));
  };
  // Objects for all that hold fields; then one body for each way through.
  const shell = empty(rest.JoinBody) as Record<string, Record<string, Record<string, unknown>>>;
  const base = {
    ...shell["properties"],
    tts: { ...shell["properties"]?.["tts"], vendor: "local" },
    remote_rtc_uids: ["*"],
    agent_rtc_uid: "1",
    channel: "c",
    token: "",
  };
  const detection = (start: string, end: string) => ({
    config: {
      start_of_speech: { mode: start, [`${start}_config`]: {} },
      end_of_speech: { mode: end, [`${end}_config`]: {} },
    },
  });
  const ways: Record<string, unknown>[] = [
    { interruption: { mode: "keywords", keywords_config: {} } },
    { interruption: { enable: false, disabled_config: {} } },
    { interruption: null, turn_detection: detection("vad", "vad") },
    { interruption: null, turn_detection: detection("keywords", "semantic") },
    { interruption: null, turn_detection: detection("disabled", "vad") },
    { interruption: null, turn_detection: { interrupt_mode: "keywords" } },
    {
      interruption: null,
      turn_detection: null,
      llm: { style: "local" },
      geofence: null,
      parameters: { transcript: {}, farewell_config: { graceful_enabled: true } },
    },
    { llm: { url, failure_message: "a", greeting_message: "b", greeting_configs: {} } },
    { llm: { credential_mode: "managed" } },
    { advanced_features: { enable_tools: true } },
    { mllm: { enable: true, vendor: "assemblyai" } },
    { mllm: null, advanced_features: { enable_mllm: true } },
    { filler_words: { enable: true, trigger: { fixed_time_config: {} }, content: { static_config: {} } } },
    { filler_words: { enable: true, content: { mode: "generated", generated_config: { llm_provider: {} } } } },
  ];
  for (const way of ways) {
    const body = watch({ name: "n", ...shell, properties: { ...base, ...way } }, "");
    toConfig(body as rest.JoinBody, { vendors, styles, defaults: none, firstUserTimeoutS: 600 });
  }
  expect(leaves.filter(({ path, idle }) => !idle && !read.has(path)).map(({ path }) => path)).toEqual([
    // The only mode is the default.
    "properties.turn_detection.mode",
    "properties.filler_words.trigger.mode",
  ]);
});
