/** What it takes to start the running agents again after a crash: kept sealed, in order with the records of their calls. */
import { z } from "zod";
import type { SessionEvent } from "../core/events.ts";
import { AppError } from "../errors.ts";
import { toRecord } from "./agent-row.ts";
import type { Parameter, Row } from "./database.ts";
import type { AgentRecord } from "../projects/agents.ts";
import type { Vault } from "./vault.ts";

export interface RecipeDatabase {
  /** Of this start of the engine. */
  readonly runId: string;
  /** In order with the records of its call; nobody waits for it. */
  write(agentId: string, sql: string, parameters: readonly Parameter[]): void;
  /** At once; finds everything that was written before. */
  query(sql: string, parameters: readonly Parameter[]): Promise<readonly Row[]>;
}

/** An agent whose engine was killed, for this one to restore. */
export interface LostAgent {
  readonly agent: AgentRecord;
  /** Undefined: it cannot be read. */
  readonly recipe: unknown;
  /** The newest turn that had begun; 0: none. */
  readonly turn: number;
}

const LostRow = z.object({ sealed: z.string(), turn: z.number() });

export class Recipes {
  readonly #database: RecipeDatabase;
  readonly #vault: Vault;

  constructor(database: RecipeDatabase, vault: Vault) {
    this.#database = database;
    this.#vault = vault;
  }

  /** How to start an agent again: JSON. A later one takes the place of the earlier; the row goes with the agent's end. */
  keep(agentId: string, recipe: unknown): void {
    this.#database.write(
      agentId,
      `insert into recipes (agent_id, sealed) select agent_id, $2 from agents where agent_id = $1 and stopped_at = 0
       on conflict (agent_id) do update set sealed = excluded.sealed`,
      [agentId, this.#vault.seal(JSON.stringify(recipe), agentId)],
    );
  }

  /** Turns count on where they were. */
  follow(agentId: string): (event: SessionEvent) => void {
    let newest = 0;
    return (event) => {
      if (!("turnId" in event) || event.turnId <= newest) return;
      newest = event.turnId;
      this.#database.write(agentId, "update recipes set turn = $2 where agent_id = $1 and turn < $2", [agentId, newest]);
    };
  }

  /** Agents of an earlier run of this engine; those that were restored least often come first. */
  async lost(): Promise<LostAgent[]> {
    const rows = await this.#database.query(
      `select a.*, r.sealed, r.turn from agents a join recipes r on r.agent_id = a.agent_id
       where a.run_id = $1 and a.state = 'RECOVERING' and a.stopped_at = 0 order by r.attempts, a.created_at, a.agent_id`,
      [this.#database.runId],
    );
    return rows.map((row) => {
      const { sealed, turn } = LostRow.parse(row);
      const agent = toRecord(row);
      return { agent, turn, recipe: parse(this.#vault.open(sealed, agent.agentId)) };
    });
  }

  /** Counts a restoration before it begins, so that an agent that crashes its engine is not restored for ever. */
  async attempt(agentId: string): Promise<void> {
    const [row] = await this.#database.query("update recipes set attempts = attempts + 1 where agent_id = $1 returning agent_id", [
      agentId,
    ]);
    if (row === undefined) throw new AppError("agent-not-found", "what it takes to start it again is gone");
  }

  /** It runs, and the engine with it. */
  steady(agentId: string): void {
    this.#database.write(agentId, "update recipes set attempts = 0, lost_at = null where agent_id = $1", [agentId]);
  }
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}
