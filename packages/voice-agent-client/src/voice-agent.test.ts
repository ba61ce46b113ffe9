/** The client against a server that speaks the protocol: each test waits for messages and events, never for time. */
import { expect, test } from "vitest";
import { VoiceAgentError } from "./errors.ts";
import type { VoiceAgentEvent, VoiceAgentOptions } from "./options.ts";
import { apiKey, ScriptedServer } from "./scripted-server.ts";
import { tool } from "./tool.ts";
import { VoiceAgent } from "./voice-agent.ts";

const quick = { backOff: { firstMs: 2, maxMs: 8 }, heartbeat: false } as const;

function makeAgent(server: ScriptedServer, options: Partial<VoiceAgentOptions> = {}) {
  const agent = new VoiceAgent({ url: server.url, apiKey, ...quick, ...options } as VoiceAgentOptions);
  const events: VoiceAgentEvent[] = [];
  const reading = (async () => {
    for await (const event of agent) events.push(event);
  })();
  const next = <Type extends VoiceAgentEvent["type"]>(type: Type) =>
    new Promise<Extract<VoiceAgentEvent, { type: Type }>>((resolve) => {
      const off = agent.on(type, (event) => {
        off();
        resolve(event);
      });
    });
  return { agent, events, next, reading };
}

const base64 = (pcm: Int16Array): string => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString("base64");

test("a conversation: settings, audio in both directions, transcripts, and an end in order", async () => {
  await using server = await ScriptedServer.open();
  const { agent, events, next, reading } = makeAgent(server, { session: { system_prompt: "Be brief.", greeting: "Hello." } });
  await agent.connect();
  expect(server.requests).toEqual([{ url: "/v1/ws", authorization: `Bearer ${apiKey}` }]);
  expect(server.received[0]).toEqual({ type: "session.update", session: { system_prompt: "Be brief.", greeting: "Hello." } });
  expect(agent.sessionId).toBe("sess_1");

  const said = Int16Array.of(0, 1, -1, 32_767, -32_768);
  agent.sendAudio(said.subarray(1));
  expect((await server.until("input.audio"))[0]).toEqual({ type: "input.audio", audio: base64(said.slice(1)) });

  const done = next("reply.done");
  server.say({ type: "transcript.user", item_id: "m1", text: "Who are you?" });
  server.say({ type: "reply.started", reply_id: "r1", item_id: "m2" });
  server.say({ type: "reply.content_part.started", reply_id: "r1" });
  server.say({ type: "reply.audio", reply_id: "r1", data: base64(said) });
  server.sayText("no JSON");
  server.say({ type: "transcript.agent", reply_id: "r1", item_id: "m2", text: "An agent.", interrupted: false });
  server.say({ type: "reply.done", reply_id: "r1", status: "completed" });
  await done;
  const end = await agent.end();
  await reading;

  expect(end).toEqual({ sessionSeconds: 1.5, audioSeconds: 0.5 });
  await expect(agent.connect()).rejects.toMatchObject({ code: "not-connected" });
  const middle = "transcript.user reply.started reply.audio transcript.agent reply.done";
  expect(events.map(({ type }) => type).join(" ")).toBe(`session.updated session.ready ${middle} session.ended closed`);
  expect(events[4]).toMatchObject({ reply_id: "r1", pcm: said, sampleRate: 24_000 });
});

test("a page's token opens one socket, and each resume asks for a fresh one", async () => {
  await using server = await ScriptedServer.open();
  let asked = 0;
  const getToken = () => {
    asked++;
    return server.token();
  };
  const { agent, next } = makeAgent(server, { apiKey: undefined, getToken } as unknown as Partial<VoiceAgentOptions>);
  await agent.connect();
  const resumed = next("resumed");
  server.cut();
  await resumed;
  expect(asked).toBe(2);
  expect(server.requests.map(({ url, authorization }) => [url, authorization])).toEqual([
    ["/v1/ws?token=token-1", undefined],
    ["/v1/ws?token=token-2", undefined],
  ]);
  await agent.end();
});

