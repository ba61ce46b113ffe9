/** Webhooks that clients of the Voice Agent door have subscribed to: made and changed over REST, sent through the outbox. */
import { randomBytes } from "node:crypto";
import type { voiceAgentRest } from "@parley/protocol";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import type { Project } from "../projects/project.ts";
import type { ProjectSecrets } from "../projects/project-secrets.ts";
import type { PageOf, Place } from "../store/pages.ts";
import { Vault } from "../store/vault.ts";
import { type SubscriptionRow, SubscriptionRows } from "../store/voice-agent-subscriptions.ts";
import type { SessionDatabase } from "../store/voice-agent-sessions.ts";
import type { Network } from "../vendors/network.ts";
import { Outbox, SUBSCRIPTION } from "./outbox.ts";
import { ReceiverQueue, type ReceiverQueueOptions } from "./receiver-queue.ts";
import { sessionWire } from "./session-wire.ts";

export interface SubscriptionsOptions extends Pick<ReceiverQueueOptions, "now" | "pause" | "log" | "onAttempt"> {
  readonly projects: readonly Project[];
  readonly store: SessionDatabase & { readonly opened: Promise<void> };
  readonly secrets: ProjectSecrets;
  readonly network: Pick<Network, "request" | "check">;
  /** The same after a restart. */
  readonly engineId: string;
}

/** What may change of a subscription. */
type Change = Omit<z.output<typeof voiceAgentRest.SubscriptionChange>, "agent_id"> & { readonly agent_id?: string | null | undefined };

/** Of one project. */
const MOST_SUBSCRIPTIONS = 50;

/** Between two looks for what other engines on the database were told. */
const RELOAD_EVERY_MS = 60_000;

/** At the end, what is due now may still be sent for so long. */
const ENDING_MS = 3000;

/** Numbers of the events, for the outbox and the metrics. */
const eventTypes = { "session.started": 901, "session.completed": 902 } as const;

interface Running {
  readonly row: SubscriptionRow;
  readonly queue: ReceiverQueue;
  readonly work: Promise<void>;
}

