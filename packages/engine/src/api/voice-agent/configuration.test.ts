import fc from "fast-check";
import { expect, test } from "vitest";
import { type Configuration, type ConfigurationRules, firstConfiguration, laterConfiguration, readUpdate } from "./configuration.ts";
import { toEcho } from "./echo.ts";

const rules: ConfigurationRules = {
  allowInlineLlm: false,
  mutableVoice: false,
  knowsVoice: (name) => ["ivy", "james", "alba"].includes(name),
  voiceNames: () => ["ivy", "james", "alba"],
};

function start(session: unknown, given = rules) {
  const read = readUpdate(session);
  if (!read.ok) return read.refusal;
  const merged = firstConfiguration(read.update, given);
  return merged.ok ? merged.configuration : merged.refusal;
}

function change(current: Configuration, session: unknown, given = rules) {
  const read = readUpdate(session);
  if (!read.ok) return read.refusal;
  const merged = laterConfiguration(current, read.update, given);
  return merged.ok ? merged.configuration : merged.refusal;
}

const tool = { type: "function", name: "get_weather", parameters: { type: "object", properties: {} } };

test("an empty session has every default in its echo", () => {
  expect(toEcho("sess_1", start({}) as Configuration)).toEqual({
    id: "sess_1",
    agent_id: null,
    system_prompt: expect.stringContaining("voice assistant"),
    greeting: null,
    input: {
      type: "audio",
      format: { encoding: "audio/pcm", sample_rate: 24_000 },
      keyterms: null,
      turn_detection: null,
      transcription_mode: null,
      transcription_prompt: null,
      language_codes: null,
      voice_focus: null,
      voice_focus_threshold: null,
      continuous_partials: null,
    },
    output: { type: "audio", voice: "alba", format: { encoding: "audio/pcm", sample_rate: 24_000 }, volume: null },
    tools: [],
    llm: [],
    pre_connect_requests: [],
  });
});

test("the echo says the voice as it was sent, each tool whole, and the terms", () => {
  const echo = toEcho(
    "sess_1",
    start({ greeting: "Hi", output: { voice: "ivy" }, tools: [tool], input: { keyterms: ["Parley", "Oslo"] } }) as Configuration,
  );
  expect(echo.output.voice).toBe("ivy");
  expect(echo.input.keyterms).toEqual(["Parley", "Oslo"]);
  expect(echo.tools).toEqual([
    {
      type: "function",
      name: "get_weather",
      description: "",
      parameters: { type: "object", properties: {} },
      timeout_seconds: 120,
      execution_mode: "interactive",
      http: null,
      response_instructions: null,
    },
  ]);
});

test("the echo of turn detection fills in what was not said", () => {
  const echo = (detection: object, mode = "balanced") =>
    toEcho("", start({ input: { turn_detection: detection, transcription_mode: mode } }) as Configuration).input.turn_detection;
  expect(echo({ min_silence: 600 })).toEqual({
    type: "server_vad",
    vad_threshold: 0.5,
    min_silence: 600,
    max_silence: null,
    interrupt_response: true,
    interruption_delay: 500,
  });
  expect(echo({}, "min_latency")?.interruption_delay).toBe(0);
});

test.each([
  [{ input: { format: { encoding: "audio/opus" } } }, "input.format.encoding"],
  [{ input: { format: { encoding: "audio/pcm", sample_rate: 44_100 } } }, "input.format.sample_rate"],
  [{ output: { format: { encoding: "audio/pcmu", sample_rate: 24_000 } } }, "output.format.sample_rate"],
  [{ output: { voice: "nobody" } }, "output.voice"],
  [{ output: { volume: 101 } }, "output.volume"],
  [{ input: { keyterms: Array.from({ length: 101 }, () => "x") } }, "input.keyterms"],
  [{ input: { turn_detection: { min_silence: 49 } } }, "input.turn_detection.min_silence"],
  [{ input: { turn_detection: { max_silence: 10_001 } } }, "input.turn_detection.max_silence"],
  [{ input: { turn_detection: { min_silence: 900, max_silence: 800 } } }, "input.turn_detection.max_silence"],
  [{ input: { turn_detection: { vad_threshold: 1.2 } } }, "input.turn_detection.vad_threshold"],
  [{ input: { turn_detection: { interruption_delay: 1001 } } }, "input.turn_detection.interruption_delay"],
  [{ input: { transcription_prompt: "x".repeat(1751) } }, "input.transcription_prompt"],
  [{ input: { language_codes: ["english"] } }, "input.language_codes[0]"],
  [{ system_prompt: 7 }, "system_prompt"],
  [{ tools: [{ ...tool, parameters: [] }] }, "tools[0].parameters"],
  [{ tools: [{ ...tool, name: "with space" }] }, "tools[0].name"],
  [{ tools: [tool, tool] }, "tools[1].name"],
  [{ tools: [{ ...tool, timeout_seconds: 301 }] }, "tools[0].timeout_seconds"],
  [{ tools: [{ ...tool, http: { url: "https://x.example" } }] }, "tools[0].http"],
  [{ tools: [{ type: "dtmf", dtmf_collected_arguments: [] }] }, "tools[0].dtmf_collected_arguments"],
  [{ llm: [{ base_url: "https://llm.example/v1", model: "m" }] }, "llm"],
  [{ agent_id: "agent_1", greeting: "Hi" }, "agent_id"],
])("%j is refused at %s", (session, param) => {
  expect(start(session)).toMatchObject({ code: "invalid_value", param });
});

