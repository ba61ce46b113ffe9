/** What `parley bridge` is told: flags, then `PARLEY_…`, then the names of Agora's and AssemblyAI's own examples, then what the engine made. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { ChannelName, Uid, voiceAgent } from "@parley/protocol";
import type { ListeningMode } from "../../bridge/listening.ts";
import { readConfig } from "../../config.ts";
import { hostOf, isLoopbackHost } from "../../vendors/proxy.ts";
import { readFlags, UsageError, type Terminal } from "../command.ts";

export interface BridgePlan {
  /** The engine whose channel is joined. */
  readonly engine: string;
  readonly appId: string;
  /** Empty: the project has tokens switched off. */
  readonly certificate: string;
  readonly channel: string;
  readonly uid: string;
  /** The Voice Agent endpoint. */
  readonly url: string;
  readonly apiKey: string;
  /** Where the key came from, for messages. */
  readonly apiKeyName: string;
  readonly session: voiceAgent.SessionSettings;
  readonly listening: ListeningMode;
  readonly captions: boolean;
}

const defaultChannel = "voice-agent-demo";
const defaultUid = "9999";
const vendorUrl = "wss://agents.assemblyai.com/v1/ws";
const vendorHost = /(?:^|\.)assemblyai\.com$/;
const defaultSession: voiceAgent.SessionSettings = {
  system_prompt: "You are a friendly voice assistant in a call. Answer in one or two short sentences.",
  greeting: "Hello! I have just joined the call.",
};

type Names = Readonly<Record<string, string | undefined>>;

/** Throws `UsageError` or `ConfigError`, which say what is missing and from where it can come. */
export function readBridgePlan(args: readonly string[], { env, cwd }: Pick<Terminal, "env" | "cwd">): BridgePlan {
  const { values } = readFlags({
    args: [...args],
    options: {
      channel: { type: "string" },
      uid: { type: "string" },
      url: { type: "string" },
      engine: { type: "string" },
      "app-id": { type: "string" },
      session: { type: "string" },
      speaker: { type: "string" },
      mix: { type: "boolean", default: false },
      "no-captions": { type: "boolean", default: false },
    },
  });
  const names: Names = { ...readDotEnv(cwd), ...definedOf(env) };
  const engine = readUrl("--engine", values.engine ?? `http://127.0.0.1:${given(names, "PORT") ?? "8080"}`, ["http:", "https:"]);
  const url = readUrl("--url", values.url ?? defaultUrl(names, engine), ["ws:", "wss:", "http:", "https:"]);
  if (values.speaker !== undefined && values.mix) throw new UsageError("--speaker and --mix exclude each other");
  const listening: ListeningMode =
    values.speaker === undefined
      ? { type: values.mix ? "mix" : "active" }
      : { type: "speaker", uid: readName("--speaker", Uid, values.speaker) };
  return {
    engine: engine.href,
    ...readProject(values["app-id"], names, { env, cwd }),
    channel: readName("--channel", ChannelName, values.channel ?? given(names, "AGORA_CHANNEL") ?? defaultChannel),
    uid: readName("--uid", Uid, values.uid ?? given(names, "AGORA_BOT_UID") ?? defaultUid),
    url: url.href,
    ...readKey(url, names, { env, cwd }),
    session: values.session === undefined ? defaultSession : readSession(values.session, cwd),
    listening,
    captions: !values["no-captions"],
  };
}

/** The vendor's, for whoever has its key and none of ours; else the engine's own door. */
function defaultUrl(names: Names, engine: URL): string {
  if (given(names, "ASSEMBLYAI_API_KEY") !== undefined && given(names, "PARLEY_API_KEY") === undefined) return vendorUrl;
  const own = new URL("/v1/ws", engine);
  own.protocol = engine.protocol === "https:" ? "wss:" : "ws:";
  return own.href;
}

