/** The keys of the Voice Agent door: whose project a key opens. */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Project } from "../../projects/project.ts";
import type { ProjectSecrets } from "../../projects/project-secrets.ts";

export interface ApiKey {
  readonly project: Project;
  /** Names the key without telling it: 16 hexadecimal digits, the same after a restart and on every engine of a fleet. */
  readonly keyId: string;
}

interface KnownKey extends ApiKey {
  readonly digest: Buffer;
  readonly tokenKey: Buffer;
}

/** Of the key that signs temporary tokens. */
const TOKEN_KEY_BYTES = 32;

export class ApiKeys {
  readonly #keys: readonly KnownKey[];

  constructor(projects: readonly Project[], secrets: ProjectSecrets) {
    this.#keys = projects.flatMap((project) => {
      // Without it nobody can try API keys on a token that they have got hold of.
      const salt = secrets.of(project, "voice agent tokens");
      return project.apiKeys.map((text) => {
        const tokenKey = Buffer.from(hkdfSync("sha256", text, salt, project.appId, TOKEN_KEY_BYTES));
        return {
          project,
          keyId: createHmac("sha256", tokenKey).update("key id").digest("hex").slice(0, 16),
          digest: digest(text),
          tokenKey,
        };
      });
    });
  }

  /** Every key is compared, each in constant time: how long it takes tells nothing. */
  find(text: string): ApiKey | undefined {
    const given = digest(text);
    const [found] = this.#keys.filter((key) => timingSafeEqual(key.digest, given));
    return found;
  }

  /** What the tokens that a key has minted are signed with; undefined: there is no such key any more. */
  tokenKey(keyId: string): { readonly project: Project; readonly key: Buffer } | undefined {
    const found = this.#keys.find((key) => key.keyId === keyId);
    return found === undefined ? undefined : { project: found.project, key: found.tokenKey };
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
