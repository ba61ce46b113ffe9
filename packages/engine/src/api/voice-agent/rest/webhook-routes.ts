/** `/v1/webhook-subscriptions`: whom a project wants to be told of its sessions. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { SubscriptionRow } from "../../../store/voice-agent-subscriptions.ts";
import type { Subscriptions } from "../../../webhooks/subscriptions.ts";
import { iso } from "../stored-agent.ts";
import { type CallerOf, NotFound, pageFields, pageOf, refusals, refusalsOfOne, security, tags } from "./door.ts";
import { fromText } from "./faults.ts";

const OfSubscription = z.object({ subscription_id: z.string() });
const PATH = "/v1/webhook-subscriptions";

export function addWebhookRoutes(server: FastifyInstance, subscriptions: Subscriptions, callerOf: CallerOf): void {
  const app = server.withTypeProvider<ZodTypeProvider>();

  app.post(
    PATH,
    {
      schema: {
        security,
        tags,
        operationId: "createWebhookSubscription",
        summary: "Subscribe to what happens to sessions",
        body: voiceAgentRest.SubscriptionBody,
        response: { 201: voiceAgentRest.Subscription, ...refusals },
      },
    },
    async (request, reply) => {
      checkEvents(request.body.events);
      return reply.code(201).send(toWire(await subscriptions.create(callerOf(request).project, request.body)));
    },
  );

  app.get(
    PATH,
    {
      schema: {
        security,
        tags,
        operationId: "listWebhookSubscriptions",
        summary: "List webhook subscriptions, newest first",
        querystring: voiceAgentRest.Pages,
        response: { 200: voiceAgentRest.SubscriptionList, ...refusals },
      },
    },
    async (request) => {
      const { limit, from } = pageOf(request.query);
      const { items, next } = await subscriptions.list(callerOf(request).project, limit, from);
      return { subscriptions: items.map(toWire), ...pageFields(next) };
    },
  );

  app.get(
    `${PATH}/:subscription_id`,
    {
      schema: {
        security,
        tags,
        operationId: "getWebhookSubscription",
        summary: "Look at a webhook subscription; its secret is left out",
        params: OfSubscription,
        response: { 200: voiceAgentRest.Subscription, ...refusalsOfOne },
      },
    },
    async (request) => {
      const { subscription_id: id } = request.params;
      const row = await subscriptions.find(callerOf(request).project, id);
      if (row === undefined) throw new NotFound("webhook_subscription", id);
      return toWire(row);
    },
  );

  for (const method of ["PUT", "PATCH"] as const) {
    app.route({
      method,
      url: `${PATH}/:subscription_id`,
      schema: {
        hide: method === "PATCH",
        security,
        tags,
        operationId: "updateWebhookSubscription",
        summary: "Change a webhook subscription; what is left out stays",
        params: OfSubscription,
        body: voiceAgentRest.SubscriptionChange,
        response: { 200: voiceAgentRest.Subscription, ...refusalsOfOne },
      },
      async handler(request) {
        const { subscription_id: id } = request.params;
        checkEvents(request.body.events ?? []);
        const row = await subscriptions.change(callerOf(request).project, id, request.body);
        if (row === undefined) throw new NotFound("webhook_subscription", id);
        return toWire(row);
      },
    });
  }

  app.delete(
    `${PATH}/:subscription_id`,
    {
      schema: {
        security,
        tags,
        operationId: "deleteWebhookSubscription",
        summary: "Delete a webhook subscription, with what waits for it",
        params: OfSubscription,
        response: { 204: z.null(), ...refusalsOfOne },
      },
    },
    async (request, reply) => {
      const { subscription_id: id } = request.params;
      if (!(await subscriptions.delete(callerOf(request).project, id))) throw new NotFound("webhook_subscription", id);
      return reply.code(204).send(null);
    },
  );
}

/** A subscription that would never be told anything is refused; events of calls beside others only wait for their door. */
function checkEvents(events: readonly string[]): void {
  if (events.length === 0 || events.some((event) => event.startsWith("session."))) return;
  throw fromText(
    `events: ${events.join(", ")} belong to calls by phone, which this version has not; there are ${voiceAgentRest.subscriptionEvents.join(", ")}`,
    "events",
    "body",
  );
}

function toWire({
  id,
  agentId,
  url,
  events,
  enabled,
  secretVersion,
  createdAt,
  updatedAt,
}: SubscriptionRow): z.input<typeof voiceAgentRest.Subscription> {
  return {
    id,
    agent_id: agentId,
    url,
    events: voiceAgentRest.SubscriptionEvent.options.filter((event) => events.includes(event)),
    enabled,
    secret_version: secretVersion,
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
  };
}
