/** Pages of a list that is sorted by time, newest first: a cursor says where the next one begins. */
import { z } from "zod";

export interface Place {
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly id: string;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  /** Undefined: this is the last page. */
  readonly next: string | undefined;
}

const Cursor = z.tuple([z.int().min(0), z.string().max(128)]);

/** Opaque to clients. */
function toCursor({ createdAt, id }: Place): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString("base64url");
}

/** Undefined: it is none of ours. */
export function fromCursor(text: string): Place | undefined {
  try {
    const parsed = Cursor.safeParse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    return parsed.success ? { createdAt: parsed.data[0], id: parsed.data[1] } : undefined;
  } catch {
    return undefined;
  }
}

/** `found`: one more than `limit`, where there are so many. */
export function toPage<T>(found: readonly T[], limit: number, placeOf: (item: T) => Place): PageOf<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? toCursor(placeOf(last)) : undefined };
}
