/** The REST door: Agora Conversational AI v2's endpoints, each a translation and one call. */
import { randomInt } from "node:crypto";
import { rest } from "@parley/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Agents } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import type { Projects } from "../../projects/projects.ts";
import { verifyChannelToken } from "../../projects/tokens.ts";
import type { LlmStyle, Vendor } from "../../vendors/vendor.ts";
import { toError } from "../../faults.ts";
import type { StartAgent } from "./start.ts";
import { type AgentRequest, toConfig } from "./to-config.ts";
import { toActed, toAgent, toConflict, toJoined, toList, toSpoken } from "./to-wire.ts";

export interface RestDoor {
  readonly projects: Projects;
  readonly agents: Agents;
  readonly vendors: readonly Vendor[];
  readonly styles: readonly LlmStyle[];
  readonly firstUserTimeoutS: number;
  readonly startAgent: StartAgent;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Global, China, and none: an SDK whose whole base URL is replaced works with any of them. */
const prefixes = ["/api/conversational-ai-agent", "/cn/api/conversational-ai-agent", ""] as const;

const JOIN_FAILED = "create agent failed, code: 400, msg: ";

/** `list` without `from_time` goes back this far, in milliseconds. */
const LIST_WINDOW_MS = 2 * 3600 * 1000;

const InProject = z.object({ appid: z.string() });
const OfAgent = InProject.extend({ agentId: z.string() });

const refusals = { 400: rest.ErrorBody, 401: rest.ErrorBody, 403: rest.ErrorBody, 404: rest.ErrorBody, 429: rest.ErrorBody };
const security = [{ basic: [] }, { token: [] }];

export function addRestDoor(server: FastifyInstance, door: RestDoor): void {
  for (const prefix of prefixes) {
    void server.register(
      (app, _options, done) => {
        addRoutes(app, door, prefix !== prefixes[0]);
        done();
      },
      { prefix: `${prefix}/v2/projects/:appid` },
    );
  }
}

/** `hide`: the same endpoints under another prefix are in the documentation already. */
function addRoutes(server: FastifyInstance, door: RestDoor, hide: boolean): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const { agents, projects } = door;
  const signedIn = new WeakMap<FastifyRequest, Project>();

  // Before the body is read: who may not come in costs nothing.
  app.addHook("onRequest", async (request, reply) => {
    const { appid } = InProject.parse(request.params);
    const project = projects.authenticate(appid, request.headers.authorization);
    signedIn.set(request, project);
    const refused = projects.admit(project);
    if (refused === undefined) return;
    void reply.header("retry-after", String(refused.retryAfterS));
    throw new AppError(
      "too-many-requests",
      `project ${project.appId} sends more than ${project.limits.requestsPerSecond} requests in a second`,
    );
  });
  const projectOf = (request: FastifyRequest): Project => {
    const project = signedIn.get(request);
    if (project === undefined) throw new AppError("unauthenticated", "the request is not signed in");
    return project;
  };

  app.post(
    "/join",
    {
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
        },
      },
    },
    async (request, reply) => {
      const project = projectOf(request);
      const translation = toConfig(request.body, { ...door, defaults: project.defaults });
      if (!translation.ok) throw toError(translation.faults, JOIN_FAILED);
      const agent = withUid(translation.request);
      checkToken(project, agent, door.now());
      const started = await door.startAgent(project, agent);
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

  app.post(
    "/agents/:agentId/speak",
    {
      schema: {
        hide,
        security,
        tags: ["Conversation"],
        operationId: "speak",
        summary: "Say a text with the agent's voice",
        params: OfAgent,
        body: rest.SpeakBody,
        response: { 200: rest.Spoken, ...refusals },
      },
    },
    async (request) => {
      const { text, priority, interruptable } = request.body;
      const options = { priority: priorities[priority ?? "INTERRUPT"], interruptable: interruptable ?? true };
      const { agent, action } = agents.say(projectOf(request), request.params.agentId, text, options);
      return toSpoken(agent, action);
    },
  );

  app.post(
    "/agents/:agentId/interrupt",
    {
      schema: {
        hide,
        security,
        tags: ["Conversation"],
        operationId: "interrupt",
        summary: "Stop the agent's speech and thought",
        params: OfAgent,
        response: { 200: rest.Acted, ...refusals },
      },
    },
    async (request) => toActed(agents.interrupt(projectOf(request), request.params.agentId)),
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
        from: from === undefined ? now - LIST_WINDOW_MS : from * 1000,
        // A second counts until its end.
        to: to === undefined ? now : to * 1000 + 999,
        states: state ?? ["RUNNING"],
        limit: limit ?? 20,
        cursor: cursor === "" ? undefined : cursor,
      });
      return toList(page);
    },
  );
}

const priorities = { INTERRUPT: "interrupt", APPEND: "append", IGNORE: "ignore" } as const;

/** Uid 0 asks for one; random ones collide once in a billion, and the channel refuses those that do. */
function withUid(agent: AgentRequest): AgentRequest {
  return agent.uid === "0" ? { ...agent, uid: String(randomInt(1_000_000_000, 4_294_967_295)) } : agent;
}

/** A token that would fail in the channel is refused here, where somebody reads the answer. */
function checkToken(project: Project, agent: AgentRequest, now: number): void {
  const { token, channel, uid } = agent;
  if (token === "" || project.certificate === "") return;
  try {
    verifyChannelToken(token, project, { channel, uid, needs: ["join", "publishAudio"] }, now);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError("invalid-field", `${JOIN_FAILED}properties.token: ${error.message}`, { cause: error });
  }
}