test("an unknown voice is answered with those that there are", () => {
  expect(start({ output: { voice: "nobody" } })).toMatchObject({ message: expect.stringContaining("ivy, james, alba") });
});

test("a session that is no object is a malformed message", () => {
  for (const session of [7, "x", null, []]) expect(start(session)).toMatchObject({ code: "invalid_format", param: "session" });
});

test("null and an empty greeting are no greeting, and null resets a field", () => {
  expect(toEcho("", start({ greeting: null }) as Configuration).greeting).toBeNull();
  expect(toEcho("", start({ greeting: "" }) as Configuration).greeting).toBeNull();
  const current = start({ system_prompt: "A", tools: [tool], input: { keyterms: ["a"] } }) as Configuration;
  const reset = change(current, { system_prompt: null, tools: null, input: { keyterms: null } }) as Configuration;
  const echo = toEcho("", reset);
  expect([echo.tools, echo.input.keyterms]).toEqual([[], null]);
  expect(echo.system_prompt).not.toBe("A");
});

test("objects merge key by key, lists are replaced as a whole", () => {
  const current = start({ input: { keyterms: ["a", "b"], turn_detection: { min_silence: 600 } }, tools: [tool] }) as Configuration;
  const after = change(current, {
    input: { keyterms: ["c"], turn_detection: { max_silence: 1500 } },
    tools: [{ ...tool, name: "other" }],
  });
  expect(after).toMatchObject({
    input: { keyterms: ["c"], turn_detection: { min_silence: 600, max_silence: 1500 } },
    tools: [{ name: "other" }],
  });
});

test("what is fixed after the start is refused by name; the same value again is no change", () => {
  const current = start({ greeting: "Hi", output: { voice: "ivy" } }) as Configuration;
  expect(change(current, { greeting: "Hello" })).toMatchObject({ code: "immutable_field", param: "greeting" });
  expect(change(current, { output: { voice: "james" } })).toMatchObject({ code: "immutable_field", param: "output.voice" });
  expect(change(current, { output: { format: { encoding: "audio/pcmu" } } })).toMatchObject({ param: "output.format" });
  expect(change(current, { greeting: "Hi", output: { voice: "ivy", format: { encoding: "audio/pcm" } } })).toEqual({
    ...current,
    output: { voice: "ivy", format: { encoding: "audio/pcm" } },
  });
  expect(change(current, { output: { voice: "james" } }, { ...rules, mutableVoice: true })).toMatchObject({ output: { voice: "james" } });
  expect(change(current, { agent_id: "agent_1" })).toMatchObject({ code: "agent_id_not_first", param: "agent_id" });
});

test("a minimum above the maximum that is in force is inconsistent as a whole", () => {
  const current = start({ input: { turn_detection: { max_silence: 500 } } }) as Configuration;
  expect(change(current, { input: { turn_detection: { min_silence: 600 } } })).toMatchObject({ code: "invalid_config" });
});

test("the input's format may change, and a new encoding brings its own rate along", () => {
  const current = start({ input: { format: { encoding: "audio/pcm", sample_rate: 16_000 } } }) as Configuration;
  const after = change(current, { input: { format: { encoding: "audio/pcmu" } } }) as Configuration;
  expect(toEcho("", after).input.format).toEqual({ encoding: "audio/pcmu", sample_rate: 8000 });
});

test("tools in OpenAI's nested form are flattened, and $schema is dropped", () => {
  const nested = {
    type: "function",
    function: { name: "f", description: "d", parameters: { $schema: "https://json-schema.org/x", type: "object" } },
  };
  expect(start({ tools: [nested] })).toEqual({
    tools: [{ type: "function", name: "f", description: "d", parameters: { type: "object" } }],
  });
});

test("what means nothing here is named, and ignored", () => {
  const read = readUpdate({
    id: "sess_1",
    foo: 1,
    input: { type: "audio", bar: 2, turn_detection: { type: "server_vad", baz: 3 } },
    tools: [{ ...tool, qux: 4 }],
  });
  expect(read.ok && read.update.unknown).toEqual(["foo", "input.bar", "input.turn_detection.baz", "tools[0].qux"]);
});

test("whatever comes as a session is accepted with an echo, or refused with a code", () => {
  const key = fc.constantFrom(
    "input",
    "output",
    "tools",
    "greeting",
    "turn_detection",
    "format",
    "keyterms",
    "voice",
    "min_silence",
    "agent_id",
    "llm",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue(),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.array(tree, { minLength: 1, maxLength: 4 }), (sessions) => {
      let current: Configuration | undefined;
      for (const session of sessions) {
        const result = current === undefined ? start(session) : change(current, session);
        if ("code" in result) expect(typeof result.message).toBe("string");
        else {
          current = result;
          expect(JSON.stringify(toEcho("", current))).not.toContain("undefined");
        }
      }
    }),
    { numRuns: 500 },
  );
});
