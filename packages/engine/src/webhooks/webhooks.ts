/** Tells the projects' webhooks what happens to their agents: writes it down first, then sends it, for as long as it takes. */
import type { SessionEvent } from "../core/events.ts";
import { ConfigError } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { AgentLog, AgentRecord } from "../projects/agents.ts";
import type { Project, Webhook } from "../projects/project.ts";
import type { TurnRecord } from "../projects/turn-log.ts";
import type { EntryRow, Past } from "../store/call-log.ts";
import type { Network } from "../vendors/network.ts";
import { CallReport } from "./call-report.ts";
import { expires, left, type Notice } from "./notices.ts";
import { fingerprintOf, testsFor } from "./test-events.ts";
import { Outbox, type OutboxDatabase } from "./outbox.ts";
import { pauseUntil } from "../pause-until.ts";
import { type DeliveryClock, type Outcome, ReceiverQueue } from "./receiver-queue.ts";

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
  /** What became of an attempt. */
  readonly onAttempt: (eventType: number, outcome: Outcome) => void;
  readonly log: Log;
}

/** A back end is told so long before its agent's token ends, in milliseconds; of a short one in its last tenth. */
const TOKEN_WARNING_MS = 30_000;

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
  /** One for each token that is watched, by its agent; aborted when that is over. */
  readonly #tokens = new Map<string, AbortController>();
  readonly #abort = new AbortController();
  readonly #work: Promise<void>;
  #searchNow = Promise.withResolvers<void>();

  constructor(options: WebhooksOptions) {
    const { projects, store, engineId, keepTranscripts } = options;
    this.#options = options;
    this.#byProject = new Map(projects.filter(({ webhooks }) => webhooks.length > 0).map(({ appId, webhooks }) => [appId, webhooks]));
    checkAddresses(this.#byProject, options.network);
    const outbox = new Outbox(store, { engineId, keepPayloads: keepTranscripts, whose: "projects" });
    this.#outbox = outbox;
    this.#queues = [...this.#byProject].flatMap(([appId, webhooks]) =>
      webhooks.map((webhook) => new ReceiverQueue({ ...options, appId, webhook, outbox })),
    );
    this.#work = this.#run();
  }

  /** Webhooks that have neither arrived nor were given up, of all engines on the database. */
  async waiting(): Promise<number> {
    return await this.#outbox.waiting();
  }

  /** The log of agents, which tells of each change. */
  watch(log: AgentLog): AgentLog {
    return {
      save: (record) => {
        log.save(record);
        this.#saved(record);
      },
      claim: async (record) => {
        const holder = await log.claim(record);
        if (holder === undefined) this.#saved(record);
        return holder;
      },
      find: async (agentId) => await log.find(agentId),
      list: async (filter) => await log.list(filter),
      turns: async (agentId) => await log.turns(agentId),
      deleteCall: async (agentId) => await log.deleteCall(agentId),
    };
  }

  /** A call goes on that its engine had lost: `past` is what was recorded of it. */
  restore(agent: AgentRecord, past: Past): void {
    if (!this.#byProject.has(agent.appId)) return;
    // Higher than any number of an earlier run: those count from 1, or from an earlier time.
    this.#reports.set(agent.agentId, new CallReport(agent, past, Math.floor(this.#options.now() / 1000)));
  }

  /** Tells of the end of an agent's token, Unix milliseconds, shortly before. A later token takes its place. */
  watchToken(agent: AgentRecord, expiresAt: number): void {
    const webhooks = this.#byProject.get(agent.appId);
    if (webhooks === undefined || !Number.isFinite(expiresAt)) return;
    const { agentId } = agent;
    this.#tokens.get(agentId)?.abort();
    const over = new AbortController();
    this.#tokens.set(agentId, over);
    const leftMs = expiresAt - this.#options.now();
    const at = expiresAt - Math.min(TOKEN_WARNING_MS, leftMs / 10);
    pauseUntil(at, this.#options, AbortSignal.any([over.signal, this.#abort.signal])).then(
      () => this.#push(agent, webhooks, [expires(this.#reports.get(agentId)?.agent ?? agent, expiresAt)]),
      () => {},
    );
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
    if (agent.stoppedAt > 0) {
      this.#tokens.get(agentId)?.abort();
      this.#tokens.delete(agentId);
    }
    let report = this.#reports.get(agentId);
    if (report === undefined && agent.stoppedAt > 0) {
      // It was lost and not restored: the database knows its story.
      this.#searchNow.resolve();
      return;
    }
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
    await this.#test().catch((error: unknown) => log.error({ err: error }, "webhooks were not tested"));
    if (this.#queues.length === 0) return;
    await this.#outbox.release(now()).catch((error: unknown) => {
      log.error({ err: error }, "webhooks that were under way at the last end are sent later");
    });
    await Promise.all([this.#search(), ...this.#queues.map(async (queue) => await queue.run())]);
    await this.#outbox.release(now()).catch((error: unknown) => {
      log.error({ err: error }, "webhooks that were under way are sent later");
    });
  }

  /** Webhooks that are new or changed get an event of each type. */
  async #test(): Promise<void> {
    const { projects, now } = this.#options;
    for (const { appId, webhooks } of projects) {
      if (this.#abort.signal.aborted) return;
      await this.#outbox.forgetOthers(
        appId,
        webhooks.map(({ url }) => url),
      );
      for (const webhook of webhooks) {
        const receiver = { appId, url: webhook.url };
        await this.#outbox.test(receiver, fingerprintOf(webhook), testsFor(appId, webhook, now()), now());
      }
    }
  }

  /** At once, after each pause, and when a lost call has ended. */
  async #search(): Promise<void> {
    const { now, pause, log } = this.#options;
    const { signal } = this.#abort;
    let until = now();
    while (!signal.aborted) {
      try {
        await this.#tellUntold(until);
      } catch (error) {
        log.error({ err: error }, "calls of engines that died could not be looked for");
      }
      const over = new AbortController();
      const pausing = pause(SEARCH_EVERY_MS, AbortSignal.any([signal, over.signal])).catch(() => {});
      // An engine that lives tells of its calls within moments of their end.
      until = await Promise.race([pausing.then(() => now() - SEARCH_EVERY_MS), this.#searchNow.promise.then(now)]);
      over.abort();
      this.#searchNow = Promise.withResolvers();
    }
  }

  /** Calls that were cut off with their engine: what the database knows of them is told. */
  async #tellUntold(until: number): Promise<void> {
    const { store, now } = this.#options;
    for (const { agentId, maxHistory } of await this.#outbox.untold(until)) {
      const agent = await store.find(agentId);
      if (agent === undefined) continue;
      const turns = await store.turns(agentId);
      const story = {
        maxHistory,
        turns,
        turnCount: turns.length,
        entries: await store.entries(agentId),
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
