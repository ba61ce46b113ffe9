/** A REST door in a test: real server, projects and agents, with conversations and vendors that are scripts. */
import { restClient } from "@parley/rest";
import { z } from "zod";
import pino from "pino";
import type { AgentState as Doing, SessionEvent } from "../../core/events.ts";
import type { HistoryEntry } from "../../core/history.ts";
import {
  type AgentFilter,
  type AgentLog,
  type AgentPage,
  type AgentRecord,
  Agents,
  type RunningSession,
  type Said,
  type SessionChange,
  type SessionRequest,
  type Sessions,
} from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import { Projects } from "../../projects/projects.ts";
import { TurnLog, type TurnRecord } from "../../projects/turn-log.ts";
import { genericHttp } from "../../vendors/generic-http.ts";
import { Network } from "../../vendors/network.ts";
import type { LlmStyle, Vendor } from "../../vendors/vendor.ts";
import type { OpenTransport } from "../../transports/transport.ts";
import { createServer } from "../server.ts";
import { addRestDoor } from "./routes.ts";
import type { Recipe } from "./recipe.ts";
import { agentStarter, type ChannelPlace, type StartOptions } from "./start.ts";

export const appId = "0123456789abcdef0123456789abcdef";
export const certificate = "fedcba9876543210fedcba9876543210";
export const basic = `Basic ${Buffer.from("customer:secret").toString("base64")}`;
export const base = `/api/conversational-ai-agent/v2/projects/${appId}`;

export const project: Project = {
  appId,
  certificate,
  customers: [{ id: "customer", secret: "secret" }],
  apiKeys: [],
  limits: {},
  defaults: { asr: {}, maxHistory: 10 },
  webhooks: [],
};

const params = z.looseObject({ key: z.string().optional() });
const noAudio = { sampleRate: 16_000, async *speak() {} };

/** Vendors by name, with a recogniser and a voice that are silent. */
export const vendors: Vendor[] = [
  {
    name: "local",
    asr: { options: params, languages: ["en-US"], open: () => async function* () {} },
    tts: { options: params, open: () => noAudio },
  },
  { name: "microsoft", tts: { options: z.object({ key: z.string(), region: z.string(), voice_name: z.string() }), open: () => noAudio } },
  genericHttp(new Network({ allowLoopback: true, proxies: {} })),
];

export const styles: LlmStyle[] = ["local", "openai"].map((name) => ({
  name,
  speaks: name === "openai",
  options: z.looseObject({}),
  open: () => async function* () {},
}));

/** A conversation that does what it is told and remembers it. */
class ScriptedSession implements RunningSession {
  readonly request: SessionRequest;
  readonly said: { text: string; priority: string; interruptable: boolean }[] = [];
  readonly thoughts: Record<string, unknown>[] = [];
  readonly changes: SessionChange[] = [];
  readonly leaves: unknown[] = [];
  interrupts = 0;
  answer: Said = "spoken";
  state: Doing = "silent";
  history: readonly HistoryEntry[] = [];
  /** What has happened when it ends. */
  script: readonly SessionEvent[] = [];
  readonly #closed = Promise.withResolvers<{ status: "STOPPED" | "FAILED"; reason: string }>();
  readonly #script = Promise.withResolvers<readonly SessionEvent[]>();

  constructor(request: SessionRequest) {
    this.request = request;
  }

  get events(): AsyncIterable<SessionEvent> {
    const script = this.#script.promise;
    return (async function* () {
      yield* await script;
    })();
  }

  get closed(): Promise<{ status: "STOPPED" | "FAILED"; reason: string }> {
    return this.#closed.promise;
  }

  say(text: string, options: { priority: string; interruptable: boolean }): Said {
    this.said.push({ text, ...options });
    return this.answer;
  }

  interrupt(): void {
    this.interrupts += 1;
  }

  think(text: string, options: object): "taken" | "ignored" {
    this.thoughts.push({ text, ...options });
    return "taken";
  }

  update(change: SessionChange): void {
    this.changes.push(change);
  }

  /** With grace it ends when the test says so. */
  async leave(options: { readonly graceS?: number; readonly reason?: string } = {}): Promise<unknown> {
    this.leaves.push(options);
    if ((options.graceS ?? 0) === 0) this.end("STOPPED", options.reason ?? "OK");
    return await this.closed;
  }

  end(status: "STOPPED" | "FAILED", reason: string, events: readonly SessionEvent[] = this.script): void {
    this.#script.resolve(events);
    this.#closed.resolve({ status, reason });
  }
}

/** Records in memory. */
class MemoryLog implements AgentLog {
  readonly records = new Map<string, AgentRecord>();
  readonly finished = new Map<string, TurnRecord[]>();

  async turns(agentId: string): Promise<readonly TurnRecord[]> {
    return this.finished.get(agentId) ?? [];
  }

  save(record: AgentRecord): void {
    this.records.set(record.agentId, record);
  }

  async claim(record: AgentRecord): Promise<undefined> {
    this.save(record);
  }

