/** What PostgreSQL's `text` and `jsonb` hold: neither NUL nor half a surrogate pair. */

export function plainText(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

/** JSON of a value, with plain texts and plain names. */
export function plainJson(value: unknown): string {
  return JSON.stringify(plain(value)) ?? "null";
}

/** The same value, with plain texts and plain names. */
export function plain(value: unknown): unknown {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [plainText(name), plain(inner)]));
}
