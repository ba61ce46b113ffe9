/** The REST beside the Voice Agent socket, all of it. */
import type { FastifyInstance } from "fastify";
import type { StoredAgents } from "../stored-agents.ts";
import type { Subscriptions } from "../../../webhooks/subscriptions.ts";
import { addAgentRoutes } from "./agent-routes.ts";
import { type Entrance, signIn, speakThisApi } from "./door.ts";
import { addPhoneRoutes } from "./phone-routes.ts";
import { addArtifactRoute, addSessionRoutes, type SessionDoor } from "./session-routes.ts";
import { addTokenRoutes, type TokenDoor } from "./token-routes.ts";
import { addPreviewRoute, addVoiceRoutes, type VoiceDoor } from "./voice-routes.ts";
import { addVoicesPage } from "../voices-page.ts";
import { addWebhookRoutes } from "./webhook-routes.ts";

export interface VoiceAgentRest extends Entrance, TokenDoor, SessionDoor, VoiceDoor {
  readonly agents: StoredAgents;
  readonly subscriptions: Subscriptions;
}

export function addVoiceAgentRest(server: FastifyInstance, door: VoiceAgentRest): void {
  addVoicesPage(server, door);
  void server.register((app, _options, done) => {
    speakThisApi(app);
    const callerOf = signIn(app, door);
    addTokenRoutes(app, door, callerOf);
    addAgentRoutes(app, door.agents, callerOf);
    addSessionRoutes(app, door, callerOf);
    addVoiceRoutes(app, door, callerOf);
    addWebhookRoutes(app, door.subscriptions, callerOf);
    addPhoneRoutes(app, callerOf);
    done();
  });
  void server.register((app, _options, done) => {
    speakThisApi(app);
    addArtifactRoute(app, door);
    addPreviewRoute(app, door);
    done();
  });
}
