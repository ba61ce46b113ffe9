/** The webhooks that wait, in the database: written there before anything is sent, and the log of what became of each. */
import { z } from "zod";
import type { AgentRecord } from "../projects/agents.ts";
import type { Webhook } from "../projects/project.ts";
import type { Parameter, Row } from "../store/database.ts";
import type { Envelope } from "./envelope.ts";
import { type Notice, noticeId } from "./notices.ts";

export interface OutboxDatabase {
  /** In order with the records of its call; nobody waits for it. */
  write(agentId: string, sql: string, parameters: readonly Parameter[]): void;
  /** At once; finds everything that was written before. */
  query(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]>;
}

/** Where a webhook goes. */
export interface Receiver {
  readonly appId: string;
  readonly url: string;
}

/** One that is due, and belongs to this engine for a while. */
export interface Due extends Envelope {
  /** Attempts that have failed. */
  readonly attempts: number;
}

export interface Attempt {
  /** All so far, this one included. */
  readonly attempts: number;
  /** HTTP status, or why there was none: 590 no answer in time, 591 not reached, 592 its certificate is not trusted. */
  readonly status: number;
  readonly problem: string;
}

export interface OutboxOptions {
  /** The same after a restart. */
  readonly engineId: string;
  readonly keepPayloads: boolean;
  /** Whether this side sends to the projects' webhooks, by their addresses, or to subscriptions, by their ids. */
  readonly whose: "projects" | "subscriptions";
}

/** After so long another engine takes what this one has not finished: longer than an attempt. */
const CLAIM_MS = 30_000;

/** Calls whose ends are told at once. */
const MOST_ENDED = 100;

/** In place of an agent's id, in what tests a webhook. */
export const TEST = "test_webhook";

/** How a subscription's id begins, which stands in place of its address. */
export const SUBSCRIPTION = "whsub_";

const DueRow = z.object({
  notice_id: z.string(),
  agent_id: z.string().nullable(),
  event_type: z.number(),
  payload: z.string(),
  attempts: z.number(),
});

const waiting = "app_id = $1 and url = $2 and delivered_at = 0 and given_up_at = 0";

export class Outbox {
  readonly #database: OutboxDatabase;
  readonly #engineId: string;
  /** Of a webhook that has arrived or was given up, its payload is kept. */
  readonly #keepPayloads: boolean;
  readonly #whose: OutboxOptions["whose"];

  constructor(database: OutboxDatabase, options: OutboxOptions) {
    this.#database = database;
    this.#whose = options.whose;
    this.#engineId = options.engineId;
    this.#keepPayloads = options.keepPayloads;
  }

