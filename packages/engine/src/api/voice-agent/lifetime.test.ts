import { expect, test } from "vitest";
import { WebSocketTransport } from "../../transports/websocket.ts";
import { orderFaults } from "./ordering.ts";
import { stageProject, VoiceStage } from "./voice-stage.ts";

const long = "one two three four five six seven eight nine ten";
const foreign = { project: { ...stageProject, appId: "b".repeat(32) } };

test("nothing is said before the first message, and audio that comes too early is dropped", async () => {
  await using stage = new VoiceStage();
  const client = stage.connect();
  client.send({ type: "input.audio", audio: "AAAA" });
  await stage.clock.moveTo(5000);
  expect(client.told).toEqual([]);
});

test.each([
  [{ output: { voice: "nobody" } }, "invalid_value", "output.voice"],
  [{ agent_id: "agent_1", system_prompt: "A" }, "invalid_value", "agent_id"],
  [{ agent_id: "agent_unknown" }, "agent_not_found", "agent_id"],
  [{ llm: [{ base_url: "https://llm.example/v1", model: "m" }] }, "invalid_value", "llm"],
  [{ tools: [{ type: "dtmf", dtmf_collected_arguments: [] }] }, "invalid_value", "tools[0].dtmf_collected_arguments"],
])("a first update with %j closes the socket with 1008", async (session, code, param) => {
  await using stage = new VoiceStage({ agents: { agent_1: {} } });
  const client = stage.connect();
  client.send({ type: "session.update", session });
  await stage.clock.moveTo(10);
  expect(client.told).toMatchObject([{ type: "session.error", code, param, session_id: null }]);
  expect(client.socket.closed).toEqual({ code: 1008, reason: code });
  expect(stage.sessions.size).toBe(0);
});

test("a stored agent is what its session is", async () => {
  await using stage = new VoiceStage({
    agents: { agent_1: { system_prompt: "You sell tea.", greeting: "Tea?", output: { voice: "ivy" } } },
  });
  const client = stage.connect();
  client.send({ type: "session.update", session: { agent_id: "agent_1" } });
  await stage.clock.moveTo(1000);
  expect(client.only("session.updated")[0]?.config).toMatchObject({
    agent_id: "agent_1",
    system_prompt: "You sell tea.",
    greeting: "Tea?",
  });
  expect(client.only("transcript.agent").map(({ text }) => text)).toEqual(["Tea?"]);
  expect(stage.records[0]).toMatchObject({ agentId: "agent_1" });
});

