/** Every setting of the engine, as the YAML file spells it; names with `_secret`, `_key` and the like are masked in print. */
import { z } from "zod";
import { services } from "./projects/access.ts";
import { isPostgresAddress } from "./store/postgres-address.ts";

const hex32 = z.string().regex(/^[0-9a-fA-F]{32}$/, "is not 32 hexadecimal digits");
const certificate = z.union([z.literal(""), hex32], { error: "is neither 32 hexadecimal digits nor empty (tokens off)" });
const params = z.record(z.string(), z.unknown());

const DefaultVendor = z.strictObject({
  vendor: z.string().min(1).describe("Name of a vendor."),
  params: params.default({}).describe("Its parameters, in its own spelling: key, model, …"),
});

/** The voice of `generic_http` is wherever the operator says. */
const DefaultVoice = DefaultVendor.extend({
  url: z.string().optional().describe("Full address of the voice; of `generic_http` alone."),
  headers: z.record(z.string(), z.string()).optional().describe("Added to each request; of `generic_http` alone."),
});

const DefaultLlm = z.strictObject({
  style: z.string().min(1).default("openai").describe("Request style."),
  url: z.string().optional().describe("Full address of the endpoint."),
  api_key: z.string().optional().describe("Its key."),
  params: params.default({}).describe("Merged into each request: model, …"),
  headers: z.record(z.string(), z.string()).default({}).describe("Added to each request."),
});

const Preset = z.strictObject({ asr: DefaultVendor.optional(), tts: DefaultVoice.optional(), llm: DefaultLlm.optional() });

const Defaults = z.strictObject({
  asr: z.record(z.string(), DefaultVendor).default({}).describe("From a language tag, or `*`, to its recogniser."),
  tts: DefaultVoice.optional().describe("The voice where `join` names none."),
  llm: DefaultLlm.optional().describe("The language model where `join` names none."),
  presets: z
    .record(z.string(), Preset)
    .refine((presets) => Object.keys(presets).every((name) => /^[^,\s]+$/.test(name)), "has a name with a comma or a space")
    .default({})
    .describe("From a name that `preset` or `pipeline_id` of `join` may use to `asr`, `tts` and `llm`: see [below](#presets)."),
  max_history: z.int().min(0).max(1024).default(10).describe("Entries of short-term memory."),
});

const Limits = z.strictObject({
  agents: z.int().min(0).optional().describe("Agents at once; absent: as many as the machine holds."),
  agent_lifetime: z.number().positive().optional().describe("Seconds from an agent's creation until it goes; absent: no limit."),
  requests_per_second: z.number().positive().optional().describe("Requests on the REST door; absent: no limit."),
});

const suspended = z.boolean().default(false).describe("Refuse everything, with `AccountSuspended`.");
const Services = z.array(z.enum(services)).optional().describe("Doors that it may use: `rest`, `channels`, `voice-agent`; absent: all.");
const checkLlm = z
  .boolean()
  .default(false)
  .describe("`join` asks the language model for a word first: an agent that could not answer is not started.");

/** Those of the contract's events that this engine has (section 7.3 of its specification). */
const webhookEvents = [101, 102, 103, 104, 110, 111, 112] as const;

const Webhook = z.strictObject({
  url: z
    .string()
    .refine(isWebhookUrl, "is no address to post to: write http:// or https://, a host, and no user name")
    .describe("Where to post."),
  secret: z.string().min(1).describe("Key of both signatures."),
  events: z
    .array(z.literal(webhookEvents))
    .nonempty()
    .default([...webhookEvents])
    .describe("101 joined, 102 left, 103 history, 104 token about to expire, 110 error, 111 metrics, 112 turns finished."),
});

function isWebhookUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "" && url.password === "";
}

const Webhooks = z
  .array(Webhook)
  .refine(
    (webhooks) => new Set(webhooks.map(({ url }) => url)).size === webhooks.length,
    "names one address twice; list its events together",
  )
  .default([]);

const ProjectSettings = z.strictObject({
  app_id: hex32.describe("App ID: 32 hexadecimal digits."),
  app_certificate: certificate.describe("App certificate: 32 hexadecimal digits; empty: tokens off."),
  customers: z
    .array(z.strictObject({ id: z.string().min(1), secret: z.string().min(1) }))
    .default([])
    .describe("Basic credentials of the REST door."),
  api_keys: z.array(z.string().min(1)).default([]).describe("Keys of the Voice Agent door."),
  limits: Limits.prefault({}),
  suspended,
  services: Services,
  check_llm: checkLlm,
  defaults: Defaults.prefault({}),
  webhooks: Webhooks.describe("Who is told what happens to its agents."),
});
export type ProjectSettings = z.output<typeof ProjectSettings>;

