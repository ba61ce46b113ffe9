/** `/v1/agents`: agents that sessions start by their id, with keys and headers that no browser sees. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { plain } from "../../../store/plain.ts";
import { iso, toRecord } from "../stored-agent.ts";
import type { Kept, StoredAgents } from "../stored-agents.ts";
import { flattenTools, isObject } from "../tool-settings.ts";
import { type CallerOf, NotFound, pageFields, pageOf, refusals, refusalsOfOne, security, tags } from "./door.ts";
import { fromRefusal } from "./faults.ts";

const OfAgent = z.object({ agent_id: z.string() });

export function addAgentRoutes(server: FastifyInstance, agents: StoredAgents, callerOf: CallerOf): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const preValidation = prepare;

  app.post(
    "/v1/agents",
    {
      preValidation,
      schema: {
        security,
        tags,
        operationId: "createVoiceAgent",
        summary: "Store an agent",
        body: voiceAgentRest.AgentBody,
        response: { 201: voiceAgentRest.AgentRecord, ...refusals },
      },
    },
    async (request, reply) => reply.code(201).send(recordOf(await agents.create(callerOf(request).project, request.body))),
  );

  app.get(
    "/v1/agents",
    {
      schema: {
        security,
        tags,
        operationId: "listVoiceAgents",
        summary: "List stored agents, newest first",
        querystring: voiceAgentRest.Pages,
        response: { 200: voiceAgentRest.AgentList, ...refusals },
      },
    },
    async (request) => {
      const { limit, from } = pageOf(request.query);
      const { items, next } = await agents.list(callerOf(request).project, limit, from);
      return {
        agents: items.map(({ id, name, createdAt, updatedAt }) => ({ id, name, created_at: iso(createdAt), updated_at: iso(updatedAt) })),
        ...pageFields(next),
      };
    },
  );

  app.get(
    "/v1/agents/:agent_id",
    {
      schema: {
        security,
        tags,
        operationId: "getVoiceAgent",
        summary: "Look at a stored agent; its secrets are left out",
        params: OfAgent,
        response: { 200: voiceAgentRest.AgentRecord, ...refusalsOfOne },
      },
    },
    async (request) => {
      const { agent_id: id } = request.params;
      const agent = await agents.look(callerOf(request).project, id);
      if (agent === undefined) throw new NotFound("agent", id);
      return toRecord(agent);
    },
  );

  for (const method of ["PUT", "PATCH"] as const) {
    app.route({
      method,
      url: "/v1/agents/:agent_id",
      preValidation,
      schema: {
        // The same; some clients patch.
        hide: method === "PATCH",
        security,
        tags,
        operationId: "updateVoiceAgent",
        summary: "Change a stored agent; what is left out stays",
        params: OfAgent,
        body: voiceAgentRest.AgentChange,
        response: { 200: voiceAgentRest.AgentRecord, ...refusalsOfOne },
      },
      async handler(request) {
        const { agent_id: id } = request.params;
        const kept = await agents.change(callerOf(request).project, id, request.body);
        if (kept === undefined) throw new NotFound("agent", id);
        return recordOf(kept);
      },
    });
  }

  app.delete(
    "/v1/agents/:agent_id",
    {
      schema: {
        security,
        tags,
        operationId: "deleteVoiceAgent",
        summary: "Delete a stored agent; sessions that run go on",
        params: OfAgent,
        response: { 204: z.null(), ...refusalsOfOne },
      },
    },
    async (request, reply) => {
      const { agent_id: id } = request.params;
      if (!(await agents.delete(callerOf(request).project, id))) throw new NotFound("agent", id);
      return reply.code(204).send(null);
    },
  );
}

/** Only what can be kept is looked at; tools in OpenAI's nested form are taken as on the socket. */
async function prepare(request: FastifyRequest): Promise<void> {
  const body = plain(request.body);
  request.body = isObject(body) && "tools" in body ? { ...body, tools: flattenTools(body["tools"]) } : body;
  await Promise.resolve();
}

function recordOf(kept: Kept): voiceAgentRest.AgentRecord {
  if (kept.ok) return toRecord(kept.agent);
  throw fromRefusal(kept.refusal);
}
