/** Brings back the agents that this engine lost when it was killed: they hold their names at once, and are restored when the machine is ready. */
import type { Log } from "../../log.ts";
import type { Agents, RunningCall, RunningSession } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import { AppError, toAppError } from "../../errors.ts";
import { toError } from "../../faults.ts";
import type { EntryRow, Past } from "../../store/call-log.ts";
import type { LostAgent } from "../../store/recipes.ts";
import type { TurnRecord } from "../../projects/turn-log.ts";
import type { LlmStyle } from "../../vendors/vendor.ts";
import { type ReadRecipe, readRecipe } from "./recipe.ts";
import type { AgentStarter } from "./start.ts";
import { toChange } from "./to-update.ts";

export interface RecoveryOptions {
  readonly agents: Agents;
  readonly projects: { find(appId: string): Project | undefined };
  readonly recipes: {
    lost(): Promise<LostAgent[]>;
    attempt(agentId: string): Promise<void>;
    steady(agentId: string): void;
  };
  readonly store: {
    /** Resolves when the database has been opened for the first time. */
    readonly opened: Promise<void>;
    entries(agentId: string): Promise<EntryRow[]>;
    turns(agentId: string): Promise<TurnRecord[]>;
  };
  /** By the door that a recipe names. */
  readonly readers: Readonly<Record<string, ReadRecipe>>;
  readonly styles: readonly LlmStyle[];
  readonly restore: AgentStarter["restore"];
  /** An agent's new conversation is there and nothing has happened in it. */
  readonly onRestored: (lost: LostAgent, past: Past) => void;
  /** Resolves when calls can be made. */
  readonly ready: Promise<void>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
}

/** An engine that has run so long with an agent will not crash because of it. */
const STEADY_MS = 60_000;

/** Before the database is asked again after it has failed. */
const RETRY_MS = 5000;

export class Recovery implements AsyncDisposable {
  /** Resolves when every lost agent holds its name. */
  readonly known: Promise<void>;
  readonly #options: RecoveryOptions;
  readonly #abort = new AbortController();
  readonly #known = Promise.withResolvers<void>();
  readonly #work: Promise<void>;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.known = this.#known.promise;
    this.#work = this.#run();
  }

  /** What is not restored yet is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { agents, store, ready } = this.#options;
    const { signal } = this.#abort;
    await Promise.race([store.opened, aborted(signal)]);
    const lost = await this.#find();
    for (const { agent } of lost) agents.hold(agent);
    this.#known.resolve();
    await Promise.race([ready, aborted(signal)]);
    const restored: string[] = [];
    // One after the other: the record says which restoration an engine did not survive.
    for (const one of lost) if (!signal.aborted && (await this.#restore(one))) restored.push(one.agent.agentId);
    if (restored.length > 0) await this.#steady(restored);
  }

  async #find(): Promise<LostAgent[]> {
    const { recipes, pause, log } = this.#options;
    const { signal } = this.#abort;
    for (; !signal.aborted; await pause(RETRY_MS, signal).catch(() => {})) {
      try {
        return await recipes.lost();
      } catch (error) {
        log.error({ err: error }, "lost agents could not be looked for");
      }
    }
    return [];
  }

  /** False: it could not be, or it was let go. */
  async #restore(lost: LostAgent): Promise<boolean> {
    const { agents, recipes, log } = this.#options;
    const { agentId } = lost.agent;
    if (!agents.holds(agentId)) return false;
    try {
      await recipes.attempt(agentId);
      const restored = await this.#start(lost);
      if (restored) log.info({ agentId }, "agent restored");
      return restored;
    } catch (error) {
      const { code } = toAppError(error);
      // It was let go meanwhile, and its recipe with it.
      if (code === "agent-not-found" && !agents.holds(agentId)) return false;
      log[code === "internal" ? "error" : "warn"]({ agentId, err: error }, "an agent could not be restored");
      agents.abandon(agentId, code === "internal" ? new Error("an internal error, see the engine's log") : error);
      return false;
    }
  }

  async #start(lost: LostAgent): Promise<boolean> {
    const { projects, store, readers, styles, restore, onRestored } = this.#options;
    const { agent, turn } = lost;
    const project = projects.find(agent.appId);
    if (project === undefined) throw new AppError("unknown-app", `project ${agent.appId} is not configured any more`);
    if (lost.recipe === undefined)
      throw new AppError("invalid-body", "what it was asked to be cannot be read: the key of this data folder is another");
    const { recipe, request } = readRecipe(lost.recipe, project, readers);
    const { config, details, variables } = request;
    const past = { entries: await store.entries(agent.agentId), turns: await store.turns(agent.agentId) };
    const notes: RunningCall["notes"] = { epochMs: 0, turns: past.turns, details, variables, updated: () => {} };
    const change = recipe.update === undefined ? undefined : toChange(recipe.update, { config, notes }, styles);
    if (change?.ok === false) throw toError(change.faults);
    const onSession = (session: RunningSession): void => {
      if (change !== undefined) session.update(change.change);
      onRestored(lost, past);
    };
    const newest = Math.max(turn, ...past.turns.map(({ turnId }) => turnId), ...past.entries.map(({ turnId }) => turnId));
    return await restore({ agent, project, request, recipe, past, turn: newest, onSession });
  }

  async #steady(agentIds: readonly string[]): Promise<void> {
    try {
      await this.#options.pause(STEADY_MS, this.#abort.signal);
    } catch {
      return;
    }
    for (const agentId of agentIds) this.#options.recipes.steady(agentId);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
