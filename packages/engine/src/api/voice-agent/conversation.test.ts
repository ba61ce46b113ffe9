import { expect, test } from "vitest";
import { orderFaults } from "./ordering.ts";
import { VoiceStage } from "./voice-stage.ts";

const weather = { type: "function", name: "get_weather", description: "Weather", parameters: { type: "object", properties: {} } };
const call = (name = "get_weather", id = "call_1") => ({ type: "tool-call", id, name, arguments: { city: "Oslo" } }) as const;
const question = { at: 3000, ms: 1200, text: "what is the weather in Oslo" };

test("greeting, then a turn with a tool, in the order and with the shape of the contract's trace", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [[call()], "It is sunny."] });
  const client = await stage.begin({ greeting: "Hello there", tools: [weather] });
  expect(client.story.slice(0, 3)).toEqual(["session.updated", "session.ready", "reply.started"]);
  await stage.clock.moveTo(6000);
  const [called] = client.only("tool.call");
  expect(called).toMatchObject({ name: "get_weather", arguments: { city: "Oslo" } });
  client.send({ type: "tool.result", call_id: called?.call_id, result: '{"sky":"sunny"}' });
  await stage.clock.moveTo(9000);
  expect(client.story).toEqual([
    "session.updated",
    "session.ready",
    "reply.started",
    "reply.audio",
    "transcript.agent Hello there",
    "reply.done completed",
    "input.speech.started",
    "transcript.user.delta what is",
    "transcript.user.delta what is the weather in Oslo",
    "input.speech.stopped",
    "transcript.user what is the weather in Oslo",
    "reply.started",
    "tool.call",
    "reply.done completed",
    "reply.started",
    "reply.audio",
    "transcript.agent It is sunny.",
    "reply.done completed",
  ]);
  expect(orderFaults(client.told)).toEqual([]);
  expect(client.only("transcript.agent.delta").map(({ delta }) => delta)).toEqual(["Hello", "there", "It", "is", "sunny."]);
  // The model is told what it called, and what that gave.
  expect(stage.asked[1]?.slice(-2)).toMatchObject([{ role: "assistant", toolCalls: [{ name: "get_weather" }] }, { role: "tool" }]);
});

/** What the model was asked last, as `role: content`. */
const lastAsked = (stage: VoiceStage): string[] => (stage.asked.at(-1) ?? []).slice(1).map(({ role, content }) => `${role}: ${content}`);

const long = "one two three four five six seven eight nine ten";

test("a barge-in cuts the reply to what was heard, for the client as for the model, and no sound follows", async () => {
  await using stage = new VoiceStage({
    user: [
      { at: 1000, ms: 800, text: "count to ten" },
      { at: 3500, ms: 1500, text: "stop counting now" },
    ],
    agent: [long, "fine"],
  });
  const client = await stage.begin();
  await stage.clock.moveTo(8000);
  const interrupted = client.only("transcript.agent").find((event) => event.interrupted);
  const [started, , cut] = client.only("input.speech.started", "transcript.agent");
  expect([started?.type, cut?.type]).toEqual(["input.speech.started", "transcript.agent"]);
  expect(interrupted?.text).toMatch(/^one two three/);
  expect(long.startsWith(interrupted?.text ?? "?")).toBe(true);
  expect(interrupted?.text).not.toContain("ten");
  const done = client.told.findIndex((event) => event.type === "reply.done" && event.status === "interrupted");
  const id = client.only("reply.done").find(({ status }) => status === "interrupted")?.reply_id;
  expect(client.told.slice(done).some((event) => event.type === "reply.audio" && event.reply_id === id)).toBe(false);
  expect(lastAsked(stage)).toEqual(["user: count to ten", `assistant: ${interrupted?.text}`, "user: stop counting now"]);
  expect(orderFaults(client.told)).toEqual([]);
});

test("a backchannel does not interrupt, and the client is not told to flush", async () => {
  await using stage = new VoiceStage({
    user: [
      { at: 1000, ms: 800, text: "count to ten" },
      { at: 3200, ms: 400, text: "mhm" },
    ],
    agent: [long],
  });
  const client = await stage.begin();
  await stage.clock.moveTo(8000);
  expect(client.only("input.speech.started")).toHaveLength(1);
  expect(client.only("reply.done").map(({ status }) => status)).toEqual(["completed"]);
});

