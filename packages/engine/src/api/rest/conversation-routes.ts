/** The REST door's endpoints that act on a conversation under way, and that tell what was said and when. */
import { rest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { toError } from "../../faults.ts";
import { checkToken, OfAgent, type ProjectOf, refusals, type RestDoor, security } from "./door.ts";
import { toChange } from "./to-update.ts";
import { toActed, toHistory, toSpoken, toTurns, toUpdated } from "./to-wire.ts";

const priorities = { INTERRUPT: "interrupt", APPEND: "append", IGNORE: "ignore" } as const;

/** Over a person who speaks. */
const whileSpeaking = { inject: "join", interrupt: "replace", ignore: "ignore", append: "append" } as const;

const TURNS_PER_PAGE = 50;

/** `hide`: the same endpoints under another prefix are in the documentation already. */
export function addConversationRoutes(
  server: FastifyInstance,
  { agents, styles, now }: RestDoor,
  projectOf: ProjectOf,
  hide: boolean,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const common = { hide, security, tags: ["Conversation"], params: OfAgent };

  app.post(
    "/agents/:agentId/speak",
    {
      schema: {
        ...common,
        operationId: "speak",
        summary: "Say a text with the agent's voice",
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
        ...common,
        operationId: "interrupt",
        summary: "Stop the agent's speech and thought",
        response: { 200: rest.Acted, ...refusals },
      },
    },
    async (request) => toActed(agents.interrupt(projectOf(request), request.params.agentId)),
  );

  app.post(
    "/agents/:agentId/think",
    {
      schema: {
        ...common,
        operationId: "think",
        summary: "Give the agent a text as if somebody had said it",
        body: rest.ThinkBody,
        response: { 200: rest.Acted, ...refusals },
      },
    },
    async (request) => {
      const {
        text,
        on_listening_action: listening,
        on_thinking_action: thinking,
        on_speaking_action: speaking,
        interruptable,
      } = request.body;
      const { agent, session } = agents.call(projectOf(request), request.params.agentId);
      session.think(text, {
        priority: session.state === "thinking" ? (thinking ?? "interrupt") : (speaking ?? "ignore"),
        whileSpeaking: whileSpeaking[listening ?? "interrupt"],
        interruptable: interruptable ?? true,
      });
      return toActed(agent);
    },
  );

  app.post(
    "/agents/:agentId/update",
    {
      schema: {
        ...common,
        operationId: "update",
        summary: "Change an agent's token, instructions or model parameters",
        body: rest.UpdateBody.nullish(),
        response: { 200: rest.Updated, ...refusals },
      },
    },
    async (request) => {
      const project = projectOf(request);
      const call = agents.call(project, request.params.agentId);
      const body = request.body ?? { properties: {} };
      const translation = toChange(body, call, styles);
      if (!translation.ok) throw toError(translation.faults);
      const { channel, uid } = call.agent;
      checkToken(project, { token: body.properties.token ?? "", channel, uid }, now(), "");
      call.session.update(translation.change);
      call.notes.updated(body);
      return toUpdated(call.agent);
    },
  );

  app.get(
    "/agents/:agentId/history",
    {
      schema: {
        ...common,
        operationId: "history",
        summary: "What was said and heard, as the agent remembers it",
        response: { 200: rest.HistoryAnswer, ...refusals },
      },
    },
    async (request) => toHistory(agents.call(projectOf(request), request.params.agentId)),
  );

  app.get(
    "/agents/:agentId/turns",
    {
      schema: {
        ...common,
        operationId: "turns",
        summary: "The turns of a call with their latencies",
        querystring: rest.TurnsQuery,
        response: { 200: rest.TurnsAnswer, ...refusals, 503: rest.ErrorBody },
      },
    },
    async (request) => {
      const { agent, turns } = await agents.turns(projectOf(request), request.params.agentId);
      const { page_index: page, page_size: size } = request.query;
      return toTurns(agent, turns, { page: page ?? 1, size: size ?? TURNS_PER_PAGE });
    },
  );
}
