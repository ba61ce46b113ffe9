/** What a vendor says went wrong, in words for a message: one line, bounded, without the secrets that went out. */
import { z } from "zod";

/** Most characters of a vendor's own words in a message. */
const mostQuoted = 400;
/** Shorter texts are no secrets, and would tear holes into words. */
const leastSecret = 6;

/** `secrets`: keys, and values of headers; of `Bearer abc` the credential is one, too. */
export function quote(text: string, secrets: readonly string[]): string {
  let safe = text;
  const all = secrets.flatMap((secret) => [secret, ...secret.split(" ").slice(1)]);
  for (const secret of all) if (secret.length >= leastSecret) safe = safe.replaceAll(secret, "***");
  safe = safe.replace(/\s+/g, " ").trim();
  return safe.length > mostQuoted ? `${safe.slice(0, mostQuoted)}…` : safe;
}

const Complaint = z.union([
  z.string(),
  z.looseObject({ message: z.string() }).transform((error) => error.message),
  z
    .looseObject({ error: z.union([z.string(), z.looseObject({ message: z.string() }).transform((error) => error.message)]) })
    .transform((body) => body.error),
  z.looseObject({ detail: z.string() }).transform((body) => body.detail),
  // Of servers that check a body field by field.
  z
    .looseObject({ detail: z.array(z.looseObject({ msg: z.string(), loc: z.array(z.union([z.string(), z.number()])).optional() })).min(1) })
    .transform(({ detail }) => detail.map(({ msg, loc = [] }) => [loc.join("."), msg].filter((part) => part !== "").join(": ")).join("; ")),
]);

/** Out of the shapes that are in use; else all of it. */
export function complaint(body: unknown): string {
  const parsed = Complaint.safeParse(body);
  return parsed.success ? parsed.data : JSON.stringify(body);
}

/** Undefined: it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
