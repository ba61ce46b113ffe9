/** The page at `/`: files that Vite has built, under a strict content policy. */
import { existsSync } from "node:fs";
import path from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** Nothing from elsewhere, nothing inline, in no frame. Calls go to sockets of any engine. */
const CONTENT_POLICY = [
  "default-src 'self'",
  "connect-src 'self' http: https: ws: wss:",
  "img-src 'self' data:",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function addPage(server: FastifyInstance, folder: string): void {
  if (!existsSync(path.join(folder, "index.html"))) {
    server.get("/", { schema: { hide: true } }, async (_request, reply) =>
      reply.code(503).type("text/plain").send("The page is not built. Run: npm run build:page\n"),
    );
    return;
  }
  void server.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    // A wildcard would answer for every path; so each file has its route, and the rest is a 404 that helps.
    wildcard: false,
    setHeaders(reply, file) {
      void reply.header("content-security-policy", CONTENT_POLICY);
      void reply.header("x-content-type-options", "nosniff");
      void reply.header("referrer-policy", "same-origin");
      void reply.header("permissions-policy", "microphone=(self)");
      // Built files carry their hash in their name; the page itself does not.
      void reply.header(
        "cache-control",
        file.includes(`${path.sep}assets${path.sep}`) ? "public, max-age=31536000, immutable" : "no-cache",
      );
    },
  });
}