function readProject(
  flag: string | undefined,
  names: Names,
  place: Pick<Terminal, "env" | "cwd">,
): Pick<BridgePlan, "appId" | "certificate"> {
  for (const owner of ["PARLEY", "AGORA"] as const) {
    const appId = given(names, `${owner}_APP_ID`);
    if (appId !== undefined && (flag === undefined || flag === appId))
      return { appId, certificate: names[`${owner}_APP_CERTIFICATE`] ?? "" };
  }
  const { projects } = readConfig({ ...place, credentials: "read" });
  const project = flag === undefined ? projects[0] : projects.find(({ appId }) => appId === flag);
  if (project === undefined)
    throw new UsageError(
      `--app-id: there is no project ${JSON.stringify(flag)}; configured: ${projects.map(({ appId }) => appId).join(", ")}`,
    );
  return project;
}

/** A key goes to nobody but its owner: the vendor gets none of ours. */
function readKey(url: URL, names: Names, place: Pick<Terminal, "env" | "cwd">): Pick<BridgePlan, "apiKey" | "apiKeyName"> {
  const host = hostOf(url);
  const candidates = vendorHost.test(host) ? ["ASSEMBLYAI_API_KEY"] : ["PARLEY_API_KEY", "ASSEMBLYAI_API_KEY"];
  for (const name of candidates) {
    const apiKey = given(names, name);
    if (apiKey !== undefined) return { apiKey, apiKeyName: name };
  }
  const kept = isLoopbackHost(host) ? readConfig({ ...place, credentials: "read" }).projects[0].apiKeys[0] : undefined;
  if (kept !== undefined) return { apiKey: kept, apiKeyName: "the engine's own key" };
  throw new UsageError(`${url.host} asks for a key, and there is none: set ${candidates.join(" or ")} in the environment or in .env`);
}

function readSession(file: string, cwd: string): voiceAgent.SessionSettings {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path.resolve(cwd, file), "utf8"));
  } catch (error) {
    throw new UsageError(`--session ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  // A whole session.update is taken as well as what is in it.
  const inner = typeof value === "object" && value !== null && "session" in value ? value.session : value;
  const parsed = voiceAgent.SessionSettings.safeParse(inner);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
    throw new UsageError(`--session ${file}: ${faults.join("; ")}`);
  }
  const tools = parsed.data.tools ?? [];
  const helpless = tools.find(({ http }) => http === undefined || http === null);
  if (helpless !== undefined)
    throw new UsageError(
      `--session ${file}: the tool ${helpless.name} has no \`http\`: the bridge runs HTTP requests, and nobody else would answer its calls`,
    );
  const broken = tools.find(({ http }) => !/^https?:$/.test(URL.parse(http?.url ?? "")?.protocol ?? ""));
  if (broken !== undefined) throw new UsageError(`--session ${file}: the tool ${broken.name} has no http or https address`);
  return parsed.data;
}

function readUrl(flag: string, text: string, protocols: readonly string[]): URL {
  const url = URL.parse(text);
  if (url === null || !protocols.includes(url.protocol))
    throw new UsageError(
      `${flag}: ${JSON.stringify(text)} is no address that begins with ${protocols.map((each) => `${each}//`).join(", ")}`,
    );
  return url;
}

function readName(flag: string, schema: typeof ChannelName, text: string): string {
  const { success, data, error } = schema.safeParse(text);
  if (success) return data;
  throw new UsageError(`${flag}: ${JSON.stringify(text)}: ${error.issues.map(({ message }) => message).join("; ")}`);
}

function readDotEnv(cwd: string): Names {
  try {
    return parseEnv(readFileSync(path.join(cwd, ".env"), "utf8"));
  } catch {
    return {}; // There need not be one.
  }
}

function definedOf(env: Names): Names {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

function given(names: Names, name: string): string | undefined {
  const value = names[name]?.trim();
  return value === undefined || value === "" ? undefined : value;
}
