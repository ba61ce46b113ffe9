/** `GET /v1/token`: a temporary token in place of the API key that asks for it. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { iso } from "../stored-agent.ts";
import { isObject } from "../tool-settings.ts";
import type { VoiceTokens } from "../tokens.ts";
import { type CallerOf, refusals, security, tags } from "./door.ts";

export interface TokenDoor {
  readonly tokens: VoiceTokens;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function addTokenRoutes(server: FastifyInstance, { tokens, now }: TokenDoor, callerOf: CallerOf): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  for (const [method, url] of [
    ["GET", "/v1/token"],
    // The same; some clients post, and put what they want into a body.
    ["POST", "/v1/token"],
    ["POST", "/v1/tokens"],
  ] as const) {
    app.route({
      method,
      url,
      preValidation: method === "GET" ? [] : (request) => takeBody(request, url === "/v1/tokens" ? { expires_in_seconds: "60" } : {}),
      schema: {
        hide: method === "POST",
        security,
        tags,
        operationId: "createVoiceAgentToken",
        summary: "Make a temporary token, for one session of a browser",
        querystring: voiceAgentRest.TokenQuery,
        response: { 200: voiceAgentRest.Token, ...refusals },
      },
      async handler(request, reply) {
        const { expires_in_seconds: expiresInSeconds, max_session_duration_seconds: cap } = request.query;
        const { project, keyId } = callerOf(request);
        const wish = { expiresInSeconds, maxSessionDurationSeconds: cap ?? voiceAgentRest.maxSessionSeconds };
        const { token, expiresAt } = tokens.mint(project, keyId, wish, now());
        void reply.header("cache-control", "no-store");
        return { token, expires_in_seconds: expiresInSeconds, expires_at: iso(expiresAt) };
      },
    });
  }
}

/** Fields of a body count as those of a query, which is stronger. */
async function takeBody(request: FastifyRequest, defaults: Readonly<Record<string, string>>): Promise<void> {
  const { body, query } = request;
  const fields = isObject(body) ? Object.entries(body).filter(([, value]) => value !== null) : [];
  const wanted = Object.fromEntries(fields.map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
  request.query = { ...defaults, ...wanted, ...(isObject(query) ? query : {}) };
  await Promise.resolve();
}
