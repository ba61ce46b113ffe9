/** What the page knows of the engine while it is open: whether it is ready, and what it offers. */
import { effect, signal } from "@preact/signals";
import type { Call } from "./call.ts";
import { chooseLlm, type DiscoveredLlm, type Info, type Readiness, readInfo, readReadiness } from "./engine.ts";

/** How often the page asks while the engine is not ready, and while it is, in milliseconds. */
const soonMs = 1_000;
const laterMs = 15_000;

export class Engine {
  /** Null before the first answer, `gone` where there is none. */
  readonly readiness = signal<Readiness | "gone" | null>(null);
  readonly info = signal<Info | null>(null);
  readonly choosing = signal("");
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Keeps the signals true for as long as the page is open. */
  watch(): void {
    void this.#poll();
    effect(() => {
      // A call that began or ended changes what is free.
      if (this.#call.ended.value < 0 || this.#call.phase.value === "connecting") return;
      void this.#readInfo();
      // An agent takes a moment to leave.
      const timer = setTimeout(() => void this.#readInfo(), soonMs);
      return () => clearTimeout(timer);
    });
  }

  async choose(llm: DiscoveredLlm, model: string): Promise<string> {
    this.choosing.value = llm.url;
    try {
      await chooseLlm(llm, model);
      await this.#readInfo();
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.choosing.value = "";
    }
  }

  async #poll(): Promise<void> {
    const before = this.readiness.peek();
    const readiness = await readReadiness();
    this.readiness.value = readiness ?? "gone";
    const ready = readiness?.ready === true;
    const wasReady = before !== null && before !== "gone" && before.ready;
    if (ready && !wasReady) void this.#readInfo();
    setTimeout(() => void this.#poll(), ready ? laterMs : soonMs);
  }

  async #readInfo(): Promise<void> {
    this.info.value = (await readInfo()) ?? this.info.value;
  }
}
