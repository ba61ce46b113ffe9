/** What all endpoints of the Voice Agent REST share: who may come in, and the shape of every refusal. */
import { randomBytes } from "node:crypto";
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyError, FastifyInstance, FastifyRequest, FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { AppError, type ErrorCode, errors } from "../../../errors.ts";
import { checkAccess } from "../../../projects/access.ts";
import type { Projects } from "../../../projects/projects.ts";
import { fromCursor, type Place } from "../../../store/pages.ts";
import type { ApiKey, ApiKeys } from "../api-keys.ts";
import { fieldOf, fromSchema, fromText, InvalidRequest } from "./faults.ts";

export interface Entrance {
  readonly keys: ApiKeys;
  readonly projects: Pick<Projects, "admit">;
}

export const tags = ["Voice Agent"];
export const security = [{ apiKey: [] }];

const { Refusal } = voiceAgentRest;
export const refusals = { 401: Refusal, 403: Refusal, 413: Refusal, 422: Refusal, 429: Refusal, 503: Refusal };
/** Of endpoints that name one thing. */
export const refusalsOfOne = { ...refusals, 404: Refusal };

/** Who sends a request that was let in. */
export type CallerOf = (request: FastifyRequest) => ApiKey;

/** Refusals of all endpoints that are added to this server in the words of their API. */
export function speakThisApi(server: FastifyInstance): void {
  server.setValidatorCompiler(validate);
  server.setErrorHandler<FastifyError | AppError | InvalidRequest>((error, request, reply) => {
    const { status, code, message, ...rest } = toRefusal(error);
    const requestId = `req_${randomBytes(12).toString("hex")}`;
    if (status === 500) request.log.error({ err: error, url: request.routeOptions.url, requestId }, "request failed");
    void reply.code(status).send({ detail: message, param: null, ...rest, code, message, error: message, request_id: requestId });
  });
}

/** Lets in who has an API key, before the body is read. */
export function signIn(server: FastifyInstance, { keys, projects }: Entrance): CallerOf {
  const callers = new WeakMap<FastifyRequest, ApiKey>();
  server.addHook("onRequest", async (request, reply) => {
    const caller = readKey(keys, request.headers.authorization);
    checkAccess(caller.project, "voice-agent");
    callers.set(request, caller);
    const refused = projects.admit(caller.project);
    if (refused === undefined) return;
    void reply.header("retry-after", String(refused.retryAfterS));
    const { appId, limits } = caller.project;
    throw new AppError("too-many-requests", `project ${appId} sends more than ${limits.requestsPerSecond} requests in a second`);
  });
  return (request) => {
    const caller = callers.get(request);
    if (caller === undefined) throw new AppError("unauthenticated", "the request is not signed in");
    return caller;
  };
}

/** 404 in this API's words: `agent_not_found`, `session_not_found` … */
export class NotFound extends Error {
  readonly code: string;

  constructor(kind: string, id: string) {
    super(`there is no ${kind.replaceAll("_", " ")} ${JSON.stringify(id.slice(0, 128))} in this project`);
    this.name = "NotFound";
    this.code = `${kind}_not_found`;
  }
}

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Where a page begins, and how long it is. */
export function pageOf({ limit, cursor }: PageQuery): { readonly limit: number; readonly from: Place | undefined } {
  const from = cursor === undefined || cursor === "" ? undefined : fromCursor(cursor);
  if (from === undefined && cursor !== undefined && cursor !== "") {
    throw fromText("cursor: is none that this API gave; take response_metadata.next_cursor of the page before", "cursor", "query");
  }
  return { limit: limit ?? 50, from };
}

/** The end of a list's answer. */
export function pageFields(next: string | undefined): { has_more: boolean; response_metadata: { next_cursor: string | null } } {
  return { has_more: next !== undefined, response_metadata: { next_cursor: next ?? null } };
}

function readKey(keys: ApiKeys, authorization: string | undefined): ApiKey {
  if (authorization === undefined || authorization.trim() === "") throw new AppError("unauthenticated", "Missing authorization header");
  const text = authorization.trim().replace(/^bearer\s+/i, "");
  const found = keys.find(text);
  if (found !== undefined) return found;
  throw new AppError(
    "unauthenticated",
    text.startsWith("pvt1_") ? "Invalid API key: a temporary token opens a session, and nothing else" : "Invalid API key",
  );
}

const validate: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return { value: parsed.data };
    return { error: fromSchema(parsed.error, input, httpPart === "querystring" ? "query" : httpPart === "params" ? "path" : "body") };
  };

interface WireRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly param?: string | null;
  readonly detail?: unknown;
  readonly errors?: unknown;
}

/** Codes that this API spells in its own way. */
const codes: Partial<Record<ErrorCode, string>> = {
  unauthenticated: "UNAUTHORIZED",
  forbidden: "FORBIDDEN",
  "project-suspended": "FORBIDDEN",
  "service-not-enabled": "FORBIDDEN",
  "too-many-requests": "rate_limited",
  "too-many-previews": "rate_limited",
  internal: "INTERNAL_ERROR",
};

function toRefusal(error: FastifyError | AppError | InvalidRequest | NotFound): WireRefusal {
  if (error instanceof InvalidRequest) {
    const { message, param, details } = error;
    const errors = details.map((entry) => ({ ...entry, message: entry.msg, param: fieldOf(entry) }));
    return { status: 422, code: "validation_error", message, param, errors, detail: details };
  }
  if (error instanceof NotFound) return { status: 404, code: error.code, message: error.message };
  if (error instanceof AppError) return fromAppError(error);
  const status = error.statusCode ?? 500;
  if (status === 413) return { status, code: "body_too_large", message: "the body is larger than 1 MiB" };
  if (status >= 400 && status < 500) return { status, code: "invalid_request", message: error.message };
  return { status: 500, code: "INTERNAL_ERROR", message: "internal error" };
}

function fromAppError(error: AppError): WireRefusal {
  if (error.code === "invalid-body" || error.code === "invalid-field") {
    // Messages begin with the field that they are about.
    const param = /^([a-z_]+(?:\[\d+\]|\.[a-z_]+)*): /.exec(error.message)?.[1] ?? null;
    return toRefusal(fromText(error.message, param, "body"));
  }
  const { status, remedy } = errors[error.code];
  const code = codes[error.code] ?? error.code.replaceAll("-", "_");
  // Clients compare the text of a 401.
  const message = status === 401 || status === 500 ? error.message : `${error.message}. ${remedy}`;
  return { status, code, message };
}
