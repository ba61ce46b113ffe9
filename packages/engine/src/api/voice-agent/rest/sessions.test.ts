import { describe, expect, test } from "vitest";
import type { Project } from "../../../projects/project.ts";
import type { Database } from "../../../store/database.ts";
import { sharedDatabase, testDatabases } from "../../../store/test-databases.ts";
import { toEcho } from "../echo.ts";
import type { SessionTimeline, VoiceSessionRecord } from "../session-log.ts";
import { makeProject, openRest, startOfTime } from "./rest-stage.ts";
import { timelineArtifact } from "./timeline-artifact.ts";

let count = 0;

function opened(project: Project, change: Partial<VoiceSessionRecord> = {}): VoiceSessionRecord {
  count += 1;
  const id = `sess_${count.toString(16).padStart(32, "0")}`;
  return {
    id,
    project: project.appId,
    agentId: null,
    status: "created",
    closeReason: null,
    createdAt: startOfTime + count,
    endedAt: null,
    durationMs: null,
    audioMs: null,
    config: toEcho(id, { system_prompt: "Be brief.", output: { voice: "ivy" } }),
    ...change,
  };
}

function ended(record: VoiceSessionRecord): VoiceSessionRecord {
  return {
    ...record,
    status: "completed",
    closeReason: "client_end",
    endedAt: record.createdAt + 42_600,
    durationMs: 42_600,
    audioMs: 41_000,
  };
}

function timelineOf({ id, createdAt }: VoiceSessionRecord): SessionTimeline {
  return {
    session_id: id,
    started_at_unix_ms: createdAt,
    turns: [
      {
        turn_id: 1,
        item_id: "msg_1",
        status: "completed",
        trigger: "user_speech",
        requested_instructions: "answer in rhyme",
        user_transcript: "my pin is 4417",
        user_speech_started_at_ms: 1000,
        user_speech_ended_at_ms: 2000,
        user_confidence: null,
        agent_text: "thank you\0",
        agent_reply_started_at_ms: 2500,
        agent_reply_ended_at_ms: 3000,
        interrupted_at_ms: null,
        time_to_first_audio_ms: 500,
        tool_calls: [
          {
            call_id: "call_1",
            name: "check",
            arguments: { pin: "4417" },
            result: "4417 is right",
            dispatched_at_ms: 2100,
            result_received_at_ms: 2200,
            duration_ms: 100,
            is_error: false,
            timed_out: false,
          },
        ],
      },
    ],
    config_changes: [],
    ended: { reason: "client_end", public_reason: "client_end", duration_seconds: 42.6 },
  };
}

