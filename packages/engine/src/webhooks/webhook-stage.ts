/** For tests: an engine's store and webhooks over one database for a whole file, each test with a project and a receiver of its own. */
import { afterEach, beforeEach, expect } from "vitest";
import { openLog } from "../log.ts";
import type { AgentRecord } from "../projects/agents.ts";
import type { Project, Webhook } from "../projects/project.ts";
import type { Past } from "../store/call-log.ts";
import { Store } from "../store/store.ts";
import { sharedDatabase, type TestDatabase } from "../store/test-databases.ts";
import { Network } from "../vendors/network.ts";
import { DeliveryTime, openReceiver, type Received, type TestReceiver } from "./delivery-stage.ts";
import { fingerprintOf } from "./test-events.ts";
import { Webhooks } from "./webhooks.ts";

/** Unix milliseconds at which each test begins. */
export const epochMs = 1_737_000_000_000;
/** All that a webhook can ask for. */
export const every = new Set([101, 102, 103, 104, 110, 111, 112]);

const project = (appId: string, webhooks: readonly Webhook[]): Project => ({
  appId,
  certificate: "",
  customers: [],
  apiKeys: [],
  limits: {},
  defaults: { asr: {}, maxHistory: 10 },
  webhooks,
});

interface Change {
  readonly webhooks?: readonly Webhook[];
  readonly keepTranscripts?: boolean;
  /** Webhooks are as new. */
  readonly untested?: boolean;
  readonly network?: Pick<Network, "request" | "check">;
}

/** To be called where tests are described: it prepares and cleans up by itself. */
export function webhookStage(make: () => Promise<TestDatabase>) {
  const database = sharedDatabase(make);
  let time: DeliveryTime;
  let receiver: TestReceiver;
  let network: Network;
  let appId = "";
  let count = 0;
  beforeEach(async () => {
    count += 1;
    appId = `app${count}`;
    time = new DeliveryTime(epochMs);
    receiver = await openReceiver();
    network = new Network({ allowLoopback: true, proxies: {} });
  });
  afterEach(async () => {
    await receiver[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
  });

  /** An engine's store and webhooks, over one database for all tests here; each has a project of its own. */
  async function start({
    webhooks = [{ url: receiver.url, secret: "secret", events: every }],
    keepTranscripts = true,
    untested = false,
    ...change
  }: Change = {}) {
    const engineId = `engine of ${appId}`;
    let dead = false;
    const alive = async <T>(work: () => Promise<T>): Promise<T> => (dead ? await new Promise<never>(() => {}) : await work());
    const store = new Store({
      open: async () => ({
        query: async (sql, parameters) => await alive(async () => await database.query(sql, parameters)),
        transaction: async (work) => await alive(async () => await database.transaction(work)),
        async [Symbol.asyncDispose]() {},
      }),
      engineId,
      keepTranscripts,
      retentionDays: 7,
      restoreWithinS: 300,
      now: time.now,
      pause: time.pause,
      onProblem: (problem, error) => {
        throw new Error(problem, { cause: error });
      },
    });
    await store.opened;
    if (!untested) {
      for (const webhook of webhooks)
        await database.query("insert into webhook_settings (app_id, url, fingerprint) values ($1, $2, $3) on conflict do nothing", [
          appId,
          webhook.url,
          fingerprintOf(webhook),
        ]);
    }
    const attempts: string[] = [];
    const hooks = new Webhooks({
      projects: [project(appId, webhooks)],
      store,
      network: change.network ?? network,
      engineId,
      keepTranscripts,
      now: time.now,
      pause: time.pause,
      onAttempt: (eventType, outcome) => attempts.push(`${eventType} ${outcome}`),
      log: openLog("silent"),
    });
    const log = hooks.watch(store);
    return {
      store,
      hooks,
      attempts,
      /** From now on nothing of it reaches the database. */
      kill: () => (dead = true),
      save: (record: AgentRecord) => log.save(record),
      follow: (record: AgentRecord, maxHistory = 10, past?: Past) => {
        const keep = store.follow(record.agentId, epochMs, past);
        const report = hooks.follow(record, { epochMs, maxHistory });
        return (...events: Parameters<typeof report>[0][]) => {
          for (const event of events) {
            keep(event);
            report(event);
          }
        };
      },
      rows: async () =>
        await database.query(
          "select event_type, url, attempts, status, problem, payload, delivered_at, given_up_at from webhooks where app_id = $1 order by event_type, notice_id, url",
          [appId],
        ),
      async [Symbol.asyncDispose]() {
        await hooks[Symbol.asyncDispose]();
        await store[Symbol.asyncDispose]();
      },
    };
  }

  const starting = (id = "A"): AgentRecord => ({
    agentId: `${appId}${id}`,
    appId,
    name: "helper",
    channel: "room",
    uid: "1",
    labels: { shop: "7" },
    state: "STARTING",
    message: "",
    createdAt: epochMs,
    startedAt: 0,
    stoppedAt: 0,
  });
  const running = (id = "A"): AgentRecord => ({ ...starting(id), state: "RUNNING", startedAt: epochMs + 1500 });
  const stopped = (id = "A"): AgentRecord => ({ ...running(id), state: "STOPPED", message: "OK", stoppedAt: epochMs + 9700 });
  const ofType = (eventType: number): Received[] => receiver.received.filter(({ body }) => body.eventType === eventType);
  const arrived = async (total: number): Promise<void> => {
    await expect.poll(() => receiver.received.length, { timeout: 5000 }).toBeGreaterThanOrEqual(total);
  };
  const waits = async (ms: number): Promise<void> => {
    await expect.poll(() => time.waiting(ms), { timeout: 5000 }).toBe(true);
  };

  return {
    get receiver() {
      return receiver;
    },
    get time() {
      return time;
    },
    get network() {
      return network;
    },
    get database() {
      return database;
    },
    get appId() {
      return appId;
    },
    start,
    starting,
    running,
    stopped,
    ofType,
    arrived,
    waits,
  };
}
