/** `GET /v1/voices`: every name of a voice that sessions take, who speaks under it, and what that sounds like. */
import { voiceAgentRest } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { refuseForeign } from "../../loopback.ts";
import type { ArtifactLinks } from "../artifact-links.ts";
import type { VoicePreviews } from "../voice-previews.ts";
import { findVoice, isInstalledName, voiceNames } from "../voices.ts";
import { baseUrl } from "../../base-url.ts";
import { type CallerOf, NotFound, refusals, security, tags } from "./door.ts";

export interface VoiceDoor {
  readonly previews: VoicePreviews;
  readonly links: ArtifactLinks;
  /** Pages of this machine play previews without an address of their own. */
  readonly openHere: boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** In place of a session's id, in what signs the address of a preview. */
const SIGNED_AS = "voices";

const OfVoice = z.object({ voice_id: z.string().max(64) });

export function addVoiceRoutes(server: FastifyInstance, { links, now }: VoiceDoor, callerOf: CallerOf): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    "/v1/voices",
    {
      schema: {
        security,
        tags,
        operationId: "listVoices",
        summary: "List voices: those installed, and the names that clients of this API know",
        response: { 200: voiceAgentRest.VoiceList, ...refusals },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const base = baseUrl(request);
      return {
        voices: voiceNames().flatMap((name) => {
          const found = findVoice(name);
          if (found === undefined) return [];
          const { locale, gender, installed, substitute = null } = found;
          const kind = isInstalledName(name) ? ("voice" as const) : ("alias" as const);
          const preview_url = `${base}${previewPath(name)}?${links.query(caller, SIGNED_AS, name, now())}`;
          return [{ voice_id: name, name, locale, gender, kind, installed, substitute, preview_url }];
        }),
      };
    },
  );
}

/** Without signing in: from a page of this machine, or by an address that {@link addVoiceRoutes} gave. */
export function addPreviewRoute(server: FastifyInstance, { previews, links, openHere, now }: VoiceDoor): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    "/v1/voices/:voice_id/preview.wav",
    {
      schema: {
        tags,
        operationId: "getVoicePreview",
        summary: "Hear a voice (WAV)",
        params: OfVoice,
        querystring: voiceAgentRest.ArtifactQuery.partial(),
        response: {
          200: { description: "A WAV file.", content: { "audio/wav": { schema: z.unknown() } } },
          403: voiceAgentRest.Refusal,
          404: voiceAgentRest.Refusal,
          422: voiceAgentRest.Refusal,
          429: voiceAgentRest.Refusal,
          503: voiceAgentRest.Refusal,
        },
      },
    },
    async (request, reply) => {
      const { voice_id: name } = request.params;
      const { key, expires, signature } = request.query;
      const signed =
        key !== undefined &&
        expires !== undefined &&
        signature !== undefined &&
        links.check({ sessionId: SIGNED_AS, type: name, keyId: key, expires, signature }, now()) !== undefined;
      const here = openHere && refuseForeign(request.raw) === undefined;
      if (!signed && !here) throw new AppError("link-expired", "this address is not good, or not any more");
      const voice = findVoice(name);
      if (voice === undefined) throw new NotFound("voice", name);
      const wav = await previews.get(voice);
      void reply.header("cache-control", "private, max-age=3600").header("content-type", "audio/wav");
      return await reply.send(wav);
    },
  );
}

export function previewPath(name: string): string {
  return `/v1/voices/${encodeURIComponent(name)}/preview.wav`;
}
