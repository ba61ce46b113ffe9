import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { SessionEvent } from "../../core/events.ts";
import type { HistoryEntry } from "../../core/history.ts";
import { appId, openDoor } from "./door-stage.ts";

/** Each `curl` of the page, with the answer that is printed below it. */
function examples(): { command: string; answer: unknown }[] {
  const text = readFileSync(new URL("../../../../../docs/rest.md", import.meta.url), "utf8");
  return [...text.matchAll(/```sh\n(curl[\s\S]*?)```\n+```json\n([\s\S]*?)```/g)].map(([, command = "", answer = ""]) => ({
    command,
    answer: JSON.parse(answer),
  }));
}

/** A command's words, as a shell reads them: quotes, variables, line ends escaped. */
function words(command: string, variables: Readonly<Record<string, string>>): string[] {
  const expand = (text: string) => text.replace(/\$(\w+)/g, (_whole, name: string) => variables[name] ?? `$${name} is not set`);
  return [...command.replaceAll("\\\n", " ").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? expand(double ?? bare ?? ""),
  );
}

/** Shape of an answer: names, and the kind of each value. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]));
}

/** What the page's agent has talked about. */
const talk = {
  history: [
    { role: "user", content: "when do you close", turnId: 1, source: "asr", startMs: 2000, endMs: 3200 },
    { role: "assistant", content: "At six.", turnId: 1, source: "llm", startMs: 4000, endMs: 4900 },
  ],
  script: [
    { type: "turn-end", at: 3840, turnId: 1, uid: "7", text: "when do you close", startMs: 2000, endMs: 3200, by: "voice" },
    { type: "metric", at: 3840, turnId: 1, module: "asr", name: "ttlw", latencyMs: 640 },
    { type: "reply-start", at: 4000, turnId: 1, reply: 1, source: "llm", latencyMs: 800 },
    { type: "reply-end", at: 4900, turnId: 1, reply: 1, text: "At six.", playedMs: 900 },
  ],
} satisfies { history: HistoryEntry[]; script: SessionEvent[] };

test("every command of docs/rest.md does what the page says, in the order of the page", async () => {
  const { server, agents, sessions } = openDoor();
  const variables: Record<string, string> = {
    PARLEY: "",
    PARLEY_APP_ID: appId,
    PARLEY_CUSTOMER_ID: "customer",
    PARLEY_CUSTOMER_SECRET: "secret",
  };
  const all = examples();
  expect(all.length).toBe(13);

  for (const { command, answer } of all) {
    const [, ...rest] = words(command, variables);
    const value = (flag: string) => (rest.includes(flag) ? rest[rest.indexOf(flag) + 1] : undefined);
    const payload = value("-d");
    const url = rest.find((word) => word.startsWith("/")) ?? "";
    const method = (value("-X") ?? (payload === undefined ? "GET" : "POST")) as "GET" | "POST" | "DELETE";
    const response = await server.inject({
      method,
      url,
      headers: {
        authorization: `Basic ${Buffer.from(value("-u") ?? "").toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      ...(payload === undefined ? {} : { payload }),
    });
    expect([response.statusCode, command]).toEqual([200, command]);
    expect(shape(response.json())).toEqual(shape(answer));
    const { agent_id: agentId } = response.json<{ agent_id?: string }>();
    variables["AGENT_ID"] ??= agentId ?? "";
    const [session] = sessions;
    if (session !== undefined) Object.assign(session, talk);
    if (url.endsWith("/leave")) await agents.gone(variables["AGENT_ID"]);
  }
});
