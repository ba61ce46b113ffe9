/** Puts an agent's data messages together from their packets `id|part|total|base64`. */
import { parseJson } from "./shape.ts";

/** How long parts wait for the rest, in milliseconds. */
const maxAgeMs = 30_000;
/** Messages that may be incomplete at a time; the oldest goes when one more begins. */
const maxPending = 32;
/** Most parts of one message: some 80 KB of JSON. */
const maxParts = 128;

interface Pending {
  readonly since: number;
  readonly parts: Map<number, string>;
  total: number | undefined;
}

/** One per sender. Parts come in any order; doubles are ignored. */
export class Reassembly {
  readonly #pending = new Map<string, Pending>();

  /** The message that this packet completes; undefined while parts are missing and for what is no message. `now` in milliseconds. */
  push(packet: string, now: number): unknown {
    const fields = packet.split("|");
    if (fields.length !== 4) return parseJson(fromUtf8(packet));
    const [id = "", partText = "", totalText = "", slice = ""] = fields;
    const part = partNumber(partText);
    const total = totalText === "???" ? undefined : partNumber(totalText);
    if (part === undefined || (total === undefined && totalText !== "???") || part > (total ?? maxParts)) return undefined;
    this.#forget(now);
    const pending = this.#pending.get(id) ?? this.#begin(id, now);
    pending.total ??= total;
    if (!pending.parts.has(part)) pending.parts.set(part, slice);
    if (pending.total === undefined || pending.parts.size < pending.total) return undefined;
    this.#pending.delete(id);
    return decode(pending.parts, pending.total);
  }

  #begin(id: string, now: number): Pending {
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= maxPending) this.#pending.delete(oldest);
    const pending: Pending = { since: now, parts: new Map(), total: undefined };
    this.#pending.set(id, pending);
    return pending;
  }

  #forget(now: number): void {
    for (const [id, pending] of this.#pending) if (now - pending.since >= maxAgeMs) this.#pending.delete(id);
  }
}

function partNumber(text: string): number | undefined {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= maxParts ? value : undefined;
}

function decode(parts: ReadonlyMap<number, string>, total: number): unknown {
  const base64 = Array.from({ length: total }, (_, index) => parts.get(index + 1) ?? "").join("");
  const bytes = fromBase64(base64);
  return bytes === undefined ? undefined : parseJson(fromUtf8(bytes));
}

/** Bytes, one per character; undefined if the text is not base64. */
export function fromBase64(text: string): string | undefined {
  try {
    return atob(text);
  } catch {
    return undefined;
  }
}

/** Text from its UTF-8 bytes, one per character. */
function fromUtf8(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}
