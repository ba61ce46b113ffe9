/** `/v1/sessions`: what sessions there were, how they were configured, and what was said in them. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import type { SessionRow } from "../../../store/voice-agent-sessions.ts";
import type { ArtifactLinks } from "../artifact-links.ts";
import type { KeptSessions } from "../kept-sessions.ts";
import { toSummary } from "../session-wire.ts";
import { type CallerOf, NotFound, pageFields, pageOf, refusals, refusalsOfOne, security, tags } from "./door.ts";
import { baseUrl } from "../../base-url.ts";
import { iso } from "../stored-agent.ts";
import { timelineArtifact } from "./timeline-artifact.ts";

export interface SessionDoor {
  readonly sessions: KeptSessions;
  readonly links: ArtifactLinks;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const OfSession = z.object({ session_id: z.string() });
const OfArtifact = OfSession.extend({ type: z.enum(voiceAgentRest.artifactTypes) });

const JSON_TYPE = "application/json";

export function addSessionRoutes(server: FastifyInstance, { sessions, links, now }: SessionDoor, callerOf: CallerOf): void {
  const app = server.withTypeProvider<ZodTypeProvider>();

  app.get(
    "/v1/sessions",
    {
      schema: {
        security,
        tags,
        operationId: "listVoiceSessions",
        summary: "List sessions, newest first",
        querystring: voiceAgentRest.SessionQuery,
        response: { 200: voiceAgentRest.SessionList, ...refusals },
      },
    },
    async (request) => {
      const { status, agent_id: agentId } = request.query;
      const { items, next } = await sessions.list(callerOf(request).project.appId, { status, agentId, ...pageOf(request.query) });
      return { sessions: items.map(toSummary), ...pageFields(next) };
    },
  );

  app.get(
    "/v1/sessions/:session_id",
    {
      schema: {
        security,
        tags,
        operationId: "getVoiceSession",
        summary: "Look at a session, and get the addresses of its artifacts",
        params: OfSession,
        response: { 200: voiceAgentRest.SessionDetail, ...refusalsOfOne },
      },
    },
    async (request) => {
      const { session_id: id } = request.params;
      const caller = callerOf(request);
      const row = await sessions.find(caller.project.appId, id);
      if (row === undefined) throw new NotFound("session", id);
      const known = row.endedAt !== null && (await sessions.timeline(caller.project.appId, id)) !== undefined;
      const types = voiceAgentRest.artifactTypes.filter((type) => row.endedAt !== null && (type !== "timeline" || known));
      return {
        ...toSummary(row),
        config: z.looseObject({}).parse(row.config),
        artifacts: types.map((type) => ({
          type,
          url: `${baseUrl(request)}/v1/sessions/${row.id}/artifacts/${type}?${links.query(caller, row.id, type, now())}`,
          content_type: JSON_TYPE,
        })),
      };
    },
  );

  app.delete(
    "/v1/sessions/:session_id",
    {
      schema: {
        security,
        tags,
        operationId: "deleteVoiceSession",
        summary: "Delete a session that is over, with what was said in it",
        params: OfSession,
        response: { 204: z.null(), ...refusalsOfOne, 409: voiceAgentRest.Refusal },
      },
    },
    async (request, reply) => {
      const { session_id: id } = request.params;
      if (!(await sessions.delete(callerOf(request).project.appId, id))) throw new NotFound("session", id);
      return reply.code(204).send(null);
    },
  );
}

/** Without signing in: the address itself is the permission. */
export function addArtifactRoute(server: FastifyInstance, { sessions, links, now }: SessionDoor): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    "/v1/sessions/:session_id/artifacts/:type",
    {
      schema: {
        tags,
        operationId: "getVoiceSessionArtifact",
        summary: "Get an artifact, by the address that the session names",
        params: OfArtifact,
        querystring: voiceAgentRest.ArtifactQuery,
        response: {
          200: z.looseObject({}),
          403: voiceAgentRest.Refusal,
          404: voiceAgentRest.Refusal,
          422: voiceAgentRest.Refusal,
          503: voiceAgentRest.Refusal,
        },
      },
    },
    async (request, reply) => {
      const { session_id: sessionId, type } = request.params;
      const { key, expires, signature } = request.query;
      const project = links.check({ sessionId, type, keyId: key, expires, signature }, now());
      if (project === undefined) throw new AppError("link-expired", "this address is not good, or not any more");
      const row = await sessions.find(project.appId, sessionId);
      if (row === undefined) throw new NotFound("session", sessionId);
      void reply.header("cache-control", "private, no-store");
      return type === "metadata" ? toMetadata(row) : await timelineOf(row, sessions);
    },
  );
}

async function timelineOf(row: SessionRow, sessions: KeptSessions): Promise<Record<string, unknown>> {
  const timeline = await sessions.timeline(row.appId, row.id);
  if (timeline === undefined) throw new NotFound("timeline_of_session", row.id);
  return timelineArtifact(timeline);
}

/** There is no recording: what describes one is empty. */
function toMetadata({ id, createdAt, endedAt, durationMs, audioMs }: SessionRow): Record<string, unknown> {
  return {
    session_id: id,
    started_at: iso(createdAt),
    ended_at: endedAt === null ? null : iso(endedAt),
    format: null,
    channels: 0,
    channel_layout: null,
    sample_rate: null,
    file: null,
    uploaded_chunks: 0,
    dropped_chunks: 0,
    duration_seconds: durationMs === null ? null : durationMs / 1000,
    audio_duration_seconds: audioMs === null ? null : audioMs / 1000,
  };
}