test("a field without a meaning has one line in the log, however often it comes, and over all sockets of a session", async () => {
  const lines: string[] = [];
  await using stage = new VoiceStage({ onLog: (line) => void lines.push(line) });
  const first = await stage.begin({ foo: 1 });
  for (let time = 0; time < 100; time += 1) first.send({ type: "session.update", session: { foo: time, bar: time } });
  const id = first.only("session.ready")[0]?.session_id;
  first.drop();
  const second = await stage.resume(id);
  for (let time = 0; time < 1000; time += 1) second.send({ type: "session.update", session: { foo: time, bar: time } });
  expect(lines.filter((line) => line.includes("ignored: foo"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("ignored: bar"))).toHaveLength(1);
  for (let time = 0; time < 1000; time += 1) second.send({ type: "session.update", session: { [`field${time}`]: time } });
  expect(lines.filter((line) => line.includes("ignored"))).toHaveLength(50);
});

test("an update after the start counts whole or not at all, and the answers come in order", async () => {
  await using stage = new VoiceStage({ agent: ["ok"] });
  const client = await stage.begin({ system_prompt: "A" });
  client.send({ type: "session.update", session: { system_prompt: "B", greeting: "Hi" } });
  client.send({ type: "session.update", session: { system_prompt: "C" } });
  client.send({ type: "session.update", session: { input: { turn_detection: { min_silence: 1 } } } });
  const answers = client.only("session.updated", "session.error").slice(1);
  expect(answers).toMatchObject([
    { code: "immutable_field", param: "greeting" },
    { config: { system_prompt: "C" } },
    { code: "invalid_value", param: "input.turn_detection.min_silence" },
  ]);
  client.send({ type: "reply.create" });
  await stage.clock.moveTo(2000);
  expect(stage.asked[0]?.[0]).toEqual({ role: "system", content: "C" });
});

test("updates that come before the session is ready are applied in order, right after", async () => {
  await using stage = new VoiceStage({ startMs: 500 });
  const client = stage.connect();
  client.send({ type: "session.update", session: { system_prompt: "A" } });
  client.send({ type: "session.update", session: { system_prompt: "B" } });
  await stage.clock.moveTo(1000);
  expect(client.told.map((event) => ("config" in event ? `${event.type} ${event.config.system_prompt}` : event.type))).toEqual([
    "session.updated A",
    "session.ready A",
    "session.updated B",
  ]);
});

test("a start that fails, or takes ten seconds, says so and closes with 1011", async () => {
  await using failing = new VoiceStage({ startError: new Error("no models") });
  const first = failing.connect();
  first.send({ type: "session.update", session: {} });
  await failing.clock.moveTo(10);
  expect(first.told).toMatchObject([{ code: "agent_init_failed", message: expect.stringContaining("no models") }]);
  expect(first.socket.closed?.code).toBe(1011);

  await using slow = new VoiceStage({ startMs: 60_000 });
  const second = slow.connect();
  second.send({ type: "session.update", session: {} });
  await slow.clock.moveTo(10_000);
  expect(second.told).toMatchObject([{ code: "agent_timeout" }]);
  expect(second.socket.closed?.code).toBe(1011);
  await slow.clock.moveTo(70_000);
  expect([slow.sessions.size, slow.running.length]).toEqual([0, 0]);
});

test("session.end is answered at once, also in mid-reply, and nothing follows session.ended", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(700);
  client.send({ type: "session.end" });
  expect(client.told.at(-1)).toMatchObject({ type: "session.ended", session_duration_seconds: 0.7 });
  expect(client.only("session.ended")[0]?.audio_duration_seconds).toBeCloseTo(0.68, 1);
  expect(client.socket.closed).toEqual({ code: 1000, reason: "client_end" });
  await stage.clock.moveTo(5000);
  expect(client.told.at(-1)?.type).toBe("session.ended");
  const again = await stage.resume(client.sessionId);
  expect(again.told).toMatchObject([{ code: "session_not_found" }]);
});

test.each([1000, 5000, 15_000, 29_000])(
  "a session goes on after %i ms away: same id, no greeting, the reply from where it was cut",
  async (awayMs) => {
    await using stage = new VoiceStage({ user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long] });
    const client = await stage.begin({ greeting: "Hi" });
    await stage.clock.moveTo(3000);
    client.drop();
    const back = 3000 + awayMs;
    await stage.clock.moveTo(back);
    const second = await stage.resume(client.sessionId);
    await stage.clock.moveTo(back + 4000);
    expect(second.told[0]).toMatchObject({ type: "session.ready", session_id: client.sessionId });
    const [, reply] = client.only("reply.started");
    expect(second.only("reply.started")).toEqual([]);
    expect(new Set(second.only("reply.audio").map((event) => event.reply_id))).toEqual(new Set([reply?.reply_id]));
    // Ten words of 200 ms in frames of 20 ms: none is lost, none comes twice.
    const frames = [...client.only("reply.audio"), ...second.only("reply.audio")].filter((event) => event.reply_id === reply?.reply_id);
    expect(frames).toHaveLength(100);
    expect(second.only("transcript.agent")).toMatchObject([{ text: long, interrupted: false, reply_id: reply?.reply_id }]);
    expect(second.only("reply.done")).toMatchObject([{ status: "completed" }]);
    const words = [...client.only("transcript.agent.delta"), ...second.only("transcript.agent.delta")].slice(1).map(({ delta }) => delta);
    expect(words.join(" ")).toBe(long);
    expect(orderFaults([...client.told, ...second.told])).toEqual([]);
  },
);

test("after the grace the session is gone, and a session.update on the same socket starts another", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin();
  await stage.clock.moveTo(1000);
  client.drop();
  await stage.clock.moveTo(31_001);
  expect(stage.records.at(-1)).toMatchObject({ closeReason: "client_disconnect", status: "completed" });
  const spent: string[] = [];
  const second = await stage.resume(client.sessionId, { spend: () => spent.push("token") === 1 });
  expect(second.told).toMatchObject([{ code: "session_not_found", param: "session_id" }]);
  expect([second.socket.closed, spent]).toEqual([undefined, []]);
  second.send({ type: "session.update", session: {} });
  await stage.clock.moveTo(stage.clock.now() + 10);
  expect(second.only("session.ready")).toHaveLength(1);
  expect(second.sessionId).not.toBe(client.sessionId);
  expect(spent).toEqual(["token"]);
});