test("with interrupt_response off speech is answered after the reply, and announced only then", async () => {
  await using stage = new VoiceStage({
    user: [
      { at: 1000, ms: 800, text: "count to ten" },
      { at: 3200, ms: 900, text: "and then sing" },
    ],
    agent: [long, "la la"],
  });
  const client = await stage.begin({
    input: { format: { encoding: "audio/pcm", sample_rate: 16_000 }, turn_detection: { interrupt_response: false } },
  });
  await stage.clock.moveTo(9000);
  expect(client.only("reply.done").map(({ status }) => status)).toEqual(["completed", "completed"]);
  const [, second] = client.only("input.speech.started");
  expect(second?.at).toBeGreaterThanOrEqual(client.only("reply.done")[0]?.at ?? Number.POSITIVE_INFINITY);
  expect(client.only("transcript.user").map(({ text }) => text)).toEqual(["count to ten", "and then sing"]);
  expect(orderFaults(client.told)).toEqual([]);
});

test("who goes on before the answer is heard cancels it: no transcript of it, two items, one question to the model", async () => {
  await using stage = new VoiceStage({
    user: [
      { at: 1000, ms: 800, text: "my order number is" },
      { at: 2600, ms: 900, text: "four four one seven" },
    ],
    agent: ["Go on.", "Thank you."],
    llmMs: 700,
  });
  const client = await stage.begin({
    input: { format: { encoding: "audio/pcm", sample_rate: 16_000 }, turn_detection: { min_silence: 300, max_silence: 300 } },
  });
  await stage.clock.moveTo(7000);
  expect(client.story.slice(2)).toEqual([
    "input.speech.started",
    "transcript.user.delta my order",
    "transcript.user.delta my order number is",
    "input.speech.stopped",
    "transcript.user my order number is",
    "reply.started",
    "input.speech.started",
    "reply.done interrupted",
    "transcript.user.delta four four one seven",
    "input.speech.stopped",
    "transcript.user four four one seven",
    "reply.started",
    "reply.audio",
    "transcript.agent Thank you.",
    "reply.done completed",
  ]);
  expect(new Set(client.only("transcript.user").map((event) => event.item_id)).size).toBe(2);
  expect(lastAsked(stage)).toEqual(["user: my order number is four four one seven"]);
});

test("a noise starts and stops, without words and without a reply", async () => {
  await using stage = new VoiceStage({ user: [{ at: 1000, ms: 500 }] });
  const client = await stage.begin();
  await stage.clock.moveTo(6000);
  expect(client.story.slice(2)).toEqual(["input.speech.started", "input.speech.stopped"]);
  expect(stage.asked).toEqual([]);
});

test("words come when they are due, never before their time, and audio at most 400 ms early", async () => {
  await using stage = new VoiceStage({ agent: [long] });
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(5000);
  const [first] = client.only("reply.audio");
  const from = first?.at ?? 0;
  for (const word of client.only("transcript.agent.delta"))
    expect(word.at - from).toBeGreaterThanOrEqual(word.start_ms ?? Number.POSITIVE_INFINITY);
  const leads = client.only("reply.audio").map(({ at }, index) => index * 20 - (at - from));
  expect(Math.max(...leads)).toBeLessThanOrEqual(400);
  expect(Math.min(...leads.slice(0, -1))).toBeGreaterThanOrEqual(0);
  // 960 bytes each: 20 ms of 24 kHz.
  expect(new Set(client.only("reply.audio").map(({ data }) => Buffer.from(data, "base64").length))).toEqual(new Set([960]));
  const done = client.only("reply.done")[0];
  expect(done?.at).toBeGreaterThanOrEqual(from + 2000);
});

test("a reply that is wished for waits for the one under way; eight may wait, and the oldest goes", async () => {
  await using stage = new VoiceStage({ agent: ["a", "b", "c", "d", "e", "f", "g", "h", "i"] });
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(100);
  for (let index = 0; index < 10; index += 1) client.send({ type: "reply.create", instructions: `say ${index}` });
  await stage.clock.moveTo(20_000);
  expect(client.only("transcript.agent").map(({ text, interrupted }) => `${text} ${interrupted}`)[0]).toBe(`${long} false`);
  expect(client.only("reply.started")).toHaveLength(9);
  expect(stage.asked.map((messages) => messages.at(-1)?.content)).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map((index) => `say ${index}`));
  expect(orderFaults(client.told)).toEqual([]);
});

