/** Sends one receiver its webhooks as they fall due: a receiver that is slow delays its own alone. */
import type { Log } from "../log.ts";
import type { Webhook } from "../projects/project.ts";
import { AppError } from "../errors.ts";
import type { Network } from "../vendors/network.ts";
import { channelWire, type Wire } from "./envelope.ts";
import { type Attempt, type Due, type Outbox, TEST } from "./outbox.ts";

/** Time, as far as deliveries need it. */
export interface DeliveryClock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ReceiverQueueOptions extends DeliveryClock {
  readonly appId: string;
  readonly webhook: Pick<Webhook, "url" | "secret">;
  /** By what the outbox knows this receiver; default: its address. */
  readonly receiverId?: string;
  /** Default: as the REST door's contract has it. */
  readonly wire?: Wire;
  readonly outbox: Outbox;
  readonly network: Pick<Network, "request">;
  /** What became of an attempt. */
  readonly onAttempt: (eventType: number, outcome: Outcome) => void;
  readonly log: Log;
}

/** `retried`: it has failed, and is sent again. */
export type Outcome = "delivered" | "retried" | "given_up";

/** In place of an HTTP status, in the contract's words for what tests find (its section 7.1). */
const NO_ANSWER = 590;
const UNREACHABLE = 591;
const BAD_CERTIFICATE = 592;

/** An answer that takes longer counts as none (section 7.1 of the contract). */
const ANSWER_MS = 10_000;

/** Waits before the second, third and fourth attempt; there is no fifth. */
const RETRY_AFTER_MS = [0, 15_000, 120_000];

/** Attempts at once. */
const AT_ONCE = 4;

/** Longest wait until the database is asked again: other engines write there, too. */
const POLL_MS = 30_000;

/** What is due and cannot be had is just being taken by another engine. */
const SHORTEST_REST_MS = 1;

/** Before the database is asked again after it has failed. */
const DATABASE_RETRY_MS = 5000;

/** Of an answer's body so much is read, so that its connection can be used again. */
const LONGEST_ANSWER = 64 * 1024;

export class ReceiverQueue {
  readonly #options: ReceiverQueueOptions;
  readonly #url: URL;
  /** Without what may be secret. */
  readonly #place: string;
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #closing = false;
  #wake = Promise.withResolvers<void>();

  constructor(options: ReceiverQueueOptions) {
    this.#options = options;
    this.#url = new URL(options.webhook.url);
    this.#place = `${this.#url.origin}${this.#url.pathname}`;
  }