test("an unfinished turn and a tool that was called are told to the client who comes back", async () => {
  await using stage = new VoiceStage({
    user: [{ at: 1000, ms: 800, text: "what is the weather" }],
    agent: [[{ type: "tool-call", id: "call_1", name: "get_weather", arguments: {} }], "sunny"],
    llmMs: 300,
  });
  const client = await stage.begin({ tools: [{ name: "get_weather" }] });
  await stage.clock.moveTo(1900);
  client.drop();
  await stage.clock.moveTo(8000);
  const second = await stage.resume(client.sessionId);
  expect(second.story).toEqual([
    "session.ready",
    "input.speech.stopped",
    "transcript.user what is the weather",
    "reply.started",
    "tool.call",
  ]);
  second.send({ type: "tool.result", call_id: "call_1", result: "sunny" });
  await stage.clock.moveTo(11_000);
  expect(second.only("transcript.agent").map(({ text }) => text)).toEqual(["sunny"]);
  expect(orderFaults([...client.told, ...second.told])).toEqual([]);
});

test("with resume_reply off the reply ends at the drop, and the agent waits", async () => {
  await using stage = new VoiceStage({ rules: { resumeReply: false } });
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(1000);
  client.drop();
  await stage.clock.moveTo(3000);
  const second = await stage.resume(client.sessionId);
  await stage.clock.moveTo(6000);
  expect(second.story).toEqual(["session.ready", "transcript.agent one two three four", "reply.done interrupted"]);
});

test("the newest socket wins, and the old one is told why", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(500);
  const second = await stage.resume(client.sessionId);
  expect(client.told.at(-1)).toMatchObject({ type: "session.error", code: "session_taken_over" });
  expect(client.socket.closed).toEqual({ code: 1008, reason: "session_taken_over" });
  await stage.clock.moveTo(4000);
  expect(second.only("transcript.agent").map(({ text }) => text)).toEqual([long]);
});

test("a session of another account, a wrong resume_token, and one whose time ran out while its client was away", async () => {
  await using stage = new VoiceStage({ rules: { maxSessionSeconds: 60, graceSeconds: 300 } });
  const client = await stage.begin();
  const id = client.sessionId;
  expect((await stage.resume(id, foreign)).told).toMatchObject([{ code: "session_forbidden", param: "session_id" }]);
  const wrong = stage.connect();
  wrong.send({ type: "session.resume", session_id: id, resume_token: "x" });
  expect(wrong.told).toMatchObject([{ code: "session_forbidden", param: "resume_token" }]);
  const right = stage.connect();
  right.send({ type: "session.resume", session_id: id, resume_token: client.only("session.ready")[0]?.resume_token });
  expect(right.told).toMatchObject([{ type: "session.ready" }]);
  right.drop();
  await stage.clock.moveTo(61_000);
  expect((await stage.resume(id)).told).toMatchObject([{ code: "session_expired" }]);
  expect((await stage.resume(id, foreign)).told).toMatchObject([{ code: "session_forbidden" }]);
});

test("a token that another session has used opens none, and resumes none", async () => {
  await using stage = new VoiceStage();
  const refused = stage.connect({ spend: () => false });
  refused.send({ type: "session.update", session: {} });
  await stage.clock.moveTo(10);
  expect(refused.told).toMatchObject([{ code: "UNAUTHORIZED" }]);
  expect(refused.socket.closed?.code).toBe(1008);
  const client = await stage.begin();
  client.drop();
  const second = await stage.resume(client.sessionId, { spend: () => false });
  expect(second.told).toMatchObject([{ code: "UNAUTHORIZED" }]);
  expect(second.socket.closed?.code).toBe(1008);
});

test("expires_at is a whole number of seconds, whenever the session begins", async () => {
  await using stage = new VoiceStage();
  await stage.clock.moveTo(1230);
  const client = await stage.begin({}, { maxSessionSeconds: 90 });
  expect(client.only("session.ready")[0]?.expires_at).toBe(91);
});

