/** Hears what other clients of a PostgreSQL server announce (LISTEN), through a connection of its own that is made again when it is lost. */
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";

const CONNECT_MS = 10_000;

/** Before a connection that was lost is made again. */
const RETRY_MS = 1000;

export class Notices implements AsyncDisposable {
  readonly #address: string;
  readonly #channel: string;
  readonly #onNotice: (text: string) => void;
  readonly #abort = new AbortController();
  readonly #work: Promise<void>;

  /** `channel`: a plain name. What is announced while there is no connection is missed. */
  constructor(address: string, channel: string, onNotice: (text: string) => void) {
    this.#address = address;
    this.#channel = channel;
    this.#onNotice = onNotice;
    this.#work = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#listen(signal);
      await pause(RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Until the connection is lost, or cannot be made. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    const client = new Client({
      connectionString: this.#address,
      application_name: "parley",
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    client.on("error", stop);
    client.on("end", stop);
    client.on("notification", ({ payload = "" }) => this.#onNotice(payload));
    signal.addEventListener("abort", stop, { once: true });
    try {
      await client.connect();
      await client.query(`listen ${this.#channel}`);
      if (!signal.aborted) await lost;
    } catch {
      // Tried again.
    } finally {
      signal.removeEventListener("abort", stop);
      await Promise.race([client.end().catch(() => {}), pause(RETRY_MS, undefined, { ref: false })]);
    }
  }
}
