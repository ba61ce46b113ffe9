/** Calls of tools and their results: each call is run once, each result arrives, over as many sockets as it takes. */
import { defaultTimeoutSeconds, type Tool } from "./tool.ts";

export interface ToolResult {
  readonly callId: string;
  readonly name: string;
  /** JSON, or plain text. */
  readonly result: string;
  readonly isError: boolean;
}

interface Run {
  readonly name: string;
  readonly replyId: string | undefined;
  readonly abort: AbortController;
  interrupted: boolean;
}

export interface ToolRunsOptions {
  readonly tools: readonly Tool[];
  /** Whether the result of a call whose reply was interrupted is kept from the server. */
  readonly dropInterrupted: boolean;
  /** Returns whether it went out; if not, it goes when the session is back. */
  readonly send: (result: ToolResult) => boolean;
  /** Milliseconds on a steady scale. */
  readonly now: () => number;
}

/** The server takes frames of up to 1 MiB. */
const maxResultLength = 500_000;
/** Results that were sent so long before a loss may have been lost with the socket: it can be dead for a while before that shows. */
const doubtMs = 30_000;
/** Ids of finished calls that are remembered: the server names a call again after a resume, not hours later. */
const maxRemembered = 1_000;

export class ToolRuns {
  readonly #options: ToolRunsOptions;
  #tools = new Map<string, Tool>();
  readonly #runs = new Map<string, Run>();
  readonly #finished = new Set<string>();
  /** `at`: when it was sent, or made. */
  #results: { at: number; readonly result: ToolResult; sent: boolean }[] = [];

  constructor(options: ToolRunsOptions) {
    this.#options = options;
    this.use(options.tools);
  }

  /** From now on these tools, in place of the ones before. What runs goes on. */
  use(tools: readonly Tool[]): void {
    this.#tools = new Map(tools.map((one) => [one.definition.name, one]));
  }

  get definitions(): Tool["definition"][] {
    return [...this.#tools.values()].map(({ definition }) => definition);
  }

  has(name: string): boolean {
    return this.#tools.has(name);
  }

  /** Whether this call came before: a server names open calls again after a resume. */
  knows(callId: string): boolean {
    return this.#runs.has(callId) || this.#finished.has(callId);
  }

  /** Runs the tool for a call that is new; one that has no function here waits for `answer`. */
  call(callId: string, name: string, args: Readonly<Record<string, unknown>>, replyId: string | undefined): void {
    const run: Run = { name, replyId, abort: new AbortController(), interrupted: false };
    this.#runs.set(callId, run);
    const known = this.#tools.get(name);
    if (known !== undefined) void this.#carryOut(callId, run, known, args);
  }

  /** The result of a call that is not run here. */
  answer(callId: string, result: string, isError: boolean): void {
    const name = this.#runs.get(callId)?.name ?? "";
    if (name === "") this.#send({ callId, name, result, isError });
    else this.#settle(callId, { callId, name, result, isError });
  }

  /** Nobody here can do this; the model learns it at once in place of waiting. */
  refuse(callId: string, name: string): void {
    this.#finish(callId);
    this.#send({ callId, name, result: `There is no tool named ${name}.`, isError: true });
  }

  /** The server runs this call itself, and tells of it. */
  ignore(callId: string): void {
    this.#finish(callId);
  }

  interrupted(replyId: string): void {
    for (const run of this.#runs.values()) if (run.replyId === replyId) run.interrupted = true;
  }

  /**
   * On a new socket of the same session: results that never went out, and those that may have been lost with the old one,
   * which are `repeated`. The server answers a repeated one that it had with an error about `call_id`.
   */
  takeUnsettled(): { readonly result: ToolResult; readonly repeated: boolean }[] {
    this.#forget();
    return this.#results.map((one) => {
      const repeated = one.sent;
      if (!repeated) one.at = this.#options.now();
      one.sent = true;
      return { result: one.result, repeated };
    });
  }

  /** Nobody waits any more: the session is another one now, or none. */
  abandon(reason: string): void {
    for (const [callId, run] of this.#runs) {
      run.abort.abort(new Error(reason));
      this.#finish(callId);
    }
    this.#results = [];
  }

  async #carryOut(callId: string, run: Run, known: Tool, args: Readonly<Record<string, unknown>>): Promise<void> {
    const timeoutMs = (known.definition.timeout_seconds ?? defaultTimeoutSeconds) * 1000;
    const signal = AbortSignal.any([run.abort.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      // Whoever hears of the call hears of it before it runs.
      await Promise.resolve();
      const value = await known.run(args, { callId, signal });
      const result = typeof value === "string" ? value : (JSON.stringify(value) ?? "null");
      if (result.length > maxResultLength)
        throw new RangeError(`The result is ${result.length} characters long, ${maxResultLength} are allowed.`);
      this.#settle(callId, { callId, name: run.name, result, isError: false });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#settle(callId, { callId, name: run.name, result: message.slice(0, maxResultLength), isError: true });
    }
  }

  #settle(callId: string, result: ToolResult): void {
    const run = this.#runs.get(callId);
    if (run === undefined) return; // abandoned
    this.#finish(callId);
    if (run.interrupted && this.#options.dropInterrupted) return;
    this.#send(result);
  }

  #send(result: ToolResult): void {
    this.#forget();
    this.#results.push({ at: this.#options.now(), result, sent: this.#options.send(result) });
  }

  #forget(): void {
    const since = this.#options.now() - doubtMs;
    this.#results = this.#results.filter(({ at, sent }) => !sent || at >= since);
  }

  #finish(callId: string): void {
    this.#runs.delete(callId);
    this.#finished.add(callId);
    const [oldest] = this.#finished;
    if (this.#finished.size > maxRemembered && oldest !== undefined) this.#finished.delete(oldest);
  }
}