describe.each(testDatabases)("$name", ({ make }) => {
  const database = sharedDatabase(make);

  test("a session is told while it is open, and with its artifacts when it is over, after a restart, too", async () => {
    const project = makeProject();
    const record = opened(project, { agentId: "agent_1" });
    {
      await using rest = await openRest({ database, projects: [project] });
      rest.office.sessions.opened(record);
      const summary = {
        id: record.id,
        agent_id: "agent_1",
        status: "created",
        public_close_reason: null,
        duration_seconds: null,
        created_at: new Date(record.createdAt).toISOString(),
        ended_at: null,
      };
      expect((await rest.call("GET", "/v1/sessions")).body).toEqual({
        sessions: [summary],
        has_more: false,
        response_metadata: { next_cursor: null },
      });
      expect((await rest.call("GET", `/v1/sessions/${record.id}`)).body).toEqual({ ...summary, config: record.config, artifacts: [] });
      const changed = { ...record, config: { ...record.config, system_prompt: "Be long." } };
      rest.office.sessions.changed(changed);
      expect((await rest.call("GET", `/v1/sessions/${record.id}`)).body["config"]).toMatchObject({ system_prompt: "Be long." });
      rest.office.sessions.ended(ended(changed), timelineOf(record));
    }
    await using rest = await openRest({ database, projects: [project] });
    const { body } = await rest.call("GET", `/v1/sessions/${record.id}`, undefined, {
      host: "voice.example",
      "x-forwarded-proto": "https",
    });
    expect(body).toMatchObject({
      status: "completed",
      public_close_reason: "client_end",
      duration_seconds: 42.6,
      ended_at: new Date(record.createdAt + 42_600).toISOString(),
      artifacts: [
        { type: "timeline", content_type: "application/json" },
        { type: "metadata", content_type: "application/json" },
      ],
    });
    const [timeline, metadata] = (body["artifacts"] as { url: string }[]).map(({ url }) => new URL(url));
    expect(timeline?.origin).toBe("https://voice.example");
    const get = async (url: URL | undefined) => await rest.call("GET", `${url?.pathname}${url?.search}`, undefined, { authorization: "" });
    const expected = timelineArtifact(timelineOf(record));
    const [turn] = expected["turns"] as object[];
    expect(turn).toMatchObject({ turn_id: "turn_1", agent_reply_started_at_ms: record.createdAt + 2500 });
    expect(await get(timeline)).toMatchObject({
      status: 200,
      body: { ...expected, turns: [{ ...turn, agent_text: "thank you" }] },
    });
    expect(await get(metadata)).toMatchObject({
      status: 200,
      body: {
        session_id: record.id,
        started_at: new Date(record.createdAt).toISOString(),
        format: null,
        uploaded_chunks: 0,
        duration_seconds: 42.6,
        audio_duration_seconds: 41,
      },
    });
  });

  test("an artifact's address is good for ten minutes, for itself alone, and as long as its API key", async () => {
    const project = makeProject({ apiKeys: ["one key", "another key"] });
    const [record, other] = [opened(project), opened(project)];
    await using rest = await openRest({ database, projects: [project] });
    for (const each of [record, other]) {
      rest.office.sessions.opened(each);
      rest.office.sessions.ended(ended(each), timelineOf(each));
    }
    const { body } = await rest.call("GET", `/v1/sessions/${record.id}`);
    const [{ url }] = body["artifacts"] as [{ url: string }];
    const { pathname, search, searchParams } = new URL(url);
    const get = async (path: string, from = rest) => {
      const { status, body: answer } = await from.call("GET", path, undefined, { authorization: "" });
      return [status, answer["code"]];
    };
    expect(await get(`${pathname}${search}`)).toEqual([200, undefined]);
    const expired = [403, "link_expired"];
    expect(await get(`${pathname.replace(record.id, other.id)}${search}`)).toEqual(expired);
    expect(await get(`${pathname.replace("timeline", "metadata")}${search}`)).toEqual(expired);
    const longer = new URLSearchParams({ ...Object.fromEntries(searchParams), expires: "99999999999" });
    expect(await get(`${pathname}?${longer.toString()}`)).toEqual(expired);
    expect((await get(pathname))[0]).toBe(422);
    expect((await get(`${pathname.replace("timeline", "audio")}${search}`))[0]).toBe(422);
    await using without = await openRest({ database, projects: [{ ...project, apiKeys: ["another key"] }] });
    expect(await get(`${pathname}${search}`, without)).toEqual(expired);
    rest.time.move(599_000);
    expect((await get(`${pathname}${search}`))[0]).toBe(200);
    rest.time.move(1000);
    expect(await get(`${pathname}${search}`)).toEqual(expired);
  });

  test("sessions are found by status and agent, page by page, newest first", async () => {
    const project = makeProject();
    await using rest = await openRest({ database, projects: [project] });
    const all = Array.from({ length: 5 }, (_, index) => opened(project, { agentId: index % 2 === 0 ? "agent_even" : null }));
    for (const record of all) rest.office.sessions.opened(record);
    for (const record of all.slice(0, 3)) rest.office.sessions.ended(ended(record), timelineOf(record));
    const list = async (query: string) => {
      const { body } = await rest.call("GET", `/v1/sessions?${query}`);
      return {
        ids: (body["sessions"] as { id: string }[]).map(({ id }) => id),
        next: (body["response_metadata"] as { next_cursor: string }).next_cursor,
      };
    };
    const ids = all.map(({ id }) => id).toReversed();
    expect((await list("")).ids).toEqual(ids);
    expect((await list("status=created")).ids).toEqual(ids.slice(0, 2));
    expect((await list("status=completed&agent_id=agent_even")).ids).toEqual([ids[2], ids[4]]);
    const first = await list("limit=2");
    const second = await list(`limit=2&cursor=${first.next}`);
    const third = await list(`limit=2&cursor=${second.next}`);
    expect([first.ids, second.ids, third.ids, third.next]).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4), null]);
    for (const query of ["status=open", "limit=201", "cursor=x"])
      expect((await rest.call("GET", `/v1/sessions?${query}`)).status).toBe(422);
  });

  test("a session is deleted when it is over, with what was said in it", async () => {
    const project = makeProject();
    const record = opened(project);
    await using rest = await openRest({ database, projects: [project] });
    rest.office.sessions.opened(record);
    const early = await rest.call("DELETE", `/v1/sessions/${record.id}`);
    expect([early.status, early.body["code"]]).toEqual([409, "session_open"]);
    rest.office.sessions.ended(ended(record), timelineOf(record));
    expect((await rest.call("DELETE", `/v1/sessions/${record.id}`)).status).toBe(204);
    expect(await database.query("select * from voice_sessions where session_id = $1", [record.id])).toEqual([]);
    const gone = await rest.call("DELETE", `/v1/sessions/${record.id}`);
    expect([gone.status, gone.body["code"]]).toEqual([404, "session_not_found"]);
  });

  test("a project's sessions are nobody else's", async () => {
    const [ours, theirs] = [makeProject(), makeProject()];
    const record = opened(ours);
    await using rest = await openRest({ database, projects: [ours, theirs] });
    rest.office.sessions.opened(record);
    rest.office.sessions.ended(ended(record), timelineOf(record));
    const asThem = { authorization: theirs.apiKeys[0]! };
    expect((await rest.call("GET", "/v1/sessions", undefined, asThem)).body["sessions"]).toEqual([]);
    expect((await rest.call("GET", `/v1/sessions/${record.id}`, undefined, asThem)).status).toBe(404);
    expect((await rest.call("DELETE", `/v1/sessions/${record.id}`, undefined, asThem)).status).toBe(404);
    expect((await rest.call("GET", `/v1/sessions/${record.id}`)).status).toBe(200);
  });

  test("without keep_transcripts nothing of what was said is in the database, and everything of when", async () => {
    const project = makeProject();
    const record = opened(project);
    await using rest = await openRest({ database, projects: [project], keepTranscripts: false });
    rest.office.sessions.opened(record);
    rest.office.sessions.ended(ended(record), timelineOf(record));
    await rest.store.settled();
    const rows = JSON.stringify(await database.query("select * from voice_sessions where session_id = $1", [record.id]));
    for (const secret of ["4417", "thank you", "rhyme"]) expect(rows).not.toContain(secret);
    expect(rows).toContain('"time_to_first_audio_ms":500');
  });

  test("sessions are forgotten after retention_days; those that are open are not", async () => {
    const project = makeProject();
    const [old, long] = [opened(project), opened(project)];
    await using rest = await openRest({ database, projects: [project] });
    rest.office.sessions.opened(old);
    rest.office.sessions.opened(long);
    rest.office.sessions.ended(ended(old), timelineOf(old));
    rest.time.move(7 * 24 * 3600 * 1000 + 60_000);
    const fresh = opened(project, { createdAt: rest.time.now() });
    rest.office.sessions.opened(fresh);
    const { body } = await rest.call("GET", "/v1/sessions");
    expect((body["sessions"] as { id: string }[]).map(({ id }) => id)).toEqual([fresh.id, long.id]);
  });

  test("whoever reads of sessions writes nothing", async () => {
    const asked: string[] = [];
    const listening: Database = { ...database, query: async (sql, parameters) => (asked.push(sql), await database.query(sql, parameters)) };
    await using rest = await openRest({ database: listening, projects: [makeProject()] });
    asked.length = 0;
    await rest.call("GET", "/v1/sessions");
    await rest.call("GET", `/v1/sessions/sess_${"0".repeat(32)}`);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((sql) => !/^\s*select/i.test(sql))).toEqual([]);
  });

  test("a session whose engine was killed is over, for an unknown reason", async () => {
    const project = makeProject();
    const record = opened(project);
    const engineId = `engine of ${project.appId}`;
    {
      await using rest = await openRest({ database, projects: [project], engineId });
      rest.office.sessions.opened(record);
    }
    await using rest = await openRest({ database, projects: [project], engineId });
    const { body } = await rest.call("GET", `/v1/sessions/${record.id}`);
    expect(body).toMatchObject({
      status: "completed",
      public_close_reason: "error",
      duration_seconds: null,
      artifacts: [{ type: "metadata" }],
    });
  });
});