test("the socket breaks in mid-reply: both sockets together bring the whole reply, and what was said meanwhile arrives", async () => {
  await using server = await ScriptedServer.open();
  const { agent, events, next, reading } = makeAgent(server);
  await agent.connect();
  const first = next("reply.audio");
  server.say({ type: "reply.started", reply_id: "r1", item_id: "m1" });
  server.say({ type: "reply.audio", reply_id: "r1", data: base64(Int16Array.of(1, 2)) });
  await first;

  const reconnecting = next("reconnecting");
  const resumed = next("resumed");
  server.reachable = false;
  server.cut();
  await reconnecting;
  expect(agent.connected).toBe(false);
  agent.sendAudio(Int16Array.of(7, 8));
  agent.message("system", "The user waves.");
  const updated = agent.update({ input: { keyterms: ["Parley"] } });
  server.reachable = true;
  await resumed;
  expect(await updated).toMatchObject({ input: { keyterms: ["Parley"] } });

  const done = next("reply.done");
  server.say({ type: "reply.audio", reply_id: "r1", data: base64(Int16Array.of(3, 4)) });
  server.say({ type: "reply.done", reply_id: "r1", status: "completed" });
  await done;
  await server.until("input.audio");
  await agent.end();
  await reading;

  const after = server.received.slice(server.received.findIndex(({ type }) => type === "session.resume"));
  expect(after.map(({ type }) => type)).toEqual(["session.resume", "session.update", "conversation.message", "input.audio", "session.end"]);
  expect(after[0]).toEqual({ type: "session.resume", session_id: "sess_1", resume_token: "resume sess_1" });
  const voice = events.flatMap((event) => (event.type === "reply.audio" && event.reply_id === "r1" ? [...event.pcm] : []));
  expect(voice).toEqual([1, 2, 3, 4]);
});

test("audio that waits for a session is bounded, the oldest goes first, and the loss is counted", async () => {
  await using server = await ScriptedServer.open();
  const { agent } = makeAgent(server, { awayAudioMs: 1 });
  const connecting = agent.connect();
  for (let value = 1; value <= 4; value++) agent.sendAudio(new Int16Array(12).fill(value));
  await connecting;
  await server.until("input.audio", 2);
  expect(server.of("input.audio").map(({ audio }) => audio)).toEqual([3, 4].map((value) => base64(new Int16Array(12).fill(value))));
  expect(agent.droppedAudioMs).toBe(1);
  await agent.end();
});

test("a session that is gone is lost, with its reason; with restart another takes its place, with the settings as they are now", async () => {
  await using server = await ScriptedServer.open();
  const lost = makeAgent(server);
  await lost.agent.connect();
  const why = lost.next("lost");
  server.forget();
  server.cut();
  expect((await why).error).toMatchObject({ code: "session_not_found", remedy: expect.stringContaining("Connect anew") });
  expect(() => lost.agent.create()).toThrow(expect.objectContaining({ code: "not-connected" }));
  await lost.reading;

  const { agent, next } = makeAgent(server, { restart: true, session: { system_prompt: "one", output: { voice: "ivy" } } });
  await agent.connect();
  await agent.update({ system_prompt: "two" });
  const restarted = next("restarted");
  server.forget();
  server.cut();
  expect(await restarted).toMatchObject({ previousId: "sess_2", sessionId: "sess_3" });
  expect(server.received.at(-1)).toEqual({ type: "session.update", session: { system_prompt: "two", output: { voice: "ivy" } } });
  await agent.end();
});

test.each([
  [undefined, true],
  [false, false],
])("a session that is begun anew greets again, unless it is not to (greetAgain: %s)", async (greetAgain, greets) => {
  await using server = await ScriptedServer.open();
  const options = { restart: true, ...(greetAgain !== undefined && { greetAgain }) };
  const { agent, next } = makeAgent(server, { ...options, session: { system_prompt: "one", greeting: "Hello." } });
  await agent.connect();
  expect(server.received[0]).toMatchObject({ session: { greeting: "Hello." } });
  // It may have to be begun anew more than once.
  for (let time = 1; time <= 2; time += 1) {
    const restarted = next("restarted");
    server.forget();
    server.cut();
    await restarted;
    const session = { system_prompt: "one", ...(greets && { greeting: "Hello." }) };
    expect(server.received.at(-1)).toEqual({ type: "session.update", session });
  }
  await agent.end();
});

