/** What the page at `/` needs: a call with one click, and the engine's own facts. For this machine only. */
import { randomBytes, randomInt } from "node:crypto";
import { ChannelName } from "@parley/protocol";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Agents } from "../../projects/agents.ts";
import { checkAccess } from "../../projects/access.ts";
import type { Project } from "../../projects/project.ts";
import { buildToken } from "../../projects/tokens.ts";
import { defaultTurns, type ChosenLlm } from "../../session/agent-config.ts";
import type { LlmStyle, Vendor } from "../../vendors/vendor.ts";
import { refuseForeign } from "../loopback.ts";
import type { ReadRecipe, Recipe } from "../rest/recipe.ts";
import type { StartAgent } from "../rest/start.ts";
import { type AgentRequest, type Offer, toConfig } from "../rest/to-config.ts";

/** A language model found on this machine. */
export interface DiscoveredLlm {
  readonly name: string;
  readonly url: string;
  readonly models: readonly string[];
}

export interface ConsoleDoor {
  readonly version: string;
  readonly project: Project;
  readonly agents: Agents;
  readonly vendors: readonly Vendor[];
  readonly styles: readonly LlmStyle[];
  readonly voices: readonly unknown[];
  readonly startAgent: StartAgent;
  readonly firstUserTimeoutS: number;
  /** The setting `llm.discover`. */
  readonly discover: "offer" | "use" | "off";
  readonly discovered: () => readonly DiscoveredLlm[];
  readonly embeddedCalls: () => number | undefined;
  /** As `/readyz` tells it. */
  readonly waiting: () => readonly string[];
  /** What calls themselves wait for. */
  readonly loading: () => readonly string[];
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** How long a page's token lives, in seconds; it is renewed by a new call. */
const TOKEN_SECONDS = 24 * 3600;

/** Most instructions that a page may give an agent, in characters. */
const LONGEST_INSTRUCTIONS = 20_000;

const Call = z
  .object({
    greeting: z.string().max(10_000).nullish(),
    silenceMs: z.number().min(0).max(60_000).nullish(),
    channel: ChannelName.nullish(),
    instructions: z.string().max(LONGEST_INSTRUCTIONS).nullish(),
  })
  .nullish();

const Choice = z.object({ url: z.string(), model: z.string().min(1).max(200) });
const OfAgent = z.object({ agentId: z.string() });

const GREETING = "Hello! I am Parley. Ask me something, and interrupt me whenever you like.";

/** Silence that ends a turn on the page, in milliseconds. */
const PAGE_SILENCE_MS = 480;

export function addConsole(server: FastifyInstance, door: ConsoleDoor): void {
  void server.register(
    (app, _options, done) => {
      addRoutes(app, door);
      done();
    },
    { prefix: "/console" },
  );
}

function addRoutes(server: FastifyInstance, door: ConsoleDoor): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const { agents, project } = door;
  /** Calls that pages have started: they end what they began, and nothing else. */
  const started = new Set<string>();
  let chosen: z.output<typeof Choice> | undefined;

  app.addHook("onRequest", async (request) => {
    const refusal = refuseForeign(request.raw);
    if (refusal !== undefined) throw new AppError("foreign-page", `the page's own endpoints are closed to this request: ${refusal}`);
  });

  const llmInUse = (): z.output<typeof Choice> | undefined => {
    if (chosen !== undefined) return chosen;
    const [first] = door.discover === "use" ? door.discovered() : [];
    const model = first?.models[0];
    return first === undefined || model === undefined ? undefined : { url: first.url, model };
  };

  app.get("/info", { schema: { hide: true } }, async () => {
    const [customer] = project.customers;
    const inUse = llmInUse();
    const waiting = door.waiting();
    return {
      version: door.version,
      ready: waiting.length === 0,
      waiting,
      appId: project.appId,
      customerId: customer?.id ?? "",
      customerSecret: customer?.secret ?? "",
      apiKey: project.apiKeys[0] ?? "",
      capacity: { calls: door.embeddedCalls() ?? null, running: agents.running },
      llm: {
        using: inUse?.model ?? project.defaults.llm?.style ?? "local",
        discovered: door.discovered(),
        canUse: door.discover !== "off",
      },
      voices: door.voices,
    };
  });

  app.post("/llm", { schema: { hide: true, body: Choice } }, async (request) => {
    const { url, model } = request.body;
    const found = door.discovered().find((place) => place.url === url && place.models.includes(model));
    if (found === undefined)
      throw new AppError(
        "invalid-field",
        `url, model: no language model ${JSON.stringify(model)} was found at ${JSON.stringify(url)} on this machine`,
      );
    chosen = { url, model };
    return {};
  });

