/** The agent as a host: greets who comes, and speaks up when nobody has said anything for too long. */
import type { AgentState } from "../core/events.ts";
import { Greeting } from "../core/greeting.ts";
import type { ReplyRule, SayPriority } from "../core/turn-contract.ts";
import type { AgentConfig } from "./agent-config.ts";
import type { Cancel, Clock } from "./clock.ts";
import type { Restored } from "./parts.ts";
import type { Reply } from "./reply.ts";

export interface HostParts {
  readonly clock: Clock;
  readonly config: Pick<AgentConfig, "greeting" | "silence">;
  readonly recite: (text: string, source: "greeting" | "silence") => Reply;
  readonly say: (reply: () => Reply, priority: SayPriority, rule: ReplyRule) => void;
  readonly think: (text: string) => void;
  /** The session goes on after its engine was killed. */
  readonly restored?: Pick<Restored, "greeted">;
}

export class Host implements Disposable {
  readonly #parts: HostParts;
  readonly #greeting: Greeting;
  /** The greeting, spoken into its playout ahead, so that nobody need wait for the voice. */
  #welcome: Reply | undefined;
  #cancelGreeting: Cancel = () => {};
  #cancelSilence: Cancel = () => {};

  constructor(parts: HostParts) {
    this.#parts = parts;
    const greeted = parts.restored?.greeted === true;
    this.#greeting = new Greeting(parts.config.greeting?.mode ?? "every", { greeted });
    if (!greeted) this.#prepare();
  }

  /** Someone's loudspeaker plays. */
  ready(): void {
    const { clock, config, say } = this.#parts;
    const reply = this.#welcome;
    if (!this.#greeting.ready() || reply === undefined) return;
    this.#welcome = undefined;
    const { delayMs = 0, interruptable = true, overlapping } = config.greeting ?? {};
    const greet = (): void => say(() => reply, "append", { interruptable, overlapping });
    if (delayMs > 0) this.#cancelGreeting = clock.at(clock.now() + delayMs, greet);
    else greet();
  }

  /** The last person has left. */
  empty(): void {
    if (this.#greeting.empty()) this.#prepare();
  }

  /** The agent does something else now. */
  turned(state: AgentState): void {
    const { clock, config, recite, say, think } = this.#parts;
    const { silence } = config;
    this.#cancelSilence();
    if (silence === undefined || silence.timeoutMs === 0 || state !== "silent") return;
    this.#cancelSilence = clock.at(clock.now() + silence.timeoutMs, () => {
      if (silence.action === "speak") say(() => recite(silence.content, "silence"), "ignore", { interruptable: true });
      else think(silence.content);
    });
  }

  [Symbol.dispose](): void {
    this.#cancelGreeting();
    this.#cancelSilence();
  }

  #prepare(): void {
    const { config, recite } = this.#parts;
    if (config.greeting !== undefined) this.#welcome ??= recite(config.greeting.text, "greeting");
  }
}
