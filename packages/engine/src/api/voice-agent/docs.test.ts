import { readFileSync } from "node:fs";
import { voiceAgent } from "@parley/protocol";
import { expect, test } from "vitest";
import { readMessage } from "./read-message.ts";

const page = (name: string): string => readFileSync(new URL(`../../../../../docs/${name}`, import.meta.url), "utf8");

test("every message in docs/voice-agent.md is one that the socket takes, without a field too many", () => {
  const messages = [...page("voice-agent.md").matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  expect(messages.length).toBeGreaterThanOrEqual(3);
  for (const message of messages) expect(readMessage(message)).toMatchObject({ ok: true, notes: [] });
});

test("every error code is explained, and no other", () => {
  const text = page("voice-agent.md");
  const table = text.slice(text.indexOf("## Errors"), text.indexOf("## Where it differs"));
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const named = new Set(rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, code = ""]) => code)));
  expect([...named].toSorted()).toEqual([...voiceAgent.SessionErrorCode.options].toSorted());
});

test("close codes in the table are those that are sent", () => {
  for (const [code, close] of Object.entries(voiceAgent.errorCloseCodes)) {
    const row = page("voice-agent.md")
      .split("\n")
      .find((line) => line.startsWith("|") && line.includes(`\`${code}\``));
    expect(row, code).toContain(`closes, ${close}`);
  }
});