  /** A call whose end is to be told, even if this engine does not live to see it. */
  begin(agentId: string): void {
    this.#database.write(agentId, "insert into webhook_calls (agent_id, max_history) values ($1, 0) on conflict (agent_id) do nothing", [
      agentId,
    ]);
  }

  /** Entries of the call's history that are sent when it has ended. */
  remember(agentId: string, maxHistory: number): void {
    this.#database.write(
      agentId,
      "insert into webhook_calls (agent_id, max_history) values ($1, $2) on conflict (agent_id) do update set max_history = excluded.max_history",
      [agentId, maxHistory],
    );
  }

  push(agent: AgentRecord, webhooks: readonly Webhook[], notices: readonly Notice[], now: number): void {
    const rows = rowsOf(agent, webhooks, notices);
    if (rows.length === 0) return;
    this.#database.write(agent.agentId, `insert into webhooks ${columns} select ${values} from ${recordset} on conflict do nothing`, [
      agent.agentId,
      agent.appId,
      now,
      JSON.stringify(rows),
    ]);
  }

  /** The last webhooks of a call, once: whoever comes second adds nothing. */
  end(agent: AgentRecord, webhooks: readonly Webhook[], notices: readonly Notice[], now: number): void {
    this.#database.write(
      agent.agentId,
      `with ended as (delete from webhook_calls where agent_id = $1 returning agent_id)
       insert into webhooks ${columns} select ${values} from ended, ${recordset} on conflict do nothing`,
      [agent.agentId, agent.appId, now, JSON.stringify(rowsOf(agent, webhooks, notices))],
    );
  }

  /** Calls that ended before `until` and whose ends nobody has told: their engine died. */
  async untold(until: number): Promise<{ agentId: string; maxHistory: number }[]> {
    const rows = await this.#database.query(
      `select c.agent_id, c.max_history from webhook_calls c join agents a on a.agent_id = c.agent_id
       where a.started_at > 0 and a.stopped_at > 0 and a.stopped_at <= $1 order by a.stopped_at limit ${MOST_ENDED}`,
      [until],
    );
    return z
      .array(z.object({ agent_id: z.string(), max_history: z.number() }))
      .parse(rows)
      .map(({ agent_id, max_history }) => ({ agentId: agent_id, maxHistory: max_history }));
  }

  /** The oldest that are due for a receiver; no other engine gets them in the meantime. */
  async claim({ appId, url }: Receiver, now: number, limit: number): Promise<Due[]> {
    const rows = await this.#database.query(
      // A planner may run a subquery more than once; what is materialized it runs once.
      `with due as materialized (
         select notice_id, url from webhooks where ${waiting} and next_at <= $3::bigint order by next_at, created_at limit $5 for update skip locked)
       update webhooks w set next_at = $3::bigint + ${CLAIM_MS}, claimed_by = $4
       from due where w.notice_id = due.notice_id and w.url = due.url
       returning w.notice_id, w.agent_id, w.event_type, w.payload, w.attempts`,
      [appId, url, now, this.#engineId, limit],
    );
    return z
      .array(DueRow)
      .parse(rows)
      .map(({ notice_id, agent_id, event_type, ...rest }) => ({
        noticeId: notice_id,
        // Tests belong to no agent, and notices of the Voice Agent door's sessions do not either.
        agentId: agent_id ?? (notice_id.startsWith(`${TEST}:`) ? TEST : ""),
        eventType: event_type,
        ...rest,
      }));
  }

  /** When the next one is due, Unix milliseconds; undefined: none waits. */
  async nextAt({ appId, url }: Receiver): Promise<number | undefined> {
    const [row] = await this.#database.query(`select min(next_at) as at from webhooks where ${waiting}`, [appId, url]);
    return z.object({ at: z.coerce.number().nullable() }).parse(row ?? { at: null }).at ?? undefined;
  }

  async delivered(id: string, url: string, { attempts, status }: Attempt, now: number): Promise<void> {
    await this.#close(id, url, { attempts, status, problem: "" }, { delivered_at: now });
  }

  async failed(id: string, url: string, attempt: Attempt, nextAt: number): Promise<void> {
    const { attempts, status, problem } = attempt;
    await this.#database.query(
      "update webhooks set claimed_by = '', attempts = $3, status = $4, problem = $5, next_at = $6 where notice_id = $1 and url = $2",
      [id, url, attempts, status, plain(problem), nextAt],
    );
  }

  async givenUp(id: string, url: string, attempt: Attempt, now: number): Promise<void> {
    await this.#close(id, url, attempt, { given_up_at: now });
  }

  /** Sends these to a webhook that is new, or whose events or secret have changed since it was last tested; for one of several engines alone. */
  async test(receiver: Receiver, fingerprint: string, notices: readonly Notice[], now: number): Promise<void> {
    const rows = notices.map(({ eventType, payload }) => ({
      notice_id: `${TEST}:${eventType}:${now}`,
      event_type: eventType,
      payload: JSON.stringify(payload),
    }));
    await this.#database.query(
      `with changed as (
         insert into webhook_settings (app_id, url, fingerprint) values ($1, $2, $3)
         on conflict (app_id, url) do update set fingerprint = excluded.fingerprint where webhook_settings.fingerprint <> excluded.fingerprint
         returning app_id)
       insert into webhooks (agent_id, app_id, notice_id, url, event_type, payload, created_at, next_at)
       select null, $1, n.notice_id, $2, n.event_type, n.payload, $4::bigint, $4::bigint
       from changed, jsonb_to_recordset($5::jsonb) as n(notice_id text, event_type integer, payload text) on conflict do nothing`,
      [receiver.appId, receiver.url, fingerprint, now, JSON.stringify(rows)],
    );
  }

  /** A webhook that is set up again later is tested again. */
  async forgetOthers(appId: string, urls: readonly string[]): Promise<void> {
    await this.#database.query(
      "delete from webhook_settings where app_id = $1 and url not in (select value from jsonb_array_elements_text($2::jsonb))",
      [appId, JSON.stringify(urls)],
    );
  }

  /** Webhooks that have neither arrived nor were given up, of all engines on the database. */
  async waiting(): Promise<number> {
    const [row] = await this.#database.query("select count(*) as waiting from webhooks where delivered_at = 0 and given_up_at = 0", []);
    return z.object({ waiting: z.coerce.number() }).parse(row).waiting;
  }

  /** What this side of this engine was at when it ended is due at once; the other side may be at work. */
  async release(now: number): Promise<void> {
    await this.#database.query(
      `update webhooks set claimed_by = '', next_at = $2
       where claimed_by = $1 and delivered_at = 0 and given_up_at = 0 and starts_with(url, '${SUBSCRIPTION}') = $3::boolean`,
      [this.#engineId, now, this.#whose === "subscriptions"],
    );
  }

  async #close(
    id: string,
    url: string,
    { attempts, status, problem }: Attempt,
    { delivered_at = 0, given_up_at = 0 }: { readonly delivered_at?: number; readonly given_up_at?: number },
  ): Promise<void> {
    await this.#database.query(
      `update webhooks set claimed_by = '', attempts = $3, status = $4, problem = $5, delivered_at = $6, given_up_at = $7
       ${this.#keepPayloads ? "" : ", payload = ''"} where notice_id = $1 and url = $2`,
      [id, url, attempts, status, plain(problem), delivered_at, given_up_at],
    );
  }
}

const columns = "(agent_id, app_id, notice_id, url, event_type, payload, created_at, next_at)";
const values = "$1::text, $2::text, n.notice_id, n.url, n.event_type, n.payload, $3::bigint, $3::bigint";
const recordset = "jsonb_to_recordset($4::jsonb) as n(notice_id text, url text, event_type integer, payload text)";

/** A row for each notice and each webhook that wants to know. */
function rowsOf(agent: AgentRecord, webhooks: readonly Webhook[], notices: readonly Notice[]): Record<string, string | number>[] {
  return webhooks.flatMap(({ url, events }) =>
    notices
      .filter(({ eventType }) => events.has(eventType))
      .map((notice) => ({
        notice_id: noticeId(agent, notice),
        url,
        event_type: notice.eventType,
        payload: JSON.stringify(notice.payload),
      })),
  );
}

/** PostgreSQL's text holds no NUL. */
function plain(text: string): string {
  return text.replaceAll("\0", "");
}
