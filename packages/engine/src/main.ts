/** The engine: opens everything in order, says when it is ready, and closes it in reverse. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createResampler, openRtc, type Rtc, UdpPortError, warmUpOpus } from "@parley/media";
import { signallingPath, voiceAgent as voiceAgentContract } from "@parley/protocol";
import { type LoadProgress, openSpeech, type Speech, voices } from "@parley/speech";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { addConsole, PAGE_DOOR, readPageCall } from "./api/console/console.ts";
import { addDocs } from "./api/docs.ts";
import { addPage } from "./api/page.ts";
import { readClientMessage } from "./api/rest/client-messages.ts";
import { addRestDoor } from "./api/rest/routes.ts";
import { readJoin } from "./api/rest/recipe.ts";
import { Recovery } from "./api/rest/recovery.ts";
import { agentStarter, type StartAgent } from "./api/rest/start.ts";
import { addMetrics, createServer, routeUpgrades } from "./api/server.ts";
import { Signalling } from "./api/signalling/signalling.ts";
import { openBackOffice } from "./api/voice-agent/back-office.ts";
import { Keeping } from "./api/voice-agent/keeping.ts";
import { openVoiceAgentDoor } from "./api/voice-agent/open-door.ts";
import { addVoiceAgentRest } from "./api/voice-agent/rest/routes.ts";
import { withBrains } from "./bridge/brain-sessions.ts";
import { embeddedCalls, measureSpeechCost } from "./capacity.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { portProblem, publicUrl } from "./listening.ts";
import { type Log, openLog } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Agents } from "./projects/agents.ts";
import { ProjectSecrets } from "./projects/project-secrets.ts";
import { Projects } from "./projects/projects.ts";
import { Channels } from "./rtc/channel.ts";
import { Sessions } from "./session/sessions.ts";
import type { Database } from "./store/database.ts";
import { readEngineId } from "./store/engine-id.ts";
import { lockFolder } from "./store/folder-lock.ts";
import { openPglite } from "./store/pglite.ts";
import { openPostgres } from "./store/postgres.ts";
import { Recipes } from "./store/recipes.ts";
import { Store } from "./store/store.ts";
import { keyInFolder, Vault } from "./store/vault.ts";
import { KeptRows } from "./store/voice-agent-kept.ts";
import { openChannelTransport } from "./transports/channel.ts";
import { watchLateness } from "./transports/lateness.ts";
import { checkLlm } from "./vendors/check-llm.ts";
import { type DiscoveredModels, discoverModels } from "./vendors/discover.ts";
import { openVendors } from "./vendors/index.ts";
import { Network } from "./vendors/network.ts";
import type { LlmStyle, Vendor } from "./vendors/vendor.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export interface EngineOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the command was given. */
  readonly cwd: string;
  /** Path of a setting to its text. */
  readonly flags?: Readonly<Record<string, string>>;
  /** stdout: nothing but the line that says it is ready. */
  readonly out: (text: string) => void;
  /** stderr, for people; the log goes there too. */
  readonly note: (text: string) => void;
  /** Beside the built-in ones, and before them where names are the same: for benchmarks and tests. */
  readonly vendors?: readonly Vendor[];
  readonly styles?: readonly LlmStyle[];
  /** Shows how far the models are loaded. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Aborted when the engine should end: running calls have `drain_ms` for it. */
  readonly signal: AbortSignal;
}

/** For closing everything once calls are over, in milliseconds. */
const ENDING_MS = 15_000;

/** Of all media, unless set. */
const UDP_PORT = 50_000;

/** A `join` waits for its record at most so long. */
const LONGEST_RECORD_MS = 1000;

/** On loopback the next free one is taken. */
const UDP_PORTS_TRIED = 100;

