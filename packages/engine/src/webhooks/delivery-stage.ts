/** For tests: a receiver on loopback that keeps what it gets, and a time that passes when the test says so. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { DeliveryClock } from "./receiver-queue.ts";

const Body = z.object({
  sid: z.string(),
  noticeId: z.string(),
  productId: z.number(),
  eventType: z.number(),
  notifyMs: z.number(),
  payload: z.record(z.string(), z.unknown()),
});

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: z.output<typeof Body>;
}

export interface TestReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Requests that have come in and are not answered yet. */
  readonly open: number;
  /** Statuses of the next answers; 0: none at all. Then 200. */
  readonly answers: number[];
}

export async function openReceiver(): Promise<TestReceiver> {
  const received: Received[] = [];
  const answers: number[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.on("close", () => (open -= 1));
    void text(request).then((raw) => {
      received.push({ headers: request.headers, raw, body: Body.parse(JSON.parse(raw)) });
      const status = answers.shift() ?? 200;
      if (status !== 0) response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook?key=hidden`,
    received,
    answers,
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Unix milliseconds that stand still until they are moved. */
export class DeliveryTime implements DeliveryClock {
  #now: number;
  readonly #pauses = new Set<{ readonly until: number; readonly resolve: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly pause = async (ms: number, signal: AbortSignal): Promise<void> =>
    await new Promise((resolve, reject) => {
      const entry = { until: this.#now + ms, resolve };
      this.#pauses.add(entry);
      const stop = (): void => {
        this.#pauses.delete(entry);
        reject(new Error("aborted"));
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });

  /** Whether somebody waits for exactly so long from now. */
  waiting(ms: number): boolean {
    return [...this.#pauses].some(({ until }) => until === this.#now + ms);
  }

  move(ms: number): void {
    this.#now += ms;
    for (const entry of this.#pauses) {
      if (entry.until > this.#now) continue;
      this.#pauses.delete(entry);
      entry.resolve();
    }
  }
}
