/** The contract of the REST beside the Voice Agent socket: tokens, stored agents, sessions, voices, webhook subscriptions. */
import { z } from "zod";
import { HttpHeader, HttpTool, InputSettings, LlmSettings, OutputSettings, sessionLimits, ToolSettings } from "./voice-agent-session.ts";

/** Reads a query value that is a whole number in text. */
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^[+-]?\d{1,15}$/, "is not a whole number")
    .transform(Number)
    .pipe(z.int().min(min).max(max));

/** Longest session, in seconds, and the cap of a token that names none. */
export const maxSessionSeconds = 10_800;

export const TokenQuery = z.object({
  expires_in_seconds: whole(1, 600).describe("Seconds in which the token may open a session, 1 to 600."),
  max_session_duration_seconds: whole(60, maxSessionSeconds)
    .optional()
    .describe(`Longest session that it may open, in seconds, 60 to ${maxSessionSeconds}, which is the default.`),
  product: z.string().max(256).optional().describe("Accepted and ignored."),
});

export const Token = z.object({
  token: z.string(),
  expires_in_seconds: z.int(),
  expires_at: z.string().describe("The same as a time: ISO 8601, UTC."),
});

/** What every refusal holds; those of one field say which. */
export const Refusal = z
  .looseObject({
    code: z.string(),
    message: z.string(),
    error: z.string(),
    param: z.string().nullable(),
    request_id: z.string(),
    detail: z.union([
      z.string(),
      z.array(z.looseObject({ type: z.string(), loc: z.array(z.union([z.string(), z.int()])), msg: z.string() })),
    ]),
  })
  .describe("What is wrong: a code, a message that names the field, and the same as a list for a body or a query.");

export const Pages = z.object({
  limit: whole(1, 200).optional().describe("Entries of one page; default 50."),
  cursor: z.string().max(512).optional().describe("response_metadata.next_cursor of the page before."),
});

const page = { has_more: z.boolean(), response_metadata: z.object({ next_cursor: z.string().nullable() }) };

// Agents

const AgentVoice = z.union([z.string().min(1).max(128), z.object({ voice_id: z.string().min(1).max(128) })]);

/** A header whose value is left out, or `***`, keeps the one that is stored under its name. */
const AgentHeader = HttpHeader.extend({
  value: HttpHeader.shape.value.nullish(),
  remove: z.boolean().nullish().describe("True: there is no such header any more."),
});
const AgentTool = ToolSettings.extend({ http: HttpTool.extend({ headers: z.array(AgentHeader).max(32).nullish() }).nullish() })
  // Fields that only telephones have are refused by name, further on.
  .loose();

const agentFields = {
  name: z.string().min(1).max(256),
  system_prompt: z.string().min(1).max(sessionLimits.systemPromptCharacters),
  voice: AgentVoice.describe("A name of a voice, by itself or as voice_id: see GET /v1/voices."),
};

const agentOptions = {
  greeting: z.string().max(sessionLimits.greetingCharacters).nullish().describe("Spoken first; absent: the agent listens first."),
  input: InputSettings.nullish(),
  output: OutputSettings.omit({ voice: true }).nullish(),
  tools: z.array(AgentTool).max(sessionLimits.tools).nullish().describe("With http, the engine calls them itself."),
  llm: z.array(LlmSettings).max(1).nullish().describe("Empty: the project's own language model. Without api_key the stored one is kept."),
  pre_connect_requests: z.array(z.unknown()).max(2).nullish().describe("For calls by phone, which this version has not: empty."),
  transfer_targets: z.array(z.unknown()).max(100).nullish().describe("For calls by phone, which this version has not: empty."),
  outbound_trunk_id: z.string().max(256).nullish().describe("For calls by phone: kept, without effect."),
  caller_id: z.string().max(256).nullish().describe("For calls by phone: kept, without effect."),
};

export const AgentBody = z.object({ ...agentFields, ...agentOptions });
/** Fields that are left out stay; objects merge key by key, lists replace, `null` resets. */
export const AgentChange = z.object({
  name: agentFields.name.optional(),
  system_prompt: agentFields.system_prompt.optional(),
  voice: agentFields.voice.optional(),
  ...agentOptions,
});
export type AgentChange = z.output<typeof AgentChange>;

/** ISO 8601, UTC. */
const time = z.string();

export const AgentSummary = z.object({ id: z.string(), name: z.string(), created_at: time, updated_at: time });

