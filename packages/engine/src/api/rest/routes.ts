/** The REST door: Agora Conversational AI v2's endpoints, each a translation and one call; those of agents are here. */
import { randomInt } from "node:crypto";
import { rest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { toError } from "../../faults.ts";
import { addConversationRoutes } from "./conversation-routes.ts";
import { checkToken, InProject, isHidden, OfAgent, prefixes, type ProjectOf, refusals, type RestDoor, security, signIn } from "./door.ts";
import { joinFaults } from "./join-faults.ts";
import { joinRecipe } from "./recipe.ts";
import { addTelephony } from "./telephony.ts";
import { type AgentRequest, toConfig } from "./to-config.ts";
import { toAgent, toConflict, toJoined, toList } from "./to-wire.ts";

const JOIN_FAILED = "create agent failed, code: 400, msg: ";

/** `list` without `from_time` goes back this far, in milliseconds. */
const LIST_WINDOW_MS = 2 * 3600 * 1000;

export function addRestDoor(server: FastifyInstance, door: RestDoor): void {
  for (const prefix of prefixes) {
    void server.register(
      (app, _options, done) => {
        const projectOf = signIn(app, door.projects);
        addAgentRoutes(app, door, projectOf, isHidden(prefix));
        addConversationRoutes(app, door, projectOf, isHidden(prefix));
        done();
      },
      { prefix: `${prefix}/v2/projects/:appid` },
    );
  }
  addTelephony(server, door.projects);
}

/** `hide`: the same endpoints under another prefix are in the documentation already. */
function addAgentRoutes(server: FastifyInstance, door: RestDoor, projectOf: ProjectOf, hide: boolean): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const { agents } = door;

  app.post(
    "/join",
    {
      // All faults of a body are told together, those that its schema finds and the others.
      attachValidation: true,
      schema: {
        hide,
        security,
        tags: ["Agents"],
        operationId: "join",
        summary: "Start an agent",
        params: InProject,
        body: rest.JoinBody,
        response: {
          200: rest.Joined,
          ...refusals,
          409: z.union([rest.Conflict, rest.ErrorBody]),
          413: rest.ErrorBody,
          422: rest.ErrorBody,
          502: rest.ErrorBody,
          503: rest.ErrorBody,
          504: rest.ErrorBody,
        },
      },
    },
    async (request, reply) => {
      const project = projectOf(request);
      const offer = { ...door, defaults: project.defaults };
      if (request.validationError !== undefined) throw toError(joinFaults(request.body, offer), JOIN_FAILED);
      const translation = toConfig(request.body, offer);
      if (!translation.ok) throw toError(translation.faults, JOIN_FAILED);
      const agent = withUid(translation.request);
      checkToken(project, agent, door.now(), JOIN_FAILED);
      const started = await door.startAgent(project, agent, joinRecipe(request.body, agent));
      switch (started.type) {
        case "started":
          return toJoined(started.agent);
        case "conflict":
          return reply.code(409).send(toConflict(started.agent));
      }
    },
  );

  app.post(
    "/agents/:agentId/leave",
    {
      schema: {
        hide,
        security,
        tags: ["Agents"],
        operationId: "leave",
        summary: "Let an agent go",
        params: OfAgent,
        response: { 200: rest.Left, ...refusals },
      },
    },
    async (request) => {
      agents.leave(projectOf(request), request.params.agentId);
      return {};
    },
  );

  app.get(
    "/agents/:agentId",
    {
      schema: {
        hide,
        security,
        tags: ["Agents"],
        operationId: "getAgent",
        summary: "Look at an agent, running or not",
        params: OfAgent,
        response: { 200: rest.AgentAnswer, ...refusals, 503: rest.ErrorBody },
      },
    },
    async (request) => toAgent(await agents.find(projectOf(request), request.params.agentId)),
  );

  app.delete(
    "/agents/:agentId",
    {
      schema: {
        hide,
        security,
        tags: ["Agents"],
        operationId: "forgetAgent",
        summary: "Delete the record of an agent that has exited",
        params: OfAgent,
        response: { 200: rest.Left, ...refusals, 409: rest.ErrorBody, 503: rest.ErrorBody },
      },
    },
    async (request) => {
      await agents.forget(projectOf(request), request.params.agentId);
      return {};
    },
  );

  app.get(
    "/agents",
    {
      schema: {
        hide,
        security,
        tags: ["Agents"],
        operationId: "listAgents",
        summary: "List agents, newest first",
        params: InProject,
        querystring: rest.ListQuery,
        response: { 200: rest.ListAnswer, ...refusals, 503: rest.ErrorBody },
      },
    },
    async (request) => {
      const { channel, from_time: from, to_time: to, state, limit, cursor } = request.query;
      const now = door.now();
      const page = await agents.list({
        appId: projectOf(request).appId,
        channel,
        from: from === undefined ? now - LIST_WINDOW_MS : Math.floor(from * 1000),
        // A second counts until its end.
        to: to === undefined ? now : Math.floor(to * 1000) + 999,
        states: state ?? ["RUNNING"],
        limit: limit ?? 20,
        cursor: cursor === "" ? undefined : cursor,
      });
      // The pager of Agora's SDK for Go takes any text for a further page, the empty one too, and would ask for ever.
      return toList(page, request.headers["x-fern-language"] === "Go" ? null : "");
    },
  );
}

/** Uid 0 asks for one; random ones collide once in a billion, and the channel refuses those that do. */
function withUid(agent: AgentRequest): AgentRequest {
  return agent.uid === "0" ? { ...agent, uid: String(randomInt(1_000_000_000, 4_294_967_295)) } : agent;
}