test("at its longest time a session ends with session.ended and 1008; the token's cap counts, and the agent may be warned", async () => {
  await using stage = new VoiceStage({ rules: { warnBeforeEnd: true }, agent: ["bye"] });
  const client = await stage.begin({}, { maxSessionSeconds: 90 });
  const ready = client.only("session.ready")[0];
  expect(ready?.expires_at).toBeCloseTo(90, 3);
  await stage.clock.moveTo(60_000);
  client.send({ type: "reply.create" });
  await stage.clock.moveTo(62_000);
  expect(stage.asked[0]?.at(-1)?.content).toContain("ends in 30 seconds");
  await stage.clock.moveTo(90_000);
  expect(client.told.at(-1)).toMatchObject({ type: "session.ended", session_duration_seconds: 90 });
  expect(client.socket.closed).toEqual({ code: 1008, reason: "max_duration" });
});

test("limits: sessions of an account at once, sessions in a minute, room on the machine", async () => {
  await using few = new VoiceStage({ rules: { maxSessions: 1 } });
  const first = await few.begin();
  const second = await few.begin();
  expect(second.told).toMatchObject([{ code: "concurrency_exceeded" }]);
  expect(second.socket.closed?.code).toBe(1008);
  expect((await few.begin({}, foreign)).only("session.ready")).toHaveLength(1);
  first.drop();
  await few.clock.moveTo(29_999);
  expect((await few.begin()).told).toMatchObject([{ code: "concurrency_exceeded" }]);
  await few.clock.moveTo(30_100);
  expect((await few.begin()).only("session.ready")).toHaveLength(1);

  await using slow = new VoiceStage({ rules: { sessionsPerMinute: 2 } });
  const ready = [await slow.begin(), await slow.begin(), await slow.begin()].map((client) => client.only("session.ready").length);
  expect(ready).toEqual([1, 1, 0]);
  await slow.clock.moveTo(30_000);
  expect((await slow.begin()).only("session.ready")).toHaveLength(1);

  await using full = new VoiceStage({ full: "no room" });
  const refused = await full.begin();
  expect(refused.told).toMatchObject([{ code: "at_capacity", message: "no room" }]);
  expect(refused.socket.closed?.code).toBe(1013);
});

test("a session in which nobody says a word ends, if the operator wants that", async () => {
  await using stage = new VoiceStage({ rules: { idleTimeoutSeconds: 60 }, user: [{ at: 50_000, ms: 500, text: "hello" }] });
  const client = await stage.begin();
  await stage.clock.moveTo(105_000);
  expect(client.only("session.ended")).toEqual([]);
  await stage.clock.moveTo(115_000);
  expect(client.socket.closed).toEqual({ code: 1000, reason: "idle_timeout" });
});

test("asking whether anybody is there is no word: an idle session ends all the same", async () => {
  await using stage = new VoiceStage({ rules: { idleTimeoutSeconds: 60 } });
  const client = await stage.begin();
  for (let at = 8000; at < 60_000; at += 8000) {
    await stage.clock.moveTo(at);
    client.send({ type: "session.update", session: {} });
  }
  await stage.clock.moveTo(61_000);
  expect(client.only("session.updated")).toHaveLength(8);
  expect(client.socket.closed).toEqual({ code: 1000, reason: "idle_timeout" });
});

test("a client that does not read is dropped, and may come back", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin({ greeting: long });
  client.socket.bufferedAmount = 2 ** 21;
  await stage.clock.moveTo(500);
  expect(client.socket.readyState).not.toBe(client.socket.OPEN);
  const second = await stage.resume(client.sessionId);
  await stage.clock.moveTo(4000);
  expect(second.only("transcript.agent").map(({ text }) => text)).toEqual([long]);
});

test("before its session begins a client gets no frame at all, not even a ping", async () => {
  await using stage = new VoiceStage();
  const client = stage.connect();
  const pings: number[] = [];
  client.socket.ping = () => void pings.push(stage.clock.now());
  await stage.clock.moveTo(5000);
  expect([pings, client.told]).toEqual([[], []]);
  client.send({ type: "session.update", session: {} });
  await stage.clock.moveTo(5000);
  expect([pings, client.only("session.ready").length]).toEqual([[5000], 1]);
});

test("a client that answers no pings is dropped after twenty seconds", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin();
  client.socket.deaf = true;
  await stage.clock.moveTo(20_000);
  expect(client.socket.readyState).toBe(client.socket.OPEN);
  await stage.clock.moveTo(22_000);
  expect(client.socket.readyState).not.toBe(client.socket.OPEN);
});

test("the engine's end closes sessions with 1001", async () => {
  const stage = new VoiceStage();
  const client = await stage.begin();
  await stage[Symbol.asyncDispose]();
  expect(client.told.at(-1)?.type).toBe("session.ended");
  expect(client.socket.closed).toEqual({ code: 1001, reason: "server_shutdown" });
});

