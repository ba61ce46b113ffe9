import { expect, test } from "vitest";
import { joinBody, openDoor } from "./door-stage.ts";

const refused = async (body: unknown) => {
  const { status, body: answer } = await openDoor().call("POST", "join", body);
  expect(status).toBe(400);
  return [String(answer?.["reason"]), String(answer?.["detail"]).replace("create agent failed, code: 400, msg: ", "")];
};
const refusedProperties = async (properties: Record<string, unknown>) => await refused(joinBody("agent", properties));

test("a missing field is named by its path; null is missing too", async () => {
  expect(await refused({ name: "a" })).toEqual(["MissingRequiredField", "properties is required"]);
  expect(await refusedProperties({ channel: null, remote_rtc_uids: undefined })).toEqual([
    "MissingRequiredField",
    "properties.channel is required; properties.remote_rtc_uids is required",
  ]);
});

test("several faults are reported together", async () => {
  const [reason, detail] = await refusedProperties({ idle_timeout: -1, vad: { threshold: 1 }, llm: { url: "ftp://x", max_history: 1.5 } });
  expect(reason).toBe("InvalidFieldValue");
  expect(detail?.split("; properties.")).toEqual([
    "properties.idle_timeout: -1 is too small; at least 0 is allowed",
    'llm.url: "ftp://x" is not an http:// or https:// URL',
    "llm.max_history: 1.5 is not a whole number",
    "vad.threshold: 1 is too large; less than 1 is allowed",
  ]);
});

test("faults that only make sense together with other fields are reported together too", async () => {
  const [reason, detail] = await refusedProperties({
    agent_rtc_uid: "friday",
    asr: { language: "en" },
    tts: { vendor: "microsft", params: {} },
    llm: { style: "opena" },
  });
  expect(reason).toBe("InvalidFieldValue");
  expect(detail).toBe(
    [
      'properties.agent_rtc_uid: "friday" is not a whole number from 0 to 4294967295; to use text, set properties.enable_string_uid to true',
      'properties.asr.language: "en" is not supported; did you mean "en-US"?',
      'properties.tts.vendor: "microsft" is not supported; did you mean "microsoft"? this version has local, microsoft, generic_http',
      'properties.llm.style: "opena" is not supported; did you mean "openai"? this version has local, openai',
    ].join("; "),
  );
});

test("a field that is missing deep inside does not hide what else is not built", async () => {
  const [reason, detail] = await refusedProperties({
    llm: { style: "gemini", url: "https://x.example", system_messages: [{ role: "user", parts: [{ text: "Be kind." }] }] },
    asr: { language: "en" },
  });
  expect([reason, detail]).toEqual([
    "MissingRequiredField",
    [
      "properties.llm.system_messages[0].content is required",
      'properties.asr.language: "en" is not supported; did you mean "en-US"?',
      'properties.llm.style: "gemini" is not supported; this version has local, openai',
    ].join("; "),
  ]);
});

test("of very many faults the first are told and the others counted, and no more is looked for", async () => {
  const variables = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`v${index}`, index]));
  const [, detail = ""] = await refusedProperties({ llm: { style: "gemini", template_variables: variables } });
  expect(detail.split("; properties.")).toHaveLength(20);
  expect(detail).toMatch(/; and 980 more$/);
});

test("what the schema finds and what only shows together is one answer", async () => {
  const [reason, detail] = await refusedProperties({
    idle_timeout: -1,
    asr: { language: "en" },
    avatar: { enable: true },
    llm: { url: 7 },
  });
  expect(reason).toBe("InvalidFieldValue");
  expect(detail?.split("; ")).toEqual([
    "properties.idle_timeout: -1 is too small",
    "at least 0 is allowed",
    "properties.llm.url: 7 is a number",
    'send it as a string: "7"',
    "properties.avatar.enable: true is not built",
    "the agent has a voice alone",
    'properties.asr.language: "en" is not supported',
    'did you mean "en-US"?',
  ]);
});

