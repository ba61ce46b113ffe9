import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Project } from "../../../projects/project.ts";
import { sharedDatabase, testDatabases } from "../../../store/test-databases.ts";
import { toEcho } from "../echo.ts";
import type { VoiceSessionRecord } from "../session-log.ts";
import { DeliveryTime } from "../../../webhooks/delivery-stage.ts";
import { makeProject, openRest, startOfTime } from "./rest-stage.ts";

const secret = "a secret of at least thirty-two characters";

/** A back end on loopback that keeps what it gets; statuses of its next answers, 0: none at all; then 204. */
async function openBackEnd(...answers: number[]) {
  const received: { signature: string; raw: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((raw) => {
      received.push({ signature: String(request.headers["x-aai-signature"]), raw });
      const status = answers.shift() ?? 204;
      if (status !== 0) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { received, url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/hook` };
}

let count = 0;

function session(project: Project, agentId: string | null = null): { open: VoiceSessionRecord; over: VoiceSessionRecord } {
  count += 1;
  const id = `sess_${count.toString(16).padStart(32, "f")}`;
  const open: VoiceSessionRecord = {
    id,
    project: project.appId,
    agentId,
    status: "created",
    closeReason: null,
    createdAt: startOfTime,
    endedAt: null,
    durationMs: null,
    audioMs: null,
    config: toEcho(id, {}),
  };
  return {
    open,
    over: { ...open, status: "completed", closeReason: "client_end", endedAt: startOfTime + 9000, durationMs: 9000, audioMs: 1 },
  };
}

const timeline = (id: string) => ({
  session_id: id,
  started_at_unix_ms: startOfTime,
  turns: [],
  config_changes: [],
  ended: { reason: "client_end", public_reason: "client_end" as const, duration_seconds: 9 },
});

describe.each(testDatabases)("$name", ({ make }) => {
  const database = sharedDatabase(make);

  test("secret_version tells how often the secret was set, whatever else changed", async () => {
    await using rest = await openRest({ database, projects: [makeProject()] });
    const made = await rest.call("POST", "/v1/webhook-subscriptions", {
      url: "https://x.example/hook",
      events: ["session.started"],
      secret,
    });
    const path = `/v1/webhook-subscriptions/${String(made.body["id"])}`;
    const changes = [{ enabled: false }, { secret: secret.toUpperCase() }, { enabled: true }, { secret }];
    const versions: unknown[] = [];
    for (const change of changes) versions.push((await rest.call("PATCH", path, change)).body["secret_version"]);
    expect([...versions, (await rest.call("GET", path)).body["secret_version"]]).toEqual([1, 2, 2, 3, 3]);
  });

  test("a subscription is made, told without its secret, changed, listed and deleted", async () => {
    await using rest = await openRest({ database, projects: [makeProject()] });
    const created = await rest.call("POST", "/v1/webhook-subscriptions", {
      url: "https://x.example/hook",
      events: ["session.started", "call.ended"],
      secret,
    });
    const id = String(created.body["id"]);
    expect(created).toMatchObject({
      status: 201,
      body: {
        id: expect.stringMatching(/^whsub_/),
        agent_id: null,
        url: "https://x.example/hook",
        events: ["session.started", "call.ended"],
        enabled: true,
        secret_version: 1,
      },
    });
    expect(JSON.stringify(created.body)).not.toContain(secret);
    expect(JSON.stringify(await database.query("select * from voice_subscriptions", []))).not.toContain(secret);
    rest.time.move(1);
    const changed = await rest.call("PUT", `/v1/webhook-subscriptions/${id}`, {
      events: ["session.completed"],
      enabled: false,
      agent_id: "agent_1",
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { url: "https://x.example/hook", events: ["session.completed"], enabled: false, agent_id: "agent_1" },
    });
    expect((await rest.call("GET", `/v1/webhook-subscriptions/${id}`)).body).toEqual(changed.body);
    expect((await rest.call("GET", "/v1/webhook-subscriptions")).body["subscriptions"]).toEqual([changed.body]);
    expect((await rest.call("DELETE", `/v1/webhook-subscriptions/${id}`)).status).toBe(204);
    const gone = await rest.call("GET", `/v1/webhook-subscriptions/${id}`);
    expect([gone.status, gone.body["code"]]).toEqual([404, "webhook_subscription_not_found"]);
  });

  test.each([
    [{ url: "ftp://x.example" }, "url"],
    [{ url: "https://me:pw@x.example" }, "url"],
    [{ url: "http://10.0.0.1/hook" }, "url"],
    [{ url: "http://169.254.169.254/latest" }, "url"],
    [{ secret: "short" }, "secret"],
    [{ events: [] }, "events"],
    [{ events: ["session.over"] }, "events[0]"],
    [{ events: ["call.ended"] }, "events"],
  ])("%j is refused, and the field named", async (change, param) => {
    await using rest = await openRest({ database, projects: [makeProject()] });
    const body = { url: "https://x.example/hook", events: ["session.started"], secret, ...change };
    const refused = await rest.call("POST", "/v1/webhook-subscriptions", body);
    expect([refused.status, refused.body["param"]]).toEqual([422, param]);
  });

  test("beginning and end of a session arrive, signed, at whom they concern", async () => {
    const [project, other] = [makeProject(), makeProject()];
    const [all, ends, agents, theirs] = [await openBackEnd(), await openBackEnd(), await openBackEnd(), await openBackEnd()];
    await using rest = await openRest({ database, projects: [project, other] });
    const subscribe = async (url: string, change: object = {}, headers = {}) =>
      await rest.call(
        "POST",
        "/v1/webhook-subscriptions",
        { url, events: ["session.started", "session.completed"], secret, ...change },
        headers,
      );
    await subscribe(all.url);
    await subscribe(ends.url, { events: ["session.completed"] });
    await subscribe(agents.url, { agent_id: "agent_9" });
    await subscribe(theirs.url, {}, { authorization: other.apiKeys[0]! });
    const { open, over } = session(project);
    rest.office.sessions.opened(open);
    rest.office.sessions.ended(over, timeline(open.id));
    await expect.poll(() => [all.received.length, ends.received.length], { timeout: 10_000 }).toEqual([2, 1]);
    const told = all.received
      .map(({ raw }) => JSON.parse(raw) as Record<string, unknown>)
      .toSorted((a, b) => String(b["event"]).localeCompare(String(a["event"])));
    const whole = {
      session_id: open.id,
      agent_id: null,
      session: {
        session_id: open.id,
        agent_id: null,
        status: "completed",
        public_close_reason: "client_end",
        duration_seconds: 9,
        created_at: "2026-09-21T14:13:20.000Z",
        ended_at: "2026-09-21T14:13:29.000Z",
      },
    };
    expect(told).toEqual([
      {
        ...whole,
        event_id: `${open.id}:started`,
        event: "session.started",
        created_at: "2026-09-21T14:13:20.000Z",
        session: { ...whole.session, status: "created", public_close_reason: null, duration_seconds: null, ended_at: null },
      },
      { ...whole, event_id: `${open.id}:completed`, event: "session.completed", created_at: "2026-09-21T14:13:29.000Z" },
    ]);
    for (const { signature, raw } of all.received) {
      const t = Math.floor(startOfTime / 1000);
      expect(signature).toBe(`t=${t},v1=${createHmac("sha256", secret).update(`${t}.${raw}`).digest("hex")}`);
    }
    const named = session(project, "agent_9");
    rest.office.sessions.opened(named.open);
    await expect.poll(() => agents.received.length, { timeout: 10_000 }).toBe(1);
    expect(theirs.received).toEqual([]);
    expect(ends.received.length).toBe(1);
  });

  test("what does not arrive is sent again, also by the next start; a disabled subscription gets nothing", async () => {
    const project = makeProject();
    const backEnd = await openBackEnd(500, 503);
    const { open } = session(project);
    let id = "";
    {
      await using rest = await openRest({ database, projects: [project] });
      const made = await rest.call("POST", "/v1/webhook-subscriptions", { url: backEnd.url, events: ["session.started"], secret });
      id = String(made.body["id"]);
      rest.office.sessions.opened(open);
      // The second attempt comes at once, the third after 15 s.
      await expect.poll(() => backEnd.received.length, { timeout: 10_000 }).toBe(2);
      await expect
        .poll(async () => await database.query("select attempts from webhooks where url = $1", [id]), { timeout: 10_000 })
        .toEqual([{ attempts: 2 }]);
    }
    await using rest = await openRest({ database, projects: [project] });
    await expect.poll(() => rest.time.waiting(15_000), { timeout: 10_000 }).toBe(true);
    rest.time.move(15_000);
    await expect.poll(() => backEnd.received.length, { timeout: 10_000 }).toBe(3);
    expect(new Set(backEnd.received.map(({ raw }) => raw)).size).toBe(1);
    await rest.call("PUT", `/v1/webhook-subscriptions/${id}`, { enabled: false });
    rest.office.sessions.opened(session(project).open);
    await rest.store.settled();
    expect(await database.query("select notice_id from webhooks where url = $1", [id])).toHaveLength(1);
  });

  test("what was under way when an engine ended or died is sent at once by its next start", async () => {
    const project = makeProject();
    const silent = await openBackEnd(0, 0);
    const { open } = session(project);
    let id = "";
    const time = new DeliveryTime(startOfTime);
    {
      await using rest = await openRest({ database, projects: [project], time });
      const body = { url: silent.url, events: ["session.started", "session.completed"], secret };
      id = String((await rest.call("POST", "/v1/webhook-subscriptions", body)).body["id"]);
      rest.office.sessions.opened(open);
      await expect.poll(() => silent.received.length, { timeout: 5000 }).toBe(1);
    }
    {
      await using _next = await openRest({ database, projects: [project], time });
      await expect.poll(() => silent.received.length, { timeout: 5000 }).toBe(2);
    }
    // As an engine that is killed leaves it.
    await database.query("update webhooks set claimed_by = 'engine', next_at = $2 where url = $1", [id, time.now() + 30_000]);
    await using _last = await openRest({ database, projects: [project], time });
    await expect.poll(() => silent.received.length, { timeout: 5000 }).toBe(3);
  });

  test("no body makes an endpoint fail", async () => {
    await using rest = await openRest({ database, projects: [makeProject()] });
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("\0", "\ud800"));
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({
        url: fc.oneof(fc.webUrl(), text),
        events: fc.oneof(fc.constantFrom(["session.started"], ["call.ended", "session.completed"]), fc.array(text, { maxLength: 2 })),
        secret: fc.oneof(fc.constant(secret), fc.string({ unit: "binary", minLength: 32 })),
        agent_id: fc.option(text),
      }),
    );
    await fc.assert(
      fc.asyncProperty(body, text, async (value, id) => {
        const created = await rest.call("POST", "/v1/webhook-subscriptions", value);
        expect([201, 422]).toContain(created.status);
        if (created.status === 201) {
          const url = `/v1/webhook-subscriptions/${String(created.body["id"])}`;
          expect((await rest.call("GET", url)).status).toBe(200);
          expect([200, 422]).toContain((await rest.call("PUT", url, value)).status);
          expect((await rest.call("DELETE", url)).status).toBe(204);
        }
        const query = new URLSearchParams({ agent_id: id.toWellFormed(), cursor: id.toWellFormed() });
        for (const path of ["/v1/webhook-subscriptions", "/v1/sessions"])
          expect([200, 422]).toContain((await rest.call("GET", `${path}?${query.toString()}`)).status);
        expect([200, 422]).toContain((await rest.call("GET", `/v1/sessions?agent_id=${encodeURIComponent(id.toWellFormed())}`)).status);
      }),
      { numRuns: 40 },
    );
    expect(rest.problems).toEqual([]);
  });

  test("a project's subscriptions are nobody else's", async () => {
    const [ours, theirs] = [makeProject(), makeProject()];
    await using rest = await openRest({ database, projects: [ours, theirs] });
    const { body } = await rest.call("POST", "/v1/webhook-subscriptions", {
      url: "https://x.example",
      events: ["session.started"],
      secret,
    });
    const asThem = { authorization: theirs.apiKeys[0]! };
    const url = `/v1/webhook-subscriptions/${String(body["id"])}`;
    expect((await rest.call("GET", "/v1/webhook-subscriptions", undefined, asThem)).body["subscriptions"]).toEqual([]);
    for (const method of ["GET", "PUT", "DELETE"] as const)
      expect((await rest.call(method, url, method === "PUT" ? { enabled: false } : undefined, asThem)).status).toBe(404);
    expect((await rest.call("GET", url)).body["enabled"]).toBe(true);
  });
});
