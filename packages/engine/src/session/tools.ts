/** The tools of one session: what the model has called, who runs it, and what came of it, each call once. */
import { randomBytes } from "node:crypto";
import type { SessionEvent } from "../core/events.ts";
import type { History, Memory, ToolUse } from "../core/history.ts";
import type { ToolCall, ToolDefinition } from "../vendors/vendor.ts";
import type { Cancel, Clock } from "./clock.ts";

export interface Tool extends ToolDefinition {
  /** Longest wait for the result, in milliseconds. */
  readonly timeoutMs: number;
  /** `interactive`: the conversation goes on meanwhile. `hold`: nothing is answered before the result is there. */
  readonly mode: "interactive" | "hold";
  /** Absent: the client runs it, and sends the result. The signal says that nobody waits any more. */
  readonly run?: (call: ToolCall, context: { readonly signal: AbortSignal }) => Promise<ToolOutput>;
}

export interface ToolOutput {
  /** For the model, normally JSON text. */
  readonly output: string;
  readonly isError: boolean;
}

export interface ToolSettings {
  readonly tools: readonly Tool[];
  /** The answer that a result leads to goes on in the reply that called, or is a reply of its own. */
  readonly answers: "same-reply" | "new-reply";
}

/** Calls that have come to no end yet, as another process can take them up: JSON. */
export interface ToolsSnapshot {
  /** `until`: session time at which the result is given up. */
  readonly open: readonly { readonly callId: string; readonly turnId: number; readonly until: number }[];
  /** Calls, answer by answer, whose results have been in no request; `closed`: the model has said everything. */
  readonly unanswered: readonly { readonly callIds: readonly string[]; readonly closed: boolean }[];
  /** Calls that were given up, and whose results may still come. */
  readonly late: readonly { readonly callId: string; readonly name: string }[];
}

export const noTools: ToolSettings = { tools: [], answers: "same-reply" };

/** What became of a result that a client sent. */
export type ResultTaken = "taken" | "late" | "unknown" | "duplicate";

/** Rounds of calls that one turn of a person may lead to: then the model has to answer without. */
const maxRounds = 8;
/** Calls of one answer. */
const maxCalls = 32;
/** Characters of an output that the model is given. */
const maxOutput = 65_536;
/** Calls that are remembered, to tell duplicates from strangers. */
const maxRemembered = 1000;
/** What the model is told of a call whose result is not there yet. */
const pendingOutput = "(no result yet)";

/** And of one that the engine was running when it was interrupted itself. */
const interruptedOutput = "The engine was interrupted before the tool had answered.";

interface OpenCall {
  readonly use: ToolUse;
  readonly tool: Tool;
  readonly batch: Batch;
  readonly turnId: number;
  readonly abort: AbortController;
  /** Session time at which nobody waits any more. */
  readonly until: number;
  readonly cancelTimeout: Cancel;
}

/** The calls of one answer of the model. */
export class Batch {
  readonly uses: ToolUse[] = [];
  /** Where they stand in the history, from the first call on. */
  memory: Memory | undefined;
  /** Calls without a result yet. */
  open = 0;
  /** The model has said everything. */
  closed = false;
  /** Its results have been in a request, or no answer to them is wanted any more. */
  answered = false;
  readonly #settled = Promise.withResolvers<void>();

  /** Resolves when the model has said everything and each call has its result. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  get isSettled(): boolean {
    return this.closed && this.open === 0;
  }

  check(): void {
    if (this.isSettled) this.#settled.resolve();
  }
}

export interface ToolsParts {
  readonly clock: Clock;
  readonly history: History;
  /** The session's: nobody waits for results any more. */
  readonly signal: AbortSignal;
  readonly turn: () => number;
  readonly emit: (event: SessionEvent) => void;
  /** All calls of an answer have their results. */
  readonly onSettled: () => void;
  readonly onError: (error: unknown) => void;
}

export class Tools {
  settings: ToolSettings;
  readonly #parts: ToolsParts;
  readonly #open = new Map<string, OpenCall>();
  /** Ids of calls that are over; `timedOut`: a result may still come. */
  readonly #over = new Map<string, { readonly name: string; timedOut: boolean }>();
  readonly #batches = new Set<Batch>();
  #rounds = 0;

  constructor(settings: ToolSettings, parts: ToolsParts) {
    this.settings = settings;
    this.#parts = parts;
  }

