import { expect, test } from "vitest";
import type { SessionEvent } from "../../core/events.ts";
import type { HistoryEntry } from "../../core/history.ts";
import { buildToken } from "../../projects/tokens.ts";
import { appId, certificate, joinBody, openDoor } from "./door-stage.ts";

async function openCall(properties: Record<string, unknown> = {}) {
  const door = openDoor();
  const { body } = await door.call("POST", "join", joinBody("agent", properties));
  const [session] = door.sessions;
  return { ...door, agentId: String(body?.["agent_id"]), session: session! };
}

test("think is taken as the documented defaults say, by what the agent is doing", async () => {
  const { client, agentId, session } = await openCall();

  const answer = await client.think({ agentId, body: { text: "The order has shipped." } });
  session.state = "thinking";
  await client.think({ agentId, body: { text: "two", on_speaking_action: null } });
  session.state = "speaking";
  await client.think({
    agentId,
    body: {
      text: "three",
      on_listening_action: "inject",
      on_thinking_action: "ignore",
      on_speaking_action: "append",
      interruptable: false,
      metadata: { publisher: "crm" },
    },
  });

  expect(answer).toEqual({ agent_id: agentId, channel: "room", start_ts: 1737111452 });
  expect(session.thoughts).toEqual([
    { text: "The order has shipped.", priority: "ignore", whileSpeaking: "replace", interruptable: true },
    { text: "two", priority: "interrupt", whileSpeaking: "replace", interruptable: true },
    { text: "three", priority: "append", whileSpeaking: "join", interruptable: false },
  ]);
});

test("think names what it does not understand", async () => {
  const { call, agentId } = await openCall();
  expect(await call("POST", `agents/${agentId}/think`, {})).toMatchObject({
    status: 400,
    body: { reason: "MissingRequiredField", detail: "text is required" },
  });
  expect(await call("POST", `agents/${agentId}/think`, { text: "x", on_thinking_action: "inject" })).toMatchObject({
    status: 400,
    body: { reason: "InvalidFieldValue", detail: 'on_thinking_action: "inject" is not supported; Allowed: interrupt, ignore, append' },
  });
});

test("update changes instructions, with the variables of join, and the model's parameters as a whole", async () => {
  const { client, agentId, session } = await openCall({
    llm: {
      url: "https://llm.example/v1",
      api_key: "sk-1",
      params: { model: "a", temperature: 1 },
      template_variables: { guest: "Ada" },
    },
  });

  const answer = await client.update({
    agentId,
    body: { properties: { llm: { system_messages: [{ role: "system", content: "Call the guest {{guest}}." }], params: { model: "b" } } } },
  });

  expect(answer).toEqual({ agent_id: agentId, create_ts: 1737111452, status: "RUNNING", state: "RUNNING" });
  expect(session.changes).toEqual([
    {
      systemMessages: [{ role: "system", content: "Call the guest Ada." }],
      llm: expect.any(Function),
    },
  ]);
});

test("update leaves alone what it does not name", async () => {
  const { client, agentId, session } = await openCall();
  await client.update({ agentId, body: { properties: { llm: null } } });
  expect(session.changes).toEqual([{}]);
});

test.each([undefined, {}, { properties: null }])("update with nothing to change answers with the agent: %j", async (body) => {
  const { call, agentId, session } = await openCall();
  expect(await call("POST", `agents/${agentId}/update`, body)).toMatchObject({
    status: 200,
    body: { agent_id: agentId, status: "RUNNING", state: "RUNNING" },
  });
  expect(session.changes).toEqual([{}]);
});

test("update refuses what is not built, and a token for another channel", async () => {
  const { call, agentId, clock } = await openCall();
  const token = (channel: string) => buildToken({ appId, certificate, channel, uid: "1001", expireSeconds: 60, now: clock.now() });
  const update = async (properties: unknown) => await call("POST", `agents/${agentId}/update`, { properties });

  expect(await update({ token: token("room") })).toMatchObject({ status: 200 });
  expect(await update({ token: token("elsewhere") })).toMatchObject({
    status: 400,
    body: { reason: "InvalidFieldValue", detail: expect.stringContaining("properties.token: ") },
  });
  expect(await update({ mllm: { params: {} } })).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining("properties.mllm.params: the object is for an agent with mllm") },
  });
  expect(await call("POST", `agents/${agentId}/update`, [])).toMatchObject({ status: 400, body: { reason: "InvalidRequestBody" } });
});

const said: HistoryEntry[] = [
  { role: "assistant", content: "Hello.", turnId: 1, source: "greeting", startMs: 100, endMs: 900 },
  { role: "user", content: "tell me a story", turnId: 2, uid: "7", source: "asr", startMs: 2000, endMs: 3000 },
  { role: "assistant", content: "Once upon", original: "Once upon a time.", turnId: 2, source: "llm", startMs: 3500, endMs: 4200 },
];

test("history is what was heard, in order, at most as much as the agent remembers", async () => {
  const { client, agentId, session } = await openCall({ llm: { style: "local", max_history: 2 } });
  session.history = said;
  expect(await client.history({ agentId })).toEqual({
    agent_id: agentId,
    start_ts: 1737111452,
    status: "RUNNING",
    contents: [
      { role: "user", content: "tell me a story" },
      { role: "assistant", content: "Once upon" },
    ],
  });
});

