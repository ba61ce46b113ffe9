/** The credential of one session: it opens a socket that goes on with it, and nothing else. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Tells it from API keys and temporary tokens at a glance. */
const PREFIX = "pvr1_";

/** It names its session, so that it is found without a search. */
export function makeResumeToken(sessionId: string): string {
  return `${PREFIX}${sessionId}.${randomBytes(24).toString("base64url")}`;
}

/** The session that a credential names; undefined: it is no resume token. */
export function sessionOfResumeToken(credential: string): string | undefined {
  if (!credential.startsWith(PREFIX)) return undefined;
  return credential.slice(PREFIX.length, credential.lastIndexOf("."));
}

/** In a time that says nothing of where they differ. */
export function sameToken(given: string, own: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(own));
}
