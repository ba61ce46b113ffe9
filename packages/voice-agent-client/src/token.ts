/** Temporary tokens, for servers that hold the key and hand tokens to their pages. */
import { tokenAddress } from "./address.ts";
import { VoiceAgentError } from "./errors.ts";
import { isRecord } from "./settings.ts";

export interface TokenOptions {
  /** The engine's address, as for `VoiceAgent`. */
  readonly url: string | URL;
  readonly apiKey: string;
  /** How long the token may open a socket: 1 to 600. Default 60. */
  readonly expiresInSeconds?: number;
  /** How long the session may last: 60 to 10,800. Default: as long as the server allows. */
  readonly maxSessionDurationSeconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * A token that opens one session.
 * @throws VoiceAgentError `token-failed`, with what the server said, or `bad-address`
 */
export async function fetchToken(options: TokenOptions): Promise<string> {
  const address = tokenAddress(options.url);
  address.searchParams.set("expires_in_seconds", String(options.expiresInSeconds ?? 60));
  if (options.maxSessionDurationSeconds !== undefined) {
    address.searchParams.set("max_session_duration_seconds", String(options.maxSessionDurationSeconds));
  }
  const headers = { authorization: `Bearer ${options.apiKey}` };
  const response = await fetch(address, { headers, signal: options.signal ?? null }).catch((cause: unknown) => {
    throw new VoiceAgentError("token-failed", `${address.host} could not be asked for a token.`, { cause });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isRecord(body) && typeof body["token"] === "string") return body["token"];
  const detail = isRecord(body) ? JSON.stringify(body["error"] ?? body["detail"] ?? body) : "no JSON";
  throw new VoiceAgentError("token-failed", `${address.host} gave no token: ${response.status}, ${detail}`);
}
