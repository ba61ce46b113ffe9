/** What it takes to go on with Voice Agent sessions in another process: sealed rows, each held by one engine at a time. */
import { z } from "zod";
import { plainText } from "./plain.ts";
import type { SessionDatabase } from "./voice-agent-sessions.ts";

export interface KeptDatabase extends SessionDatabase {
  /** Of this start of the engine. */
  readonly runId: string;
}

export type PartKind = "configuration" | "memory" | "turn" | "changes";

export interface KeptPart {
  readonly kind: PartKind;
  readonly number: number;
  readonly sealed: string;
}

/** A session as it is laid down at its start. */
export interface NewKept {
  readonly id: string;
  readonly appId: string;
  /** Goes up each time that the session changes hands. */
  readonly claim: number;
  /** Unix milliseconds. */
  readonly endsAt: number;
  /** Sealed. */
  readonly state: string;
}

export interface KeptRow extends NewKept {
  readonly engineId: string;
  /** Unix milliseconds, by the clock of the database: its engine held it then. */
  readonly seenAt: number;
  /** For so many milliseconds nobody has said that it lives, or may live again. */
  readonly unseenMs: number;
}

/** Who holds a session. */
export interface Holding {
  readonly id: string;
  readonly claim: number;
}

/** Name of the notice that a session has changed hands; it says which, and its claim. */
export const CLAIMED = "parley_voice_claimed";

/** Of `kept_voice_sessions`. */
const columns = `session_id, app_id, claim, ends_at, state, engine_id, extract(epoch from seen_at) * 1000 as seen_at,
  extract(epoch from now() - greatest(seen_at, adopted_at)) * 1000 as unseen_ms`;

const isUnseen = (forMs: string): string =>
  `greatest(seen_at, adopted_at) <= now() - ${forMs}::double precision * interval '1 millisecond'`;

const FromRow = z
  .object({
    session_id: z.string(),
    app_id: z.string(),
    claim: z.number(),
    ends_at: z.coerce.number(),
    state: z.string(),
    engine_id: z.string(),
    seen_at: z.coerce.number(),
    unseen_ms: z.coerce.number(),
  })
  .transform(({ session_id, app_id, claim, ends_at, state, engine_id, seen_at, unseen_ms }): KeptRow => ({
    id: session_id,
    appId: app_id,
    claim,
    endsAt: ends_at,
    state,
    engineId: engine_id,
    seenAt: seen_at,
    unseenMs: unseen_ms,
  }));

const PartFromRow = z.object({ kind: z.enum(["configuration", "memory", "turn", "changes"]), number: z.number(), sealed: z.string() });
const HoldingFromRow = z.object({ session_id: z.string(), claim: z.number(), own: z.boolean() });

export class KeptRows {
  readonly #database: KeptDatabase;
  readonly #engineId: string;

  /** `engineId`: the same after a restart. */
  constructor(database: KeptDatabase, engineId: string) {
    this.#database = database;
    this.#engineId = engineId;
  }

  /** Behind the session's record; nobody waits for it. */
  open({ id, appId, claim, endsAt, state }: NewKept): void {
    this.#database.write(
      id,
      `insert into kept_voice_sessions (session_id, app_id, claim, ends_at, state, run_id, engine_id) select $1, $2, $3::integer, $4::bigint, $5, $6, $7
       where exists (select 1 from voice_sessions where session_id = $1 and ended_at is null) on conflict do nothing`,
      [id, appId, claim, Math.floor(endsAt), state, this.#database.runId, this.#engineId],
    );
  }