test("a wish while the user speaks becomes part of the answer to them", async () => {
  await using stage = new VoiceStage({ user: [{ at: 1000, ms: 1500, text: "what about tea" }] });
  const client = await stage.begin();
  await stage.clock.moveTo(1800);
  client.send({ type: "reply.create", instructions: "Mention cakes." });
  await stage.clock.moveTo(6000);
  expect(client.only("reply.started")).toHaveLength(1);
  expect(lastAsked(stage)).toEqual(["user: what about tea", "system: Mention cakes."]);
});

test("what is put into the conversation is seen by the model, and answered when that is asked for", async () => {
  await using stage = new VoiceStage({ agent: ["noted"] });
  const client = await stage.begin();
  client.send({ type: "conversation.message", role: "user", content: "My order number is 4417." });
  client.send({ type: "conversation.message", role: "system", content: "The user is Ada." });
  await stage.clock.moveTo(2000);
  expect(client.only("reply.started")).toEqual([]);
  client.send({ type: "reply.create" });
  await stage.clock.moveTo(4000);
  expect(lastAsked(stage)).toEqual(["user: My order number is 4417.", "system: The user is Ada."]);
  expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["noted"]);
});

test("reply.cancel stops the reply as a barge-in does; another reply's id, or no reply, is no error", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(900);
  client.send({ type: "reply.cancel", reply_id: "resp_other" });
  await stage.clock.moveTo(1000);
  client.send({ type: "reply.cancel" });
  await stage.clock.moveTo(1500);
  client.send({ type: "reply.cancel" });
  await stage.clock.moveTo(5000);
  expect(client.story.slice(-2)).toEqual(["transcript.agent one two three four", "reply.done interrupted"]);
  expect(client.only("session.error")).toEqual([]);
});

test("a tool's result may come at once, though the reply that called still speaks; the follow-up waits for its end", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [["Let me have a look at that. ", call()], "It is sunny."] });
  const client = await stage.begin({ tools: [weather] });
  while (client.only("tool.call").length === 0) await stage.clock.moveTo(stage.clock.now() + 20);
  expect(client.only("reply.done")).toEqual([]);
  client.send({ type: "tool.result", call_id: client.only("tool.call")[0]?.call_id, result: { sky: "sunny" } });
  await stage.clock.moveTo(12_000);
  expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["Let me have a look at that.", "It is sunny."]);
  expect(client.only("session.error")).toEqual([]);
  expect(orderFaults(client.told)).toEqual([]);
});

test("the follow-up waits for every call; unknown and second results are refused by name", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [[call("get_weather", "a"), call("get_weather", "b")], "Both are fine."] });
  const client = await stage.begin({ tools: [weather] });
  await stage.clock.moveTo(6000);
  client.send({ type: "tool.result", tool_call_id: "a", result: "1" });
  await stage.clock.moveTo(7000);
  expect(client.only("reply.started")).toHaveLength(1);
  client.send({ type: "tool.result", call_id: "a", result: "2" });
  client.send({ type: "tool.result", call_id: "nobody", result: "2" });
  client.send({ type: "tool.result", call_id: "b", result: "2", is_error: true });
  await stage.clock.moveTo(9000);
  expect(client.only("session.error").map(({ code, param }) => `${code} ${param}`)).toEqual([
    "invalid_value call_id",
    "invalid_value call_id",
  ]);
  expect(client.only("reply.started")).toHaveLength(2);
  expect(stage.asked.at(-1)?.slice(-2)).toMatchObject([
    { role: "tool", content: "1", callId: "a" },
    { role: "tool", content: "Error: 2", callId: "b" },
  ]);
});

test("a tool that never answers is given up, the user is told, and a late result is kept", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [[call()], "I could not find out.", "ok"] });
  const client = await stage.begin({ tools: [{ ...weather, timeout_seconds: 5 }] });
  await stage.clock.moveTo(15_000);
  expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["I could not find out."]);
  client.send({ type: "tool.result", call_id: "call_1", result: "rain" });
  await stage.clock.moveTo(16_000);
  expect(client.only("session.error")).toEqual([]);
  expect(client.only("reply.started")).toHaveLength(2);
  client.send({ type: "reply.create" });
  await stage.clock.moveTo(18_000);
  expect(lastAsked(stage).at(-1)).toContain("rain");
  expect(stage.timelines).toEqual([]);
});