  app.post("/call", { schema: { hide: true, body: Call } }, async (request) => {
    const names = door.loading();
    if (names.length > 0) throw new AppError("not-ready", `the engine is still loading: ${names.join(", ")}`);
    checkAccess(project, "channels");
    const wanted = toPageCall(request.body ?? {}, llmInUse());
    const agent = toRequest(wanted, door, project);
    const result = await door.startAgent(project, agent, { door: PAGE_DOOR, body: wanted } satisfies Recipe);
    switch (result.type) {
      case "conflict":
        throw new AppError("agent-already-running", `the name ${agent.name} is taken`);
      case "started":
        break;
    }
    const { agentId } = result.agent;
    started.add(agentId);
    void agents.gone(agentId).finally(() => started.delete(agentId));
    const uid = String(randomInt(1, 999_999_999));
    return {
      appId: project.appId,
      channel: agent.channel,
      uid,
      token: tokenFor(project, agent.channel, uid, door.now()),
      agentId,
      agentUid: agent.uid,
    };
  });

  app.delete("/call/:agentId", { schema: { hide: true, params: OfAgent } }, async (request) => {
    const { agentId } = request.params;
    // After a restart of the engine, what it restored tells by its name that a page began it.
    const began = started.has(agentId) || pageName.test((await agents.find(project, agentId)).name);
    if (!began) throw new AppError("agent-not-found", "no call of this page has this agent");
    agents.leave(project, agentId);
    return {};
  });
}

const pageName = /^page-[0-9a-f]{16}$/;

/** Of the recipes of these calls. */
export const PAGE_DOOR = "page";

/** A call of a page with all that was left to chance: whoever has it can ask for the same agent again. */
const PageCall = z.object({
  call: Call.unwrap().unwrap(),
  llm: Choice.optional(),
  name: z.string(),
  channel: z.string(),
  uid: z.string(),
});
type PageCall = z.output<typeof PageCall>;

function toPageCall(call: PageCall["call"], llm: PageCall["llm"]): PageCall {
  return {
    call,
    ...(llm === undefined ? {} : { llm }),
    name: `page-${randomBytes(8).toString("hex")}`,
    channel: call.channel ?? `talk-${randomBytes(6).toString("hex")}`,
    uid: String(randomInt(1_000_000_000, 4_294_967_295)),
  };
}

export function readPageCall(offer: Omit<Offer, "defaults">): ReadRecipe {
  return (body, project) => toRequest(PageCall.parse(body), offer, project);
}

/** The agent of a page: the project's defaults, as `join` would take them. */
function toRequest({ call, llm, name, channel, uid }: PageCall, offer: Omit<Offer, "defaults">, { defaults }: Project): AgentRequest {
  const greeting = call.greeting === "off" ? "" : (call.greeting ?? GREETING);
  const body = {
    name,
    properties: {
      channel,
      token: "",
      agent_rtc_uid: uid,
      remote_rtc_uids: ["*"],
      idle_timeout: 15,
      parameters: { enable_metrics: true, enable_error_message: true, transcript: { enable_words: true } },
    },
  };
  const translation = toConfig(body, { ...offer, defaults });
  if (!translation.ok) throw new AppError("internal", translation.faults.map(({ message }) => message).join("; "));
  const { request } = translation;
  const chosenLlm: ChosenLlm =
    llm === undefined ? request.config.llm : { style: "openai", options: { url: llm.url, params: { model: llm.model }, trusted: true } };
  return {
    ...request,
    config: {
      ...request.config,
      llm: chosenLlm,
      systemMessages: [
        { role: "system", content: call.instructions ?? "You are a friendly voice assistant. Answer briefly, as one speaks." },
      ],
      ...(greeting === "" ? {} : { greeting: { text: greeting, interruptable: true } }),
      failureMessage: "I am sorry, something went wrong. Please try again.",
      turns: { ...defaultTurns, endpointingMs: call.silenceMs ?? PAGE_SILENCE_MS, interruption: "words" },
    },
  };
}

/** Without a certificate nothing is signed; the App ID stands in the token's place. */
function tokenFor(project: Project, channel: string, uid: string, now: number): string {
  if (project.certificate === "") return project.appId;
  return buildToken({ appId: project.appId, certificate: project.certificate, channel, uid, expireSeconds: TOKEN_SECONDS, now });
}
