import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { rest } from "@parley/protocol";
import { expect, test } from "vitest";
import { toConfig } from "../../api/rest/to-config.ts";
import { bridge } from "../bridge.ts";
import { FakeTerminal } from "../fake-terminal.ts";
import { readBridgePlan } from "./plan.ts";

const root = new URL("../../../../../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");
const page = read("docs/bridge.md");

test("the session that docs/bridge.md shows is taken", () => {
  const [, text = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const terminal = new FakeTerminal({ AGORA_APP_ID: "a".repeat(32), ASSEMBLYAI_API_KEY: "k" });
  writeFileSync(path.join(terminal.cwd, "hotel.json"), text);
  expect(readBridgePlan(["--session", "hotel.json"], terminal).session.tools).toMatchObject([{ name: "free_rooms" }]);
});

test("the join that docs/bridge.md shows is one", () => {
  const [, join] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
  const body = rest.JoinBody.parse(JSON.parse(join ?? ""));
  const translation = toConfig(body, { vendors: [], styles: [], defaults: { asr: {}, maxHistory: 10 }, firstUserTimeoutS: 600 });
  expect(translation).toMatchObject({ ok: true, request: { config: { brain: { session: { greeting: "Good day." } } } } });
});

test("the names of .env.example are the ones that are read", () => {
  const names = Object.keys(parseEnv(read(".env.example")));
  expect(new Set(names)).toEqual(
    new Set(["ASSEMBLYAI_API_KEY", "AGORA_APP_ID", "AGORA_APP_CERTIFICATE", "AGORA_CHANNEL", "AGORA_BOT_UID"]),
  );
  const values = Object.fromEntries(names.map((name) => [name, name === "AGORA_APP_ID" ? "a".repeat(32) : name.toLowerCase()]));
  expect(readBridgePlan([], new FakeTerminal(values))).toMatchObject({
    apiKey: "assemblyai_api_key",
    certificate: "agora_app_certificate",
    channel: "agora_channel",
    uid: "agora_bot_uid",
  });
});

test("the page and the help know the same flags, and say whose network it is not", () => {
  const flags = (text: string) => new Set(text.match(/--(?!no-agent)[a-z]+(?:-[a-z]+)*/g));
  expect(flags(page)).toEqual(flags(bridge.help));
  expect(bridge.help).toContain("not of Agora's own network");
  expect(page).toContain("It does not join Agora's own network");
});
