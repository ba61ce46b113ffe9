/** Engines of the Voice Agent door on one real database, for tests: each may be killed, and started again. Their time is virtual. */
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import type { Project } from "../../projects/project.ts";
import { ProjectSecrets } from "../../projects/project-secrets.ts";
import type { VirtualClock } from "../../session/virtual-clock.ts";
import type { Database } from "../../store/database.ts";
import { migrate } from "../../store/migrate.ts";
import { Store } from "../../store/store.ts";
import type { TestDatabase } from "../../store/test-databases.ts";
import { KeptRows } from "../../store/voice-agent-kept.ts";
import { SessionRows } from "../../store/voice-agent-sessions.ts";
import { Keeping } from "./keeping.ts";
import { KeptSessions } from "./kept-sessions.ts";
import { stageProject, VoiceStage, type VoiceStageOptions } from "./voice-stage.ts";

/** A database with its tables for all tests beside the call, made before them and dropped after them. */
export function useDatabase(make: () => Promise<TestDatabase>, use: (database: Database) => void): void {
  let made: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    made = await make();
    database = await made.open(made.address);
    await migrate(database, 0);
    use(database);
  }, 60_000);
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await made[Symbol.asyncDispose]();
  });
}

/** What engines of one database share. */
export const sharedProject = { ...stageProject, certificate: "fedcba9876543210fedcba9876543210" };

/** The database has a clock of its own: ours begins when it does. */
const epochMs = Date.now();

export interface EngineOptions extends VoiceStageOptions {
  readonly database: Database;
  readonly clock: VirtualClock;
  /** The same after a restart. */
  readonly engineId: string;
  readonly name: string;
  readonly keepTranscripts?: boolean;
  readonly shared?: boolean;
  readonly project?: Project;
  /** Models that load. */
  readonly ready?: Promise<void>;
}

export type Engine = Awaited<ReturnType<typeof openEngine>>;

export async function openEngine({
  database,
  engineId,
  keepTranscripts = true,
  shared = true,
  project = sharedProject,
  ready = Promise.resolve(),
  ...options
}: EngineOptions) {
  const { clock } = options;
  const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await clock.sleep(ms, signal);
  };
  const now = (): number => epochMs + clock.now();
  let dead = false;
  // What a dead process has asked for is never answered.
  const underWay = new Set<Promise<unknown>>();
  const alive = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) return await new Promise<T>(() => {});
    const answer = work();
    underWay.add(answer);
    return await answer.finally(() => underWay.delete(answer));
  };
  const problems: unknown[] = [];
  const store = new Store({
    open: async () =>
      await Promise.resolve({
        query: async (sql, parameters) => await alive(async () => await database.query(sql, parameters)),
        transaction: async (work) => await alive(async () => await database.transaction(work)),
        ...(database.listen === undefined
          ? {}
          : {
              listen: (channel: string, onNotice: (text: string) => void) =>
                database.listen?.(channel, (text) => {
                  if (!dead) onNotice(text);
                }),
            }),
        async [Symbol.asyncDispose]() {},
      }),
    engineId,
    keepTranscripts: true,
    retentionDays: 7,
    restoreWithinS: 300,
    now,
    pause,
    onProblem: (problem, error) => void problems.push(error ?? problem),
  });
  await store.opened;
  if (database.listen !== undefined) await heardFrom(store, database);
  const changes: string[] = [];
  const records = new KeptSessions({
    rows: new SessionRows(store, store.runId),
    keepTranscripts,
    retentionDays: 7,
    now,
    onChange: (change, { id }) => void changes.push(`${change} ${id}`),
  });
  const keeping = new Keeping({
    rows: new KeptRows(store, engineId),
    secrets: new ProjectSecrets({ local: Buffer.alloc(32, 7), shared: true }),
    findProject: (appId) => (appId === project.appId ? project : undefined),
    store,
    engineId,
    shared,
    keepTranscripts,
    graceMs: 30_000,
    sessionLog: records,
    ready,
    now,
    pause,
    log: pino({ level: "silent" }),
  });
  const stage = new VoiceStage({ ...options, epochMs, keeping, sessionLog: records });
  return {
    stage,
    store,
    records,
    keeping,
    problems,
    /** What subscribers of webhooks would be told. */
    changes,
    /** As `kill -9` does: what is written is written, and nothing else happens. */
    kill: async () => {
      await store.settled();
      dead = true;
      await Promise.allSettled(underWay);
      for (const client of stage.clients) client.drop();
    },
    [Symbol.asyncDispose]: async () => {
      if (dead) return;
      await stage[Symbol.asyncDispose]();
      await keeping[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** Else what is announced at once is missed: PostgreSQL's connection for it is made while others ask already. */
async function heardFrom(store: Store, database: Database): Promise<void> {
  const heard = new Set<string>();
  store.listen("stage_hears", (text) => heard.add(text));
  while (heard.size === 0) await database.query("select pg_notify('stage_hears', 'now')");
}
