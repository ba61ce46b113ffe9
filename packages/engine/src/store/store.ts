/** The one SQL store: agents, what was heard, and turns; written off the audio path, kept for so many days. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { SessionEvent } from "../core/events.ts";
import { AppError } from "../errors.ts";
import type { AgentFilter, AgentLog, AgentPage, AgentRecord } from "../projects/agents.ts";
import { inOwnWords } from "../projects/own-words.ts";
import { TurnRecord } from "../projects/turn-log.ts";
import { toRecord } from "./agent-row.ts";
import { CallLog, type CallRows, type EntryRow, type Past } from "./call-log.ts";
import { type Database, type Parameter, type Row, SqlError } from "./database.ts";
import { attend, LEASE_MS } from "./engines.ts";
import { migrate } from "./migrate.ts";
import { plainJson } from "./plain.ts";
import { Writer } from "./writer.ts";

export interface StoreOptions {
  readonly open: () => Promise<Database>;
  /** The same after a restart, and of no other engine on the same database. */
  readonly engineId: string;
  /** Keep what people and agents said. */
  readonly keepTranscripts: boolean;
  readonly retentionDays: number;
  /** After so many seconds without its engine an agent is not restored any more; 0: never is it. */
  readonly restoreWithinS: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onProblem: (problem: string, error: unknown) => void;
}

const DAY_MS = 24 * 3600 * 1000;

/** Between two looks for records that are too old. */
const PURGE_EVERY_MS = 3600 * 1000;

/** Between two signs of life for the other engines. */
const ATTEND_EVERY_MS = LEASE_MS / 3;

const columns = "agent_id, app_id, name, channel, uid, labels, state, message, created_at, started_at, stopped_at, run_id";

const EntryFromRow = z.object({
  number: z.number(),
  turn_id: z.number(),
  role: z.enum(["user", "assistant"]),
  content: z.string(),
  source: z.enum(["asr", "message", "llm", "greeting", "command", "silence", "llm_failure"]),
  uid: z.string(),
  interrupted: z.boolean(),
  original: z.string().nullable(),
  at: z.coerce.number(),
});

