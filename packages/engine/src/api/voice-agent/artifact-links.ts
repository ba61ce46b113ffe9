/** Addresses of a session's artifacts that open without a header, for a while: signed with the API key that asked for them. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Project } from "../../projects/project.ts";
import type { ApiKey, ApiKeys } from "./api-keys.ts";

export interface ArtifactLink {
  readonly sessionId: string;
  readonly type: string;
  /** Of the API key. */
  readonly keyId: string;
  /** Unix seconds. */
  readonly expires: number;
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

/** In seconds. */
const LIFETIME_S = 600;

export class ArtifactLinks {
  readonly #keys: ApiKeys;

  constructor(keys: ApiKeys) {
    this.#keys = keys;
  }

  /** The query of a link that is good for ten minutes. `now` in Unix milliseconds. */
  query({ keyId }: Pick<ApiKey, "keyId">, sessionId: string, type: string, now: number): string {
    const expires = Math.floor(now / 1000) + LIFETIME_S;
    return new URLSearchParams({
      key: keyId,
      expires: String(expires),
      signature: this.#sign({ keyId, sessionId, type, expires }),
    }).toString();
  }

  /** Whose artifact it opens; undefined: it has expired, was changed, or its API key is gone. */
  check(link: ArtifactLink, now: number): Project | undefined {
    const found = this.#keys.tokenKey(link.keyId);
    if (found === undefined || now >= link.expires * 1000) return undefined;
    const [given, expected] = [link.signature, this.#sign(link)].map((hex) => Buffer.from(hex, "hex"));
    if (given === undefined || expected === undefined || given.length !== expected.length) return undefined;
    return timingSafeEqual(given, expected) ? found.project : undefined;
  }

  #sign({ keyId, sessionId, type, expires }: Omit<ArtifactLink, "signature">): string {
    const key = this.#keys.tokenKey(keyId)?.key ?? Buffer.alloc(0);
    return createHmac("sha256", key).update(["artifact", sessionId, type, expires].join("\n")).digest("hex");
  }
}
