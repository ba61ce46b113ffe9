/** The engine's figures for Prometheus: calls, turns, latencies, vendors' errors, and whether the event loop keeps up. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { SessionEvent } from "./core/events.ts";

/** Seconds; fine where conversations are judged. */
const latencyBuckets = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3, 5, 10];

export interface MetricsOptions {
  /** Webhooks that have neither arrived nor were given up. */
  readonly waitingWebhooks: () => Promise<number>;
  /** Calls that run now. */
  readonly running: () => number;
  /** Writes to the database that wait. */
  readonly waitingWrites: () => number;
}

export class Metrics {
  readonly registry = new Registry();
  /** Voice frames that were due earlier than they could be sent. */
  readonly framesLate: Counter;
  readonly #calls: Counter<"end">;
  readonly #turns: Counter<"end">;
  readonly #errors: Counter<"module">;
  readonly #ignored: Counter<"cause">;
  readonly #echoes: Counter;
  readonly #latency: Histogram<"module" | "name">;
  readonly #requests: Histogram<"method" | "route" | "status">;
  readonly #webhooks: Counter<"event" | "outcome">;

  constructor({ running, waitingWrites, waitingWebhooks }: MetricsOptions) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, prefix: "parley_", eventLoopMonitoringPrecision: 10 });
    this.registry.registerMetric(
      new Gauge({
        name: "parley_calls_running",
        help: "Calls that run now.",
        registers: [],
        collect() {
          this.set(running());
        },
      }),
    );
    this.registry.registerMetric(
      new Gauge({
        name: "parley_database_writes_waiting",
        help: "Writes to the database that wait.",
        registers: [],
        collect() {
          this.set(waitingWrites());
        },
      }),
    );
    this.registry.registerMetric(
      new Gauge({
        name: "parley_webhooks_waiting",
        help: "Webhooks that have neither arrived nor were given up, of all engines on the database.",
        registers: [],
        async collect() {
          // The last figure stays where the database cannot be asked.
          await waitingWebhooks().then(
            (waiting) => this.set(waiting),
            () => {},
          );
        },
      }),
    );
    this.#webhooks = new Counter({
      name: "parley_webhooks_total",
      help: "Attempts to deliver webhooks, by type of event and by what became of them; retried: failed, and sent again.",
      labelNames: ["event", "outcome"],
      registers,
    });
    this.#calls = new Counter({ name: "parley_calls_total", help: "Calls that have ended, by how.", labelNames: ["end"], registers });
    this.#turns = new Counter({
      name: "parley_turns_total",
      help: "Turns of the agent, by how they ended.",
      labelNames: ["end"],
      registers,
    });
    this.#errors = new Counter({ name: "parley_errors_total", help: "Errors in calls, by module.", labelNames: ["module"], registers });
    this.#ignored = new Counter({
      name: "parley_speech_ignored_total",
      help: "Speech over the agent that did not count, by why.",
      labelNames: ["cause"],
      registers,
    });
    this.#echoes = new Counter({
      name: "parley_echoes_suspected_total",
      help: "People's utterances that repeated what the agent was saying: their microphones hear its voice.",
      registers,
    });
    this.#latency = new Histogram({
      name: "parley_latency_seconds",
      help: "asr ttlw: end of speech to its words; llm ttfb, ttfs, ttfa: request to first token, first clause, first sound of its own; tts ttfb: clause to sound; total e2e: end of speech to sound.",
      labelNames: ["module", "name"],
      buckets: latencyBuckets,
      registers,
    });
    this.#requests = new Histogram({
      name: "parley_http_seconds",
      help: "HTTP requests.",
      labelNames: ["method", "route", "status"],
      buckets: [0.005, 0.01, 0.03, 0.1, 0.3, 1, 3],
      registers,
    });
    this.framesLate = new Counter({
      name: "parley_frames_late_total",
      help: "Voice frames that were due earlier than they could be sent.",
      registers,
    });
  }

  /** Counts what happens in a call. */
  observe(event: SessionEvent): void {
    switch (event.type) {
      case "metric":
        this.#latency.observe({ module: event.module, name: event.name }, event.latencyMs / 1000);
        return;
      case "error":
        this.#errors.inc({ module: event.module });
        return;
      case "speech-ignored":
        this.#ignored.inc({ cause: event.cause });
        return;
      case "echo-suspected":
        this.#echoes.inc();
        return;
      case "reply-end":
        this.#turns.inc({ end: "ok" });
        return;
      case "reply-interrupted":
        this.#turns.inc({ end: event.cause });
        return;
      case "closed":
        this.#calls.inc({ end: event.status });
        return;
      case "user-joined":
      case "user-left":
      case "state":
      case "turn-start":
      case "transcript":
      case "turn-end":
      case "turn-dropped":
      case "turn-marked":
      case "turn-overlong":
      case "reply-begin":
      case "reply-start":
      case "reply-text":
      case "tool-call":
      case "picture-taken":
      case "picture-refused":
      case "tool-result":
        return;
    }
  }

  /** Counts an attempt to deliver a webhook. */
  observeWebhook(eventType: number, outcome: "delivered" | "retried" | "given_up"): void {
    this.#webhooks.inc({ event: String(eventType), outcome });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }
}