test("a custom model's history tells turn, time, source and interruption", async () => {
  const { client, agentId, session } = await openCall({ llm: { style: "local", vendor: "custom" } });
  session.history = said.slice(1);
  const at = 1_737_111_452_000;
  expect((await client.history({ agentId })).contents).toEqual([
    {
      role: "user",
      content: "tell me a story",
      turn_id: 2,
      timestamp: at + 2000,
      speech_start_ms: at + 2000,
      speech_end_ms: at + 3000,
      metadata: { source: "asr", user: "7" },
    },
    {
      role: "assistant",
      content: "Once upon",
      turn_id: 2,
      timestamp: at + 3500,
      speech_start_ms: at + 3500,
      speech_end_ms: at + 4200,
      metadata: { source: "llm", interrupted: true, interrupt_timestamp: at + 4200, original: "Once upon a time." },
    },
  ]);
});

/** Greeting, and `count` questions with their answers. */
function talk(count: number): SessionEvent[] {
  const events: SessionEvent[] = [
    { type: "reply-start", at: 100, turnId: 1, reply: 1, source: "greeting", latencyMs: null },
    { type: "reply-end", at: 900, turnId: 1, reply: 1, text: "Hello.", playedMs: 800 },
  ];
  for (let turnId = 2; turnId < count + 2; turnId += 1) {
    const at = turnId * 10_000;
    events.push(
      { type: "turn-start", at, turnId, uid: "7" },
      { type: "turn-end", at: at + 1500, turnId, uid: "7", text: "why", startMs: at, endMs: at + 1000, by: "voice" },
      { type: "metric", at: at + 1500, turnId, module: "asr", name: "ttlw", latencyMs: 500 },
      { type: "reply-start", at: at + 1700, turnId, reply: turnId, source: "llm", latencyMs: 700 },
      { type: "reply-interrupted", at: at + 2700, turnId, reply: turnId, heard: "Be", text: "Because.", cause: "api_interrupt" },
    );
  }
  return events;
}

test("turns are told as documented, after the end, too", async () => {
  const { agents, client, agentId, session } = await openCall();
  session.end("STOPPED", "OK", talk(1));
  await agents.gone(agentId);
  const at = 1_737_111_452_000;

  expect(await client.turns({ agentId })).toEqual({
    agent_id: agentId,
    name: "agent",
    channel: "room",
    total_turn_count: 2,
    pagination: { page_index: 1, total_pages: 1, is_last_page: true },
    turns: [
      {
        agent_id: agentId,
        channel: "room",
        turn_id: 1,
        start: { start_at: at + 100, type: "greeting", metadata: { greeting_nth: 1 } },
        end: { end_at: at + 900, type: "ok", metadata: { playback_duration_ms: 800 } },
        metrics: { segmented_latency_ms: [] },
      },
      {
        agent_id: agentId,
        channel: "room",
        turn_id: 2,
        start: { start_at: at + 20_000, type: "voice_input", metadata: { speech_duration_ms: 1000, interrupt_duration_ms: 0 } },
        end: { end_at: at + 22_700, type: "interrupted", metadata: { caused_by: "api_interrupt", transport: "http" } },
        metrics: {
          e2e_latency_ms: 700,
          segmented_latency_ms: [
            { name: "algorithm_processing", latency: 200 },
            { name: "asr_ttlw", latency: 500 },
          ],
        },
      },
    ],
  });
});

test("turns come by pages of the size that is asked for", async () => {
  const { agents, call, client, agentId, session } = await openCall();
  expect(await client.turns({ agentId })).toMatchObject({
    total_turn_count: 0,
    pagination: { page_index: 1, total_pages: 0, is_last_page: true },
    turns: [],
  });
  session.end("STOPPED", "OK", talk(60));
  await agents.gone(agentId);

  expect(await client.turns({ agentId })).toMatchObject({ total_turn_count: 61, pagination: { total_pages: 2, is_last_page: false } });
  expect(await client.turns({ agentId, query: { page_index: "7", page_size: "10" } })).toMatchObject({
    pagination: { page_index: 7, total_pages: 7, is_last_page: true },
    turns: [{ turn_id: 61 }],
  });
  for (const query of ["?page_index=0", "?page_size=201", "?page_size=x"]) {
    expect(await call("GET", `agents/${agentId}/turns${query}`)).toMatchObject({ status: 400, body: { reason: "InvalidFieldValue" } });
  }
});

test("an unknown agent, and one that has exited, has no conversation", async () => {
  const { agents, call, agentId } = await openCall();
  await call("POST", `agents/${agentId}/leave`);
  await agents.gone(agentId);

  for (const id of [agentId, "A".repeat(32)]) {
    for (const [method, path, body] of [
      ["POST", "think", { text: "hi" }],
      ["POST", "update", { properties: {} }],
      ["GET", "history", undefined],
    ] as const) {
      expect(await call(method, `agents/${id}/${path}`, body)).toMatchObject({ status: 404, body: { reason: "TaskNotFound" } });
    }
  }
  expect((await call("GET", `agents/${agentId}/turns`)).status).toBe(200);
  expect((await call("GET", `agents/${"A".repeat(32)}/turns`)).status).toBe(404);
});

test("leave with a farewell is STOPPING until the last words are out", async () => {
  const { agents, call, agentId, session } = await openCall({
    parameters: { farewell_config: { graceful_enabled: true, graceful_timeout_seconds: 12.5 } },
  });

  expect(await call("POST", `agents/${agentId}/leave`)).toMatchObject({ status: 200, body: {} });
  expect(session.leaves).toEqual([{ graceS: 12.5 }]);
  expect((await call("GET", `agents/${agentId}`)).body).toMatchObject({ status: "STOPPING" });
  expect((await call("POST", `agents/${agentId}/leave`)).status).toBe(404);

  session.end("STOPPED", "OK");
  await agents.gone(agentId);
  expect((await call("GET", `agents/${agentId}`)).body).toMatchObject({ status: "STOPPED" });
});
