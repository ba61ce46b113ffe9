/** The configuration, read once into one typed value: flags, then environment, then .env, then a YAML file, then what is generated. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { parse as parseYaml, parseDocument, visit } from "yaml";
import { z } from "zod";
import { faultsOf, pathText } from "./faults.ts";
import { nearest } from "./nearest.ts";
import { developmentCredentials, type DevelopmentCredentials, readDevelopmentCredentials } from "./projects/development-credentials.ts";
import type { Project } from "./projects/project.ts";
import { type ProjectSettings, Settings } from "./settings.ts";
import { placeOf } from "./store/postgres-address.ts";

/** Names of the credentials that a start on loopback generates where they are missing. */
export type CredentialName = keyof DevelopmentCredentials;

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Only this machine reaches the engine. */
  readonly loopback: boolean;
  /** Absolute. */
  readonly dataDir: string;
  /** PostgreSQL, with its password; absent: the embedded database in `dataDir`. */
  readonly databaseUrl?: string;
  /** At least one; the first is the page's own. */
  readonly projects: readonly [Project, ...Project[]];
  /** Those of the first project's credentials that were generated. */
  readonly generated: ReadonlySet<CredentialName>;
  readonly allowWithoutTokens: boolean;
  readonly console: boolean;
  /** PEM files, absolute. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly rtc: {
    /** Absent: 50000, or on loopback the next free one. */
    readonly udpPort?: number;
    readonly announcedAddresses: readonly string[];
    readonly bindAddress: string;
    readonly allowedOrigins: readonly string[];
    readonly iceServers: Settings["rtc"]["ice_servers"];
  };
  readonly voiceAgent: VoiceAgentConfig;
  readonly network: { readonly allow: readonly string[] };
  readonly discover: "offer" | "use" | "off";
  /** Absent: measured at start. */
  readonly embeddedCalls?: number;
  readonly keepTranscripts: boolean;
  readonly retentionDays: number;
  /** Longest time that `join` may take. */
  readonly startTimeoutMs: number;
  readonly firstUserTimeoutS: number;
  readonly restoreWithinS: number;
  readonly drainMs: number;
  readonly logLevel: Settings["log_level"];
}

/** What the operator has decided for the Voice Agent door. */
export interface VoiceAgentConfig {
  /** How long a session waits for a client that lost its socket. */
  readonly graceSeconds: number;
  readonly maxSessionSeconds: number;
  /** Of one project at once; absent: as many as the machine holds. */
  readonly maxSessions?: number;
  /** Of one project that may start in a minute; absent: any number. */
  readonly sessionsPerMinute?: number;
  /** Longest time without a word; absent: any. */
  readonly idleTimeoutSeconds?: number;
  /** The agent is told when the end is near. */
  readonly warnBeforeEnd: boolean;
  /** A reply goes on where a lost socket cut it; false: it is dropped. */
  readonly resumeReply: boolean;
  /** A reply that was cut by a noise without words is taken up again. */
  readonly resumeFalseInterruption: boolean;
  /** Temporary tokens open any number of sessions. */
  readonly reusableTokens: boolean;
  /** A client may bring a language model. */
  readonly allowInlineLlm: boolean;
  /** A client may change the voice in mid-session. */
  readonly mutableVoice: boolean;
  /** `tool.call` carries its arguments as `args`, too. */
  readonly legacyArgs: boolean;
}

/** A configuration that cannot be used; the message says which setting, from where, and what to write. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigError";
  }
}

export interface ConfigSources {
  /** From the command line: path with dots, for instance `rtc.udp_port`, to text. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the command was given. */
  readonly cwd: string;
  /** `create`: a server starts; `read`: a command that only uses what is there. */
  readonly credentials: "create" | "read";
}

type Tree = { [key: string]: unknown };

/** Names outside `PARLEY_`, and those inside that are no setting of the file. */
const plainNames: Readonly<Record<string, string>> = { PORT: "port", HOST: "host", DATABASE_URL: "database_url" };
const CONFIG_FILE = "PARLEY_CONFIG";

export function readConfig({ flags = {}, env, cwd, credentials }: ConfigSources): Config {
  const dotEnv = readDotEnv(path.join(cwd, ".env"));
  const all = { ...dotEnv, ...defined(env) };
  /** Where each value comes from, by its path. */
  const origins = new Map<string, string>();
  const file = all[CONFIG_FILE];
  const tree = file === undefined || file === "" ? {} : readYaml(path.resolve(cwd, file));
  for (const [name, text] of Object.entries(all)) {
    const at = pathOf(name);
    if (at !== undefined) assign(tree, at, text, name, origins);
  }
  for (const [name, text] of Object.entries(flags)) assign(tree, name.split("."), text, `--${name.replaceAll("_", "-")}`, origins);

  const parsed = Settings.safeParse(tree);
  if (!parsed.success) throw new ConfigError(describe(parsed.error, tree, origins));
  return toConfig(parsed.data, cwd, credentials);
}

