import fc from "fast-check";
import { expect, test } from "vitest";
import { joinBody, openDoor } from "./door-stage.ts";

/** Fields of the contract, so that generated bodies get past the first check. */
const field = fc.constantFrom(
  "name",
  "properties",
  "channel",
  "token",
  "agent_rtc_uid",
  "remote_rtc_uids",
  "enable_string_uid",
  "idle_timeout",
  "advanced_features",
  "enable_aivad",
  "asr",
  "tts",
  "llm",
  "vad",
  "language",
  "vendor",
  "params",
  "url",
  "api_key",
  "system_messages",
  "max_history",
  "style",
  "input_modalities",
  "output_modalities",
  "greeting_message",
  "failure_message",
  "interrupt_duration_ms",
  "prefix_padding_ms",
  "silence_duration_ms",
  "threshold",
  "labels",
  "parameters",
  "transcript",
  "turn_detection",
  "interruption",
  "config",
  "mode",
  "start_of_speech",
  "end_of_speech",
  "vad_config",
  "semantic_config",
  "keywords_config",
  "trigger_keywords",
  "greeting_configs",
  "silence_config",
  "timeout_ms",
  "content",
  "template_variables",
  "headers",
  "skip_patterns",
  "credential_mode",
  "mllm",
  "enable",
  "__proto__",
  "constructor",
  "toString",
);
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(
    "local",
    "microsoft",
    "openai",
    "en",
    "en_us",
    "*",
    "https://a.example/v1",
    "1001",
    "vad",
    "semantic",
    "keywords",
    "managed",
    "{{name}}",
    '{"a":1}',
  ),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(field, fc.string()), tie("tree"), { maxKeys: 6 }),
  ),
}));

const check = (property: fc.IAsyncProperty<unknown>) => fc.assert(property, { numRuns: 300, seed: 20_260_101 });

test("whatever is sent to join, the answer is one of the documented ones", async () => {
  const { call, agents, bugs } = openDoor();
  await check(
    fc.asyncProperty(tree, async (body) => {
      const { status, body: answer } = await call("POST", "join", JSON.stringify(body) ?? "");
      expect([200, 400, 409]).toContain(status);
      if (status === 400)
        expect(answer).toEqual({
          detail: expect.any(String),
          reason: expect.stringMatching(/^(InvalidRequestBody|MissingRequiredField|InvalidFieldValue)$/),
        });
    }),
  );
  expect(bugs).toEqual([]);
  await agents[Symbol.asyncDispose]();
});

test("whatever stands in the fields of join, the answer is one of the documented ones", async () => {
  const { call, agents, bugs } = openDoor();
  let joined = 0;
  const optional = [
    "enable_string_uid",
    "idle_timeout",
    "advanced_features",
    "asr",
    "tts",
    "llm",
    "vad",
    "labels",
    "parameters",
    "turn_detection",
    "interruption",
    "mllm",
    "avatar",
    "geofence",
    "rtc",
  ];
  await check(
    fc.asyncProperty(fc.constantFrom(...optional), tree, async (name, value) => {
      const { status, body } = await call("POST", "join", joinBody(`agent ${joined}`, { [name]: value }));
      expect([200, 400]).toContain(status);
      if (status === 200) joined += 1;
      else expect(body?.["detail"]).toMatch(new RegExp(`properties\\.(${name}|agent_rtc_uid)`));
    }),
  );
  expect(joined).toBeGreaterThan(0);
  expect(bugs).toEqual([]);
  await agents[Symbol.asyncDispose]();
});

test("whatever text is sent as a body, the answer is one of the documented ones", async () => {
  const { call } = openDoor();
  await check(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: fc.constantFrom("[", "{", '"', "\\", ":", ",", "1") })),
      async (text) => {
        expect((await call("POST", "join", text)).status).toBe(400);
      },
    ),
  );
});

test("whatever is sent to a running agent, the answer is one of the documented ones", async () => {
  const { call, agents, bugs } = openDoor();
  const agentId = String((await call("POST", "join", joinBody())).body?.["agent_id"]);
  const actions = fc.record(
    {
      text: fc.oneof(fc.string({ minLength: 1 }), tree),
      on_listening_action: tree,
      on_thinking_action: tree,
      interruptable: tree,
      metadata: tree,
    },
    { requiredKeys: ["text"] },
  );
  const changes = fc.record({
    properties: fc.oneof(tree, fc.record({ token: tree, llm: fc.record({ system_messages: tree, params: tree }, { requiredKeys: [] }) })),
  });
  let taken = 0;
  await check(
    fc.asyncProperty(
      fc.oneof(
        fc.record({ path: fc.constantFrom("think", "speak"), body: actions }),
        fc.record({ path: fc.constant("update"), body: changes }),
        fc.record({ path: fc.constantFrom("think", "speak", "update"), body: tree }),
      ),
      async ({ path, body }) => {
        const { status } = await call("POST", `agents/${agentId}/${path}`, JSON.stringify(body) ?? "");
        expect([200, 400]).toContain(status);
        if (status === 200) taken += 1;
      },
    ),
  );
  expect(taken).toBeGreaterThan(0);
  expect(bugs).toEqual([]);
  await agents[Symbol.asyncDispose]();
});
