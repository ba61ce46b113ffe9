/** Temporary tokens that have opened their session, remembered across a restart. */
import { z } from "zod";
import type { SessionDatabase } from "./voice-agent-sessions.ts";

const FromRow = z.object({ nonce: z.string(), forget_at: z.coerce.number() });

export class SpentTokens {
  readonly #database: SessionDatabase;

  constructor(database: SessionDatabase) {
    this.#database = database;
  }

  /** `now` and `forgetAt`: Unix milliseconds. Nobody waits for it. */
  keep(nonce: string, forgetAt: number, now: number): void {
    this.#database.write(nonce, "insert into voice_tokens (nonce, forget_at) values ($1, $2) on conflict do nothing", [
      nonce,
      Math.floor(forgetAt),
    ]);
    this.#database.write(nonce, "delete from voice_tokens where forget_at < $1", [Math.floor(now)]);
  }

  /** Those that are not expired. */
  async load(now: number): Promise<[nonce: string, forgetAt: number][]> {
    const rows = await this.#database.query("select nonce, forget_at from voice_tokens where forget_at >= $1", [Math.floor(now)]);
    return z
      .array(FromRow)
      .parse(rows)
      .map(({ nonce, forget_at }) => [nonce, forget_at]);
  }
}
