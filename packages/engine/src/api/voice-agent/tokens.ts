/** Temporary tokens of the Voice Agent door: what a browser gets in place of an API key, for one session. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Project } from "../../projects/project.ts";
import type { ApiKeys } from "./api-keys.ts";

export interface TokenWish {
  /** In which the token may open a session: 1 to 600. */
  readonly expiresInSeconds: number;
  /** Longest session that it may open: 60 to 10800. */
  readonly maxSessionDurationSeconds: number;
}

export type TokenCheck =
  | {
      readonly ok: true;
      readonly project: Project;
      readonly keyId: string;
      /** For {@link VoiceTokens.spend}, once the session is ready. */
      readonly nonce: string;
      readonly maxSessionDurationSeconds: number;
      /** Unix milliseconds. */
      readonly expiresAt: number;
    }
  | { readonly ok: false; readonly why: "malformed" | "unknown" | "expired" | "used" };

export interface VoiceTokensOptions {
  readonly keys: ApiKeys;
  /** Tokens open any number of sessions within their window. */
  readonly reusable: boolean;
  /** Told of each used nonce, so that it can be remembered across a restart. */
  readonly onSpent?: (nonce: string, forgetAt: number) => void;
}

/** Tells a token from an API key at a glance, in logs of clients, too. */
const PREFIX = "pvt1_";

/** key id (8), expiry in Unix milliseconds (8), cap in seconds (4), nonce (16). */
const SIGNED_BYTES = 36;
const MAC_BYTES = 32;

/** A socket that came within the window may take so long to become a session, in milliseconds. */
const START_MS = 60_000;

/** Used nonces that are remembered; beyond it no token opens a session until some of them expire. */
const MOST_SPENT = 100_000;

/**
 * A token holds its key's id, its expiry, its cap and a nonce, and is signed (HMAC-SHA256) with a key that is derived
 * from the API key which minted it and a secret of its project: it is good after a restart and, with a certificate,
 * on every engine of the same database, and dies when its API key is taken out of the configuration.
 */
export class VoiceTokens {
  readonly #options: VoiceTokensOptions;
  /** Used nonces, with the Unix milliseconds at which each may be forgotten. */
  readonly #spent = new Map<string, number>();
  #nextSweepAt = 0;

  constructor(options: VoiceTokensOptions) {
    this.#options = options;
  }

  /** `now` and the answer's `expiresAt` in Unix milliseconds. Throws a RangeError for a key that is not the project's. */
  mint(project: Project, keyId: string, wish: TokenWish, now: number): { readonly token: string; readonly expiresAt: number } {
    const key = this.#options.keys.tokenKey(keyId);
    if (key?.project !== project) throw new RangeError(`project ${project.appId} has no API key ${keyId}`);
    const expiresAt = Math.floor(now) + wish.expiresInSeconds * 1000;
    const signed = Buffer.alloc(SIGNED_BYTES);
    signed.write(keyId, 0, "hex");
    signed.writeBigUInt64BE(BigInt(expiresAt), 8);
    signed.writeUInt32BE(wish.maxSessionDurationSeconds, 16);
    randomBytes(16).copy(signed, 20);
    return { token: PREFIX + Buffer.concat([signed, sign(key.key, signed)]).toString("base64url"), expiresAt };
  }

  /** Whether a socket with this token may go on; it is used up by {@link spend} alone. */
  check(text: string, now: number): TokenCheck {
    const bytes = readToken(text);
    if (bytes === undefined) return { ok: false, why: "malformed" };
    const signed = bytes.subarray(0, SIGNED_BYTES);
    const keyId = signed.toString("hex", 0, 8);
    const key = this.#options.keys.tokenKey(keyId);
    if (key === undefined || !timingSafeEqual(sign(key.key, signed), bytes.subarray(SIGNED_BYTES))) return { ok: false, why: "unknown" };
    const expiresAt = Number(signed.readBigUInt64BE(8));
    if (now >= expiresAt) return { ok: false, why: "expired" };
    const nonce = signed.toString("hex", 20);
    if (this.#spent.has(nonce)) return { ok: false, why: "used" };
    return { ok: true, project: key.project, keyId, nonce, maxSessionDurationSeconds: signed.readUInt32BE(16), expiresAt };
  }

  /** Uses a token up: its session is ready. False: another session was first. */
  spend(nonce: string, expiresAt: number, now: number): boolean {
    if (this.#options.reusable) return true;
    this.#sweep(now);
    if (this.#spent.has(nonce) || this.#spent.size >= MOST_SPENT) return false;
    const forgetAt = expiresAt + START_MS;
    this.#spent.set(nonce, forgetAt);
    this.#options.onSpent?.(nonce, forgetAt);
    return true;
  }

  /** Nonces that were used before a restart. */
  remember(spent: Iterable<readonly [nonce: string, forgetAt: number]>): void {
    for (const [nonce, forgetAt] of spent) this.#spent.set(nonce, forgetAt);
  }

  /** Forgets what has expired: once in a while, or when there is no room. */
  #sweep(now: number): void {
    if (now < this.#nextSweepAt && this.#spent.size < MOST_SPENT) return;
    this.#nextSweepAt = now + START_MS;
    for (const [nonce, forgetAt] of this.#spent) if (forgetAt <= now) this.#spent.delete(nonce);
  }
}

function readToken(text: string): Buffer | undefined {
  // Nothing that is too long is decoded, and one token has one spelling.
  if (!text.startsWith(PREFIX) || text.length > 128) return undefined;
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64url");
  return bytes.length === SIGNED_BYTES + MAC_BYTES && bytes.toString("base64url") === encoded ? bytes : undefined;
}

function sign(key: Buffer, message: Buffer): Buffer {
  return createHmac("sha256", key).update(message).digest();
}