/** The folder where the person gave the command: npm changes into the package's. */
export function commandFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["INIT_CWD"];
  return given === undefined || given === "" ? process.cwd() : given;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

const MASK = "••••";
const secretName = /secret|certificate|key$|credential|password|authorization/i;

/** The configuration for people to read; secrets are masked. */
export function describeConfig(config: Config): string {
  return JSON.stringify(
    config,
    (key, value: unknown): unknown => {
      if (value instanceof Set) return [...value];
      if (key === "databaseUrl" && typeof value === "string") return `postgres://${MASK}@${placeOf(value)}`;
      if (key === "apiKeys" && Array.isArray(value)) return value.map(() => MASK);
      return typeof value === "string" && value !== "" && secretName.test(key) ? MASK : value;
    },
    2,
  );
}

function toConfig(settings: Settings, cwd: string, credentials: "create" | "read"): Config {
  if ((settings.tls_cert === undefined) !== (settings.tls_key === undefined)) {
    throw new ConfigError("PARLEY_TLS_CERT and PARLEY_TLS_KEY belong together: one of them is missing");
  }
  const dataDir = path.resolve(cwd, settings.data_dir);
  const loopback = isLoopback(settings.host);
  const { projects, generated } = toProjects(settings, { dataDir, loopback, credentials });
  const { rtc } = settings;
  return {
    host: settings.host,
    port: settings.port,
    loopback,
    dataDir,
    ...(settings.database_url === undefined ? {} : { databaseUrl: settings.database_url }),
    projects,
    generated,
    allowWithoutTokens: settings.allow_without_tokens,
    console: settings.console,
    ...(settings.tls_cert === undefined || settings.tls_key === undefined
      ? {}
      : { tls: { certFile: path.resolve(cwd, settings.tls_cert), keyFile: path.resolve(cwd, settings.tls_key) } }),
    rtc: {
      ...(rtc.udp_port === undefined ? {} : { udpPort: rtc.udp_port }),
      announcedAddresses: rtc.announced_addresses,
      bindAddress: rtc.bind_address ?? (settings.host === "localhost" ? "127.0.0.1" : settings.host),
      allowedOrigins: rtc.allowed_origins,
      iceServers: rtc.ice_servers,
    },
    voiceAgent: toVoiceAgent(settings),
    network: settings.network,
    discover: settings.llm.discover,
    ...(settings.capacity.embedded_calls === undefined ? {} : { embeddedCalls: settings.capacity.embedded_calls }),
    keepTranscripts: settings.keep_transcripts,
    retentionDays: settings.retention_days,
    startTimeoutMs: settings.start_timeout * 1000,
    firstUserTimeoutS: settings.first_user_timeout,
    restoreWithinS: settings.restore_within,
    drainMs: settings.drain_ms,
    logLevel: settings.log_level,
  };
}

function toVoiceAgent({ voice_agent: voice }: Settings): VoiceAgentConfig {
  return {
    graceSeconds: voice.grace_seconds,
    maxSessionSeconds: voice.max_session_seconds,
    ...(voice.max_sessions === undefined ? {} : { maxSessions: voice.max_sessions }),
    ...(voice.sessions_per_minute === undefined ? {} : { sessionsPerMinute: voice.sessions_per_minute }),
    ...(voice.idle_timeout_seconds === undefined ? {} : { idleTimeoutSeconds: voice.idle_timeout_seconds }),
    warnBeforeEnd: voice.warn_before_end,
    resumeReply: voice.resume_reply,
    resumeFalseInterruption: voice.resume_false_interruption,
    reusableTokens: voice.reusable_tokens,
    allowInlineLlm: voice.allow_inline_llm,
    mutableVoice: voice.mutable_voice,
    legacyArgs: voice.legacy_args,
  };
}

interface Place {
  readonly dataDir: string;
  readonly loopback: boolean;
  readonly credentials: "create" | "read";
}