/** Runs an engine until the signal; resolves with the exit code. */
export async function runEngine(options: EngineOptions): Promise<number> {
  const { env, cwd, flags = {}, note, signal } = options;
  const config = readConfig({ env, cwd, flags, credentials: "create" });
  const problem = await portProblem(config);
  if (problem !== undefined) return fail(note, problem);
  await using lock = await lockFolder(config.dataDir);
  if (lock === undefined) {
    return fail(
      note,
      `the data folder ${config.dataDir} is in use by another engine: end that one, or choose another folder with PARLEY_DATA_DIR`,
    );
  }
  const log = openLog(config.logLevel);
  tellCredentials(config, note);
  using _bugs = logBugs(log);

  const engineId = readEngineId(config.dataDir);
  await using store = new Store({
    open: async () => await openDatabase(config),
    engineId,
    keepTranscripts: config.keepTranscripts,
    retentionDays: config.retentionDays,
    restoreWithinS: config.restoreWithinS,
    now: Date.now,
    pause: unhurried,
    onProblem: (text, error) => log.error({ err: error }, text),
  });
  const recipes = new Recipes(store, Vault.inFolder(config.dataDir));
  await using speech = openSpeech({
    onProgress: (progress) => options.onProgress?.(progress),
    onCrash: (error) => log.error({ err: error }, "a speech worker was started again"),
  });
  await using network = new Network({ allow: config.network.allow, allowLoopback: config.loopback });
  const vendors = openVendors({ speech, network, vendors: options.vendors ?? [], styles: options.styles ?? [] });
  await using sessions = new Sessions({
    vendors,
    openVad: () => speech.openVad(),
    resample: createResampler,
    readMessage: readClientMessage,
  });

  const metrics = new Metrics({
    running: () => agents.running + voiceDoor.sessions.size,
    waitingWrites: () => store.waiting,
    waitingWebhooks: async () => await webhooks.waiting(),
  });
  await using webhooks = new Webhooks({
    projects: config.projects,
    store,
    network,
    engineId,
    keepTranscripts: config.keepTranscripts,
    now: Date.now,
    pause: unhurried,
    onAttempt: (eventType, outcome) => metrics.observeWebhook(eventType, outcome),
    log,
  });

  const machine = new Machine(config);
  const waiting = (): string[] => [...machine.waiting, ...(store.problem === undefined ? [] : [store.problem])];
  await using agents = new Agents({
    sessions: withBrains({ own: sessions, readMessage: readClientMessage, network }),
    log: webhooks.watch(store),
    alone: config.databaseUrl === undefined,
    now: Date.now,
    pause: unhurried,
    startDeadline: () => AbortSignal.timeout(config.startTimeoutMs),
    embeddedCalls: () => (machine.calls === undefined ? undefined : Math.max(0, machine.calls - voiceDoor.sessions.embedded)),
    onBug: (agentId, error) => log.error({ err: error, agentId }, "an agent's events could not be followed"),
  });
  const projects = new Projects({ projects: config.projects, now: Date.now });
  const secrets = new ProjectSecrets({ local: keyInFolder(config.dataDir, "projects.key"), shared: config.databaseUrl !== undefined });
  await using voiceAgent = openBackOffice({
    configured: config.projects,
    projects,
    secrets,
    store,
    engineId,
    network,
    speech,
    speechReady: () => machine.waiting.length === 0,
    shared: config.databaseUrl !== undefined,
    reusableTokens: config.voiceAgent.reusableTokens,
    keepTranscripts: config.keepTranscripts,
    retentionDays: config.retentionDays,
    console: config.console,
    onAttempt: (eventType, outcome) => metrics.observeWebhook(eventType, outcome),
    now: Date.now,
    pause: unhurried,
    log,
    signal,
  });
  const channels = new Channels();
  await using rtc = await openMedia(config);
  await warmUpOpus();
  await using signalling = new Signalling({
    channels,
    projects,
    rtc,
    iceServers: config.rtc.iceServers,
    allowedOrigins: config.rtc.allowedOrigins,
    log,
    now: Date.now,
  });

  const server = createServer({
    ...readTls(config),
    logger: log,
    waiting: () => (signal.aborted ? ["draining", ...waiting()] : waiting()),
    onAnswer: (method, route, status, seconds) => metrics.observeRequest(method, route, status, seconds),
  });
  const starter = agentStarter({
    agents,
    openChannel: (place) => watchLateness(openChannelTransport({ channels, ...place }), () => metrics.framesLate.inc()),
    checkLlm: async (chosen, stopped) => await checkLlm(vendors.openLlm(chosen), stopped),
    now: Date.now,
    keepRecipe: (agentId, recipe) => recipes.keep(agentId, recipe),
    onToken: (agent, expiresAt) => webhooks.watchToken(agent, expiresAt),
    follow: (agent, call) => {
      const keep = store.follow(agent.agentId, call.epochMs, call.past);
      const count = recipes.follow(agent.agentId);
      const report = webhooks.follow(agent, call);
      return (event) => {
        keep(event);
        count(event);
        report(event);
        metrics.observe(event);
        if (event.type === "error")
          log.warn({ agentId: agent.agentId, module: event.module, code: event.code, err: event.cause }, event.message);
      };
    },
  });
  const startAgent: StartAgent = async (project, request, recipe) => {
    // Lost agents keep their names, unless the database keeps calls waiting.
    await Promise.race([recovery.known, pause(LONGEST_RECORD_MS, undefined, { ref: false })]);
    const started = await starter.start(project, request, recipe);
    // What the answer acknowledges outlives the engine, unless the database keeps calls waiting.
    await Promise.race([store.settled(), pause(LONGEST_RECORD_MS, undefined, { ref: false })]);
    return started;
  };
  const version = readVersion();
  const common = {
    agents,
    vendors: vendors.vendors,
    styles: vendors.styles,
    firstUserTimeoutS: config.firstUserTimeoutS,
    startAgent,
    now: Date.now,
  };
  const loaded = Promise.withResolvers<void>();
  await using recovery = new Recovery({
    ...common,
    projects,
    recipes,
    store,
    readers: { join: readJoin(common), [PAGE_DOOR]: readPageCall(common) },
    restore: starter.restore,
    onRestored: ({ agent }, past) => webhooks.restore(agent, past),
    ready: loaded.promise,
    pause: unhurried,
    log,
  });
  addDocs(server, version);
  addRestDoor(server, { ...common, projects });
  addVoiceAgentRest(server, voiceAgent);
  addMetrics(server, metrics.registry, projects);
  addPage(server, pageFolder);
  if (config.console) {
    addConsole(server, {
      ...common,
      version,
      project: config.projects[0],
      voices,
      discover: config.discover,
      discovered: () => machine.models,
      embeddedCalls: () => machine.calls,
      waiting,
      loading: () => machine.waiting,
    });
  }
  await using keeping = new Keeping({
    rows: new KeptRows(store, engineId),
    secrets,
    findProject: (appId) => projects.find(appId),
    store,
    engineId,
    shared: config.databaseUrl !== undefined,
    keepTranscripts: config.keepTranscripts,
    graceMs: config.voiceAgent.graceSeconds * 1000,
    sessionLog: voiceAgent.sessions,
    ready: loaded.promise,
    now: Date.now,
    pause: unhurried,
    log,
  });
  await using voiceDoor = openVoiceAgentDoor({
    config: config.voiceAgent,
    ...voiceAgent,
    sessionLog: voiceAgent.sessions,
    keeping,
    sessions,
    vendors,
    network,
    embeddedRoom: () => (machine.calls === undefined ? undefined : machine.calls - agents.embedded),
    observe: (event) => metrics.observe(event),
    draining: () => signal.aborted,
    log,
  });
  routeUpgrades(server, {
    [signallingPath]: signalling,
    ...Object.fromEntries(voiceAgentContract.voiceAgentPaths.map((path) => [path, voiceDoor])),
  });

  await server.listen({ host: config.host, port: config.port });
  const port = portOf(server);
  log.info({ host: config.host, port, udpPort: rtc.udpPort, dataDir: config.dataDir, version }, "listening");
  const ready = machine.load({ speech, network, port, log, signal }).then(async () => {
    loaded.resolve();
    await Promise.race([store.opened, aborted(signal)]);
    if (!signal.aborted) options.out(`Parley is ready on ${publicUrl(config, port)}`);
  });

  try {
    await Promise.race([aborted(signal), ready.then(async () => await aborted(signal))]);
  } catch (error) {
    log.fatal({ err: error }, "the engine cannot run");
    note(`parley: ${error instanceof Error ? error.message : String(error)}`);
    await server.close();
    return 1;
  }
  log.info({ running: agents.running, drainMs: config.drainMs }, "ending: no new calls, running ones may finish");
  using _watchdog = exitAnyway(config.drainMs + ENDING_MS, log);
  const drained = AbortSignal.timeout(config.drainMs);
  await Promise.all([agents.drain(drained), voiceDoor.drain(drained)]);
  // Their sockets would keep the server from closing.
  await Promise.all([signalling[Symbol.asyncDispose](), voiceDoor[Symbol.asyncDispose]()]);
  await server.close();
  log.info("ended");
  return 0;
}

