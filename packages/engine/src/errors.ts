/** The one table of errors that a caller can act on: code, HTTP status, the wire's `reason`, and the way out. */

interface ErrorKind {
  /** HTTP status of the REST doors. */
  readonly status: number;
  /** `reason` in the body of the REST door (section 2.2 of its contract). */
  readonly reason: string;
  readonly remedy: string;
}

export const errors = {
  "invalid-body": { status: 400, reason: "InvalidRequestBody", remedy: "Send one JSON object, UTF-8, Content-Type application/json." },
  "body-too-large": { status: 413, reason: "InvalidRequestBody", remedy: "Send at most 1 MiB." },
  "missing-field": { status: 400, reason: "MissingRequiredField", remedy: "Add the field that the message names." },
  "invalid-field": { status: 400, reason: "InvalidFieldValue", remedy: "Correct the field that the message names." },
  unauthenticated: {
    status: 401,
    reason: "InvalidPermission",
    remedy: "Send Authorization: Basic <customer id:secret> or agora token=<token> of this project.",
  },
  forbidden: { status: 403, reason: "InvalidPermission", remedy: "Use credentials of the project in the path." },
  "foreign-page": {
    status: 403,
    reason: "InvalidPermission",
    remedy: "Open the page on this machine, at the engine's own address; from elsewhere use the REST door with credentials.",
  },
  "project-suspended": {
    status: 403,
    reason: "AccountSuspended",
    remedy: "The engine's operator has suspended this project; its `suspended` setting lets it in again.",
  },
  "service-not-enabled": {
    status: 403,
    reason: "ServiceNotEnabled",
    remedy: "Use another door, or add this one to the project's `services`.",
  },
  "agent-not-found": { status: 404, reason: "TaskNotFound", remedy: "List the agents of this project, or start one with join." },
  "agent-already-running": {
    status: 409,
    reason: "TaskConflict",
    remedy: "Go on with the running agent, let it leave first, or choose another name.",
  },
  "at-capacity": {
    status: 422,
    reason: "ResourceQuotaLimitExceeded",
    remedy: "Let a call end, raise the limit, or use hosted vendors for speech.",
  },
  "too-many-requests": {
    status: 429,
    reason: "ConcurrencyLimitExceeded",
    remedy: "Wait as long as Retry-After says, or raise the project's limits.requests_per_second.",
  },
  "not-ready": { status: 503, reason: "ServiceUnavailable", remedy: "Wait until /readyz answers 200." },
  "speech-not-loaded": {
    status: 503,
    reason: "ResourceAllocationFailed",
    remedy: "Try again in a few seconds (/readyz says when), or use hosted vendors for speech.",
  },
  "start-timeout": {
    status: 504,
    reason: "TaskOperationTimeout",
    remedy: "Try again, the name is free; if it stays so, look at the language model that `check_llm` asks, or raise start_timeout.",
  },
  draining: { status: 503, reason: "ServiceUnavailable", remedy: "The engine is shutting down; try another or try again later." },
  "not-implemented": { status: 501, reason: "NotImplemented", remedy: "See docs for what this version offers." },
  "vendor-failed": {
    status: 502,
    reason: "ServiceUnavailable",
    remedy: "See the vendor's message; check key, quota and status page. The call goes on.",
  },
  "vendor-unreachable": { status: 502, reason: "ServiceUnavailable", remedy: "Check host, port, proxy and that the vendor is running." },
  "reply-stalled": { status: 504, reason: "TaskOperationTimeout", remedy: "See which vendor stopped answering; the call goes on." },
  "session-open": { status: 409, reason: "TaskConflict", remedy: "End it first, or wait until it has ended." },
  "link-expired": { status: 403, reason: "InvalidPermission", remedy: "Ask for the session again: it names new addresses." },
  "secrets-lost": {
    status: 409,
    reason: "TaskConflict",
    remedy: "Set its keys and headers again; the key lies in the data folder, or is the certificate where engines share a database.",
  },
  "too-many-agents": { status: 422, reason: "ResourceQuotaLimitExceeded", remedy: "Delete stored agents that nobody uses." },
  "too-many-previews": { status: 429, reason: "ConcurrencyLimitExceeded", remedy: "Wait a moment." },
  "too-many-subscriptions": { status: 422, reason: "ResourceQuotaLimitExceeded", remedy: "Delete webhook subscriptions that nobody uses." },
  "token-missing": {
    status: 401,
    reason: "InvalidPermission",
    remedy: "Send a 007 token for this channel and uid; `npx parley token` builds one.",
  },
  "token-malformed": { status: 401, reason: "InvalidPermission", remedy: "Send a whole 007 token, as its builder returned it." },
  "token-foreign": {
    status: 401,
    reason: "InvalidPermission",
    remedy: "Build the token with the App ID and the certificate of this project.",
  },
  "token-expired": { status: 401, reason: "InvalidPermission", remedy: "Build a new token; check the clocks of both machines." },
  "token-mismatch": { status: 403, reason: "InvalidPermission", remedy: "Build the token for the channel and the uid that join." },
  "token-privilege": {
    status: 403,
    reason: "InvalidPermission",
    remedy: "Build the token with the privilege that the message names (role publisher).",
  },
  "unknown-app": {
    status: 401,
    reason: "InvalidPermission",
    remedy: "Use the App ID that the engine shows at start, or add the project to its configuration.",
  },
  "uid-taken": { status: 409, reason: "TaskConflict", remedy: "Join with another uid, or wait until the one who holds it has left." },
  "channel-full": { status: 422, reason: "ResourceQuotaLimitExceeded", remedy: "Let somebody leave, or use another channel." },
  "invalid-message": {
    status: 400,
    reason: "InvalidRequestBody",
    remedy: "Send one JSON object per message, as docs/signalling.md describes it.",
  },
  "invalid-sdp": {
    status: 400,
    reason: "InvalidFieldValue",
    remedy: "Send the SDP as createOffer returned it, and a plan line for each of its audio lines.",
  },
  "not-joined": { status: 401, reason: "InvalidPermission", remedy: "Send join first, within five seconds of connecting." },
  "already-joined": { status: 409, reason: "TaskConflict", remedy: "Open another WebSocket for another uid." },
  "unknown-uid": {
    status: 404,
    reason: "TaskNotFound",
    remedy: "Address somebody who is in the channel; user-joined and user-left say who is.",
  },
  "rate-limited": { status: 429, reason: "ServiceUnavailable", remedy: "Send fewer messages; docs/signalling.md names the limits." },
  "foreign-origin": {
    status: 403,
    reason: "InvalidPermission",
    remedy: "Open the page from this engine's own address, or add its origin to rtc.allowed_origins.",
  },
  internal: { status: 500, reason: "InternalError", remedy: "This is a bug in Parley: please report it with the log." },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errors;

/** Codes whose messages may hold what a vendor or a client has said, unless whoever makes the error says which words are ours. */
const quoting: ReadonlySet<ErrorCode> = new Set(["vendor-failed", "internal", "invalid-body", "invalid-field", "invalid-message"]);

/** An error that a caller can act on. The message says what happened, with the values that matter. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** The vendor's own number for what went wrong: an HTTP status, a close code. */
  readonly vendorCode: number | undefined;
  /** The message without what others have said in it: for records that may hold nothing that was said in a call. */
  readonly own: string;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { readonly vendorCode?: number; readonly own?: string }) {
    super(message, options);
    this.own = options?.own ?? (quoting.has(code) ? `${code} (the message is not kept)` : message);
    this.name = "AppError";
    this.code = code;
    this.vendorCode = options?.vendorCode;
  }

  get remedy(): string {
    return errors[this.code].remedy;
  }

  get status(): number {
    return errors[this.code].status;
  }
}

/** Whatever was thrown, in the words of the table: what is not an {@link AppError} is a bug, and becomes `internal`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal", error instanceof Error ? error.message : String(error), { cause: error });
}