test("the server's refusals reach who asked: of an update, of a credential, of a session that it closes", async () => {
  await using server = await ScriptedServer.open();
  const { agent, events, next, reading } = makeAgent(server);
  await agent.connect();
  await expect(agent.update({ greeting: "Again." })).rejects.toMatchObject({ code: "immutable_field" });
  expect(await agent.update({ system_prompt: "Fine." })).toMatchObject({ system_prompt: "Fine." });
  const lost = next("lost");
  server.close(1008);
  expect((await lost).error.message).toContain("1008");
  await reading;
  expect(events.filter(({ type }) => type === "session.error")).toHaveLength(1);

  const wrong = makeAgent(server, { apiKey: "another" });
  await expect(wrong.agent.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", remedy: expect.stringContaining("key") });
  expect(server.requests).toHaveLength(2);
});

test("a server that gives no sign of life is left, and the session resumed; its answers to that question are no news", async () => {
  await using server = await ScriptedServer.open();
  const { agent, events, next, reading } = makeAgent(server, { heartbeat: { quietMs: 5, timeoutMs: 50 } });
  await agent.connect();
  await server.until("session.update", 3);
  const resumed = next("resumed");
  server.deaf = true;
  const reconnecting = await next("reconnecting");
  server.deaf = false;
  await resumed;
  expect(reconnecting.error.message).toContain("sign of life");
  await agent.end();
  await reading;
  expect(events.filter(({ type }) => type === "session.updated")).toHaveLength(1);
});

test("nothing of an interrupted reply is heard afterwards", async () => {
  await using server = await ScriptedServer.open();
  const { agent, events, next, reading } = makeAgent(server);
  await agent.connect();
  const second = next("transcript.user");
  server.say({ type: "reply.started", reply_id: "r1", item_id: "m1" });
  server.say({ type: "reply.audio", reply_id: "r1", data: base64(Int16Array.of(1)) });
  server.say({ type: "input.speech.started" });
  server.say({ type: "reply.done", reply_id: "r1", status: "interrupted" });
  server.say({ type: "reply.audio", reply_id: "r1", data: base64(Int16Array.of(2)) });
  server.say({ type: "transcript.user", item_id: "m2", text: "Stop." });
  await second;
  await agent.end();
  await reading;
  expect(events.filter(({ type }) => type === "reply.audio")).toHaveLength(1);
});

test("telephone audio arrives as samples", async () => {
  await using server = await ScriptedServer.open();
  const { agent, next } = makeAgent(server, { session: { output: { format: { encoding: "audio/pcmu" } } } });
  await agent.connect();
  const audio = next("reply.audio");
  server.say({ type: "reply.audio", reply_id: "r1", data: Buffer.from([0xff, 0x00, 0x80]).toString("base64") });
  expect(await audio).toMatchObject({ pcm: Int16Array.of(0, -32_124, 32_124), sampleRate: 8_000 });
  await agent.end();
});

test("create, cancel and message go out as they are documented", async () => {
  await using server = await ScriptedServer.open();
  const { agent } = makeAgent(server);
  await agent.connect();
  agent.message("user", "My number is 4417.");
  agent.create("Read it back.");
  agent.cancel("r1");
  agent.toolResult("c1", { ok: true });
  await server.until("tool.result");
  expect(server.received.slice(1)).toEqual([
    { type: "conversation.message", role: "user", content: "My number is 4417." },
    { type: "reply.create", instructions: "Read it back." },
    { type: "reply.cancel", reply_id: "r1" },
    { type: "tool.result", call_id: "c1", result: '{"ok":true}', is_error: false },
  ]);
  await agent.end();
});

test("a page with an API key is refused before anything is sent", async () => {
  await using server = await ScriptedServer.open();
  const globals = globalThis as unknown as Record<string, unknown>;
  globals["window"] = globals["document"] = {};
  try {
    await expect(makeAgent(server).agent.connect()).rejects.toMatchObject({ code: "api-key-in-browser" });
  } finally {
    delete globals["window"];
    delete globals["document"];
  }
  expect(server.requests).toEqual([]);
});

test("a token that cannot be got is told with its cause", async () => {
  await using server = await ScriptedServer.open();
  const getToken = () => Promise.reject(new Error("503"));
  const { agent } = makeAgent(server, { apiKey: undefined, getToken } as unknown as Partial<VoiceAgentOptions>);
  await expect(agent.connect()).rejects.toMatchObject({ code: "token-failed", message: expect.stringContaining("503") });
  await expect(agent.connect()).rejects.toBeInstanceOf(VoiceAgentError);
});

const weather = {
  name: "get_weather",
  description: "The weather in a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
} as const;

test("a tool runs once, over resumes and repeated calls; its result arrives", async () => {
  await using server = await ScriptedServer.open();
  let runs = 0;
  const finish = Promise.withResolvers<string>();
  const { agent, next, events, reading } = makeAgent(server, {
    tools: [
      tool({
        ...weather,
        run: async ({ city }) => {
          runs++;
          return { city, sky: await finish.promise };
        },
      }),
    ],
  });
  await agent.connect();
  expect(server.received[0]).toMatchObject({ session: { tools: [{ type: "function", ...weather }] } });
  const call = { type: "tool.call", call_id: "c1", name: "get_weather", arguments: { city: "Oslo" } };
  const called = next("tool.call");
  server.say({ type: "reply.started", reply_id: "r1", item_id: "m1" });
  server.say(call);
  await called;
  // The result is there while the socket is not.
  const reconnecting = next("reconnecting");
  server.reachable = false;
  server.cut();
  await reconnecting;
  const result = next("tool.result");
  finish.resolve("grey");
  await result;
  const resumed = next("resumed");
  server.reachable = true;
  await resumed;
  server.say(call);
  expect(await server.until("tool.result")).toEqual([
    { type: "tool.result", call_id: "c1", result: '{"city":"Oslo","sky":"grey"}', is_error: false },
  ]);
  // The socket breaks again: the result may have been lost with it and is repeated; the server's complaint about that is no news.
  const again = next("resumed");
  server.cut();
  await again;
  await server.until("tool.result", 2);
  await agent.update({});
  await agent.end();
  await reading;
  expect(runs).toBe(1);
  expect(events.filter(({ type }) => type === "session.error" || type === "tool.call")).toHaveLength(1);
});

test("what a tool throws, arguments that do not fit, and a tool that nobody has are errors for the model", async () => {
  await using server = await ScriptedServer.open();
  const { agent } = makeAgent(server, {
    session: { tools: [{ type: "function", name: "mine" }] },
    tools: [
      tool({
        ...weather,
        run: () => {
          throw new Error("The service is closed.");
        },
      }),
    ],
  });
  await agent.connect();
  server.say({ type: "tool.call", call_id: "c1", name: "get_weather", arguments: { city: "Oslo" } });
  server.say({ type: "tool.call", call_id: "c2", name: "get_weather", arguments: {} });
  server.say({ type: "tool.call", call_id: "c3", name: "get_time", arguments: {} });
  server.say({ type: "tool.call", call_id: "c4", name: "mine", arguments: {} });
  const results = await server.until("tool.result", 3);
  expect(new Map(results.map(({ call_id, result, is_error }) => [call_id, [result, is_error]]))).toEqual(
    new Map([
      ["c1", ["The service is closed.", true]],
      ["c2", ["arguments.city is missing", true]],
      ["c3", ["There is no tool named get_time.", true]],
    ]),
  );
  await agent.end();
});

test("a tool that the app answers itself is told once, and its result arrives over a lost socket, too", async () => {
  await using server = await ScriptedServer.open();
  const { agent, next } = makeAgent(server, { session: { tools: [{ type: "function", name: "mine" }] } });
  await agent.connect();
  const calls: string[] = [];
  agent.on("tool.call", ({ call_id }) => calls.push(call_id));
  const called = next("tool.call");
  server.say({ type: "tool.call", call_id: "c1", name: "mine", arguments: {} });
  await called;
  const reconnecting = next("reconnecting");
  const resumed = next("resumed");
  server.reachable = false;
  server.cut();
  await reconnecting;
  const told = next("tool.result");
  agent.toolResult("c1", "done");
  expect(await told).toMatchObject({ name: "mine", result: "done" });
  server.reachable = true;
  await resumed;
  server.say({ type: "tool.call", call_id: "c1", name: "mine", arguments: {} });
  expect(await server.until("tool.result")).toMatchObject([{ call_id: "c1", result: "done", is_error: false }]);
  await agent.update({});
  expect(calls).toEqual(["c1"]);
  await agent.end();
});

test.each([
  [false, 1],
  [true, 0],
])("the result of an interrupted reply's call is sent, unless it is to be dropped (%s)", async (dropInterruptedResults, sent) => {
  await using server = await ScriptedServer.open();
  const finish = Promise.withResolvers<string>();
  const { agent, next } = makeAgent(server, { dropInterruptedResults, tools: [tool({ ...weather, run: () => finish.promise })] });
  await agent.connect();
  const done = next("reply.done");
  server.say({ type: "reply.started", reply_id: "r1", item_id: "m1" });
  server.say({ type: "tool.call", call_id: "c1", name: "get_weather", arguments: { city: "Oslo" } });
  server.say({ type: "reply.done", reply_id: "r1", status: "interrupted" });
  await done;
  finish.resolve("grey");
  await new Promise<void>((resolve) => setImmediate(resolve));
  await agent.update({});
  expect(server.of("tool.result")).toHaveLength(sent);
  await agent.end();
});
