/** The endpoints of telephone numbers and calls: this version has no door for phones, and says so to who asks. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import { AppError } from "../../../errors.ts";
import { type CallerOf, refusals, security, tags } from "./door.ts";

const paths = [
  ["/v1/phone-numbers", "Telephone numbers: not built yet"],
  ["/v1/phone-numbers/*", undefined],
  ["/v1/calls", "Calls by phone: not built yet"],
  ["/v1/calls/*", undefined],
] as const;

export function addPhoneRoutes(server: FastifyInstance, callerOf: CallerOf): void {
  for (const [url, summary] of paths) {
    server.route({
      method: ["GET", "POST", "PUT", "PATCH", "DELETE"],
      url,
      schema: {
        hide: true,
        security,
        tags,
        ...(summary === undefined ? {} : { summary }),
        response: { ...refusals, 501: voiceAgentRest.Refusal },
      },
      handler: async (request) => {
        callerOf(request);
        throw new AppError("not-implemented", `${url.replace("/*", "")}: this version has no door for telephones`);
      },
    });
  }
}