  async find(agentId: string): Promise<AgentRecord | undefined> {
    return this.records.get(agentId);
  }

  async deleteCall(agentId: string): Promise<void> {
    this.records.delete(agentId);
  }

  async list({ channel, states }: AgentFilter): Promise<AgentPage> {
    const agents = [...this.records.values()].filter(
      (record) => states.includes(record.state) && (channel === undefined || record.channel === channel),
    );
    return { agents, next: "", total: agents.length };
  }
}

export interface DoorOptions {
  readonly projects?: readonly Project[];
  /** In place of a conversation that starts. */
  readonly fail?: () => never;
  /** Undefined: the models are still loading. Default 1000. */
  readonly embeddedCalls?: number | undefined;
  /** Where agents are recorded, beside those of other engines; default: in memory, by this engine alone. */
  readonly shared?: AgentLog;
  /** In place of those that are scripts. */
  readonly conversations?: Sessions;
  readonly openChannel?: (place: ChannelPlace) => OpenTransport;
  readonly checkLlm?: StartOptions["checkLlm"];
  /** Default: never. */
  readonly startDeadline?: () => AbortSignal;
}

const methods = ["GET", "POST", "DELETE"] as const;

export function openDoor(options: DoorOptions = {}) {
  const { projects = [project], fail, checkLlm = async () => {}, startDeadline = () => new AbortController().signal } = options;
  const embeddedCalls = "embeddedCalls" in options ? options.embeddedCalls : 1000;
  let now = 1_737_111_452_000;
  const pauses = new Set<{ readonly until: number; readonly over: () => void }>();
  const clock = {
    now: () => now,
    moveBy: (ms: number) => {
      now += ms;
      for (const pause of pauses) if (pause.until <= now) pause.over();
    },
    pause: async (ms: number, signal: AbortSignal): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const pause = { until: now + ms, over: resolve };
      pauses.add(pause);
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      await promise.finally(() => pauses.delete(pause));
    },
  };
  const sessions: ScriptedSession[] = [];
  const places: ChannelPlace[] = [];
  /** What the keepers of records were told. */
  const followed: SessionEvent[] = [];
  const bugs: unknown[] = [];
  const log = new MemoryLog();
  const agents = new Agents({
    log: options.shared ?? log,
    alone: options.shared === undefined,
    now: clock.now,
    pause: clock.pause,
    startDeadline,
    embeddedCalls: () => embeddedCalls,
    onBug: (_agentId, error) => bugs.push(error),
    sessions: options.conversations ?? {
      async start(request) {
        fail?.();
        const session = new ScriptedSession(request);
        sessions.push(session);
        request.onStart(session);
        return session;
      },
    },
  });
  /** Recipes by agent, the newest of each. */
  const recipes = new Map<string, Recipe>();
  const tokens: { agentId: string; expiresAt: number }[] = [];
  const starter = agentStarter({
    agents,
    checkLlm,
    keepRecipe: (agentId, recipe) => recipes.set(agentId, recipe),
    onToken: ({ agentId }, expiresAt) => tokens.push({ agentId, expiresAt }),
    now: clock.now,
    follow: ({ agentId }, { epochMs }) => {
      const turns: TurnRecord[] = [];
      const turnLog = new TurnLog(epochMs);
      log.finished.set(agentId, turns);
      return (event) => {
        followed.push(event);
        turns.push(...turnLog.handle(event));
      };
    },
    openChannel: (place) => {
      places.push(place);
      if (options.openChannel !== undefined) return options.openChannel(place);
      return () => Promise.reject(new Error("a scripted session opens no transport"));
    },
  });
  const startAgent = starter.start;
  const server = createServer({ logger: pino({ level: "silent" }), waiting: () => [] });
  addRestDoor(server, {
    projects: new Projects({ projects, now: clock.now }),
    agents,
    vendors,
    styles,
    firstUserTimeoutS: 600,
    now: clock.now,
    startAgent,
  });
  const call = async (method: (typeof methods)[number], url: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await server.inject({
      method,
      url: url.startsWith("/") ? url : `${base}/${url}`,
      headers: { authorization: basic, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body === "" ? undefined : response.json<Record<string, unknown>>(),
    };
  };
  const client = restClient({
    url: "http://door",
    appId,
    customerId: "customer",
    customerSecret: "secret",
    retries: 0,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const response = await server.inject({
        method: methods.find((method) => method === init?.method) ?? "GET",
        url: `${url.pathname}${url.search}`,
        headers: Object.fromEntries(new Headers(init?.headers)),
        ...(typeof init?.body === "string" ? { payload: init.body } : {}),
      });
      return new Response(response.body, { status: response.statusCode });
    },
  });
  return { server, client, startAgent, starter, recipes, tokens, agents, sessions, places, followed, log, clock, bugs, call };
}

/** The smallest body that `join` takes. */
export function joinBody(name = "agent", properties: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, properties: { channel: "room", token: "", agent_rtc_uid: "1001", remote_rtc_uids: ["*"], ...properties } };
}
