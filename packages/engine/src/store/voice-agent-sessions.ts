/** Sessions of the Voice Agent door in the database: written off the audio path, kept as long as calls are. */
import { z } from "zod";
import type { Parameter } from "./database.ts";
import { type PageOf, type Place, toPage } from "./pages.ts";
import { plainJson, plainText } from "./plain.ts";
import type { VoiceDatabase } from "./voice-agent-agents.ts";

export interface SessionDatabase extends VoiceDatabase {
  /** In order with what else is written; nobody waits for it. */
  write(id: string, sql: string, parameters: readonly Parameter[]): void;
}

/** Times are Unix milliseconds. */
export interface SessionRow {
  readonly id: string;
  readonly appId: string;
  readonly agentId: string | null;
  /** Null: it is open. */
  readonly closeReason: string | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  readonly audioMs: number | null;
  /** JSON without secrets. */
  readonly config: unknown;
}

export interface SessionFilter {
  readonly appId: string;
  readonly open: boolean | undefined;
  readonly agentId: string | undefined;
  readonly limit: number;
  readonly from: Place | undefined;
}

const optionalNumber = z.coerce.number().nullable();

const columns = "session_id, app_id, agent_id, close_reason, created_at, ended_at, duration_ms, audio_ms, config";

const FromRow = z
  .object({
    session_id: z.string(),
    app_id: z.string(),
    agent_id: z.string().nullable(),
    close_reason: z.string().nullable(),
    created_at: z.coerce.number(),
    ended_at: optionalNumber,
    duration_ms: optionalNumber,
    audio_ms: optionalNumber,
    config: z.unknown(),
  })
  .transform(({ session_id, app_id, agent_id, close_reason, created_at, ended_at, duration_ms, audio_ms, config }): SessionRow => ({
    id: session_id,
    appId: app_id,
    agentId: agent_id,
    closeReason: close_reason,
    createdAt: created_at,
    endedAt: ended_at,
    durationMs: duration_ms,
    audioMs: audio_ms,
    config,
  }));

export class SessionRows {
  readonly #database: SessionDatabase;
  readonly #runId: string;

  /** `runId`: of this start of the engine, as the store knows it. */
  constructor(database: SessionDatabase, runId: string) {
    this.#database = database;
    this.#runId = runId;
  }

  /**
   * Has no effect once another engine holds the session. `timeline`: JSON; null where it is not known yet. Those that began
   * before `oldest` are deleted on the way.
   */
  save(row: SessionRow, timeline: unknown, oldest: number): void {
    const { id, appId, agentId, closeReason, createdAt, endedAt, durationMs, audioMs, config } = row;
    const whole = (value: number | null): number | null => (value === null ? null : Math.round(value));
    this.#database.write(
      id,
      `insert into voice_sessions (${columns}, run_id, timeline) values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11::jsonb)
       on conflict (session_id) do update set close_reason = excluded.close_reason, ended_at = excluded.ended_at, duration_ms = excluded.duration_ms,
         audio_ms = excluded.audio_ms, config = excluded.config, run_id = excluded.run_id, timeline = coalesce(excluded.timeline, voice_sessions.timeline)
       where voice_sessions.app_id = excluded.app_id
         and not exists (select 1 from kept_voice_sessions k where k.session_id = excluded.session_id and k.run_id <> excluded.run_id)`,
      [
        id,
        appId,
        agentId === null ? null : plainText(agentId),
        closeReason,
        Math.floor(createdAt),
        whole(endedAt),
        whole(durationMs),
        whole(audioMs),
        plainJson(config),
        this.#runId,
        timeline === null ? null : plainJson(timeline),
      ],
    );
    this.#database.write(id, "delete from voice_sessions where created_at < $1 and ended_at is not null", [Math.floor(oldest)]);
  }

  async find(appId: string, id: string): Promise<SessionRow | undefined> {
    const [row] = await this.#database.query(`select ${columns} from voice_sessions where app_id = $1 and session_id = $2`, [
      appId,
      plainText(id),
    ]);
    return row === undefined ? undefined : FromRow.parse(row);
  }

  /** Undefined: there is no such session, or none of its timeline is known. */
  async timeline(appId: string, id: string): Promise<unknown> {
    const [row] = await this.#database.query("select timeline from voice_sessions where app_id = $1 and session_id = $2", [
      appId,
      plainText(id),
    ]);
    return row?.["timeline"] ?? undefined;
  }

  /** Newest first, after `from`. */
  async list({ appId, open, agentId, limit, from }: SessionFilter): Promise<PageOf<SessionRow>> {
    const rows = await this.#database.query(
      `select ${columns} from voice_sessions
       where app_id = $1 and ($2::boolean is null or (ended_at is null) = $2::boolean) and ($3::text is null or agent_id = $3::text)
         and ($4::bigint is null or (created_at, session_id) < ($4::bigint, $5))
       order by created_at desc, session_id desc limit $6`,
      [
        appId,
        open ?? null,
        agentId === undefined ? null : plainText(agentId),
        from?.createdAt ?? null,
        plainText(from?.id ?? ""),
        limit + 1,
      ],
    );
    return toPage(z.array(FromRow).parse(rows), limit, ({ createdAt, id }) => ({ createdAt, id }));
  }

  /** `open`: it goes on, and is not deleted. */
  async delete(appId: string, id: string): Promise<"deleted" | "open" | "unknown"> {
    const row = await this.find(appId, id);
    if (row === undefined) return "unknown";
    if (row.endedAt === null) return "open";
    await this.#database.query("delete from voice_sessions where app_id = $1 and session_id = $2 and ended_at is not null", [
      appId,
      plainText(id),
    ]);
    return "deleted";
  }
}