  /** Has no effect once another engine holds the session. */
  save({ id, claim }: Holding, state: string): void {
    this.#database.write(id, "update kept_voice_sessions set state = $3, seen_at = now() where session_id = $1 and claim = $2", [
      id,
      claim,
      state,
    ]);
  }

  /** Takes the place of the part with that kind and number. */
  savePart({ id, claim }: Holding, { kind, number, sealed }: KeptPart): void {
    // The lock makes a claim that is under way come first.
    this.#database.write(
      id,
      `insert into kept_voice_parts (session_id, kind, number, sealed)
       select session_id, $3, $4::integer, $5 from kept_voice_sessions where session_id = $1 and claim = $2 for share
       on conflict (session_id, kind, number) do update set sealed = excluded.sealed`,
      [id, claim, kind, number, sealed],
    );
  }

  /** Parts before that number are not needed any more. */
  forget({ id, claim }: Holding, kind: PartKind, before: number): void {
    this.#database.write(
      id,
      `delete from kept_voice_parts p using kept_voice_sessions s
       where s.session_id = $1 and s.claim = $2 and p.session_id = s.session_id and p.kind = $3 and p.number < $4`,
      [id, claim, kind, before],
    );
  }

  /** The session has ended, and is written down as that. */
  end({ id, claim }: Holding): void {
    this.#database.write(id, "delete from kept_voice_sessions where session_id = $1 and claim = $2", [id, claim]);
  }

  async find(id: string): Promise<KeptRow | undefined> {
    const [row] = await this.#database.query(`select ${columns} from kept_voice_sessions where session_id = $1`, [plainText(id)]);
    return row === undefined ? undefined : FromRow.parse(row);
  }

  /** How a session ended whose rows are gone; undefined: nobody knows of it, or it is open. */
  async ending(id: string): Promise<{ readonly appId: string; readonly closeReason: string } | undefined> {
    const [row] = await this.#database.query(
      "select app_id, close_reason from voice_sessions where session_id = $1 and close_reason is not null",
      [plainText(id)],
    );
    return row === undefined ? undefined : { appId: z.string().parse(row["app_id"]), closeReason: z.string().parse(row["close_reason"]) };
  }

  /** Makes this engine the holder, and tells the others; undefined: somebody else was first, or it has ended. */
  async claim({ id, claim }: Holding): Promise<KeptRow | undefined> {
    const [row] = await this.#database.query(
      `with claimed as (
         update kept_voice_sessions set claim = claim + 1, run_id = $3, engine_id = $4, adopted_at = null, seen_at = now()
         where session_id = $1 and claim = $2 and session_id in (select session_id from voice_sessions where ended_at is null)
         returning ${columns})
       select *, pg_notify('${CLAIMED}', session_id || ' ' || claim) from claimed`,
      [id, claim, this.#database.runId, this.#engineId],
    );
    return row === undefined ? undefined : FromRow.parse(row);
  }

  async parts(id: string): Promise<KeptPart[]> {
    const rows = await this.#database.query(
      "select kind, number, sealed from kept_voice_parts where session_id = $1 order by kind, number",
      [id],
    );
    return z.array(PartFromRow).parse(rows);
  }

  /** Says that these sessions live here; tells which of them others hold by now, and which are kept no more. */
  async touch(held: readonly Holding[]): Promise<{ readonly taken: readonly Holding[]; readonly gone: readonly Holding[] }> {
    if (held.length === 0) return { taken: [], gone: [] };
    const ids = held.map(({ id }) => id).join(",");
    const answer = await this.#database.query(
      `with own as (update kept_voice_sessions set seen_at = now() where run_id = $1 and session_id = any(string_to_array($2, ',')))
       select session_id, claim, run_id = $1 as own from kept_voice_sessions where session_id = any(string_to_array($2, ','))`,
      [this.#database.runId, ids],
    );
    const rows = z.array(HoldingFromRow).parse(answer);
    const known = new Set(rows.map(({ session_id: id }) => id));
    return {
      taken: rows.filter(({ own }) => !own).map(({ session_id: id, claim }) => ({ id, claim })),
      gone: held.filter(({ id }) => !known.has(id)),
    };
  }

  /** Those of earlier runs of this engine are this run's, and wait from now on. */
  async adopt(): Promise<void> {
    await this.#database.query("update kept_voice_sessions set run_id = $1, adopted_at = now() where engine_id = $2", [
      this.#database.runId,
      this.#engineId,
    ]);
  }

  /** Those that nobody has spoken for in so many milliseconds, the oldest first. */
  async unseen(forMs: number): Promise<KeptRow[]> {
    const rows = await this.#database.query(
      `select ${columns} from kept_voice_sessions
       where ${isUnseen("$1")} order by seen_at limit 100`,
      [forMs],
    );
    return z.array(FromRow).parse(rows);
  }

  /** Keeps no longer what nobody has spoken for in so many milliseconds; false: somebody has, or was first to end it. */
  async endUnseen({ id, claim }: Holding, forMs: number): Promise<boolean> {
    const ended = await this.#database.query(
      `delete from kept_voice_sessions where session_id = $1 and claim = $2 and ${isUnseen("$3")} returning session_id`,
      [id, claim, forMs],
    );
    return ended.length > 0;
  }

  /** Whether this run holds any that do not live in it, besides these. */
  async waiting(held: readonly Holding[]): Promise<boolean> {
    const rows = await this.#database.query(
      "select 1 from kept_voice_sessions where run_id = $1 and not session_id = any(string_to_array($2, ',')) limit 1",
      [this.#database.runId, held.map(({ id }) => id).join(",")],
    );
    return rows.length > 0;
  }
}
