/** Data messages in packets `id|part|total|base64` (section 8.1 of the REST contract); runs in browsers too and imports nothing. */

/** Longest packet in bytes: RTC data streams carry 1 KB, and some of it belongs to the carrier. */
const maxPacketBytes = 899;

/** Most parts of one message: about 60 KB of JSON. */
const maxParts = 96;

/** How long parts wait for the rest, in milliseconds; Agora's web toolkit waits as long. */
const maxAgeMs = 30_000;

/** Messages of one sender that may be incomplete at a time; the oldest goes when one more begins. */
const maxPending = 32;

/**
 * The packets of one message. The JSON is ASCII only, because Agora's web toolkit reads the bytes as Latin-1.
 * `id`: without a pipe, new for each message of a sender.
 */
export function encodeStreamMessage(id: string, message: unknown): string[] {
  if (!/^[\x21-\x7b\x7d-\x7e]{1,64}$/.test(id))
    throw new RangeError(`stream message id ${JSON.stringify(id)}: 1 to 64 visible ASCII characters without a pipe are expected`);
  const base64 = btoa(asciiJson(message));
  const room = maxPacketBytes - id.length - "||99|99".length;
  const total = Math.max(1, Math.ceil(base64.length / room));
  if (total > maxParts) throw new RangeError(`stream message of ${base64.length} base64 characters: at most ${room * maxParts} fit`);
  return Array.from({ length: total }, (_, part) => `${id}|${part + 1}|${total}|${base64.slice(part * room, (part + 1) * room)}`);
}

/** JSON text in which every character beyond ASCII is written as `\uXXXX`. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

interface Pending {
  readonly since: number;
  readonly parts: Map<number, string>;
  total: number | undefined;
}

/** Puts one sender's packets together again: any order, doubles ignored, bounded in number, size and age. */
export class StreamMessageReader {
  readonly #pending = new Map<string, Pending>();

  /** The message that this packet completes; undefined while parts are missing and for packets that are none. `now` in milliseconds. */
  push(packet: string, now: number): unknown {
    this.#forget(now);
    const fields = packet.length <= 1024 ? packet.split("|") : [];
    const [id, partText, totalText, slice] = fields;
    if (fields.length !== 4 || id === undefined || partText === undefined || totalText === undefined || slice === undefined)
      return undefined;
    const part = count(partText);
    const total = totalText === "???" ? undefined : count(totalText);
    if (part === undefined || (totalText !== "???" && (total === undefined || part > total))) return undefined;
    const pending = this.#pending.get(id) ?? this.#begin(id, now);
    pending.total ??= total;
    if (!pending.parts.has(part)) pending.parts.set(part, slice);
    if (pending.total === undefined || pending.parts.size < pending.total) return undefined;
    this.#pending.delete(id);
    return read(pending.parts, pending.total);
  }

  #begin(id: string, now: number): Pending {
    const oldest = this.#pending.keys().next();
    if (this.#pending.size >= maxPending && oldest.done !== true) this.#pending.delete(oldest.value);
    const pending: Pending = { since: now, parts: new Map(), total: undefined };
    this.#pending.set(id, pending);
    return pending;
  }

  #forget(now: number): void {
    for (const [id, pending] of this.#pending) {
      if (now - pending.since < maxAgeMs) return;
      this.#pending.delete(id);
    }
  }
}

/** A whole number from 1 to the most parts a message may have. */
function count(text: string): number | undefined {
  const value = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= maxParts ? value : undefined;
}

function read(parts: ReadonlyMap<number, string>, total: number): unknown {
  let base64 = "";
  for (let part = 1; part <= total; part++) base64 += parts.get(part) ?? "";
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Bytes and base64, for the `data` field of a signalling message. */
export function packetToBase64(packet: string): string {
  return btoa(packet);
}

/** The text of a packet; undefined if it is not base64. */
export function packetFromBase64(data: string): string | undefined {
  try {
    return atob(data);
  } catch {
    return undefined;
  }
}