/** Takes the UDP port of all media. */
async function openMedia({ rtc, loopback }: Config): Promise<Rtc> {
  try {
    return await openRtc({
      udpPort: rtc.udpPort ?? UDP_PORT,
      nextPorts: rtc.udpPort === undefined && loopback ? UDP_PORTS_TRIED : 0,
      bindAddress: rtc.bindAddress,
      announcedAddresses: rtc.announcedAddresses,
    });
  } catch (error) {
    if (error instanceof UdpPortError) throw new ConfigError(error.message, { cause: error });
    throw error;
  }
}

/** A call that cannot end must not keep the process. */
function exitAnyway(afterMs: number, log: Log): Disposable {
  const timer = setTimeout(() => {
    log.fatal({ afterMs }, "the engine did not end in time");
    process.exit(1);
  }, afterMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Does not keep the process alive. */
async function unhurried(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false });
}

function openDatabase({ databaseUrl, dataDir }: Config): Promise<Database> {
  return databaseUrl === undefined ? openPglite(path.join(dataDir, "database")) : openPostgres(databaseUrl);
}

/** What nobody has caught is a bug of one call: it is logged with its cause, and the other calls go on. */
function logBugs(log: Log): Disposable {
  const onError = (error: unknown): void => log.error({ err: error }, "a bug: nobody caught this error");
  process.on("uncaughtException", onError).on("unhandledRejection", onError);
  return { [Symbol.dispose]: () => void process.off("uncaughtException", onError).off("unhandledRejection", onError) };
}

