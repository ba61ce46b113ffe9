import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FakeTerminal } from "../fake-terminal.ts";
import { readBridgePlan } from "./plan.ts";

const agora = {
  AGORA_APP_ID: "a".repeat(32),
  AGORA_APP_CERTIFICATE: "b".repeat(32),
  AGORA_CHANNEL: "from-agora",
  AGORA_BOT_UID: "7",
  ASSEMBLYAI_API_KEY: "theirs",
};
const ours = { PARLEY_APP_ID: "c".repeat(32), PARLEY_APP_CERTIFICATE: "d".repeat(32), PARLEY_API_KEY: "ours" };

function plan(env: Readonly<Record<string, string>>, args: readonly string[] = [], files: Readonly<Record<string, string>> = {}) {
  const terminal = new FakeTerminal(env);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(terminal.cwd, name), text);
  return readBridgePlan(args, terminal);
}

test("an .env as Agora's and AssemblyAI's example has it is enough", () => {
  const text = Object.entries(agora).map(([name, value]) => `${name}=${value}`);
  expect(plan({}, [], { ".env": text.join("\n") })).toMatchObject({
    engine: "http://127.0.0.1:8080/",
    appId: agora.AGORA_APP_ID,
    certificate: agora.AGORA_APP_CERTIFICATE,
    channel: "from-agora",
    uid: "7",
    url: "wss://agents.assemblyai.com/v1/ws",
    apiKey: "theirs",
    listening: { type: "active" },
    captions: true,
  });
});

test("without a channel and a uid they are the example's", () => {
  const { AGORA_CHANNEL: _channel, AGORA_BOT_UID: _uid, ...rest } = agora;
  expect(plan(rest)).toMatchObject({ channel: "voice-agent-demo", uid: "9999" });
});

test("flags win, then PARLEY_, then the examples' names; the environment before .env", () => {
  expect(plan({ ...agora, ...ours })).toMatchObject({
    appId: ours.PARLEY_APP_ID,
    certificate: ours.PARLEY_APP_CERTIFICATE,
    channel: "from-agora",
    url: "ws://127.0.0.1:8080/v1/ws",
    apiKey: "ours",
  });
  const args = [
    "--channel",
    "mine",
    "--uid",
    "12",
    "--engine",
    "https://calls.example",
    "--app-id",
    agora.AGORA_APP_ID,
    "--mix",
    "--no-captions",
  ];
  expect(plan({ ...agora, ...ours }, args)).toMatchObject({
    engine: "https://calls.example/",
    appId: agora.AGORA_APP_ID,
    certificate: agora.AGORA_APP_CERTIFICATE,
    channel: "mine",
    uid: "12",
    url: "wss://calls.example/v1/ws",
    listening: { type: "mix" },
    captions: false,
  });
  expect(
    plan({ AGORA_CHANNEL: "environment" }, [], {
      ".env": Object.entries(agora)
        .map(([n, v]) => `${n}=${v}`)
        .join("\n"),
    }).channel,
  ).toBe("environment");
});

test("each key goes to its own service alone", () => {
  const both = { ...agora, ...ours };
  expect(plan(both, ["--url", "wss://agents.eu.assemblyai.com/v1/ws"])).toMatchObject({ apiKey: "theirs" });
  expect(plan(both, ["--url", "wss://parley.example/v1/ws"])).toMatchObject({ apiKey: "ours" });
  expect(() => plan(ours, ["--url", "wss://agents.assemblyai.com/v1/ws"])).toThrow(
    /agents\.assemblyai\.com asks for a key.*ASSEMBLYAI_API_KEY/,
  );
  expect(() => plan({ ...agora, ASSEMBLYAI_API_KEY: "" }, ["--url", "wss://assemblyai.com.evil.example/v1/ws"])).toThrow(
    /set PARLEY_API_KEY or ASSEMBLYAI_API_KEY/,
  );
});

test("an empty certificate means that tokens are off", () => {
  expect(plan({ ...agora, AGORA_APP_CERTIFICATE: "" }).certificate).toBe("");
});

test("who has nothing is told what is missing", () => {
  expect(() => plan({ ASSEMBLYAI_API_KEY: "x" })).toThrow(/PARLEY_APP_ID/);
});

test.each([
  [["--channel", "ä"], /--channel/],
  [["--uid", ""], /--uid/],
  [["--url", "agents.example"], /--url: "agents.example" is no address that begins with ws:/],
  [["--engine", "ftp://x"], /--engine/],
  [["--speaker", "1", "--mix"], /exclude each other/],
  [["--app-id", "f".repeat(32)], /PARLEY_APP_ID|no project/],
  [["--colour", "red"], /--colour/],
  [["--session", "none.json"], /--session none\.json: ENOENT/],
] as const)("%j is refused", (args, message) => {
  expect(() => plan(agora, args)).toThrow(message);
});

test.each([
  ["{", /--session s\.json/],
  ['{"output":{"volume":200}}', /output\.volume/],
  ['{"tools":[{"name":"x"}]}', /the tool x has no `http`/],
  ['{"tools":[{"name":"x","http":{"url":"file:///etc/passwd"}}]}', /no http or https address/],
] as const)("a session file %s is refused with the reason", (text, message) => {
  expect(() => plan(agora, ["--session", "s.json"], { "s.json": text })).toThrow(message);
});

test("a session file may be the whole message", () => {
  const session = { system_prompt: "x", output: { voice: "ivy" } };
  expect(plan(agora, ["--session", "s.json"], { "s.json": JSON.stringify({ type: "session.update", session }) }).session).toEqual(session);
});