  /** Something may be due. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Sends what is due until it is closed. */
  async run(): Promise<void> {
    let troubled = false;
    while (!this.#abort.signal.aborted) {
      this.#wake = Promise.withResolvers();
      try {
        const free = AT_ONCE - this.#running.size;
        const due = free === 0 ? [] : await this.#options.outbox.claim(this.#receiver, this.#options.now(), free);
        troubled = false;
        for (const one of due) this.#start(one);
        if (this.#closing && this.#running.size === 0) break;
        await this.#rest(due.length === free ? undefined : await this.#untilNext());
      } catch (error) {
        if (!troubled) this.#options.log.error({ err: error, receiver: this.#place }, "webhooks wait: the database cannot be asked");
        troubled = true;
        if (this.#closing) break;
        await this.#rest(DATABASE_RETRY_MS);
      }
    }
    await Promise.all(this.#running);
  }

  /** Sends what is due now, and nothing that comes later. */
  finish(): void {
    this.#closing = true;
    this.wake();
  }

  /** Stops attempts that are under way. */
  abort(): void {
    this.#closing = true;
    this.#abort.abort();
    this.wake();
  }

  get #receiver(): { appId: string; url: string } {
    const { appId, webhook, receiverId = webhook.url } = this.#options;
    return { appId, url: receiverId };
  }

  /** Milliseconds until the next is due. */
  async #untilNext(): Promise<number> {
    const { outbox, now } = this.#options;
    const next = await outbox.nextAt(this.#receiver);
    return next === undefined ? POLL_MS : Math.min(Math.max(next - now(), SHORTEST_REST_MS), POLL_MS);
  }

  /** Until somebody wakes it, or for so long. */
  async #rest(ms: number | undefined): Promise<void> {
    const over = new AbortController();
    const pausing = ms === undefined ? undefined : this.#options.pause(ms, AbortSignal.any([over.signal, this.#abort.signal]));
    await Promise.race([this.#wake.promise, ...(pausing === undefined ? [] : [pausing])]).catch(() => {});
    over.abort();
    await pausing?.catch(() => {});
  }

  #start(due: Due): void {
    const work = this.#deliver(due)
      .catch((error: unknown) => {
        // It is sent again when the claim has run out: the receiver knows it by its id.
        this.#options.log.error({ err: error, noticeId: due.noticeId }, "what became of a webhook could not be written");
      })
      .finally(() => {
        this.#running.delete(work);
        this.wake();
      });
    this.#running.add(work);
  }

  async #deliver(due: Due): Promise<void> {
    const { outbox, log, now } = this.#options;
    const { url } = this.#receiver;
    const { noticeId, agentId, eventType } = due;
    const startedAt = now();
    const answer = await this.#attempt(due);
    if (answer === undefined) return;
    const attempt = { ...answer, attempts: due.attempts + 1 };
    const { status, problem, attempts } = attempt;
    const about = { agentId, noticeId, eventType, receiver: this.#place, attempts, status, tookMs: Math.round(now() - startedAt) };
    // A test tells how things are now.
    const isTest = agentId === TEST;
    const retryMs = isTest ? undefined : RETRY_AFTER_MS[due.attempts];
    if (problem === "") {
      await outbox.delivered(noticeId, url, attempt, now());
      this.#tell(eventType, "delivered");
      log.info(about, isTest ? "webhook tested" : "webhook delivered");
    } else if (retryMs === undefined) {
      await outbox.givenUp(noticeId, url, attempt, now());
      this.#tell(eventType, "given_up");
      log.error({ ...about, problem }, isTest ? "webhook test failed" : "webhook given up");
    } else {
      await outbox.failed(noticeId, url, attempt, now() + retryMs);
      this.#tell(eventType, "retried");
      log.warn({ ...about, problem, retryMs }, "webhook failed");
    }
  }

  #tell(eventType: number, outcome: Outcome): void {
    this.#options.onAttempt(eventType, outcome);
  }

  /** Undefined: the engine ends, and whether it arrived is not known. */
  async #attempt(due: Due): Promise<Omit<Attempt, "attempts"> | undefined> {
    const { network, webhook, now, wire = channelWire } = this.#options;
    const body = wire.toBody(due, now());
    const over = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, over.signal]);
    const timer = this.#options.pause(ANSWER_MS, signal).then(
      () => over.abort(),
      () => {},
    );
    try {
      const response = await network.request(
        { vendor: "webhook", url: this.#url, trusted: false },
        { method: "POST", headers: wire.toHeaders(body, webhook.secret, now()), body, signal },
      );
      const status = response.statusCode;
      await response.body.dump({ limit: LONGEST_ANSWER, signal });
      return { status, problem: wire.isReceived(status) ? "" : `the answer was ${status}; only ${wire.received} counts as received` };
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined;
      if (signal.aborted) return { status: NO_ANSWER, problem: `no answer within ${ANSWER_MS / 1000} s` };
      return { status: isAboutCertificate(error) ? BAD_CERTIFICATE : UNREACHABLE, problem: describe(error) };
    } finally {
      over.abort();
      await timer;
    }
  }
}

/** Node's codes for what it finds wrong with a certificate (its documentation of X.509 errors, and of TLS). */
const certificateCodes =
  /^(CERT_|CRL_|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE|DECRYPT_|DECODE_)|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_)/;

/** An error of the connection is the cause of ours. */
function isAboutCertificate(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && certificateCodes.test(error.code)) return true;
  return isAboutCertificate(error.cause);
}

function describe(error: unknown): string {
  if (error instanceof AppError) return error.message;
  return `the connection failed: ${error instanceof Error ? error.message : String(error)}`;
}