test("frames that cannot be read are refused, and the session goes on", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin();
  client.socket.emit("message", Buffer.from([1, 2, 3]), true);
  client.sendText("{");
  client.send({ type: "input.audio", audio: "not base64!" });
  client.send({ type: "conversation.message", role: "user", content: " " });
  client.send({ type: "session.resume", session_id: "sess_1" });
  expect(client.only("session.error").map(({ code }) => code)).toEqual([
    "invalid_format",
    "invalid_format",
    "invalid_audio",
    "invalid_value",
    "invalid_format",
  ]);
  expect(client.only("session.error")[0]?.session_id).toBe(client.sessionId);
  client.send({ type: "session.end" });
  expect(client.socket.closed?.code).toBe(1000);
});

test("with mutable_voice the voice changes for what is spoken next", async () => {
  await using stage = new VoiceStage({ rules: { mutableVoice: true } });
  const client = await stage.begin({ output: { voice: "ivy" } });
  client.send({ type: "session.update", session: { output: { voice: "james" } } });
  client.send({ type: "session.update", session: { output: { voice: "nobody" } } });
  expect(client.only("session.updated").at(-1)?.config.output.voice).toBe("james");
  expect(client.only("session.error")).toMatchObject([{ code: "invalid_value", param: "output.voice" }]);
  expect(stage.tuned).toEqual([{ voice: "local james" }]);
});

test.for([
  { before: "the old socket has ended", ended: true },
  { before: "the new one takes over", ended: false },
])(
  "what went into a network that was gone already is told again when $before: a tool's call, the voice, and its words",
  async ({ ended }) => {
    const longer = `${long} ${long} ${long}`;
    await using stage = new VoiceStage({
      user: [{ at: 1000, ms: 800, text: "what is the weather" }],
      agent: [[`${longer} `, { type: "tool-call", id: "call_1", name: "get_weather", arguments: {} }], "sunny"],
    });
    const client = await stage.begin({ tools: [{ name: "get_weather" }] });
    await stage.clock.moveTo(1900);
    // From here on nothing arrives, though the socket takes it all.
    const arrived = client.told.length;
    client.socket.deaf = true;
    await stage.clock.moveTo(7000);
    if (ended) client.drop();
    const second = await stage.resume(client.sessionId);
    await stage.clock.moveTo(14_000);
    const told = [...client.told.slice(0, arrived), ...second.told];
    expect(told.filter(({ type }) => type === "tool.call")).toHaveLength(1);
    expect(second.only("transcript.user").map(({ text }) => text)).toEqual(["what is the weather"]);
    expect(second.only("reply.audio")).toHaveLength(300);
    expect(
      second
        .only("transcript.agent.delta")
        .map(({ delta }) => delta)
        .join(" "),
    ).toBe(longer);
    expect(second.only("transcript.agent").map(({ text }) => text)).toEqual([longer]);
    expect(orderFaults(told)).toEqual([]);
  },
);

test("what is to be told while a socket is closing is told on the next one", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin({ greeting: long });
  await stage.clock.moveTo(300);
  // The client's close frame has come; the socket is not gone yet.
  client.socket.readyState = 2;
  await stage.clock.moveTo(500);
  client.socket.emit("close", 1000);
  await stage.clock.moveTo(4000);
  const second = await stage.resume(client.sessionId);
  await stage.clock.moveTo(8000);
  const words = [...client.only("transcript.agent.delta"), ...second.only("transcript.agent.delta")].map(({ delta }) => delta);
  expect(words.join(" ")).toBe(long);
  expect([...client.only("reply.audio"), ...second.only("reply.audio")]).toHaveLength(100);
});

test("a session that fails says so, is ended, and closes with 1011", async () => {
  await using stage = new VoiceStage();
  const client = await stage.begin();
  await stage.clock.moveTo(500);
  const [transport] = stage.transports;
  if (transport instanceof WebSocketTransport) transport.close("a bug");
  await stage.clock.moveTo(1000);
  expect(client.told.slice(-2)).toMatchObject([
    { type: "session.error", code: "INTERNAL_ERROR", message: expect.stringContaining("a bug") },
    { type: "session.ended" },
  ]);
  expect(client.socket.closed).toEqual({ code: 1011, reason: "error" });
  expect(stage.records.at(-1)).toMatchObject({ closeReason: "error" });
});