export class Subscriptions implements AsyncDisposable {
  readonly #options: SubscriptionsOptions;
  readonly #rows: SubscriptionRows;
  readonly #outbox: Outbox;
  readonly #projects: ReadonlyMap<string, Project>;
  /** By the subscription's id. */
  readonly #running = new Map<string, Running>();
  /** Those that were changed or deleted, until their last attempt is over. */
  readonly #ending = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #work: Promise<void>;
  #reloadNow = Promise.withResolvers<void>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#rows = new SubscriptionRows(options.store);
    // What is told of a session holds nothing that was said in it.
    this.#outbox = new Outbox(options.store, { engineId: options.engineId, keepPayloads: true, whose: "subscriptions" });
    this.#projects = new Map(options.projects.map((project) => [project.appId, project]));
    this.#work = this.#run();
  }

  /** Tells subscribers of a session; the notice is in the database before anything is sent. */
  tell(notice: voiceAgentRest.SessionNotice, appId: string): void {
    const { event_id: noticeId, event, agent_id: agentId, session_id: sessionId } = notice;
    const payload = JSON.stringify(notice);
    this.#rows.push(sessionId, { noticeId, appId, agentId, event, eventType: eventTypes[event], payload }, this.#options.now());
    for (const { row, queue } of this.#running.values()) if (row.appId === appId) queue.wake();
  }

  /** Throws `invalid-field` for an address that is refused, and `too-many-subscriptions`. */
  async create(project: Project, body: z.output<typeof voiceAgentRest.SubscriptionBody>): Promise<SubscriptionRow> {
    this.#check(body.url);
    const id = `${SUBSCRIPTION}${randomBytes(16).toString("hex")}`;
    const now = Math.floor(this.#options.now());
    const row = {
      id,
      appId: project.appId,
      url: body.url,
      events: [...new Set(body.events)],
      agentId: body.agent_id ?? null,
      enabled: body.enabled,
      secret: this.#vault(project).seal(body.secret, id),
      secretVersion: 1,
      createdAt: now,
      updatedAt: now,
    };
    if (!(await this.#rows.insert(row, MOST_SUBSCRIPTIONS))) {
      throw new AppError("too-many-subscriptions", `project ${project.appId} has ${MOST_SUBSCRIPTIONS} webhook subscriptions`);
    }
    this.#reloadNow.resolve();
    return row;
  }

  /** Undefined: this project has no such subscription. */
  async change(project: Project, id: string, change: Change): Promise<SubscriptionRow | undefined> {
    const before = await this.#rows.find(project.appId, id);
    if (before === undefined) return undefined;
    if (change.url !== undefined) this.#check(change.url);
    const row = {
      ...before,
      url: change.url ?? before.url,
      events: change.events === undefined ? before.events : [...new Set(change.events)],
      agentId: change.agent_id === undefined ? before.agentId : change.agent_id,
      enabled: change.enabled ?? before.enabled,
      secret: change.secret === undefined ? before.secret : this.#vault(project).seal(change.secret, id),
      secretVersion: before.secretVersion + (change.secret === undefined ? 0 : 1),
      updatedAt: Math.max(Math.floor(this.#options.now()), before.updatedAt + 1),
    };
    if (!(await this.#rows.update(row))) return undefined;
    this.#reloadNow.resolve();
    return row;
  }

  async find(project: Project, id: string): Promise<SubscriptionRow | undefined> {
    return await this.#rows.find(project.appId, id);
  }

  async list(project: Project, limit: number, from: Place | undefined): Promise<PageOf<SubscriptionRow>> {
    return await this.#rows.list(project.appId, limit, from);
  }

  /** What waits for it is not sent any more. False: this project has no such subscription. */
  async delete(project: Project, id: string): Promise<boolean> {
    const deleted = await this.#rows.delete(project.appId, id);
    if (deleted) this.#reloadNow.resolve();
    return deleted;
  }

  /** Sends what is due, as far as that goes quickly; the rest is sent after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#reloadNow.resolve();
    await this.#work;
    const running = [...this.#running.values()];
    for (const { queue } of running) queue.finish();
    const all = Promise.all([...running.map(({ work }) => work), ...this.#ending]);
    const over = new AbortController();
    await Promise.race([all, this.#options.pause(ENDING_MS, over.signal).catch(() => {})]);
    over.abort();
    for (const { queue } of running) queue.abort();
    await all;
    if (running.length > 0) await this.#release();
  }

  async #release(): Promise<void> {
    const { now, log } = this.#options;
    await this.#outbox.release(now()).catch((error: unknown) => {
      log.error({ err: error }, "notices to webhook subscriptions that were under way are sent later");
    });
  }

  async #run(): Promise<void> {
    const { store, pause, log } = this.#options;
    const { signal } = this.#abort;
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([store.opened, stopped]);
    // Before any queue runs: what is claimed by then is of the last run.
    if (!signal.aborted) await this.#release();
    while (!signal.aborted) {
      this.#reloadNow = Promise.withResolvers();
      try {
        await this.#reload();
      } catch (error) {
        log.error({ err: error }, "webhook subscriptions could not be read");
      }
      const over = new AbortController();
      const pausing = pause(RELOAD_EVERY_MS, AbortSignal.any([signal, over.signal])).catch(() => {});
      await Promise.race([pausing, this.#reloadNow.promise]);
      over.abort();
    }
  }

  /** Begins queues of subscriptions that are new or other than they were, and ends those of the old ones. */
  async #reload(): Promise<void> {
    const rows = new Map((await this.#rows.enabled()).map((row) => [row.id, row]));
    for (const [id, running] of this.#running) {
      if (rows.get(id)?.updatedAt === running.row.updatedAt) continue;
      this.#running.delete(id);
      running.queue.abort();
      const ending = running.work.finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
    for (const [id, row] of rows) if (!this.#running.has(id) && !this.#abort.signal.aborted) this.#begin(row);
  }

  #begin(row: SubscriptionRow): void {
    const project = this.#projects.get(row.appId);
    if (project === undefined) return;
    const secret = this.#vault(project).open(row.secret, row.id);
    if (secret === undefined) {
      this.#options.log.error({ subscription: row.id }, "a webhook subscription waits: its secret was encrypted with a key that is gone");
      return;
    }
    const { appId, url, id: receiverId } = row;
    const queue = new ReceiverQueue({
      ...this.#options,
      appId,
      webhook: { url, secret },
      receiverId,
      wire: sessionWire,
      outbox: this.#outbox,
    });
    this.#running.set(row.id, { row, queue, work: queue.run() });
  }

  /** Names are looked up at each attempt. */
  #check(text: string): void {
    const url = URL.parse(text);
    if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
      throw new AppError("invalid-field", "url: is no address to post to: write http:// or https://, a host, and no user name");
    }
    this.#options.network.check("url", url);
  }

  #vault(project: Project): Vault {
    return new Vault(this.#options.secrets.of(project, "webhook subscriptions"));
  }
}
