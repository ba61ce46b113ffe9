/** Tells the projects' webhooks what happens to their agents: writes it down first, then sends it, for as long as it takes. */
import type { SessionEvent } from "../core/events.ts";
import { ConfigError } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { AgentLog, AgentRecord } from "../projects/agents.ts";
import type { Project, Webhook } from "../projects/project.ts";
import type { TurnRecord } from "../projects/turn-log.ts";
import type { EntryRow } from "../store/call-log.ts";
import type { Network } from "../vendors/network.ts";
import { CallReport } from "./call-report.ts";
import { left, type Notice } from "./notices.ts";
import { Outbox, type OutboxDatabase } from "./outbox.ts";
import { type DeliveryClock, ReceiverQueue } from "./receiver-queue.ts";

/** The store, as far as webhooks need it. */
export interface WebhookStore extends OutboxDatabase {
  /** Resolves when the database has been opened for the first time. */
  readonly opened: Promise<void>;
  find(agentId: string): Promise<AgentRecord | undefined>;
  entries(agentId: string): Promise<EntryRow[]>;
  turns(agentId: string): Promise<TurnRecord[]>;
}

export interface WebhooksOptions extends DeliveryClock {
  readonly projects: readonly Project[];
  readonly store: WebhookStore;
  readonly network: Pick<Network, "request" | "check">;
  /** The same after a restart. */
  readonly engineId: string;
  /** What people and agents said may stay in the database. */
  readonly keepTranscripts: boolean;
  readonly log: Log;
}

/** Between two looks for calls whose engine died. */
const SEARCH_EVERY_MS = 60_000;

/** At the end, what is due now may still be sent for so long. */
const ENDING_MS = 3000;

export class Webhooks implements AsyncDisposable {
  readonly #options: WebhooksOptions;
  readonly #outbox: Outbox;
  readonly #byProject: ReadonlyMap<string, readonly Webhook[]>;
  readonly #queues: readonly ReceiverQueue[];
  /** Calls that run. */
  readonly #reports = new Map<string, CallReport>();
  readonly #abort = new AbortController();
  readonly #work: Promise<void>;

  constructor(options: WebhooksOptions) {
    const { projects, store, engineId, keepTranscripts } = options;
    this.#options = options;
    this.#byProject = new Map(projects.filter(({ webhooks }) => webhooks.length > 0).map(({ appId, webhooks }) => [appId, webhooks]));
    checkAddresses(this.#byProject, options.network);
    const outbox = new Outbox(store, { engineId, keepPayloads: keepTranscripts });
    this.#outbox = outbox;
    this.#queues = [...this.#byProject].flatMap(([appId, webhooks]) =>
      webhooks.map((webhook) => new ReceiverQueue({ ...options, appId, webhook, outbox })),
    );
    this.#work = this.#queues.length === 0 ? Promise.resolve() : this.#run();
  }

  /** The log of agents, which tells of each change. */
  watch(log: AgentLog): AgentLog {
    return {
      save: (record) => {
        log.save(record);
        this.#saved(record);
      },
      find: async (agentId) => await log.find(agentId),
      list: async (filter) => await log.list(filter),
      turns: async (agentId) => await log.turns(agentId),
      deleteCall: async (agentId) => await log.deleteCall(agentId),
    };
  }

  /** Sees every event of a call. `epochMs`: Unix milliseconds of its time 0. */
  follow(agent: AgentRecord, { epochMs, maxHistory }: { epochMs: number; maxHistory: number }): (event: SessionEvent) => void {
    const report = this.#reports.get(agent.agentId);
    const webhooks = this.#byProject.get(agent.appId);
    if (report === undefined || webhooks === undefined) return () => {};
    report.follow(epochMs, maxHistory);
    this.#outbox.remember(agent.agentId, maxHistory);
    return (event) => {
      const notices = report.handle(event);
      if (notices.length > 0) this.#push(agent, webhooks, notices);
    };
  }

  /** Sends what is due, as far as that goes quickly; the rest is sent after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    for (const queue of this.#queues) queue.finish();
    const over = new AbortController();
    await Promise.race([this.#work, this.#options.pause(ENDING_MS, over.signal).catch(() => {})]);
    over.abort();
    for (const queue of this.#queues) queue.abort();
    await this.#work;
  }

  #saved(agent: AgentRecord): void {
    const { agentId } = agent;
    const webhooks = this.#byProject.get(agent.appId);
    if (webhooks === undefined) return;
    let report = this.#reports.get(agentId);
    if (report === undefined) {
      report = new CallReport(agent);
      this.#reports.set(agentId, report);
    }
    const notices = report.saved(agent);
    if (agent.stoppedAt > 0) {
      this.#reports.delete(agentId);
      if (notices.length === 0) return;
      this.#outbox.begin(agentId);
      this.#outbox.end(agent, webhooks, notices, this.#options.now());
      this.#wake();
    } else if (notices.length > 0) {
      this.#outbox.begin(agentId);
      this.#push(agent, webhooks, notices);
    }
  }

  #push(agent: AgentRecord, webhooks: readonly Webhook[], notices: readonly Notice[]): void {
    this.#outbox.push(agent, webhooks, notices, this.#options.now());
    this.#wake();
  }

  #wake(): void {
    for (const queue of this.#queues) queue.wake();
  }

  async #run(): Promise<void> {
    const { store, now, log } = this.#options;
    await Promise.race([store.opened, aborted(this.#abort.signal)]);
    await this.#outbox.release(now()).catch((error: unknown) => {
      log.error({ err: error }, "webhooks that were under way at the last end are sent later");
    });
    await Promise.all([this.#search(), ...this.#queues.map(async (queue) => await queue.run())]);
    await this.#outbox.release(now()).catch((error: unknown) => {
      log.error({ err: error }, "webhooks that were under way are sent later");
    });
  }

  /** At once, and again after each pause. */
  async #search(): Promise<void> {
    const { now, pause, log } = this.#options;
    const { signal } = this.#abort;
    // An engine that lives tells of its calls within moments of their end.
    for (let until = now(); !signal.aborted; until = now() - SEARCH_EVERY_MS) {
      try {
        await this.#tellUntold(until);
      } catch (error) {
        log.error({ err: error }, "calls of engines that died could not be looked for");
      }
      await pause(SEARCH_EVERY_MS, signal).catch(() => {});
    }
  }

  /** Calls that were cut off with their engine: what the database knows of them is told. */
  async #tellUntold(until: number): Promise<void> {
    const { store, keepTranscripts, now } = this.#options;
    for (const { agentId, maxHistory } of await this.#outbox.untold(until)) {
      const agent = await store.find(agentId);
      if (agent === undefined) continue;
      const turns = await store.turns(agentId);
      const story = {
        maxHistory,
        turns,
        turnCount: turns.length,
        ...(keepTranscripts ? { entries: await store.entries(agentId) } : {}),
      };
      this.#outbox.end(agent, this.#byProject.get(agent.appId) ?? [], left(agent, story), now());
      this.#wake();
    }
  }
}

/** An address that could never be posted to is told at the start; names are looked up at each attempt. */
function checkAddresses(byProject: ReadonlyMap<string, readonly Webhook[]>, network: Pick<Network, "check">): void {
  for (const [appId, webhooks] of byProject) {
    for (const { url } of webhooks) {
      try {
        network.check(`webhooks of project ${appId}`, new URL(url));
      } catch (error) {
        if (error instanceof AppError) throw new ConfigError(error.message, { cause: error });
        throw error;
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
