/** Stored agents of the Voice Agent door in the database. Each query names the project: no other's rows are ever found. */
import { z } from "zod";
import type { Parameter, Row } from "./database.ts";
import { type PageOf, type Place, toPage } from "./pages.ts";
import { plainJson, plainText } from "./plain.ts";

/** The store, as far as these tables need it. */
export interface VoiceDatabase {
  /** At once; finds everything that was written before. Throws `not-ready` while the database cannot be asked. */
  query(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]>;
  /** The same, while no other engine runs one under the same lock. */
  queryAlone(lock: string, sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]>;
}

export interface AgentRow {
  readonly agentId: string;
  readonly appId: string;
  readonly name: string;
  /** JSON without secrets. */
  readonly settings: unknown;
  /** Sealed; empty: there are none. */
  readonly secrets: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

const FromRow = z
  .object({
    agent_id: z.string(),
    app_id: z.string(),
    name: z.string(),
    settings: z.unknown(),
    secrets: z.string(),
    created_at: z.coerce.number(),
    updated_at: z.coerce.number(),
  })
  .transform(({ agent_id, app_id, name, settings, secrets, created_at, updated_at }): AgentRow => ({
    agentId: agent_id,
    appId: app_id,
    name,
    settings,
    secrets,
    createdAt: created_at,
    updatedAt: updated_at,
  }));

export class AgentRows {
  readonly #database: VoiceDatabase;

  constructor(database: VoiceDatabase) {
    this.#database = database;
  }

  /** False: the project has `most` already. */
  async insert(row: AgentRow, most: number): Promise<boolean> {
    const { agentId, appId, name, settings, secrets, createdAt, updatedAt } = row;
    const inserted = await this.#database.queryAlone(
      `voice_agents ${appId}`,
      `insert into voice_agents (agent_id, app_id, name, settings, secrets, created_at, updated_at)
       select $1, $2, $3, $4::jsonb, $5, $6::bigint, $7::bigint
       where (select count(*) from voice_agents where app_id = $2) < $8::bigint returning agent_id`,
      [agentId, appId, plainText(name), plainJson(settings), secrets, createdAt, updatedAt, most],
    );
    return inserted.length > 0;
  }

  /** False: it was changed or deleted since `before`, Unix milliseconds of its last change. */
  async update({ agentId, appId, name, settings, secrets, updatedAt }: AgentRow, before: number): Promise<boolean> {
    const updated = await this.#database.query(
      `update voice_agents set name = $3, settings = $4::jsonb, secrets = $5, updated_at = $6
       where agent_id = $1 and app_id = $2 and updated_at = $7 returning agent_id`,
      [agentId, appId, plainText(name), plainJson(settings), secrets, updatedAt, before],
    );
    return updated.length > 0;
  }

  async find(appId: string, agentId: string): Promise<AgentRow | undefined> {
    const [row] = await this.#database.query("select * from voice_agents where app_id = $1 and agent_id = $2", [appId, plainText(agentId)]);
    return row === undefined ? undefined : FromRow.parse(row);
  }

  /** Newest first, after `from`. */
  async list(appId: string, limit: number, from: Place | undefined): Promise<PageOf<AgentRow>> {
    const rows = await this.#database.query(
      `select * from voice_agents where app_id = $1 and ($2::bigint is null or (created_at, agent_id) < ($2::bigint, $3))
       order by created_at desc, agent_id desc limit $4`,
      [appId, from?.createdAt ?? null, plainText(from?.id ?? ""), limit + 1],
    );
    return toPage(z.array(FromRow).parse(rows), limit, ({ createdAt, agentId }) => ({ createdAt, id: agentId }));
  }

  /** False: there was none. */
  async delete(appId: string, agentId: string): Promise<boolean> {
    const rows = await this.#database.query("delete from voice_agents where app_id = $1 and agent_id = $2 returning agent_id", [
      appId,
      plainText(agentId),
    ]);
    return rows.length > 0;
  }
}