  /** What the model may call now. */
  get definitions(): readonly ToolDefinition[] {
    if (this.#rounds >= maxRounds) return [];
    return this.settings.tools.map(({ name, description, parameters }) => ({ name, description, parameters }));
  }

  /** A call is open during which nothing is to be answered. */
  get holding(): boolean {
    return [...this.#open.values()].some(({ tool }) => tool.mode === "hold");
  }

  /** There are results that no request has held yet, and whose calls wait for no more. */
  get unanswered(): boolean {
    return [...this.#batches].some((batch) => batch.isSettled && !batch.answered);
  }

  /** A person's turn: the model may call again. */
  startTurn(): void {
    this.#rounds = 0;
  }

  /** A request is made of the history as it is now. */
  requested(): void {
    for (const batch of this.#batches) if (batch.isSettled) this.#dismiss(batch);
  }

  /** For the calls of one answer. */
  openBatch(): Batch {
    const batch = new Batch();
    this.#batches.add(batch);
    return batch;
  }

  /** The model asks for a tool in the answer that is reply number `reply`. */
  call(batch: Batch, asked: ToolCall, reply: number): void {
    // It was offered nothing any more, or asks for everything at once.
    if (this.#rounds >= maxRounds || batch.uses.length >= maxCalls) return;
    const { clock, history, signal, emit } = this.#parts;
    const turnId = this.#parts.turn();
    const callId = this.#open.has(asked.id) || this.#over.has(asked.id) || asked.id === "" ? newCallId() : asked.id;
    const call: ToolCall = { id: callId, name: asked.name, arguments: asked.arguments };
    const use: ToolUse = { callId, name: call.name, arguments: call.arguments };
    batch.uses.push(use);
    batch.memory ??= history.useTools(batch.uses);
    batch.open += 1;
    const tool = asked.fault === undefined ? toolFor(call.name, this.settings.tools) : answering(call.name, asked.fault);
    emit({ type: "tool-call", at: clock.now(), turnId, reply, callId, name: call.name, arguments: call.arguments, by: runner(tool) });
    const abort = this.#await({ use, tool, batch, turnId, until: clock.now() + tool.timeoutMs });
    if (tool.run !== undefined) void this.#run(tool.run, call, AbortSignal.any([signal, abort.signal]));
  }

  /** The model has said everything. A batch without calls is forgotten. */
  close(batch: Batch): void {
    batch.closed = true;
    if (batch.uses.length === 0) this.#batches.delete(batch);
    else this.#rounds += 1;
    this.#check(batch);
  }

  /** People interrupted the reply that called: its results are remembered, and lead to no answer by themselves. */
  interrupt(batch: Batch): void {
    batch.closed = true;
    this.#dismiss(batch);
    batch.check();
  }

  /** Where the words of the reply that called stand before, if its calls are answered by another reply. */
  placeOf(batch: Batch | undefined): Memory | undefined {
    return this.settings.answers === "new-reply" ? batch?.memory : undefined;
  }

  /** A client's result. */
  result(callId: string, { output, isError }: ToolOutput): ResultTaken {
    const call = this.#open.get(callId);
    if (call?.tool.run === undefined && call !== undefined) {
      this.#settle(callId, { output, isError }, false);
      return "taken";
    }
    const over = this.#over.get(callId);
    if (over?.timedOut === true) {
      over.timedOut = false;
      this.#parts.history.note(`The tool ${over.name} gave its result only now: ${output.slice(0, maxOutput)}`);
      return "late";
    }
    return over === undefined && call === undefined ? "unknown" : "duplicate";
  }

  snapshot(): ToolsSnapshot {
    return {
      open: [...this.#open].map(([callId, { turnId, until }]) => ({ callId, turnId, until })),
      unanswered: [...this.#batches]
        .filter((batch) => batch.uses.length > 0 && !batch.answered)
        .map(({ uses, closed }) => ({ callIds: uses.map(({ callId }) => callId), closed })),
      late: [...this.#over].filter(([, { timedOut }]) => timedOut).map(([callId, { name }]) => ({ callId, name })),
    };
  }

  /** Takes up what another process had to leave; the history holds the calls. */
  takeUp({ open, unanswered, late }: ToolsSnapshot): void {
    for (const memory of this.#parts.history.memories) {
      if (memory.type !== "tools") continue;
      const wanted = unanswered.find(({ callIds }) => memory.uses.some(({ callId }) => callIds.includes(callId)));
      const batch = new Batch();
      batch.uses.push(...memory.uses);
      batch.memory = memory;
      batch.closed = true;
      batch.answered = wanted === undefined;
      if (wanted !== undefined) this.#batches.add(batch);
      for (const use of memory.uses) {
        const call = open.find(({ callId }) => callId === use.callId);
        if (call === undefined) this.#over.set(use.callId, { name: use.name, timedOut: late.some(({ callId }) => callId === use.callId) });
        else {
          batch.open += 1;
          this.#await({ use, tool: toolFor(use.name, this.settings.tools), batch, ...call });
        }
      }
    }
  }

  /** What the engine itself was running in another process has failed with it. */
  failInterrupted(): void {
    for (const [callId, { tool }] of this.#open)
      if (tool.run !== undefined) this.#settle(callId, { output: interruptedOutput, isError: true }, false);
  }

  /** The calls of an answer that was taken up. */
  batchOf(callIds: readonly string[]): Batch | undefined {
    return [...this.#batches].find(({ uses }) => uses.some(({ callId }) => callIds.includes(callId)));
  }

  /** Nobody waits for anything any more. */
  stop(): void {
    for (const { cancelTimeout, abort, batch } of this.#open.values()) {
      cancelTimeout();
      abort.abort();
      batch.open = 0;
      batch.closed = true;
      batch.check();
    }
    this.#open.clear();
  }

  /** From now until its result, or until its time is over. */
  #await(call: Omit<OpenCall, "abort" | "cancelTimeout">): AbortController {
    const { callId } = call.use;
    const abort = new AbortController();
    const cancelTimeout = this.#parts.clock.at(call.until, () => this.#timeOut(callId));
    this.#open.set(callId, { ...call, abort, cancelTimeout });
    return abort;
  }

  async #run(run: NonNullable<Tool["run"]>, call: ToolCall, signal: AbortSignal): Promise<void> {
    try {
      this.#settle(call.id, await run(call, { signal }), false);
    } catch (error) {
      if (signal.aborted) return;
      this.#parts.onError(error);
      this.#settle(call.id, { output: `The tool failed: ${error instanceof Error ? error.message : String(error)}`, isError: true }, false);
    }
  }

  #timeOut(callId: string): void {
    const call = this.#open.get(callId);
    if (call === undefined) return;
    this.#settle(callId, { output: `The tool gave no result within ${call.tool.timeoutMs / 1000} s.`, isError: true }, true);
    call.abort.abort();
  }

  #settle(callId: string, { output, isError }: ToolOutput, timedOut: boolean): void {
    const call = this.#open.get(callId);
    if (call === undefined) return;
    this.#open.delete(callId);
    call.cancelTimeout();
    this.#over.set(callId, { name: call.use.name, timedOut });
    for (const oldest of this.#over.keys()) {
      if (this.#over.size <= maxRemembered) break;
      this.#over.delete(oldest);
    }
    call.use.output = output.slice(0, maxOutput);
    call.use.isError = isError;
    const { clock, emit } = this.#parts;
    const { name } = call.use;
    emit({ type: "tool-result", at: clock.now(), turnId: call.turnId, callId, name, output: call.use.output, isError, timedOut });
    call.batch.open -= 1;
    this.#check(call.batch);
  }

  #check(batch: Batch): void {
    batch.check();
    if (batch.isSettled && batch.uses.length > 0) this.#parts.onSettled();
  }

  #dismiss(batch: Batch): void {
    batch.answered = true;
    this.#batches.delete(batch);
  }
}

function runner({ run }: Tool): "client" | "engine" {
  return run === undefined ? "client" : "engine";
}

function toolFor(name: string, tools: readonly Tool[]): Tool {
  const known = tools.map((tool) => tool.name).join(", ");
  return (
    tools.find((tool) => tool.name === name) ?? answering(name, `There is no tool "${name}"${known === "" ? "" : `; there is ${known}`}.`)
  );
}

/** What nothing can be done with is answered at once. */
function answering(name: string, output: string): Tool {
  return {
    name,
    description: "",
    parameters: {},
    timeoutMs: 1000,
    mode: "interactive",
    run: () => Promise.resolve({ output, isError: true }),
  };
}

/** The form of the public contracts. */
function newCallId(): string {
  return `call_${randomBytes(12).toString("hex")}`;
}

/** What a request says of a call. */
export function outputOf({ output = pendingOutput, isError = false }: ToolUse): string {
  return isError ? `Error: ${output}` : output;
}
