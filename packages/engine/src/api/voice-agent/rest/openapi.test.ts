import { Validator } from "@seriousme/openapi-schema-validator";
import pino from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { sharedDatabase } from "../../../store/test-databases.ts";
import { addDocs } from "../../docs.ts";
import { createServer } from "../../server.ts";
import { makeProject, openRest } from "./rest-stage.ts";
import { addVoiceAgentRest } from "./routes.ts";

const database = sharedDatabase();

const Document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))) });

test("the endpoints are in the OpenAPI document, each under a name of its own, and it is valid", async () => {
  await using rest = await openRest({ database, projects: [makeProject()] });
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => [] });
  addDocs(server, "1.2.3");
  addVoiceAgentRest(server, rest.office);
  const document = Document.parse((await server.inject("/openapi.json")).json());
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
  );
  expect(operations).toEqual([
    "get /v1/token createVoiceAgentToken",
    "post /v1/agents createVoiceAgent",
    "get /v1/agents listVoiceAgents",
    "get /v1/agents/{agent_id} getVoiceAgent",
    "put /v1/agents/{agent_id} updateVoiceAgent",
    "delete /v1/agents/{agent_id} deleteVoiceAgent",
    "get /v1/sessions listVoiceSessions",
    "get /v1/sessions/{session_id} getVoiceSession",
    "delete /v1/sessions/{session_id} deleteVoiceSession",
    "get /v1/voices listVoices",
    "post /v1/webhook-subscriptions createWebhookSubscription",
    "get /v1/webhook-subscriptions listWebhookSubscriptions",
    "get /v1/webhook-subscriptions/{subscription_id} getWebhookSubscription",
    "put /v1/webhook-subscriptions/{subscription_id} updateWebhookSubscription",
    "delete /v1/webhook-subscriptions/{subscription_id} deleteWebhookSubscription",
    "get /v1/sessions/{session_id}/artifacts/{type} getVoiceSessionArtifact",
    "get /v1/voices/{voice_id}/preview.wav getVoicePreview",
  ]);
  // What has no body promises none, and a sound is no JSON.
  expect(document.paths["/v1/agents/{agent_id}"]?.["delete"]?.["responses"]).toMatchObject({ 204: { description: expect.any(String) } });
  expect(JSON.stringify(document.paths["/v1/agents/{agent_id}"]?.["delete"])).not.toMatch(/"204":\{[^}]*"content"/);
  expect(document.paths["/v1/voices/{voice_id}/preview.wav"]?.["get"]?.["responses"]).toMatchObject({
    200: { content: { "audio/wav": expect.anything() } },
  });
  const validator = new Validator();
  const { valid, errors } = await validator.validate(z.record(z.string(), z.unknown()).parse(document));
  expect([valid, errors, validator.version]).toEqual([true, undefined, "3.1"]);
  const page = (await server.inject("/docs")).body;
  for (const text of ["/v1/webhook-subscriptions", "expires_in_seconds", "system_prompt"]) expect(page).toContain(text);
});
