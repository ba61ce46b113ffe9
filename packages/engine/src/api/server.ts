/** The HTTP server: bodies, errors, health and what is mounted on it; the doors themselves are in the folders beside. */
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifySchemaCompiler,
  type FastifyServerOptions,
  LogController,
} from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { Registry } from "prom-client";
import type { z } from "zod";
import { AppError, errors } from "../errors.ts";
import { faultsOf, toError } from "../faults.ts";
import type { Projects } from "../projects/projects.ts";
import { deeperThan } from "./json-depth.ts";
import { isLoopbackAddress, refuseForeign } from "./loopback.ts";

/** Largest request body in bytes. */
const BODY_LIMIT = 1024 * 1024;

/**
 * A body that is too large is still taken in, up to so many bytes, and thrown away: closing the connection under a client
 * that is sending would reset it, and the client would see that in place of the answer.
 */
const DISCARDED_BYTES = 16 * BODY_LIMIT;

/** Deepest nesting of a body that is read: what comes after parsing may recurse. */
const DEPTH_LIMIT = 64;

/** Loading takes seconds, and the database is opened again every five. */
const RETRY_AFTER_S = 2;

/** A client that dribbles its request is cut off after this long. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface ServerOptions {
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly logger: NonNullable<FastifyServerOptions["loggerInstance"]>;
  /** What is not ready yet, by name; empty: everything is. */
  readonly waiting: () => readonly string[];
  /** Counts each answer; `route` as it is declared. */
  readonly onAnswer?: (method: string, route: string, status: number, seconds: number) => void;
}

/** What takes a WebSocket over. */
export interface UpgradeHandler {
  handleUpgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** A server with nothing but its rules: add doors, then listen. */
export function createServer({ tls, logger, waiting, onAnswer }: ServerOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    // Agora's SDKs for Go and Python make two slashes of one where the base URL ends with it.
    routerOptions: { maxParamLength: 256, ignoreDuplicateSlashes: true },
    // What the router refuses before it knows a route.
    frameworkErrors: ({ message }, _request, reply: FastifyReply) => {
      const { status, reason } = errors["invalid-field"];
      void reply.code(status).send({ detail: `the address cannot be read: ${message.slice(0, 300)}`, reason });
    },
    serverFactory: (handler) =>
      tls === undefined
        ? http.createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, handler)
        : https.createServer({ ...tls, requestTimeout: REQUEST_TIMEOUT_MS }, handler),
  });
  app.setValidatorCompiler(validate);
  app.setSerializerCompiler(serializerCompiler);
  readBodies(app);

  app.setErrorHandler<FastifyError | AppError>((error, request, reply) => {
    const answer = error instanceof AppError ? error : fromFastify(error);
    const { status, reason, remedy } = errors[answer.code];
    if (status >= 500) request.log.error({ err: error, url: request.routeOptions.url }, "request failed");
    const detail = status === 400 || status === 500 ? answer.message : `${answer.message}. ${remedy}`;
    // Clients that try again by themselves wait so long, in seconds.
    if (status === 503) void reply.header("retry-after", String(RETRY_AFTER_S));
    // The page shows code and remedy by themselves.
    const page = request.url.startsWith("/console/") ? { code: answer.code, message: answer.message, remedy } : {};
    void reply.code(status).send({ detail, reason, ...page });
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?");
    void reply.code(404).send({ detail: `there is no ${request.method} ${path.slice(0, 200)}. See /docs.`, reason: "NotImplemented" });
  });

  // Here, since doors have error handlers of their own.
  app.addHook("onSend", async (request, reply) => {
    const length = Number(request.headers["content-length"]);
    // Whatever the answer: nobody has read so much.
    if (length > DISCARDED_BYTES) void reply.header("connection", "close");
    else if (reply.statusCode === 413 && length <= DISCARDED_BYTES) void reply.removeHeader("connection");
  });
  if (onAnswer !== undefined) {
    app.addHook("onResponse", async (request, reply) => {
      onAnswer(request.method, request.routeOptions.url ?? "none", reply.statusCode, reply.elapsedTime / 1000);
    });
  }

  app.get("/healthz", { schema: { hide: true } }, async () => ({ alive: true }));
  app.get("/readyz", { schema: { hide: true } }, async (_request, reply) => {
    const names = waiting();
    return reply.code(names.length === 0 ? 200 : 503).send({ ready: names.length === 0, waiting: names });
  });
  return app;
}

/** `GET /metrics`: open to this machine, to others with a customer's credentials. */
export function addMetrics(app: FastifyInstance, registry: Registry, projects: Projects): void {
  app.get("/metrics", { schema: { hide: true } }, async (request, reply) => {
    const { remoteAddress } = request.raw.socket;
    const local = isLoopbackAddress(remoteAddress) && refuseForeign(request.raw) === undefined;
    if (!local && !projects.knowsCustomer(request.headers.authorization)) {
      throw new AppError("unauthenticated", "metrics are for this machine, or for who signs in as a customer of any project");
    }
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** Sends each WebSocket to who owns its path; the others get an answer and are closed. */
export function routeUpgrades(app: FastifyInstance, handlers: Readonly<Record<string, UpgradeHandler>>): void {
  app.server.on("upgrade", (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = ""] = (request.url ?? "").split("?");
    const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
    if (handler !== undefined) {
      handler.handleUpgrade(request, socket, head);
      return;
    }
    const body = JSON.stringify({
      detail: `there is no WebSocket at ${path.slice(0, 200)}; known: ${Object.keys(handlers).join(", ")}`,
      reason: "NotImplemented",
    });
    socket.on("error", () => socket.destroy());
    socket.end(
      `HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
}

/** A JSON body under any content type, also none: clients of the REST door send `leave` without either. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser("remove", "remove");
  app.addContentTypeParser<string>("*", { parseAs: "string" }, (request, body, done) => {
    if (body.trim() === "") return done(null, undefined);
    if (deeperThan(body, DEPTH_LIMIT)) {
      return done(new AppError("invalid-body", `the body is nested deeper than ${DEPTH_LIMIT} levels`));
    }
    return parseJson(request, body, (error, value) => {
      if (error === null) done(null, value);
      else done(new AppError("invalid-body", `the body is not JSON: ${error.message}`, { cause: error }));
    });
  });
}

const validate: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return { value: parsed.data };
    return { error: toError(faultsOf(parsed.error, input), httpPart === "querystring" ? "query " : "") };
  };

/** Fastify's own refusals in the words of the error table; anything unknown is a bug. */
function fromFastify(error: FastifyError): AppError {
  const status = error.statusCode ?? 500;
  if (status === 413) return new AppError("body-too-large", `the body is larger than ${BODY_LIMIT} bytes`, { cause: error });
  if (status >= 400 && status < 500) return new AppError("invalid-body", error.message, { cause: error });
  return new AppError("internal", "internal error", { cause: error });
}