export const Settings = z.strictObject({
  port: z.int().min(0).max(65_535).default(8080).describe("HTTP port; also `PORT`. 0: any free one."),
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on; also `HOST`."),
  data_dir: z
    .string()
    .min(1)
    .default("data")
    .describe("Folder of the database and of generated credentials, relative to where the command was given."),
  app_id: hex32.optional().describe("App ID of the first project."),
  app_certificate: certificate.optional().describe("Its certificate; empty: tokens off, on loopback only."),
  customer_id: z.string().min(1).optional().describe("Basic credentials of the REST door for that project: id …"),
  customer_secret: z.string().min(1).optional().describe("… and secret."),
  api_key: z.string().min(1).optional().describe("Key of the Voice Agent door for that project."),
  limits: Limits.prefault({}).describe("Limits of that project."),
  suspended,
  services: Services,
  check_llm: checkLlm,
  defaults: Defaults.prefault({}).describe("What an agent of that project is where `join` says nothing."),
  webhooks: Webhooks.describe("Who is told what happens to agents of that project: see [webhooks.md](webhooks.md)."),
  projects: z.array(ProjectSettings).default([]).describe("Further projects."),
  allow_without_tokens: z.boolean().default(false).describe("Let projects without certificate in from other machines, too."),
  console: z.boolean().default(true).describe("The page at `/` may start calls from this machine without signing in."),
  tls_cert: z.string().optional().describe("Certificate chain (PEM file): HTTPS and WSS by the engine itself."),
  tls_key: z.string().optional().describe("Its private key (PEM file)."),
  rtc: z
    .strictObject({
      udp_port: z.int().min(0).max(65_535).optional().describe("UDP port of all media; default 50000, on loopback the next free one."),
      announced_addresses: z.array(z.string()).default([]).describe("Addresses under which others reach this machine."),
      bind_address: z
        .string()
        .optional()
        .describe("Address to bind media to; default `host`. On loopback, calls from Firefox have ports of their own on other addresses."),
      allowed_origins: z
        .array(z.string())
        .default([])
        .describe("Pages of these origins may join channels besides the engine's own, for instance https://app.example; `*`: any."),
      ice_servers: z
        .array(
          z.strictObject({
            urls: z.union([z.string(), z.array(z.string())]),
            username: z.string().optional(),
            credential: z.string().optional(),
          }),
        )
        .default([])
        .describe("STUN and TURN servers for clients; TURN over UDP, since Chromium does not connect over TURN by TCP."),
    })
    .prefault({}),
  voice_agent: z
    .strictObject({
      grace_seconds: z.number().min(0).max(3600).default(30).describe("How long a session waits for a client that lost its socket."),
      max_session_seconds: z.int().min(60).max(86_400).default(10_800).describe("Longest session."),
      max_sessions: z.int().min(0).optional().describe("Sessions of one project at once; absent: as many as the machine holds."),
      sessions_per_minute: z.number().positive().optional().describe("Sessions of one project that may start in a minute; absent: any."),
      idle_timeout_seconds: z.int().min(1).optional().describe("A session in which nobody says a word for so long ends; absent: never."),
      warn_before_end: z.boolean().default(false).describe("Tell the agent 30 s before the longest session is over, so that it wraps up."),
      resume_reply: z.boolean().default(true).describe("A reply goes on where a lost socket cut it; false: it is dropped."),
      resume_false_interruption: z
        .boolean()
        .default(false)
        .describe("A reply that was cut by a noise without words is taken up again, as a new one."),
      reusable_tokens: z.boolean().default(false).describe("Temporary tokens open any number of sessions within their window."),
      allow_inline_llm: z.boolean().default(false).describe("A client may name a language model in `session.update`."),
      mutable_voice: z.boolean().default(false).describe("A client may change the voice in mid-session."),
      legacy_args: z.boolean().default(false).describe("`tool.call` carries its arguments as `args`, too, for clients of March 2026."),
    })
    .prefault({})
    .describe("The Voice Agent door: see [voice-agent.md](voice-agent.md)."),
  network: z
    .strictObject({
      allow: z.array(z.string()).default([]).describe("Private networks (CIDR) that the address of an LLM or of a webhook may lie in."),
    })
    .prefault({}),
  llm: z
    .strictObject({
      discover: z
        .enum(["offer", "use", "off"])
        .default("offer")
        .describe("Language models running on this machine: show them on the page, use the first, or do not look."),
    })
    .prefault({}),
  capacity: z
    .strictObject({ embedded_calls: z.int().min(1).optional().describe("Calls at once with embedded speech; absent: measured at start.") })
    .prefault({}),
  keep_transcripts: z.boolean().default(true).describe("Keep what people and agents said."),
  retention_days: z.number().positive().max(3650).default(7).describe("Days until a call's records are deleted."),
  start_timeout: z.number().positive().max(60).default(10).describe("Seconds that `join` may take; then it is given up with 504."),
  first_user_timeout: z.int().min(0).default(600).describe("Seconds until an agent that nobody joins goes; 0: never."),
  restore_within: z
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe("Seconds after an engine was killed in which its next start brings its agents back; 0: never, they are FAILED."),
  drain_ms: z.int().min(0).default(30_000).describe("Longest wait for running calls at SIGTERM."),
  log_level: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info").describe("What is logged to stderr."),
  database_url: z
    .string()
    .refine(isPostgresAddress, "is no address of PostgreSQL, postgres://user:password@host:5432/database")
    .optional()
    .describe(
      "PostgreSQL, `postgres://user:password@host:5432/database`; also `DATABASE_URL`. Absent: the embedded database in `data_dir`.",
    ),
});
export type Settings = z.output<typeof Settings>;