test("a tool that holds lets nobody answer before its result", async () => {
  await using stage = new VoiceStage({
    user: [question, { at: 6500, ms: 900, text: "are you still there" }],
    agent: [[call()], "Here I am, and it is sunny."],
  });
  const client = await stage.begin({ tools: [{ ...weather, execution_mode: "hold" }] });
  await stage.clock.moveTo(12_000);
  expect(client.only("reply.started")).toHaveLength(1);
  client.send({ type: "tool.result", call_id: "call_1", result: "sunny" });
  await stage.clock.moveTo(16_000);
  expect(client.only("transcript.user").map(({ text }) => text)).toEqual([question.text, "are you still there"]);
  expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["Here I am, and it is sunny."]);
  expect(orderFaults(client.told)).toEqual([]);
});

test("a language model that fails is an error that does not end the session, and a short apology", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [new Error("quota exceeded"), "better"] });
  const client = await stage.begin();
  await stage.clock.moveTo(12_000);
  expect(client.only("session.error")).toMatchObject([{ code: "llm_error", message: expect.stringContaining("quota exceeded") }]);
  expect(client.only("transcript.agent").map(({ text }) => text)).toEqual([expect.stringContaining("sorry")]);
  client.send({ type: "reply.create" });
  await stage.clock.moveTo(14_000);
  expect(client.only("transcript.agent").at(-1)?.text).toBe("better");
});

test("a voice that fails is an error, and the reply is done", async () => {
  await using stage = new VoiceStage({ user: [question], voiceError: new Error("no speaker") });
  const client = await stage.begin();
  await stage.clock.moveTo(8000);
  expect(client.only("session.error")).toMatchObject([{ code: "tts_error" }]);
  expect(client.story.slice(-1)).toEqual(["reply.done completed"]);
});

test("the record says what was configured, what was said and when, and what ended it", async () => {
  await using stage = new VoiceStage({ user: [question], agent: [[call()], "It is sunny."] });
  const client = await stage.begin({ greeting: "Hello there", tools: [weather] });
  await stage.clock.moveTo(6000);
  client.send({ type: "tool.result", call_id: "call_1", result: "sunny" });
  await stage.clock.moveTo(9000);
  client.send({ type: "session.update", session: { system_prompt: "B" } });
  // A client that asks for a sign of life gets one, and changes nothing.
  client.send({ type: "session.update", session: {} });
  expect(client.only("session.updated")).toHaveLength(3);
  client.send({ type: "session.end" });
  await stage.clock.moveTo(9100);
  expect(stage.records.map(({ status, closeReason }) => [status, closeReason])).toEqual([
    ["created", null],
    ["created", null],
    ["completed", "client_end"],
  ]);
  expect(stage.records.at(-1)).toMatchObject({ durationMs: 9000, config: { system_prompt: "B" } });
  expect(stage.records.at(-1)?.audioMs).toBeGreaterThan(8900);
  const [timeline] = stage.timelines;
  expect(timeline?.turns).toMatchObject([
    { turn_id: 1, trigger: "greeting", status: "completed", agent_text: "Hello there", user_transcript: null },
    {
      turn_id: 2,
      trigger: "user_speech",
      user_transcript: question.text,
      agent_text: null,
      tool_calls: [{ call_id: "call_1", result: "sunny", is_error: false, timed_out: false, arguments: { city: "Oslo" } }],
    },
    { turn_id: 3, trigger: "tool_result", agent_text: "It is sunny.", interrupted_at_ms: null },
  ]);
  expect(timeline?.config_changes).toMatchObject([{ at_ms: 9000, config: { system_prompt: "B" } }]);
  expect(timeline?.ended).toEqual({ reason: "client_end", public_reason: "client_end", duration_seconds: 9 });
});

test("with resume_false_interruption the rest of a reply that a noise has cut is said after all", async () => {
  // The recogniser takes a noise for words first, and thinks better of it in the end.
  const noise = { at: 3200, ms: 1500, text: "stop it", finalText: "" };
  await using stage = new VoiceStage({
    user: [{ at: 1000, ms: 800, text: "count to ten" }, noise],
    agent: [long],
    rules: { resumeFalseInterruption: true },
  });
  const client = await stage.begin();
  await stage.clock.moveTo(14_000);
  const [cut, rest] = client.only("transcript.agent");
  expect(cut?.interrupted).toBe(true);
  expect(`${cut?.text} ${rest?.text}`).toBe(long);
  expect(stage.asked).toHaveLength(1);
  expect(orderFaults(client.told)).toEqual([]);
});
