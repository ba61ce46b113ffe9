import { describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { testDatabases } from "../store/test-databases.ts";
import { toHeaders } from "./envelope.ts";
import { epochMs, every, webhookStage } from "./webhook-stage.ts";

describe.each(testDatabases)("$name", ({ make }) => {
  const stage = webhookStage(make);
  const { start, starting, running, stopped, ofType, arrived, waits } = stage;

  test("a webhook that is new or has changed is tested, once, with an event of each of its types", async () => {
    const webhook = { url: stage.receiver.url, secret: "secret", events: every };
    {
      await using engine = await start({ untested: true });
      await arrived(7);
      expect(stage.receiver.received.map(({ body }) => body.eventType).toSorted((a, b) => a - b)).toEqual([
        101, 102, 103, 104, 110, 111, 112,
      ]);
      for (const { headers, raw, body } of stage.receiver.received) {
        expect(headers).toMatchObject(toHeaders(raw, "secret"));
        expect(body).toMatchObject({
          sid: "test_webhook",
          payload: { channel: "test_webhook", uid: "12121212", agent_id: "test_webhook" },
        });
      }
      await expect.poll(async () => (await engine.rows()).every(({ status }) => status === 200)).toBe(true);
    }
    stage.time.move(1000);
    {
      await using _same = await start({ untested: true });
      await using _rival = await start({ untested: true });
    }
    expect(stage.receiver.received).toHaveLength(7);
    {
      await using _secret = await start({ untested: true, webhooks: [{ ...webhook, secret: "another" }] });
      await arrived(14);
    }
    stage.time.move(1000);
    {
      await using _fewer = await start({ untested: true, webhooks: [{ ...webhook, secret: "another", events: new Set([102]) }] });
      await arrived(15);
    }
    stage.time.move(1000);
    {
      await using _none = await start({ untested: true, webhooks: [] });
      await expect
        .poll(async () => await stage.database.query("select url from webhook_settings where app_id = $1", [stage.appId]))
        .toEqual([]);
    }
    await using _again = await start({ untested: true, webhooks: [{ ...webhook, secret: "another", events: new Set([102]) }] });
    await arrived(16);
  });

  test("a test that fails is told at once, and not sent again: 590 no answer, 591 not reached, 592 a certificate that nobody trusts", async () => {
    const events = new Set([101]);
    stage.receiver.answers.push(0);
    const failing = {
      check: () => {},
      request: async (): Promise<never> => {
        throw new AppError("vendor-unreachable", "webhook at hooks.example:443 cannot be reached: self-signed certificate", {
          cause: Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
        });
      },
    };
    {
      await using engine = await start({ untested: true, webhooks: [{ url: stage.receiver.url, secret: "s", events }] });
      await arrived(1);
      stage.time.move(10_000);
      await expect.poll(async () => (await engine.rows())[0]).toMatchObject({ status: 590, attempts: 1, problem: "no answer within 10 s" });
      expect(Number((await engine.rows())[0]?.["given_up_at"])).toBeGreaterThan(0);
      expect(engine.attempts).toEqual(["101 given_up"]);
    }
    {
      await using engine = await start({ untested: true, webhooks: [{ url: "http://127.0.0.1:1/hook", secret: "s", events }] });
      await expect.poll(async () => (await engine.rows()).map(({ status }) => status)).toContain(591);
    }
    await using engine = await start({
      untested: true,
      webhooks: [{ url: "https://hooks.example", secret: "s", events }],
      network: failing,
    });
    await expect
      .poll(async () => (await engine.rows()).map(({ status }) => Number(status)).toSorted((a, b) => a - b))
      .toEqual([590, 591, 592]);
  });

  test("that an agent's token is about to end is told once: half a minute before, of a short one in its last tenth", async () => {
    await using engine = await start();
    engine.save(starting());
    engine.follow(starting());
    engine.save(running());
    await arrived(1);
    engine.hooks.watchToken(running(), epochMs + 600_000);
    stage.time.move(569_999);
    await waits(1);
    expect(ofType(104)).toEqual([]);
    stage.time.move(1);
    await arrived(2);
    expect(ofType(104)[0]?.body.payload).toEqual({
      agent_id: `${stage.appId}A`,
      channel: "room",
      name: "helper",
      labels: { shop: "7" },
      start_ts: 1_737_000_001,
      message: "Task exceeded maximum lifetime",
    });
    // The same token again, as after a restart.
    engine.hooks.watchToken(running(), epochMs + 600_000);
    engine.hooks.watchToken(running(), epochMs + 570_000 + 100_000);
    await waits(90_000);
    stage.time.move(90_000);
    await expect
      .poll(() => ofType(104).map(({ body }) => body.noticeId))
      .toEqual([`${stage.appId}A:104:1737000600`, `${stage.appId}A:104:1737000670`]);
    // An agent that has gone needs none.
    engine.hooks.watchToken(running(), epochMs + 1_000_000);
    engine.save(stopped());
    await arrived(7);
    stage.time.move(3_600_000);
    await engine.store.settled();
    expect(ofType(104)).toHaveLength(2);
  });

  test("what became of each attempt is counted, and what waits", async () => {
    await using engine = await start({ webhooks: [{ url: stage.receiver.url, secret: "s", events: new Set([101]) }] });
    stage.receiver.answers.push(500);
    engine.save(running());
    await arrived(2);
    await expect.poll(() => engine.attempts).toEqual(["101 retried", "101 delivered"]);
    const before = await engine.hooks.waiting();
    stage.receiver.answers.push(500, 500);
    engine.save(running("B"));
    await arrived(4);
    await expect.poll(async () => await engine.hooks.waiting()).toBe(before + 1);
  });

  test("a call that goes on after a restart is told as one: no second beginning, the whole history, errors under new numbers", async () => {
    const error = { type: "error", at: 100, turnId: 1, module: "llm", code: 503, message: "503", remedy: "", cause: undefined } as const;
    const dead = await start();
    dead.save(starting());
    const see = dead.follow(starting());
    dead.save(running());
    see({ type: "turn-end", at: 5000, turnId: 1, uid: "7", text: "hello", startMs: 4000, endMs: 4600, by: "voice" }, error);
    await dead.store.settled();
    await arrived(2);
    await expect.poll(async () => (await dead.rows()).map(({ status }) => status)).toEqual([200, 200]);
    await stage.database.query("insert into recipes (agent_id, sealed) values ($1, '')", [`${stage.appId}A`]);
    dead.kill();

    stage.time.move(60_000);
    await using engine = await start();
    const recovering = { ...running(), state: "RECOVERING" as const };
    expect(await engine.store.find(`${stage.appId}A`)).toEqual(recovering);
    const past = { entries: await engine.store.entries(`${stage.appId}A`), turns: await engine.store.turns(`${stage.appId}A`) };
    engine.hooks.restore(recovering, past);
    const seeOn = engine.follow(recovering, 10, past);
    engine.save(running());
    seeOn(error, { type: "turn-end", at: 1000, turnId: 2, uid: "7", text: "again", startMs: 0, endMs: 900, by: "voice" });
    engine.save(stopped());
    await arrived(7);
    expect(ofType(101)).toHaveLength(1);
    expect(ofType(110).map(({ body }) => body.noticeId)).toEqual([`${stage.appId}A:110:1`, `${stage.appId}A:110:${epochMs / 1000 + 60}`]);
    expect(ofType(103).map(({ body }) => body.payload["contents"])).toEqual([
      [
        { role: "user", content: "hello" },
        { role: "user", content: "again" },
      ],
    ]);
    expect((await engine.store.entries(`${stage.appId}A`)).map(({ number, content }) => [number, content])).toEqual([
      [1, "hello"],
      [2, "again"],
    ]);
  });

  test("the end of a lost call that is not restored is told at once, and with a history that is empty where none is kept", async () => {
    const dead = await start({ keepTranscripts: false });
    dead.save(starting());
    const see = dead.follow(starting());
    dead.save(running());
    see({ type: "turn-end", at: 5000, turnId: 1, uid: "7", text: "a secret", startMs: 4000, endMs: 4600, by: "voice" });
    await dead.store.settled();
    await stage.database.query("insert into recipes (agent_id, sealed) values ($1, '')", [`${stage.appId}A`]);
    await arrived(1);
    dead.kill();
    await using engine = await start({ keepTranscripts: false });
    await waits(60_000);
    engine.save({ ...running(), state: "FAILED", message: "The agent could not be restored: why", stoppedAt: stage.time.now() });
    await arrived(5);
    expect(ofType(102)[0]?.body.payload).toMatchObject({ status: "FAILED", message: "The agent could not be restored: why" });
    expect(ofType(103)[0]?.body.payload).toMatchObject({ contents: [] });
  });
});