/** The project of the five settings, then those of the list. */
function toProjects(settings: Settings, place: Place): Pick<Config, "projects" | "generated"> {
  const listed = settings.projects.map(toProject);
  const given = (["app_id", "app_certificate", "customer_id", "customer_secret", "api_key"] as const).filter(
    (name) => settings[name] !== undefined,
  );
  const [first, generated] =
    given.length === 0 && listed.length > 0 ? [undefined, new Set<CredentialName>()] : firstProject(settings, place);
  const [head, ...others] = first === undefined ? listed : [first, ...listed];
  if (head === undefined) throw new ConfigError("no project is configured");
  const ids = [head, ...others].map(({ appId }) => appId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new ConfigError(`the App ID ${twice} is configured twice`);
  const keys = [head, ...others].flatMap(({ apiKeys }) => apiKeys);
  if (new Set(keys).size !== keys.length) throw new ConfigError("an API key is configured twice: it could open one project alone");
  const open = [head, ...others].find(({ certificate }) => certificate === "");
  if (open !== undefined && !place.loopback && !settings.allow_without_tokens) {
    throw new ConfigError(
      `HOST=${settings.host} opens the engine to other machines, and project ${open.appId} has no certificate, so anybody could join its channels: ` +
        "set its certificate, keep HOST=127.0.0.1, or set PARLEY_ALLOW_WITHOUT_TOKENS=true if that is what you want",
    );
  }
  return { projects: [head, ...others], generated };
}

function firstProject(settings: Settings, { dataDir, loopback, credentials }: Place): [Project, Set<CredentialName>] {
  const names = ["app_id", "app_certificate", "customer_id", "customer_secret", "api_key"] as const;
  const missing = names.filter((name) => settings[name] === undefined);
  const needed = missing.filter((name) => name !== "api_key");
  if (!loopback && needed.length > 0) {
    throw new ConfigError(
      `HOST=${settings.host} opens the engine to other machines, so its credentials must be configured; missing: ${needed.map((name) => `PARLEY_${name.toUpperCase()}`).join(", ")}. ` +
        "Set them (`openssl rand -hex 16` makes one), or keep HOST=127.0.0.1, where they are generated",
    );
  }
  const generate = loopback && missing.length > 0;
  const kept = generate ? (credentials === "create" ? developmentCredentials(dataDir) : readDevelopmentCredentials(dataDir)) : undefined;
  if (generate && kept === undefined) {
    throw new ConfigError(
      `no credentials: ${missing.map((name) => `PARLEY_${name.toUpperCase()}`).join(", ")} ${missing.length === 1 ? "is" : "are"} not set, and there are none in ${dataDir}. ` +
        "Start the engine once in this folder (npm start), or set them",
    );
  }
  const value = (name: CredentialName): string => settings[name] ?? kept?.[name] ?? "";
  const apiKey = value("api_key");
  const project = toProject({
    app_id: value("app_id"),
    app_certificate: value("app_certificate"),
    customers: [{ id: value("customer_id"), secret: value("customer_secret") }],
    api_keys: apiKey === "" ? [] : [apiKey],
    limits: settings.limits,
    suspended: settings.suspended,
    services: settings.services,
    check_llm: settings.check_llm,
    defaults: settings.defaults,
    webhooks: settings.webhooks,
  });
  return [project, new Set(generate ? missing : [])];
}

function toProject(settings: ProjectSettings): Project {
  const { app_id, app_certificate, customers, api_keys, limits, services, defaults, webhooks } = settings;
  return {
    appId: app_id,
    certificate: app_certificate,
    customers,
    apiKeys: api_keys,
    limits: {
      ...(limits.agents === undefined ? {} : { agents: limits.agents }),
      ...(limits.agent_lifetime === undefined ? {} : { agentLifetimeS: limits.agent_lifetime }),
      ...(limits.requests_per_second === undefined ? {} : { requestsPerSecond: limits.requests_per_second }),
    },
    suspended: settings.suspended,
    ...(services === undefined ? {} : { services: new Set(services) }),
    checkLlm: settings.check_llm,
    defaults: {
      asr: defaults.asr,
      ...(defaults.tts === undefined ? {} : { tts: defaults.tts }),
      ...toLlm(defaults.llm),
      presets: Object.fromEntries(
        Object.entries(defaults.presets).map(([name, { asr, tts, llm }]) => [
          name,
          { ...(asr === undefined ? {} : { asr }), ...(tts === undefined ? {} : { tts }), ...toLlm(llm) },
        ]),
      ),
      maxHistory: defaults.max_history,
    },
    webhooks: webhooks.map(({ url, secret, events }) => ({ url, secret, events: new Set(events) })),
  };
}

function toLlm(llm: ProjectSettings["defaults"]["llm"]): Pick<Project["defaults"], "llm"> {
  if (llm === undefined) return {};
  const { style, url, api_key: apiKey, params, headers } = llm;
  return {
    llm: { style, ...(url === undefined ? {} : { url }), ...(apiKey === undefined ? {} : { apiKey }), params, headers },
  };
}

function readDotEnv(file: string): Record<string, string> {
  try {
    return defined(parseEnv(readFileSync(file, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw new ConfigError(`${file} cannot be read`, { cause: error });
  }
}

/** Digits of a number in the file. */
const LONGEST_NUMBER = 16;

function readYaml(file: string): Tree {
  try {
    const document = parseDocument(readFileSync(file, "utf8"));
    const [error] = document.errors;
    if (error !== undefined) throw error;
    visit(document, {
      Scalar(_key, node) {
        // An App ID may look like a number (11112222…, 1234e567…); no setting is a number that long.
        if (typeof node.value === "number" && node.source !== undefined && node.source.length > LONGEST_NUMBER) node.value = node.source;
      },
    });
    return z.record(z.string(), z.unknown()).parse(document.toJS() ?? {});
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? "it must hold settings, `name: value`" : error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${CONFIG_FILE}=${file} cannot be read: ${reason}`, { cause: error });
  }
}

/** The path of a setting that an environment variable names; undefined: it is none of ours. */
function pathOf(name: string): string[] | undefined {
  const plain = plainNames[name];
  if (plain !== undefined) return [plain];
  if (!name.startsWith("PARLEY_") || name === CONFIG_FILE) return undefined;
  return name.slice("PARLEY_".length).toLowerCase().split("__");
}

/** Puts a text where its path says, read as the schema there wants it. An empty text counts as absent, save for the certificate. */
function assign(tree: Tree, at: readonly string[], text: string, origin: string, origins: Map<string, string>): void {
  if (text === "" && at.at(-1) !== "app_certificate") return;
  const schema = schemaAt(Settings, at, origin);
  let node: Tree = tree;
  for (const key of at.slice(0, -1)) {
    const child = node[key];
    const next: Tree = typeof child === "object" && child !== null ? { ...child } : {};
    node[key] = next;
    node = next;
  }
  const last = at.at(-1);
  if (last === undefined) return;
  node[last] = readText(schema, text, origin);
  origins.set(at.join("."), origin);
}

function readText(schema: z.core.$ZodType, text: string, origin: string): unknown {
  if (schema instanceof z.ZodString || schema instanceof z.ZodUnion || schema instanceof z.ZodEnum) return text;
  if (schema instanceof z.ZodArray && !text.trimStart().startsWith("[")) return text.split(",").map((part) => part.trim());
  try {
    return parseYaml(text) as unknown;
  } catch (error) {
    throw new ConfigError(`${origin}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** What stands at a path of the schema; a path that leads nowhere is an error that names the nearest. */
function schemaAt(root: z.core.$ZodType, at: readonly string[], origin: string): z.core.$ZodType {
  let schema = unwrap(root);
  for (const [index, key] of at.entries()) {
    if (schema instanceof z.ZodObject) {
      const child = partOf(schema, key);
      if (child === undefined) throw new ConfigError(unknownSetting(origin, at.slice(0, index), key, Object.keys(schema.shape)));
      schema = unwrap(child);
    } else if (schema instanceof z.ZodRecord) schema = unwrap(schema.valueType);
    else
      throw new ConfigError(
        `${origin}: ${at.slice(0, index).join(".")} has no parts${schema instanceof z.ZodArray ? "; give the whole list, as YAML or JSON" : ""}`,
      );
  }
  return schema;
}

function partOf({ shape }: z.ZodObject, name: string): z.core.$ZodType | undefined {
  const part: unknown = Object.hasOwn(shape, name) ? shape[name] : undefined;
  return part instanceof z.ZodType ? part : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return unwrap(schema.unwrap());
  return schema;
}

function unknownSetting(origin: string, parent: readonly string[], key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  const full = near === undefined ? undefined : [...parent, near];
  const meant =
    full === undefined
      ? `known here: ${known.join(", ")}`
      : `did you mean ${origin.startsWith("PARLEY_") ? `PARLEY_${full.join("__").toUpperCase()}` : full.join(".")}?`;
  return `${origin}: there is no setting "${[...parent, key].join(".")}"; ${meant}`;
}

function describe(error: z.ZodError, tree: Tree, origins: ReadonlyMap<string, string>): string {
  const unknownKeys = error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [];
    const parent = issue.path.map(String);
    const schema = issue.path.reduce<z.core.$ZodType>((at, key) => childOf(at, key), unwrap(Settings));
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    return issue.keys.map((key) => unknownSetting("configuration", parent, key, known));
  });
  const faults = error.issues
    .filter(({ code }) => code !== "unrecognized_keys")
    .map((issue) => {
      const [fault] = faultsOf(new z.ZodError([issue]), tree);
      const origin = origins.get(issue.path.join("."));
      const message = fault?.message ?? pathText(issue.path);
      return origin === undefined ? message : `${message} (from ${origin})`;
    });
  return [...unknownKeys, ...faults].join("; ");
}

function childOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType {
  if (schema instanceof z.ZodObject) return unwrap(partOf(schema, String(key)) ?? z.never());
  if (schema instanceof z.ZodArray) return unwrap(schema.element);
  if (schema instanceof z.ZodRecord) return unwrap(schema.valueType);
  return schema;
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
