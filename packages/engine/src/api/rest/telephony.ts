/** The contract's telephony endpoints, which this version does not have: each says so in the error shape of its family. */
import { rest } from "@parley/protocol";
import type { FastifyError, FastifyInstance, FastifyRequest } from "fastify";
import { AppError, errors } from "../../errors.ts";
import type { Projects } from "../../projects/projects.ts";
import { parseToken } from "../../projects/tokens.ts";
import { prefixes, signIn } from "./door.ts";

const inProject = [
  ["POST", "/call"],
  ["GET", "/call"],
  ["GET", "/calls/:agentId"],
  ["POST", "/calls/:agentId/hangup"],
] as const;

/** Of a customer, not of a project. */
const numbers = [
  ["GET", "/phone-numbers"],
  ["POST", "/phone-numbers"],
  ["GET", "/phone-numbers/:number"],
  ["PATCH", "/phone-numbers/:number"],
  ["DELETE", "/phone-numbers/:number"],
] as const;

export function addTelephony(server: FastifyInstance, projects: Projects): void {
  for (const prefix of prefixes) {
    void server.register(
      (app, _options, done) => {
        answerInOwnShape(app);
        signIn(app, projects);
        for (const [method, url] of inProject) app.route({ method, url, schema: { hide: true }, handler: refuse });
        done();
      },
      { prefix: `${prefix}/v2/projects/:appid` },
    );
    void server.register(
      (app, _options, done) => {
        answerInOwnShape(app);
        app.addHook("onRequest", async ({ headers: { authorization } }) => {
          // A token says itself whose it is.
          const appId = /^agora\s/i.test(authorization ?? "") ? appIdOf(authorization ?? "") : undefined;
          if (appId !== undefined) projects.authenticate(appId, authorization);
          else if (!projects.knowsCustomer(authorization)) {
            throw new AppError(
              "unauthenticated",
              "the Authorization header holds neither a customer's id and secret nor a project's token",
            );
          }
        });
        for (const [method, url] of numbers) app.route({ method, url, schema: { hide: true }, handler: refuse });
        done();
      },
      { prefix: `${prefix}/v2` },
    );
  }
}

function appIdOf(authorization: string): string | undefined {
  const token = /token\s*=\s*"?([^"]*)"?\s*$/i.exec(authorization)?.[1] ?? "";
  try {
    return parseToken(token).appId;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function refuse(request: FastifyRequest): never {
  const [path = ""] = request.url.split("?");
  throw new AppError("not-implemented", `${request.method} ${path.slice(0, 200)}: telephony is not built into this version`);
}

function answerInOwnShape(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | AppError>((error, _request, reply) => {
    const known = error instanceof AppError ? error : new AppError("invalid-body", error.message, { cause: error });
    const { status, reason, remedy } = errors[known.code];
    void reply.code(status).send(rest.TelephonyError.parse({ error_type: reason, description: `${known.message}. ${remedy}` }));
  });
}
