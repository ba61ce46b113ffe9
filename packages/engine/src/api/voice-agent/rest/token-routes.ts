/** `GET /v1/token`: a temporary token in place of the API key that asks for it. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { VoiceTokens } from "../tokens.ts";
import { type CallerOf, refusals, security, tags } from "./door.ts";

export interface TokenDoor {
  readonly tokens: VoiceTokens;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function addTokenRoutes(server: FastifyInstance, { tokens, now }: TokenDoor, callerOf: CallerOf): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  for (const method of ["GET", "POST"] as const) {
    app.route({
      method,
      url: "/v1/token",
      schema: {
        // The same; some clients post.
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
        const { token } = tokens.mint(project, keyId, wish, now());
        void reply.header("cache-control", "no-store");
        return { token, expires_in_seconds: expiresInSeconds };
      },
    });
  }
}
