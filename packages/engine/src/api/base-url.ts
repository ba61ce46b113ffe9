/** Under which address a client has reached this engine, for addresses in answers. */
import type { FastifyRequest } from "fastify";

/** Behind a proxy its `X-Forwarded-Proto` tells the scheme; whoever lies there only gets an address that does not work. */
export function baseUrl(request: FastifyRequest): string {
  const forwarded = [request.headers["x-forwarded-proto"]].flat()[0]?.split(",")[0]?.trim();
  const scheme = forwarded === "https" || forwarded === "http" ? forwarded : request.protocol;
  const url = URL.parse(`${scheme}://${request.host}`);
  return url?.origin ?? "http://localhost";
}
