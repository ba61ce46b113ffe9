/** What all endpoints of the REST door share: their prefixes, who may come in, and the refusals that each may give. */
import { rest } from "@parley/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Agents } from "../../projects/agents.ts";
import { checkAccess } from "../../projects/access.ts";
import type { Project } from "../../projects/project.ts";
import type { Projects } from "../../projects/projects.ts";
import { verifyChannelToken } from "../../projects/tokens.ts";
import type { LlmStyle, Vendor } from "../../vendors/vendor.ts";
import type { StartAgent } from "./start.ts";

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
export const prefixes = ["/api/conversational-ai-agent", "/cn/api/conversational-ai-agent", ""] as const;

/** The documentation shows the endpoints once. */
export const isHidden = (prefix: (typeof prefixes)[number]): boolean => prefix !== prefixes[0];

export const InProject = z.object({ appid: z.string() });
export const OfAgent = InProject.extend({ agentId: z.string() });

export const refusals = { 400: rest.ErrorBody, 401: rest.ErrorBody, 403: rest.ErrorBody, 404: rest.ErrorBody, 429: rest.ErrorBody };
export const security = [{ basic: [] }, { token: [] }];

/** Finds the project of a request that was let in. */
export type ProjectOf = (request: FastifyRequest) => Project;

/** Lets in who may, before the body is read: who may not come in costs nothing. */
export function signIn(server: FastifyInstance, projects: Projects): ProjectOf {
  const signedIn = new WeakMap<FastifyRequest, Project>();
  server.addHook("onRequest", async (request, reply) => {
    const { appid } = InProject.parse(request.params);
    const project = projects.authenticate(appid, request.headers.authorization);
    checkAccess(project, "rest");
    signedIn.set(request, project);
    const refused = projects.admit(project);
    if (refused === undefined) return;
    void reply.header("retry-after", String(refused.retryAfterS));
    throw new AppError(
      "too-many-requests",
      `project ${project.appId} sends more than ${project.limits.requestsPerSecond} requests in a second`,
    );
  });
  return (request) => {
    const project = signedIn.get(request);
    if (project === undefined) throw new AppError("unauthenticated", "the request is not signed in");
    return project;
  };
}

/** A token that would fail in the channel is refused here, where somebody reads the answer. */
export function checkToken(
  project: Project,
  { token, channel, uid }: { readonly token: string; readonly channel: string; readonly uid: string },
  now: number,
  prefix: string,
): void {
  if (token === "" || project.certificate === "") return;
  try {
    verifyChannelToken(token, project, { channel, uid, needs: ["join", "publishAudio"] }, now);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError("invalid-field", `${prefix}properties.token: ${error.message}`, { cause: error });
  }
}
