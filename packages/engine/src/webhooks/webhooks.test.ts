import { describe, expect, test } from "vitest";
import { testDatabases } from "../store/test-databases.ts";
import { Network } from "../vendors/network.ts";
import { openReceiver } from "./delivery-stage.ts";
import { toHeaders } from "./envelope.ts";
import { epochMs, every, webhookStage } from "./webhook-stage.ts";

describe.each(testDatabases)("$name", ({ make }) => {
  const stage = webhookStage(make);
  const { start, starting, running, stopped, ofType, arrived, waits } = stage;

  test("a call is told from its beginning to its end, signed, in the contract's words", async () => {
    await using engine = await start();
    engine.save(starting());
    const see = engine.follow(starting(), 2);
    engine.save(running());
    see(
      { type: "reply-start", at: 2000, turnId: 1, reply: 1, source: "greeting", latencyMs: null },
      { type: "metric", at: 2000, turnId: 1, module: "tts", name: "ttfb", latencyMs: 70 },
      { type: "reply-end", at: 3000, turnId: 1, reply: 1, text: "Hello!", playedMs: 1000 },
      { type: "turn-start", at: 4000, turnId: 2, uid: "7" },
      { type: "turn-end", at: 5000, turnId: 2, uid: "7", text: "one\0 more thing", startMs: 4000, endMs: 4600, by: "voice" },
      { type: "error", at: 5100, turnId: 2, module: "llm", code: 503, message: "llm openai: 503", remedy: "", cause: undefined },
      { type: "reply-start", at: 5400, turnId: 2, reply: 2, source: "llm_failure", latencyMs: 800 },
      { type: "reply-interrupted", at: 5900, turnId: 2, reply: 2, heard: "I am", text: "I am sorry.", cause: "start_of_speech" },
      { type: "closed", at: 9700, status: "STOPPED", reason: "OK" },
    );
    engine.save(stopped());
    await arrived(6);

    const agent = { agent_id: `${stage.appId}A`, channel: "room", name: "helper", labels: { shop: "7" } };
    const times = { start_ts: 1_737_000_001, stop_ts: 1_737_000_009 };
    const payloads = Object.fromEntries(stage.receiver.received.map(({ body }) => [body.eventType, body.payload]));
    expect(payloads).toMatchObject({
      101: { ...agent, start_ts: 1_737_000_001 },
      110: {
        ...agent,
        start_ts: 1_737_000_001,
        turn_id: 2,
        errors: [{ module: "llm", turn_id: 2, code: 503, message: "llm openai: 503" }],
      },
      102: { ...agent, ...times, status: "STOPPED", message: "OK" },
      103: {
        ...agent,
        ...times,
        contents: [
          { role: "user", content: "one\0 more thing" },
          { role: "assistant", content: "I am" },
        ],
      },
      111: { ...agent, ...times, metrics: [{ turn_id: 1, tts_ttfb: 70 }] },
      112: {
        ...agent,
        start_ts: epochMs + 1500,
        stop_ts: epochMs + 9700,
        total_turn_count: 2,
        is_truncated: false,
        turns: [
          { turn_id: 1, start: { type: "greeting" }, metrics: { segmented_latency_ms: { tts_ttfb: 70 } } },
          { turn_id: 2, end: { type: "error" } },
        ],
      },
    });
    for (const { headers, raw, body } of stage.receiver.received) {
      expect(headers).toMatchObject(toHeaders(raw, "secret"));
      expect(body).toMatchObject({ productId: 17, noticeId: `${stage.appId}A:${body.eventType}:1`, notifyMs: epochMs });
    }
    await expect
      .poll(async () => (await engine.rows()).map(({ event_type, attempts, status }) => [event_type, attempts, status]))
      .toEqual([101, 102, 103, 110, 111, 112].map((type) => [type, 1, 200]));
  });

  test("only what a webhook wants to know is sent there; each of two gets its own", async () => {
    await using other = await openReceiver();
    await using engine = await start({
      webhooks: [
        { url: stage.receiver.url, secret: "secret", events: new Set([102]) },
        { url: other.url, secret: "another", events: new Set([101, 102]) },
      ],
    });
    engine.save(starting());
    engine.follow(starting());
    engine.save(running());
    engine.save(stopped());
    await expect.poll(() => [stage.receiver.received.length, other.received.length]).toEqual([1, 2]);
    expect(other.received[0]?.headers).toMatchObject(toHeaders(other.received[0]?.raw ?? "", "another"));
    expect(await engine.rows()).toHaveLength(3);
  });

  test("an agent that could not be started is not told: whoever asked for it was answered", async () => {
    await using engine = await start();
    engine.save(starting());
    engine.save({ ...starting(), state: "FAILED", message: "no such voice", stoppedAt: epochMs + 5 });
    await engine.store.settled();
    expect(await engine.rows()).toEqual([]);
  });

  test("what fails is sent again at once, then after 15 s and 120 s, with the same id and its own time; then it is given up", async () => {
    await using engine = await start();
    stage.receiver.answers.push(500, 503, 201, 404);
    engine.save(running());
    await arrived(2);
    await waits(15_000);
    stage.time.move(14_999);
    expect(stage.receiver.received).toHaveLength(2);
    stage.time.move(1);
    await arrived(3);
    // Half a minute is the longest that it waits without another look.
    await waits(30_000);
    expect((await engine.rows())[0]).toMatchObject({ attempts: 3, status: 201 });
    stage.time.move(119_999);
    await waits(1);
    expect(stage.receiver.received).toHaveLength(3);
    stage.time.move(1);
    await arrived(4);
    await expect
      .poll(async () => (await engine.rows())[0])
      .toMatchObject({
        attempts: 4,
        status: 404,
        problem: "the answer was 404; only 200 counts as received",
        delivered_at: expect.anything(),
      });
    expect(Number((await engine.rows())[0]?.["given_up_at"])).toBe(epochMs + 135_000);
    stage.time.move(3_600_000);
    expect(stage.receiver.received.map(({ body }) => [body.noticeId, body.notifyMs - epochMs])).toEqual([
      [`${stage.appId}A:101:1`, 0],
      [`${stage.appId}A:101:1`, 0],
      [`${stage.appId}A:101:1`, 15_000],
      [`${stage.appId}A:101:1`, 135_000],
    ]);
  });

  test("no answer within 10 s counts as none, and is told", async () => {
    await using engine = await start();
    stage.receiver.answers.push(0);
    engine.save(running());
    await arrived(1);
    stage.time.move(9999);
    expect((await engine.rows())[0]).toMatchObject({ attempts: 0 });
    stage.time.move(1);
    await arrived(2);
    await expect.poll(async () => (await engine.rows())[0]).toMatchObject({ attempts: 2, status: 200, problem: "" });
  });

  test("a receiver that never answers is asked four times at once at most, and delays no other", async () => {
    await using other = await openReceiver();
    await using engine = await start({
      webhooks: [stage.receiver, other].map(({ url }) => ({ url, secret: "secret", events: new Set([101]) })),
    });
    stage.receiver.answers.push(...Array.from({ length: 20 }, () => 0));
    for (let agent = 0; agent < 10; agent += 1) engine.save(running(String(agent)));
    await expect.poll(() => other.received.length).toBe(10);
    await arrived(4);
    expect(stage.receiver.open).toBe(4);
    stage.receiver.answers.length = 0;
    stage.time.move(10_000);
    await expect.poll(() => new Set(stage.receiver.received.map(({ body }) => body.noticeId)).size).toBe(10);
  });

  test("private addresses are refused: written out at the start, behind a name at each attempt", async () => {
    await using closed = new Network({ allowLoopback: false, proxies: {} });
    await expect(start({ network: closed })).rejects.toThrow(
      `webhooks of project ${stage.appId}: 127.0.0.1 is refused: 127.0.0.1 is not a public address (loopback); the operator can allow it with network.allow: ["127.0.0.1/32"]`,
    );
    await using named = new Network({
      allowLoopback: false,
      proxies: {},
      lookup: Object.assign((_name: string, _options: unknown, callback: (error: null, addresses: object[]) => void) => {
        callback(null, [{ address: "127.0.0.1", family: 4 }]);
      }) as never,
    });
    await using engine = await start({
      network: named,
      webhooks: [{ url: stage.receiver.url.replace("127.0.0.1", "hooks.example"), secret: "secret", events: every }],
    });
    engine.save(running());
    await expect.poll(async () => (await engine.rows())[0]).toMatchObject({ attempts: 2, status: 591 });
    expect((await engine.rows())[0]?.["problem"]).toContain("is not a public address (loopback)");
    expect(stage.receiver.received).toEqual([]);
  });

  test("what an engine was at when it died is sent after the next start, and the ends of its calls are told", async () => {
    const dead = await start();
    stage.receiver.answers.push(0);
    dead.save(starting());
    const see = dead.follow(starting(), 2);
    dead.save(running());
    see(
      { type: "turn-end", at: 5000, turnId: 1, uid: "7", text: "hello", startMs: 4000, endMs: 4600, by: "voice" },
      { type: "reply-start", at: 5400, turnId: 1, reply: 1, source: "llm", latencyMs: 800 },
      { type: "reply-end", at: 5900, turnId: 1, reply: 1, text: "Good day.", playedMs: 500 },
    );
    await dead.store.settled();
    await arrived(1);
    expect((await dead.rows())[0]).toMatchObject({ event_type: 101, attempts: 0 });

    dead.kill();
    await using engine = await start();
    await arrived(6);
    expect(ofType(101).map(({ body }) => body.noticeId)).toEqual([`${stage.appId}A:101:1`, `${stage.appId}A:101:1`]);
    expect(ofType(102)[0]?.body.payload).toMatchObject({ status: "FAILED", message: "The engine stopped while the agent was running" });
    expect(ofType(103)[0]?.body.payload).toMatchObject({
      contents: [
        { role: "user", content: "hello" },
        { role: "assistant", content: "Good day." },
      ],
    });
    expect(ofType(112)[0]?.body.payload).toMatchObject({ total_turn_count: 1, turns: [{ turn_id: 1, metrics: { e2e_latency_ms: 800 } }] });
    stage.time.move(3_600_000);
    await expect.poll(async () => (await engine.rows()).every(({ status }) => status === 200)).toBe(true);
    expect(ofType(102)).toHaveLength(1);
  });

  test("an engine that ends sends what is due; what a receiver does not take is sent after the next start", async () => {
    {
      await using engine = await start();
      engine.save(starting());
      engine.follow(starting());
      engine.save(running());
      engine.save(stopped());
    }
    expect(stage.receiver.received).toHaveLength(5);
    stage.receiver.answers.push(0);
    const engine = await start();
    engine.save(running("B"));
    await arrived(6);
    const ending = engine[Symbol.asyncDispose]();
    await waits(3000);
    stage.time.move(3000);
    await ending;
    expect((await engine.rows()).filter(({ status }) => status === 0)).toMatchObject([{ event_type: 101, attempts: 0 }]);
    await using _next = await start();
    await expect.poll(() => ofType(101).filter(({ body }) => body.sid === `${stage.appId}B`).length).toBe(2);
  });

  test("what people said goes out of the database with its delivery where transcripts are not kept", async () => {
    await using engine = await start({ keepTranscripts: false });
    engine.save(starting());
    const see = engine.follow(starting());
    engine.save(running());
    see({ type: "turn-end", at: 5000, turnId: 1, uid: "7", text: "a secret", startMs: 4000, endMs: 4600, by: "voice" });
    engine.save(stopped());
    await arrived(5);
    expect(ofType(103)[0]?.body.payload).toMatchObject({ contents: [{ role: "user", content: "a secret" }] });
    await expect.poll(async () => (await engine.rows()).map(({ payload }) => payload)).toEqual(["", "", "", "", ""]);
  });

  test("a call that is deleted takes its webhooks with it", async () => {
    await using engine = await start();
    engine.save(starting());
    engine.follow(starting());
    engine.save(running());
    engine.save(stopped());
    await arrived(5);
    await expect.poll(async () => (await engine.rows()).filter(({ status }) => status === 200)).toHaveLength(5);
    await engine.store.deleteCall(`${stage.appId}A`);
    expect(await engine.rows()).toEqual([]);
  });
});
