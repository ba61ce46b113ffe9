/** Webhook subscriptions of the Voice Agent door in the database, and the notices that wait for them in the outbox. */
import { z } from "zod";
import type { Parameter } from "./database.ts";
import { type PageOf, type Place, toPage } from "./pages.ts";
import { plainText } from "./plain.ts";
import type { SessionDatabase } from "./voice-agent-sessions.ts";

export interface SubscriptionRow {
  readonly id: string;
  readonly appId: string;
  readonly url: string;
  readonly events: readonly string[];
  /** Null: sessions of all agents. */
  readonly agentId: string | null;
  readonly enabled: boolean;
  /** Sealed. */
  readonly secret: string;
  /** How often it was set: 1 at first. */
  readonly secretVersion: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SubscribedNotice {
  readonly noticeId: string;
  readonly appId: string;
  readonly agentId: string | null;
  readonly event: string;
  /** A number for the outbox. */
  readonly eventType: number;
  /** JSON. */
  readonly payload: string;
}

const FromRow = z
  .object({
    subscription_id: z.string(),
    app_id: z.string(),
    url: z.string(),
    events: z.string(),
    agent_id: z.string().nullable(),
    enabled: z.boolean(),
    secret: z.string(),
    secret_version: z.int(),
    created_at: z.coerce.number(),
    updated_at: z.coerce.number(),
  })
  .transform(
    ({ subscription_id, app_id, url, events, agent_id, enabled, secret, secret_version, created_at, updated_at }): SubscriptionRow => ({
      id: subscription_id,
      appId: app_id,
      url,
      events: events.split(","),
      agentId: agent_id,
      enabled,
      secret,
      secretVersion: secret_version,
      createdAt: created_at,
      updatedAt: updated_at,
    }),
  );

export class SubscriptionRows {
  readonly #database: SessionDatabase;

  constructor(database: SessionDatabase) {
    this.#database = database;
  }

  /** False: the project has `most` already. */
  async insert(row: SubscriptionRow, most: number): Promise<boolean> {
    const rows = await this.#database.queryAlone(
      `voice_subscriptions ${row.appId}`,
      `insert into voice_subscriptions (subscription_id, app_id, url, events, agent_id, enabled, secret, created_at, updated_at, secret_version)
       select $1, $2, $3, $4, $5, $6::boolean, $7, $8::bigint, $9::bigint, $10::integer
       where (select count(*) from voice_subscriptions where app_id = $2) < $11::bigint returning subscription_id`,
      [...parametersOf(row), most],
    );
    return rows.length > 0;
  }

  /** False: there is none any more. */
  async update(row: SubscriptionRow): Promise<boolean> {
    const rows = await this.#database.query(
      `update voice_subscriptions set url = $3, events = $4, agent_id = $5, enabled = $6, secret = $7, created_at = $8, updated_at = $9,
       secret_version = $10
       where subscription_id = $1 and app_id = $2 returning subscription_id`,
      parametersOf(row),
    );
    return rows.length > 0;
  }

  async find(appId: string, id: string): Promise<SubscriptionRow | undefined> {
    const [row] = await this.#database.query("select * from voice_subscriptions where app_id = $1 and subscription_id = $2", [
      appId,
      plainText(id),
    ]);
    return row === undefined ? undefined : FromRow.parse(row);
  }

  /** Newest first, after `from`. */
  async list(appId: string, limit: number, from: Place | undefined): Promise<PageOf<SubscriptionRow>> {
    const rows = await this.#database.query(
      `select * from voice_subscriptions where app_id = $1 and ($2::bigint is null or (created_at, subscription_id) < ($2::bigint, $3))
       order by created_at desc, subscription_id desc limit $4`,
      [appId, from?.createdAt ?? null, plainText(from?.id ?? ""), limit + 1],
    );
    return toPage(z.array(FromRow).parse(rows), limit, ({ createdAt, id }) => ({ createdAt, id }));
  }

  /** Of every project. */
  async enabled(): Promise<SubscriptionRow[]> {
    return z.array(FromRow).parse(await this.#database.query("select * from voice_subscriptions where enabled", []));
  }

  /** With what waits for it. False: there was none. */
  async delete(appId: string, id: string): Promise<boolean> {
    const rows = await this.#database.query(
      "delete from voice_subscriptions where app_id = $1 and subscription_id = $2 returning subscription_id",
      [appId, plainText(id)],
    );
    if (rows.length > 0) await this.#database.query("delete from webhooks where app_id = $1 and url = $2", [appId, plainText(id)]);
    return rows.length > 0;
  }

  /** Writes a notice down for each subscription that wants it, behind what is written of its session; nobody waits for it. */
  push(sessionId: string, { noticeId, appId, agentId, event, eventType, payload }: SubscribedNotice, now: number): void {
    this.#database.write(
      sessionId,
      `insert into webhooks (agent_id, app_id, notice_id, url, event_type, payload, created_at, next_at)
       select null, $2, $1, subscription_id, $5::integer, $6, $7::bigint, $7::bigint from voice_subscriptions
       where app_id = $2 and enabled and (agent_id is null or agent_id = $3::text) and $4::text = any(string_to_array(events, ','))
       on conflict do nothing`,
      [noticeId, appId, agentId === null ? null : plainText(agentId), event, eventType, payload, Math.floor(now)],
    );
  }
}

function parametersOf(row: SubscriptionRow): Parameter[] {
  const { id, appId, url, events, agentId, enabled, secret, secretVersion, createdAt, updatedAt } = row;
  const agent = agentId === null ? null : plainText(agentId);
  return [id, appId, plainText(url), events.join(","), agent, enabled, secret, createdAt, updatedAt, secretVersion];
}