/** What this machine can do, as it turns out after the start. */
class Machine {
  readonly #config: Config;
  #calls: number | undefined;
  #models: readonly DiscoveredModels[] = [];
  #waiting: readonly string[] = ["speech models"];

  constructor(config: Config) {
    this.#config = config;
    this.#calls = config.embeddedCalls;
  }

  /** Calls with embedded speech at once; undefined: the models are still loading. */
  get calls(): number | undefined {
    return this.#waiting.length === 0 ? this.#calls : undefined;
  }

  get models(): readonly DiscoveredModels[] {
    return this.#models;
  }

  get waiting(): readonly string[] {
    return this.#waiting;
  }

  async load({
    speech,
    network,
    port,
    log,
    signal,
  }: {
    speech: Speech;
    network: Network;
    port: number;
    log: Log;
    signal: AbortSignal;
  }): Promise<void> {
    const discovering = this.#config.discover === "off" ? undefined : discoverModels({ network, ownPort: port, signal });
    await speech.ready;
    if (this.#calls === undefined) {
      const cores = availableParallelism();
      const cost = await measureSpeechCost(speech, signal);
      this.#calls = embeddedCalls({ cores, cost });
      log.info({ cores, secondsPerSecondOfSpeech: Number(cost.toFixed(3)), embeddedCalls: this.#calls }, "measured this machine");
    }
    this.#models = (await discovering) ?? [];
    this.#waiting = [];
  }
}

/** Built by Vite, beside the engine in a clone. */
const pageFolder = fileURLToPath(new URL("../../console/dist", import.meta.url));

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function readTls({ tls }: Config): { tls?: { cert: Buffer; key: Buffer } } {
  if (tls === undefined) return {};
  try {
    return { tls: { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } };
  } catch (error) {
    throw new ConfigError(`PARLEY_TLS_CERT or PARLEY_TLS_KEY cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Generated credentials are shown to whoever started the engine; never in the log. */
function tellCredentials({ generated, projects: [project], dataDir }: Config, note: (text: string) => void): void {
  if (generated.size === 0) return;
  const [customer] = project.customers;
  const lines: [string, string | undefined][] = [
    ["app_id", project.appId],
    ["app_certificate", project.certificate],
    ["customer_id", customer?.id],
    ["customer_secret", customer?.secret],
    ["api_key", project.apiKeys[0]],
  ];
  note(`Development credentials for this machine (kept in ${path.join(dataDir, "credentials.json")}):`);
  for (const [name, value] of lines) if (value !== undefined) note(`  PARLEY_${name.toUpperCase()}=${value}`);
}

function portOf(server: FastifyInstance): number {
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on no port");
  return address.port;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function fail(note: (text: string) => void, problem: string): number {
  note(`parley: ${problem}`);
  return 1;
}
