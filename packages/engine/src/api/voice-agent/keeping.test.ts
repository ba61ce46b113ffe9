import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../session/virtual-clock.ts";
import type { Database } from "../../store/database.ts";
import { makePostgres, testDatabases, testServers } from "../../store/test-databases.ts";
import { type Engine, type EngineOptions, openEngine, sharedProject, useDatabase } from "./keeping-stage.ts";
import { orderFaults } from "./ordering.ts";
import { stageProject, type StageClient } from "./voice-stage.ts";

const long = "one two three four five six seven eight nine ten";
const mine = { project: sharedProject };
const poll = { timeout: 10_000, interval: 5 };

describe.each(testDatabases)("$name", ({ make }) => {
  let database: Database;
  useDatabase(make, (opened) => (database = opened));

  let count = 0;
  const engine = async (clock: VirtualClock, options: Partial<EngineOptions> = {}): Promise<Engine> =>
    await openEngine({ database, clock, engineId: `engine${++count}`, name: `e${count}x`, ...options });

  /** Resumes, and waits for an answer. */
  const resume = async ({ stage }: Engine, id: string | undefined, client: object = mine): Promise<StageClient> => {
    const connected = stage.connect(client);
    connected.send({ type: "session.resume", session_id: id });
    await expect.poll(() => connected.only("session.ready", "session.error").length, poll).toBeGreaterThan(0);
    connected.talk();
    return connected;
  };
  const kept = async (id: string | undefined) =>
    await database.query("select state from kept_voice_sessions where session_id = $1", [id ?? ""]);

  test("after a crash the reply goes on under its id with the words that were not delivered, at another engine or the same one", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long] });
    const client = await first.stage.begin({ greeting: "Hi", system_prompt: "Count." }, mine);
    await clock.moveTo(3500);
    await first.kill();
    const [, reply] = client.only("reply.started");
    expect(client.only("reply.done")).toHaveLength(1);
    await clock.moveTo(8000);
    await using second = await engine(clock, { agent: ["again"] });
    const back = await resume(second, client.sessionId);
    await clock.moveTo(13_000);
    const [ready] = client.only("session.ready");
    expect(back.told[0]).toMatchObject({ type: "session.ready", session_id: client.sessionId, expires_at: ready?.expires_at });
    expect(back.only("session.ready")[0]?.config).toEqual(ready?.config);
    expect(back.only("session.ready")[0]?.resume_token).toBe(ready?.resume_token);
    expect(back.only("reply.started")).toEqual([]);
    expect(new Set(back.only("reply.audio").map(({ reply_id }) => reply_id))).toEqual(new Set([reply?.reply_id]));
    expect(back.only("transcript.agent")).toMatchObject([{ text: long, interrupted: false, reply_id: reply?.reply_id }]);
    expect(back.only("reply.done")).toMatchObject([{ reply_id: reply?.reply_id, status: "completed" }]);
    // Half a second may be told and said twice.
    const [before, after] = [client, back].map((one) => one.only("transcript.agent.delta").map(({ delta }) => delta));
    expect(long.startsWith(before?.slice(1).join(" ") ?? "")).toBe(true);
    expect(long.endsWith(after?.join(" ") ?? "")).toBe(true);
    expect((before?.length ?? 0) - 1 + (after?.length ?? 0) - 10).toBeOneOf([0, 1, 2]);
    const frames = [...client.only("reply.audio"), ...back.only("reply.audio")].filter(({ reply_id }) => reply_id === reply?.reply_id);
    expect(frames.length).toBeGreaterThanOrEqual(100);
    expect(frames.length).toBeLessThanOrEqual(100 + 25 + 10);
    expect(orderFaults([...client.told, ...back.told])).toEqual([]);
    // The language model is asked for nothing; what was said is known.
    expect(second.stage.asked).toEqual([]);
    back.send({ type: "reply.create" });
    await clock.moveTo(14_000);
    expect(second.stage.asked[0]?.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "system: Count.",
      "assistant: Hi",
      "user: count to ten",
      `assistant: ${long}`,
    ]);
    back.send({ type: "session.end" });
    await second.stage.sessions.idle(AbortSignal.timeout(10_000));
    await second.store.settled();
    expect(await kept(client.sessionId)).toEqual([]);
    const record = await second.records.find(sharedProject.appId, client.sessionId ?? "");
    expect(record).toMatchObject({ closeReason: "client_end", durationMs: 14_000 });
    const timeline = await second.records.timeline(sharedProject.appId, client.sessionId ?? "");
    expect(timeline).toMatchObject({
      turns: [
        { turn_id: 1, trigger: "greeting", agent_text: "Hi", status: "completed" },
        { turn_id: 2, trigger: "user_speech", user_transcript: "count to ten", agent_text: long, status: "completed" },
        { turn_id: 3, trigger: "reply_create", agent_text: "again" },
      ],
    });
    expect([...first.changes, ...second.changes]).toEqual([`started ${client.sessionId}`, `completed ${client.sessionId}`]);
    expect([...first.problems, ...second.problems]).toEqual([]);
  });

  test("a call that is open can be answered after a crash, and what was not told follows", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, {
      user: [{ at: 1000, ms: 800, text: "what is the weather" }],
      agent: [[{ type: "tool-call", id: "call_1", name: "get_weather", arguments: { city: "Oslo" } }]],
      llmMs: 300,
    });
    const client = await first.stage.begin({ tools: [{ name: "get_weather" }] }, mine);
    await clock.moveTo(1900);
    client.drop();
    await clock.moveTo(6000);
    await first.kill();
    await using second = await engine(clock, { agent: ["sunny"] });
    const back = await resume(second, client.sessionId);
    await clock.moveTo(7000);
    expect(back.story).toEqual([
      "session.ready",
      "input.speech.stopped",
      "transcript.user what is the weather",
      "reply.started",
      "tool.call",
      "reply.done completed",
    ]);
    back.send({ type: "tool.result", call_id: "call_1", result: "sun" });
    back.send({ type: "tool.result", call_id: "call_1", result: "sun" });
    await clock.moveTo(9000);
    expect(back.only("session.error")).toMatchObject([{ code: "invalid_value", param: "call_id" }]);
    expect(back.only("transcript.agent").map(({ text }) => text)).toEqual(["sunny"]);
    expect(second.stage.asked[0]?.slice(-2)).toMatchObject([{ toolCalls: [{ id: "call_1" }] }, { role: "tool", content: "sun" }]);
    expect(orderFaults([...client.told, ...back.told])).toEqual([]);
  });

  test("a turn that nobody heard the end of is answered with what was understood of it", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { user: [{ at: 1000, ms: 3000, text: "tell me a story about tea" }] });
    const client = await first.stage.begin({}, mine);
    await clock.moveTo(2500);
    await first.kill();
    await using second = await engine(clock, { agent: ["once"] });
    const back = await resume(second, client.sessionId);
    await clock.moveTo(5000);
    expect(back.story).toEqual([
      "session.ready",
      "input.speech.stopped",
      "transcript.user tell me",
      "reply.started",
      "reply.audio",
      "transcript.agent once",
      "reply.done completed",
    ]);
    expect(orderFaults([...client.told, ...back.told])).toEqual([]);
  });

  test("errors are those of one process: foreign, unknown, wrong resume_token, its own time over", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { rules: { maxSessionSeconds: 60 } });
    const client = await first.stage.begin({}, mine);
    const ended = await first.stage.begin({}, mine);
    const expiredHere = await first.stage.begin({}, { ...mine, maxSessionSeconds: 5 });
    await clock.moveTo(6000);
    ended.send({ type: "session.end" });
    await first.kill();
    await using second = await engine(clock);
    const code = async (id: string | undefined, as: object = mine) => (await resume(second, id, as)).only("session.error")[0]?.code;
    expect(await code(client.sessionId, { project: { ...stageProject, appId: "b".repeat(32) } })).toBe("session_forbidden");
    expect(await code("sess_nobody")).toBe("session_not_found");
    expect(await code(expiredHere.sessionId)).toBe("session_expired");
    const wrong = second.stage.connect(mine);
    wrong.send({ type: "session.resume", session_id: client.sessionId, resume_token: "x" });
    await expect.poll(() => wrong.only("session.error")[0]?.param, poll).toBe("resume_token");
    const spent = await resume(second, client.sessionId, { ...mine, spend: () => false });
    expect(spent.only("session.error")[0]?.code).toBe("UNAUTHORIZED");
    // Whoever failed has taken nothing from who comes rightly.
    expect((await resume(second, client.sessionId)).sessionId).toBe(client.sessionId);
    await clock.moveTo(59_000);
    await second.kill();
    await clock.moveTo(61_000);
    await using third = await engine(clock);
    expect((await resume(third, client.sessionId)).only("session.error")[0]?.code).toBe("session_expired");
  });

  test("an engine that is started again finds its sessions, whose clients have their whole grace from then on", async () => {
    const clock = new VirtualClock();
    await database.query("delete from kept_voice_sessions");
    await using first = await engine(clock, { engineId: "again" });
    const [one, two] = [await first.stage.begin({}, mine), await first.stage.begin({}, mine)];
    await first.kill();
    await database.query("update kept_voice_sessions set seen_at = now() - interval '10 minutes'");
    const loaded = Promise.withResolvers<void>();
    await using second = await engine(clock, { engineId: "again", ready: loaded.promise });
    const waiting = second.stage.connect(mine);
    waiting.send({ type: "session.resume", session_id: one.sessionId });
    await expect
      .poll(async () => await database.query("select 1 from kept_voice_sessions where adopted_at is not null"), poll)
      .toHaveLength(2);
    expect(waiting.told).toEqual([]);
    loaded.resolve();
    await expect.poll(() => waiting.sessionId, poll).toBe(one.sessionId);
    // Nobody comes for the other.
    await database.query("update kept_voice_sessions set adopted_at = now() - interval '36 seconds' where session_id = $1", [
      two.sessionId ?? "",
    ]);
    const later = async () => {
      await clock.moveTo(clock.now() + 5000);
      return [...second.changes];
    };
    await expect.poll(later, poll).toEqual([`completed ${two.sessionId}`]);
    await second.store.settled();
    expect(await second.records.find(sharedProject.appId, two.sessionId ?? "")).toMatchObject({ closeReason: "error" });
    expect(await second.records.timeline(sharedProject.appId, two.sessionId ?? "")).toMatchObject({
      ended: { public_reason: "error", reason: "Its engine stopped, and its client did not come back in time" },
    });
    expect((await resume(second, two.sessionId)).only("session.error")[0]?.code).toBe("session_not_found");
    expect(await second.records.find(sharedProject.appId, one.sessionId ?? "")).toMatchObject({ closeReason: null });
  });

  test("an engine that shuts down leaves its sessions to the others, and an engine by itself ends them", async () => {
    const clock = new VirtualClock();
    const first = await engine(clock, { agent: [long] });
    const client = await first.stage.begin({ greeting: long }, mine);
    await clock.moveTo(1000);
    await first[Symbol.asyncDispose]();
    expect(client.socket.closed).toEqual({ code: 1001, reason: "server_shutdown" });
    expect(client.only("session.ended", "session.error")).toEqual([]);
    await using second = await engine(clock);
    const back = await resume(second, client.sessionId);
    await clock.moveTo(clock.now() + 4000);
    expect(back.only("transcript.agent")).toMatchObject([{ text: long, interrupted: false }]);
    expect([...first.changes, ...second.changes]).toEqual([`started ${client.sessionId}`]);

    const alone = await engine(clock, { shared: false });
    const ended = await alone.stage.begin({}, mine);
    await alone[Symbol.asyncDispose]();
    expect(ended.told.at(-1)?.type).toBe("session.ended");
    expect(alone.changes).toEqual([`started ${ended.sessionId}`, `completed ${ended.sessionId}`]);
  });

  test("an engine that knows the project by another certificate finds nothing, and leaves the session to those who can read it", async () => {
    const clock = new VirtualClock();
    await database.query("delete from kept_voice_sessions");
    await using first = await engine(clock);
    const client = await first.stage.begin({}, mine);
    await first.kill();
    const other = { ...sharedProject, certificate: "0123456789abcdef0123456789abcdef" };
    let looks = 0;
    const query: Database["query"] = async (sql, parameters) => {
      const rows = await database.query(sql, parameters);
      if (sql.includes("greatest(seen_at, adopted_at) <=")) looks += 1;
      return rows;
    };
    await using second = await engine(clock, { project: other, database: { ...withoutNotices(database), query } });
    const stranger = await resume(second, client.sessionId, { project: other });
    expect(stranger.only("session.error")[0]?.code).toBe("session_not_found");
    // Again and again: what the first one had asked for may still be written.
    const unseen = "update kept_voice_sessions set seen_at = now() - interval '10 minutes', adopted_at = null";
    // Until it would end what it can read.
    const attended = async () => {
      await database.query(unseen);
      await clock.moveTo(clock.now() + 5000);
      return looks;
    };
    await expect.poll(attended, poll).toBeGreaterThan(8);
    expect(await kept(client.sessionId)).toHaveLength(1);
    await using third = await engine(clock);
    const later = async () => {
      await database.query(unseen);
      await clock.moveTo(clock.now() + 5000);
      return [...third.changes];
    };
    await expect.poll(later, poll).toEqual([`completed ${client.sessionId}`]);
    expect(second.changes).toEqual([]);
  });

  test("where words are not kept, none are in the database, and the session goes on without them", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long], keepTranscripts: false });
    const client = await first.stage.begin({ system_prompt: "Count." }, mine);
    await clock.moveTo(3500);
    await first.kill();
    await using second = await engine(clock, { agent: ["again"], keepTranscripts: false });
    const claimed = await second.keeping.claim(client.sessionId ?? "", undefined, sharedProject, () => undefined);
    expect(JSON.stringify(claimed.ok ? claimed.kept : claimed)).not.toMatch(/count to|one two/);
    const back = await resume(second, client.sessionId);
    await clock.moveTo(clock.now() + 100);
    expect(back.story).toEqual(["session.ready", "reply.done interrupted"]);
    back.send({ type: "reply.create" });
    await clock.moveTo(clock.now() + 1000);
    expect(second.stage.asked).toEqual([[{ role: "system", content: "Count." }]]);
  });

  test("nothing of it can be read in the database", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long] });
    const client = await first.stage.begin({ system_prompt: "a secret prompt" }, mine);
    await clock.moveTo(3500);
    await first.store.settled();
    const rows = await database.query(
      "select s.state, p.sealed from kept_voice_sessions s join kept_voice_parts p on p.session_id = s.session_id where s.session_id = $1",
      [client.sessionId ?? ""],
    );
    expect(rows.length).toBeGreaterThan(2);
    const text = rows.flatMap((row) =>
      [row["state"], row["sealed"]].map((sealed) => Buffer.from(String(sealed), "base64").toString("latin1")),
    );
    expect(text.join("\n")).not.toMatch(/secret|count|resumeToken/);
  });
});

