/** The Voice Agent REST in a test: real server, store, outbox and network, with a time that passes when the test says so. */
import { setTimeout as wait } from "node:timers/promises";
import pino from "pino";
import { openLog } from "../../../log.ts";
import type { Project } from "../../../projects/project.ts";
import { ProjectSecrets } from "../../../projects/project-secrets.ts";
import { Projects } from "../../../projects/projects.ts";
import type { Database } from "../../../store/database.ts";
import { Store } from "../../../store/store.ts";
import { Network } from "../../../vendors/network.ts";
import { DeliveryTime } from "../../../webhooks/delivery-stage.ts";
import { createServer } from "../../server.ts";
import { openBackOffice } from "../back-office.ts";
import { addVoiceAgentRest } from "./routes.ts";

/** Unix milliseconds at which each stage begins. */
export const startOfTime = 1_790_000_000_000;

let count = 0;

/** A project that no other test has, with one API key. */
export function makeProject(change: Partial<Project> = {}): Project {
  count += 1;
  const appId = `${process.pid.toString(16)}${count.toString(16)}`.padStart(32, "a");
  return {
    appId,
    certificate: "fedcba9876543210fedcba9876543210",
    customers: [],
    apiKeys: [`key of ${appId}`],
    limits: {},
    defaults: { asr: {}, maxHistory: 10 },
    webhooks: [],
    ...change,
  };
}

export interface StageOptions {
  readonly database: Database;
  readonly projects: readonly Project[];
  /** Of the data folder. */
  readonly local?: Buffer;
  readonly shared?: boolean;
  readonly keepTranscripts?: boolean;
  readonly engineId?: string;
  readonly time?: DeliveryTime;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An engine's part that answers here; disposing ends it as an engine ends. */
export async function openRest(options: StageOptions) {
  const { database, projects, local = Buffer.alloc(32, 7), shared = false, keepTranscripts = true, engineId = "engine" } = options;
  const time = options.time ?? new DeliveryTime(startOfTime);
  const abort = new AbortController();
  const problems: unknown[] = [];
  const store = new Store({
    open: async () => ({
      query: async (sql, parameters) => await database.query(sql, parameters),
      transaction: async (work) => await database.transaction(work),
      // The test's own, and not ended with an engine.
      async [Symbol.asyncDispose]() {},
    }),
    engineId,
    keepTranscripts,
    retentionDays: 7,
    restoreWithinS: 300,
    now: time.now,
    pause: async (_ms, signal) => await wait(3_600_000, undefined, { signal }),
    onProblem: (problem, error) => problems.push([problem, error]),
  });
  await store.opened;
  let spoken = 0;
  let ready = true;
  const office = openBackOffice({
    configured: projects,
    projects: new Projects({ projects, now: time.now }),
    secrets: new ProjectSecrets({ local, shared }),
    store,
    engineId,
    network: new Network({ allowLoopback: true, proxies: {} }),
    speech: {
      speak: async () => {
        spoken += 1;
        return await Promise.resolve({ pcm: new Int16Array(22_050), sampleRate: 22_050 as const, words: [] });
      },
    },
    speechReady: () => ready,
    shared,
    reusableTokens: false,
    keepTranscripts,
    retentionDays: 7,
    console: true,
    onAttempt: () => {},
    now: time.now,
    pause: time.pause,
    log: openLog("silent"),
    signal: abort.signal,
  });
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => [] });
  addVoiceAgentRest(server, office);
  await server.ready();
  const [own] = projects;

  return {
    server,
    office,
    store,
    time,
    problems,
    get spoken() {
      return spoken;
    },
    set ready(value: boolean) {
      ready = value;
    },
    /** As the first project, unless headers say otherwise. */
    async call(
      method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
      url: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer> {
      const response = await server.inject({
        method,
        url,
        headers: { authorization: `Bearer ${own?.apiKeys[0] ?? ""}`, ...headers },
        ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const isJson = String(response.headers["content-type"]).startsWith("application/json");
      return { status: response.statusCode, headers: response.headers, body: isJson ? response.json<Record<string, unknown>>() : {} };
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      const ending = Promise.resolve(office[Symbol.asyncDispose]()).then(() => true);
      // What is under way gets its last three seconds.
      while (!(await Promise.race([ending, wait(1).then(() => false)]))) if (time.waiting(3000)) time.move(3000);
      await server.close();
      await store[Symbol.asyncDispose]();
    },
  };
}