/** Without secrets: headers of tools have their name alone, the language model no key. */
export const AgentRecord = AgentSummary.extend({
  system_prompt: z.string(),
  voice: z.object({ voice_id: z.string() }),
  greeting: z.string().nullable(),
  input: z.looseObject({}),
  output: z.looseObject({}),
  tools: z.array(
    z.looseObject({
      id: z.string().describe("The same as long as its name is."),
      name: z.string(),
      timeout_seconds: z.number(),
      execution_mode: z.enum(["interactive", "hold"]),
    }),
  ),
  llm: z.array(z.object({ base_url: z.string(), model: z.string() })),
  pre_connect_requests: z.array(z.unknown()),
  transfer_targets: z.array(z.unknown()),
  outbound_trunk_id: z.string().nullable(),
  caller_id: z.string().nullable(),
});
export type AgentRecord = z.output<typeof AgentRecord>;

export const AgentList = z.object({ agents: z.array(AgentSummary), ...page });

// Sessions

export const SessionStatus = z.enum(["created", "completed"]);

export const SessionQuery = Pages.extend({
  status: SessionStatus.optional().describe("created: open now. completed: over."),
  agent_id: z.string().max(128).optional(),
});

export const SessionSummary = z.object({
  id: z.string(),
  agent_id: z.string().nullable(),
  status: SessionStatus,
  public_close_reason: z.string().nullable(),
  duration_seconds: z.number().nullable(),
  created_at: time,
  ended_at: time.nullable(),
});
export type SessionSummary = z.output<typeof SessionSummary>;

export const artifactTypes = ["timeline", "metadata"] as const;

export const SessionDetail = SessionSummary.extend({
  config: z.looseObject({}),
  artifacts: z
    .array(z.object({ type: z.enum(artifactTypes), url: z.string(), content_type: z.string() }))
    .describe("Empty until it is over. Each address is good for ten minutes and wants no header."),
});

export const SessionList = z.object({ sessions: z.array(SessionSummary), ...page });

export const ArtifactQuery = z.object({
  key: z.string().regex(/^[0-9a-f]{16}$/),
  expires: whole(0, 1e12),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
});

// Voices

export const Voice = z.object({
  voice_id: z.string(),
  name: z.string(),
  locale: z.string().describe("What the name promises."),
  gender: z.enum(["female", "male", "unknown"]),
  kind: z.enum(["voice", "alias"]).describe("voice: one that is installed. alias: a name that clients of this API know."),
  installed: z.boolean().describe("Whether an installed voice speaks that locale."),
  substitute: z.string().nullable().describe("Who speaks where none does."),
  preview_url: z.string().describe("WAV; open to pages of this machine, to others with the signature in it."),
});
export const VoiceList = z.object({ voices: z.array(Voice) });

// Webhook subscriptions

/** Those of the contract's events that this engine has; the calls' come with a phone door. */
export const subscriptionEvents = ["session.started", "session.completed"] as const;
export const SubscriptionEvent = z.enum([...subscriptionEvents, "call.connected", "call.ended", "call.failed"]);

const subscriptionFields = {
  url: z.string().min(1).max(2048).describe("http or https; private networks want the operator's network.allow."),
  events: z.array(SubscriptionEvent).min(1).max(16),
  secret: z.string().min(32).max(1024).describe("Key of the signature, 32 characters or more; never told again."),
};

export const SubscriptionBody = z.object({
  ...subscriptionFields,
  agent_id: z.string().min(1).max(128).nullish().describe("Sessions of this stored agent alone."),
  enabled: z.boolean().default(true),
});
export const SubscriptionChange = z.object({
  url: subscriptionFields.url.optional(),
  events: subscriptionFields.events.optional(),
  secret: subscriptionFields.secret.optional(),
  agent_id: SubscriptionBody.shape.agent_id,
  enabled: z.boolean().optional(),
});

export const Subscription = z.object({
  id: z.string(),
  agent_id: z.string().nullable(),
  url: z.string(),
  events: z.array(SubscriptionEvent),
  enabled: z.boolean(),
  secret_version: z.int().describe("How often its secret was set: 1 at first."),
  created_at: time,
  updated_at: time,
});
export const SubscriptionList = z.object({ subscriptions: z.array(Subscription), ...page });

/** Body of a webhook. */
export const SessionNotice = z.object({
  event_id: z.string().describe("The same in each attempt."),
  event: z.enum(subscriptionEvents),
  created_at: time,
  session_id: z.string(),
  agent_id: z.string().nullable(),
  session: SessionSummary.omit({ id: true }).extend({ session_id: z.string() }),
});
export type SessionNotice = z.output<typeof SessionNotice>;
