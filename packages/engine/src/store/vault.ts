/** Keeps secrets unreadable in the database: AES-256-GCM, with a key that lies in the data folder and nowhere else. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import path from "node:path";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** Of a nonce and of a tag (NIST SP 800-38D, 5.2.1.1 and 5.2.1.2). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const FILE = "calls.key";

export class Vault {
  readonly #key: Buffer;

  /** `key`: 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /**
   * With the key in the data folder, made at the first start, readable by the engine's user alone. A folder that takes
   * no file (a full disk) gives a key for this start alone: what it seals cannot be opened after the next.
   */
  static inFolder(folder: string): Vault {
    return new Vault(keyInFolder(folder, FILE));
  }

  /** `about`: whose it is; it opens for the same alone. */
  seal(text: string, about: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
  }

  /** Undefined: it was sealed with another key or for another, or was changed. */
  open(sealed: string, about: string): string | undefined {
    const bytes = Buffer.from(sealed, "base64");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }
}

/** 32 random bytes under that name in the data folder, made at the first start; see {@link Vault.inFolder}. */
export function keyInFolder(folder: string, name: string): Buffer {
  const file = path.join(folder, name);
  return readKey(file) ?? makeKey(file);
}

/** Undefined: there is none, or what there is is no key. */
function readKey(file: string): Buffer | undefined {
  try {
    const key = readFileSync(file);
    if (key.length !== KEY_BYTES) return undefined;
    chmodSync(file, 0o600);
    return key;
  } catch {
    return undefined;
  }
}

function makeKey(file: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const descriptor = openSync(file, "w", 0o600);
    try {
      writeSync(descriptor, key);
      // It must outlive a power cut as what it seals does.
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    // The mode of open holds for new files only.
    chmodSync(file, 0o600);
  } catch {
    // Good for this start alone.
  }
  return key;
}