test("a uid that is a number is refused with the string to send", async () => {
  expect(await refusedProperties({ agent_rtc_uid: 1001 })).toEqual([
    "InvalidFieldValue",
    'properties.agent_rtc_uid: 1001 is a number; send it as a string: "1001"',
  ]);
  expect(await refusedProperties({ remote_rtc_uids: ["1", 1002] })).toEqual([
    "InvalidFieldValue",
    'properties.remote_rtc_uids[1]: 1002 is a number; send it as a string: "1002"',
  ]);
});

test.each([
  ["en_us", undefined],
  ["EN-us", undefined],
  ["en", "en-US"],
  ["es", "es-ES"],
  ["ar", "ar-AE"],
  ["sv", "sv-SE"],
  ["english", "en-US"],
])("language %s", async (language, suggestion) => {
  const { status, body } = await openDoor().call("POST", "join", joinBody("agent", { asr: { language } }));
  if (suggestion === undefined) expect(status).toBe(200);
  else if (language === "english") expect(body?.["detail"]).toContain(`"english" is not supported`);
  else expect(body?.["detail"]).toContain(`properties.asr.language: "${language}" is not supported; did you mean "${suggestion}"?`);
});

test("a language that the embedded recogniser does not know is refused with the way out", async () => {
  const [reason, detail] = await refusedProperties({ asr: { language: "es-ES" } });
  expect(reason).toBe("InvalidFieldValue");
  expect(detail).toContain('properties.asr.language: "es-ES" is not known to the recogniser "local", which knows en-US');
  expect(detail).toContain("defaults.asr");
});

test("an llm without an address is told what is missing", async () => {
  expect(await refusedProperties({ llm: {} })).toEqual([
    "MissingRequiredField",
    'properties.llm.url is required, unless properties.llm.style is "local" (embedded) or properties.llm is left out',
  ]);
});

test("audio from a language model that writes is refused by name", async () => {
  const [, detail] = await refusedProperties({ llm: { style: "local", output_modalities: ["audio"] } });
  expect(detail).toContain("properties.llm.output_modalities");
});

test("a vendor's parameters are checked by the vendor, and keys are not repeated", async () => {
  expect(await refusedProperties({ tts: { vendor: "microsoft", params: { key: 12345, region: "eastus" } } })).toEqual([
    "MissingRequiredField",
    "properties.tts.params.key: the value is a number; a string is expected; properties.tts.params.voice_name is required",
  ]);
});

test.each([
  ["", "InvalidRequestBody", "the body is empty; a JSON object is expected"],
  ["[]", "InvalidRequestBody", "the body is a list; a JSON object is expected"],
  ['"x"', "InvalidRequestBody", "the body is a string; a JSON object is expected"],
  ["{", "InvalidRequestBody", "the body is not JSON"],
  ["[".repeat(1_000_000), "InvalidRequestBody", "the body is nested deeper than 64 levels"],
  [`{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}`, "InvalidRequestBody", "the body is nested deeper than 64 levels"],
])("body %#", async (text, reason, detail) => {
  const answer = await refused(text);
  expect(answer[0]).toBe(reason);
  expect(answer[1]).toContain(detail);
});

test("an unknown endpoint is a 404 that points to the documentation", async () => {
  expect(await openDoor().call("POST", "/v2/nothing")).toMatchObject({
    status: 404,
    body: { detail: "there is no POST /v2/nothing. See /docs." },
  });
});

test.each([`agents/${"A".repeat(300)}`, "agents/%ED%A0%80", "agents/%zz"])(
  "an address that cannot be read is refused in the same words: %s",
  async (url) => {
    expect(await openDoor().call("GET", url)).toMatchObject({
      status: 400,
      body: { reason: "InvalidFieldValue", detail: expect.stringMatching(/^the address cannot be read: /) },
    });
  },
);
