import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sharedDatabase } from "../../../store/test-databases.ts";
import { toEcho } from "../echo.ts";
import { makeProject, openRest, startOfTime } from "./rest-stage.ts";

const database = sharedDatabase();

const page = readFileSync(new URL("../../../../../../docs/voice-agent-rest.md", import.meta.url), "utf8");

/** Each `curl` of the page, with the answer that is printed below it, if there is one. */
const examples = [...page.matchAll(/```sh\n(curl[\s\S]*?)```\n+(?:```json\n([\s\S]*?)```)?/g)].map(([, command = "", answer]) => ({
  command,
  answer: answer === undefined ? undefined : (JSON.parse(answer) as unknown),
}));

/** A command's words, as a shell reads them: quotes, variables, line ends escaped. */
function words(command: string, variables: Readonly<Record<string, string>>): string[] {
  const expand = (text: string) => text.replace(/\$(\w+)/g, (_whole, name: string) => variables[name] ?? `$${name} is not set`);
  return [...command.replaceAll("\\\n", " ").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? expand(double ?? bare ?? ""),
  );
}

/** Shape of an answer: names, and the kind of each value; of a configuration that it is there. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, name === "config" ? typeof inner : shape(inner)]));
}

test("every command of docs/voice-agent-rest.md does what the page says, in the order of the page", async () => {
  const project = makeProject();
  await using rest = await openRest({ database, projects: [project] });
  const id = "sess_9a648a2ab75747a9a597ba046ced3e13";
  const variables: Record<string, string> = { PARLEY: "", PARLEY_API_KEY: project.apiKeys[0]!.replaceAll(" ", "%20"), SESSION_ID: id };
  const end = { closeReason: "client_end", endedAt: startOfTime + 42_600, durationMs: 42_600, audioMs: 42_000 } as const;
  expect(examples.length).toBe(8);

  for (const { command, answer } of examples) {
    const [, ...rested] = words(command, variables);
    const value = (flag: string) => (rested.includes(flag) ? rested[rested.indexOf(flag) + 1] : undefined);
    const url = rested.find((word) => word.startsWith("/")) ?? "";
    const payload = value("-d");
    const [name = "", text = ""] = (value("-H") ?? "").split(": ");
    const method = (value("-X") ?? (payload === undefined ? "GET" : "POST")) as "GET" | "POST" | "PUT" | "DELETE";
    const response = await rest.call(method, url, payload, { [name.toLowerCase()]: decodeURIComponent(text) });
    if (answer === undefined) expect([response.status, command]).toEqual([204, command]);
    else {
      expect([Math.floor(response.status / 100), command, response.body]).toEqual([2, command, expect.anything()]);
      expect(shape(response.body)).toEqual(shape(answer));
    }
    const agentId = String(response.body["id"]);
    if (!agentId.startsWith("agent_") || variables["AGENT_ID"] !== undefined) continue;
    variables["AGENT_ID"] = agentId;
    const record = { id, project: project.appId, agentId, createdAt: startOfTime, config: toEcho(id, { agent_id: agentId }) };
    rest.office.sessions.opened({ ...record, status: "created", closeReason: null, endedAt: null, durationMs: null, audioMs: null });
    rest.office.sessions.ended(
      { ...record, status: "completed", ...end },
      {
        session_id: id,
        started_at_unix_ms: startOfTime,
        turns: [],
        config_changes: [],
        ended: { reason: "client_end", public_reason: "client_end", duration_seconds: 42.6 },
      },
    );
  }
});

test("every code of the page's table is one that the engine gives, or is made from its errors", async () => {
  const { errors } = await import("../../../errors.ts");
  const table = page.slice(page.indexOf("## Errors"), page.indexOf("```json5", page.indexOf("## Errors")));
  const codes = [...table.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, code = ""]) => code).filter((code) => !code.endsWith("_id"));
  expect(codes.length).toBeGreaterThan(10);
  const own = [
    "agent_not_found",
    "session_not_found",
    "webhook_subscription_not_found",
    "voice_not_found",
    "validation_error",
    "rate_limited",
  ];
  for (const code of codes) expect([code, own.includes(code) || code.replaceAll("_", "-") in errors]).toEqual([code, true]);
});