describe.each(testServers)("engines that live, on PostgreSQL", (server) => {
  let database: Database;
  useDatabase(
    async () => await makePostgres(server),
    (opened) => (database = opened),
  );

  let count = 0;
  const engine = async (clock: VirtualClock, options: Partial<EngineOptions> = {}): Promise<Engine> =>
    await openEngine({ database, clock, engineId: `engine${++count}`, name: `e${count}x`, ...options });
  const resume = ({ stage }: Engine, id: string | undefined): StageClient => {
    const connected = stage.connect(mine);
    connected.send({ type: "session.resume", session_id: id });
    return connected;
  };
  const ready = async (client: StageClient): Promise<void> => {
    await expect.poll(() => client.only("session.ready").length, poll).toBe(1);
  };

  test.each([
    ["is lost there", true],
    ["still looks alive there", false],
  ])("the newest socket wins at another engine while the old one %s, and there is one session", async (_name, lost) => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { user: [{ at: 1000, ms: 800, text: "count to ten" }], agent: [long] });
    await using second = await engine(clock);
    const client = await first.stage.begin({ greeting: "Hi" }, mine);
    await clock.moveTo(3500);
    if (lost) client.drop();
    await first.store.settled();
    const back = resume(second, client.sessionId);
    await ready(back);
    await expect.poll(() => first.stage.sessions.size, poll).toBe(0);
    await clock.moveTo(8000);
    expect(back.only("transcript.agent")).toMatchObject([{ text: long, interrupted: false }]);
    expect(back.only("reply.done")).toMatchObject([{ status: "completed" }]);
    expect(back.only("reply.started")).toEqual([]);
    if (!lost) {
      expect(client.told.at(-1)).toMatchObject({ type: "session.error", code: "session_taken_over", session_id: client.sessionId });
      expect(client.socket.closed).toEqual({ code: 1008, reason: "session_taken_over" });
    }
    // And back again: the newest wins, wherever it is.
    const again = resume(first, client.sessionId);
    await ready(again);
    await expect.poll(() => back.socket.closed, poll).toEqual({ code: 1008, reason: "session_taken_over" });
    again.send({ type: "session.end" });
    await first.stage.sessions.idle(AbortSignal.timeout(10_000));
    await Promise.all([first.store.settled(), second.store.settled()]);
    expect([...first.changes, ...second.changes]).toEqual([`started ${client.sessionId}`, `completed ${client.sessionId}`]);
    expect(await second.records.find(sharedProject.appId, client.sessionId ?? "")).toMatchObject({ closeReason: "client_end" });
    expect([...first.problems, ...second.problems]).toEqual([]);
  });

  test("an engine that is full leaves a session where it lives", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock);
    await using second = await engine(clock, { full: "no room" });
    const client = await first.stage.begin({ greeting: "Hi" }, mine);
    await first.store.settled();
    const back = resume(second, client.sessionId);
    await expect.poll(() => back.only("session.error"), poll).toMatchObject([{ code: "at_capacity", message: "no room" }]);
    await clock.moveTo(3000);
    expect([first.stage.sessions.size, client.socket.closed]).toEqual([1, undefined]);
    expect(client.only("reply.done")).toMatchObject([{ status: "completed" }]);
    const kept = await database.query("select claim from kept_voice_sessions where session_id = $1", [client.sessionId ?? ""]);
    expect(kept).toEqual([{ claim: 1 }]);
  });

  test("an engine that has not yet heard that its session is elsewhere cannot end it in the record", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { database: withoutNotices(database) });
    await using second = await engine(clock);
    const client = await first.stage.begin({}, mine);
    await first.store.settled();
    await ready(resume(second, client.sessionId));
    await second.store.settled();
    client.send({ type: "session.end" });
    await first.stage.sessions.idle(AbortSignal.timeout(10_000));
    await first.store.settled();
    const record = await second.records.find(sharedProject.appId, client.sessionId ?? "");
    expect(record).toMatchObject({ closeReason: null, endedAt: null });
    expect(second.stage.sessions.size).toBe(1);
  });

  test("of two engines that are asked at the same moment one has the session in the end, and the other's socket is told so", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock);
    await using second = await engine(clock);
    await using third = await engine(clock);
    const client = await first.stage.begin({}, mine);
    await first.kill();
    const sockets = [second, third, second, third].map((one) => resume(one, client.sessionId));
    const open = () => sockets.filter(({ socket }) => socket.readyState === socket.OPEN);
    await expect.poll(() => sockets.every(({ told }) => told.length > 0), poll).toBe(true);
    await expect.poll(() => open().length, poll).toBe(1);
    expect(open()[0]?.only("session.ready")).toHaveLength(1);
    expect(second.stage.sessions.size + third.stage.sessions.size).toBe(1);
    for (const one of sockets) if (!open().includes(one)) expect(one.only("session.error")).toMatchObject([{ code: "session_taken_over" }]);
  });

  test("an engine that hears nothing of it learns within five seconds that its session is elsewhere, and what it writes does not count", async () => {
    const clock = new VirtualClock();
    await using first = await engine(clock, { database: withoutNotices(database) });
    await using second = await engine(clock);
    const client = await first.stage.begin({}, mine);
    await clock.moveTo(1000);
    await first.store.settled();
    const back = resume(second, client.sessionId);
    await ready(back);
    await second.store.settled();
    const state = async () =>
      await database.query("select state, claim from kept_voice_sessions where session_id = $1", [client.sessionId ?? ""]);
    const [before] = await state();
    expect(before).toMatchObject({ claim: 2 });
    client.send({ type: "conversation.message", role: "user", content: "Is anybody there?" });
    await clock.moveTo(clock.now() + 1);
    await first.store.settled();
    expect(first.stage.sessions.size).toBe(1);
    expect(await state()).toEqual([before]);
    const later = async () => {
      await clock.moveTo(clock.now() + 5000);
      return first.stage.sessions.size;
    };
    await expect.poll(later, poll).toBe(0);
    expect(client.socket.closed).toEqual({ code: 1008, reason: "session_taken_over" });
    expect(second.stage.sessions.size).toBe(1);
  });
});

/** Nothing is heard of what others announce. */
function withoutNotices(database: Database): Database {
  return {
    query: async (sql, parameters) => await database.query(sql, parameters),
    transaction: async (work) => await database.transaction(work),
    async [Symbol.asyncDispose]() {},
  };
}