export class Store implements AgentLog, AsyncDisposable {
  /** Of this start of the engine. */
  readonly runId = randomUUID();
  readonly #options: StoreOptions;
  readonly #writer: Writer;
  /** Records of agents that have not ended. */
  readonly #live = new Map<string, AgentRecord>();
  readonly #abort = new AbortController();
  readonly #repeating: readonly Promise<void>[];
  readonly #listeners: { readonly channel: string; readonly onNotice: (text: string) => void }[] = [];

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#writer = new Writer({
      pause: options.pause,
      onProblem: options.onProblem,
      open: async () => await this.#openDatabase(),
    });
    this.#repeating = [
      this.#repeat(PURGE_EVERY_MS, "old records were not deleted", async (database) => await this.#purge(database)),
      this.#repeat(ATTEND_EVERY_MS, "no sign of life was given", async (database) => await this.#attend(database)),
    ];
  }

  /** Why records are not written at the moment; undefined: they are. */
  get problem(): string | undefined {
    return this.#writer.problem;
  }

  /** Writes that wait. */
  get waiting(): number {
    return this.#writer.waiting;
  }

  get opened(): Promise<void> {
    return this.#writer.opened;
  }

  /** Where a record must outlive the engine, `settled` tells when it is written. */
  save(record: AgentRecord): void {
    if (record.stoppedAt === 0) this.#live.set(record.agentId, record);
    else this.#live.delete(record.agentId);
    const { agentId, state, stoppedAt } = record;
    this.#push(
      agentId,
      `insert into agents (${columns}) values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12)
       on conflict (agent_id) do update set state = excluded.state, message = excluded.message, started_at = excluded.started_at,
         stopped_at = excluded.stopped_at, claimed = agents.claimed and agents.stopped_at = 0`,
      this.#rowOf(record),
    );
    // It will not be started again; after a crash between the two it is seen to be out of date.
    if (stoppedAt !== 0 || state === "STOPPING") this.#push(agentId, "delete from recipes where agent_id = $1", [agentId]);
  }

  async claim(record: AgentRecord): Promise<AgentRecord | undefined> {
    const { agentId, appId, name } = record;
    for (;;) {
      // Between the look and the write another engine may have been quicker: the index has the last word.
      const written = await this.#query(
        `insert into agents (${columns}, claimed)
         select $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9::bigint, $10::bigint, $11::bigint, $12, true
         where not exists (select 1 from agents where app_id = $2 and name = $3 and stopped_at = 0)
         on conflict do nothing returning agent_id`,
        this.#rowOf(record),
      );
      if (written.length > 0) {
        this.#live.set(record.agentId, record);
        return undefined;
      }
      const [holder] = await this.#query(
        `select * from agents where agent_id = $1 or (app_id = $2 and name = $3 and stopped_at = 0)
         order by agent_id = $1 desc, claimed desc limit 1`,
        [agentId, appId, name],
      );
      // It was saved meanwhile without a claim: the database was away for too long.
      if (holder?.["agent_id"] === agentId) return undefined;
      // Else it has exited since.
      if (holder !== undefined) return toRecord(holder);
    }
  }

  /** Keeps a call's record from its events on; the agent is saved before. `past`: what was kept before the engine was killed. */
  follow(agentId: string, epochMs: number, past?: Past): (event: SessionEvent) => void {
    const log = new CallLog(epochMs, past);
    const { keepTranscripts } = this.#options;
    return (event) => this.#keep(agentId, log.handle(keepTranscripts ? event : inOwnWords(event)));
  }

  async find(agentId: string): Promise<AgentRecord | undefined> {
    const [row] = await this.#query("select * from agents where agent_id = $1", [agentId]);
    return row === undefined ? undefined : toRecord(row);
  }

  async list({ appId, channel, from, to, states, limit, cursor }: AgentFilter): Promise<AgentPage> {
    const where =
      "app_id = $1 and created_at between $2 and $3 and state = any(string_to_array($4, ',')) and ($5::text is null or channel = $5)";
    const parameters = [appId, from, to, states.join(","), channel ?? null];
    const [counted] = await this.#query(`select count(*) as total from agents where ${where}`, parameters);
    const total = z.coerce.number().parse(counted?.["total"]);
    const first = cursor === undefined ? undefined : await this.find(cursor);
    if (cursor !== undefined && first === undefined) return { agents: [], next: "", total };
    const rows = await this.#query(
      `select * from agents where ${where} and (created_at < $6 or (created_at = $6 and agent_id >= $7)) order by created_at desc, agent_id limit $8`,
      [...parameters, first?.createdAt ?? to, cursor ?? "", limit + 1],
    );
    const agents = rows.map(toRecord);
    return { agents: agents.slice(0, limit), next: agents[limit]?.agentId ?? "", total };
  }

  /** What was heard in a call, in order. */
  async entries(agentId: string): Promise<EntryRow[]> {
    const rows = await this.#query("select * from entries where agent_id = $1 order by number", [agentId]);
    return rows.map((row) => {
      const { turn_id, original, ...entry } = EntryFromRow.parse(row);
      return { ...entry, turnId: turn_id, ...(original === null ? {} : { original }) };
    });
  }

  /** The turns of a call that have ended, in order. */
  async turns(agentId: string): Promise<TurnRecord[]> {
    const rows = await this.#query("select record from turns where agent_id = $1 order by turn_id", [agentId]);
    return rows.map((row) => TurnRecord.parse(row["record"]));
  }

  /** A statement of a table beside these, written in order with the records of its call. */
  write(agentId: string, sql: string, parameters: readonly Parameter[]): void {
    this.#push(agentId, sql, parameters);
  }

  /** A statement of a table beside these, at once; it finds everything that was handed over before. */
  async query(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return await this.#query(sql, parameters);
  }

  /** The same, while no other engine runs one under the same `lock`: what the statement reads is still so when it writes. */
  async queryAlone(lock: string, sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return await this.#ask(
      async (database) =>
        await database.transaction(async (connection) => {
          // A statement of its own: the next one sees what was written while this one waited.
          await connection.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [lock]);
          return await connection.query(sql, parameters.map(storable));
        }),
    );
  }

  /** Hears what other engines on the database announce under that name; what comes while the database is away is missed. */
  listen(channel: string, onNotice: (text: string) => void): void {
    this.#listeners.push({ channel, onNotice });
    this.#writer.database?.listen?.(channel, onNotice);
  }

  /** Forgets a call: the agent, what was said, its turns. */
  async deleteCall(agentId: string): Promise<void> {
    await this.#query("delete from agents where agent_id = $1", [agentId]);
  }

  /** Resolves when everything handed over so far is written for good, or the database fails. */
  async settled(): Promise<void> {
    await this.#writer.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#repeating);
    await this.#writer[Symbol.asyncDispose]();
  }

  async #openDatabase(): Promise<Database> {
    const database = await this.#options.open();
    try {
      await migrate(database, this.#options.now());
      await this.#attend(database);
      await this.#purge(database);
      for (const { channel, onNotice } of this.#listeners) database.listen?.(channel, onNotice);
      return database;
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  #keep(agentId: string, { entries, turns }: CallRows): void {
    if (this.#options.keepTranscripts) {
      for (const { number, turnId, role, content, source, uid, interrupted, original, at } of entries) {
        this.#push(
          agentId,
          "insert into entries (agent_id, number, turn_id, role, content, source, uid, interrupted, original, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (agent_id, number) do nothing",
          [agentId, number, turnId, role, content, source, uid, interrupted, original ?? null, at],
        );
      }
    }
    for (const turn of turns) {
      this.#push(
        agentId,
        "insert into turns (agent_id, turn_id, record) values ($1, $2, $3::jsonb) on conflict (agent_id, turn_id) do nothing",
        [agentId, turn.turnId, plainJson(turn)],
      );
    }
  }

  #rowOf({ agentId, appId, name, channel, uid, labels, state, message, createdAt, startedAt, stoppedAt }: AgentRecord): Parameter[] {
    return [agentId, appId, name, channel, uid, plainJson(labels), state, message, createdAt, startedAt, stoppedAt, this.runId];
  }

  #push(agentId: string, sql: string, parameters: readonly Parameter[]): void {
    this.#writer.push({ agentId, sql, parameters: parameters.map(storable) });
  }

  async #query(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return await this.#ask(async (database) => await database.query(sql, parameters.map(storable)));
  }

  async #ask<T>(work: (database: Database) => Promise<T>): Promise<T> {
    await this.#writer.settled();
    const { database, problem } = this.#writer;
    if (database === undefined || problem !== undefined)
      throw new AppError("not-ready", `records cannot be read at the moment (${problem ?? "closing"})`);
    return await this.#reading(database, async () => await work(database));
  }

  /** A database that is gone is told, and opened again; the reader may try again then. */
  async #reading<T>(database: Database, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SqlError || !(error instanceof Error)) throw error;
      this.#writer.doubt(database, error);
      throw new AppError("not-ready", `records cannot be read at the moment (database: ${error.message})`, { cause: error });
    }
  }

  async #purge(database: Database): Promise<void> {
    const oldest = this.#options.now() - this.#options.retentionDays * DAY_MS;
    await database.query("delete from agents where created_at < $1 and stopped_at > 0", [oldest]);
    // Tests of webhooks belong to no agent.
    await database.query("delete from webhooks where created_at < $1 and agent_id is null", [oldest]);
    await database.vacuum?.();
  }

  async #attend(database: Database): Promise<void> {
    const identity = {
      engineId: this.#options.engineId,
      runId: this.runId,
      now: this.#options.now(),
      restoreWithinMs: this.#options.restoreWithinS * 1000,
    };
    // Else another engine took this one for dead, and its agents too.
    if (await attend(database, identity)) return;
    for (const record of this.#live.values()) {
      this.save(record);
      this.#push(record.agentId, "update recipes set lost_at = null where agent_id = $1", [record.agentId]);
    }
  }

  /** A database that is not open is attended to when it is opened. */
  async #repeat(everyMs: number, problem: string, work: (database: Database) => Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.#options.pause(everyMs, signal);
        const { database } = this.#writer;
        if (database !== undefined) await this.#reading(database, async () => await work(database));
      } catch (error) {
        if (!signal.aborted) this.#options.onProblem(problem, error);
      }
    }
  }
}

/** PostgreSQL's text holds no NUL: what is written loses it, and so does what is looked for. */
function storable(value: Parameter): Parameter {
  return typeof value === "string" ? value.replaceAll("\0", "") : value;
}
