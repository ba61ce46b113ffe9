/** The stored agents of every project: made and changed over REST, used by sessions that name them. */
import { randomBytes } from "node:crypto";
import { voiceAgent, type voiceAgentRest } from "@parley/protocol";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import type { ProjectSecrets } from "../../projects/project-secrets.ts";
import type { PageOf, Place } from "../../store/pages.ts";
import { Vault } from "../../store/vault.ts";
import { type AgentRow, AgentRows, type VoiceDatabase } from "../../store/voice-agent-agents.ts";
import type { ConfigurationRules } from "./configuration.ts";
import type { Refusal } from "./refusal.ts";
import { AgentExtras, AgentSecrets, joinSecrets, layChange, splitSecrets, type StoredAgent } from "./stored-agent.ts";

export type { StoredAgent } from "./stored-agent.ts";

export interface StoredAgentsOptions {
  readonly database: VoiceDatabase;
  readonly secrets: ProjectSecrets;
  readonly rules: ConfigurationRules;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export type Kept = { readonly ok: true; readonly agent: StoredAgent } | { readonly ok: false; readonly refusal: Refusal };

/** Of one project. */
const MOST_AGENTS = 1000;

/** Others may change the same agent in between so often. */
const ATTEMPTS = 5;

const Settings = z.object({ settings: voiceAgent.SessionSettings, extras: AgentExtras });

export class StoredAgents {
  readonly #options: StoredAgentsOptions;
  readonly #rows: AgentRows;

  constructor(options: StoredAgentsOptions) {
    this.#options = options;
    this.#rows = new AgentRows(options.database);
  }

  /**
   * With its secrets. Undefined: this project has no such agent. Throws `not-ready` while the database cannot be asked,
   * and `secrets-lost` for an agent whose secrets were sealed with a key that is gone.
   */
  async find(project: Project, agentId: string): Promise<StoredAgent | undefined> {
    const row = await this.#rows.find(project.appId, agentId);
    return row === undefined ? undefined : this.#toAgent(project, row);
  }

  /** As {@link find}, but without secrets, and so for any agent. */
  async look(project: Project, agentId: string): Promise<StoredAgent | undefined> {
    const row = await this.#rows.find(project.appId, agentId);
    return row === undefined ? undefined : toOpenAgent(row);
  }

  async list(
    project: Project,
    limit: number,
    from: Place | undefined,
  ): Promise<PageOf<Pick<StoredAgent, "id" | "name" | "createdAt" | "updatedAt">>> {
    const { items, next } = await this.#rows.list(project.appId, limit, from);
    return { items: items.map(({ agentId, ...row }) => ({ id: agentId, ...row })), next };
  }

  /** Throws `too-many-agents`. */
  async create(project: Project, body: voiceAgentRest.AgentChange): Promise<Kept> {
    const now = Math.floor(this.#options.now());
    const laid = layChange(undefined, body, this.#options.rules, now);
    if (!laid.ok) return laid;
    const agent = { ...laid.agent, id: `agent_${randomBytes(16).toString("hex")}`, createdAt: now, updatedAt: now };
    if (!(await this.#rows.insert(this.#toRow(project, agent), MOST_AGENTS))) {
      throw new AppError("too-many-agents", `project ${project.appId} has ${MOST_AGENTS} stored agents`);
    }
    return { ok: true, agent };
  }

  /** Undefined: this project has no such agent. What others change at the same time is not lost. */
  async change(project: Project, agentId: string, change: voiceAgentRest.AgentChange): Promise<Kept | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const row = await this.#rows.find(project.appId, agentId);
      if (row === undefined) return undefined;
      // Secrets that cannot be opened any more can be set again.
      const before = this.#unseal(project, row) ?? toOpenAgent(row);
      const now = Math.max(Math.floor(this.#options.now()), row.updatedAt + 1);
      const laid = layChange(before, change, this.#options.rules, now);
      if (!laid.ok) return laid;
      const agent = { ...before, ...laid.agent, updatedAt: now };
      if (await this.#rows.update(this.#toRow(project, agent), row.updatedAt)) return { ok: true, agent };
    }
    throw new AppError("not-ready", `agent ${agentId} is being changed by others all the time`);
  }

  /** False: this project has no such agent. */
  async delete(project: Project, agentId: string): Promise<boolean> {
    return await this.#rows.delete(project.appId, agentId);
  }

  #toAgent(project: Project, row: AgentRow): StoredAgent {
    const agent = this.#unseal(project, row);
    if (agent === undefined) {
      throw new AppError(
        "secrets-lost",
        `the keys and headers of agent ${row.agentId} were encrypted with a key that this engine does not have`,
      );
    }
    return agent;
  }

  /** Undefined: the key is gone. */
  #unseal(project: Project, row: AgentRow): StoredAgent | undefined {
    const agent = toOpenAgent(row);
    if (row.secrets === "") return agent;
    const text = this.#vault(project).open(row.secrets, row.agentId);
    return text === undefined ? undefined : { ...agent, settings: joinSecrets(agent.settings, AgentSecrets.parse(JSON.parse(text))) };
  }

  #toRow(project: Project, { id, name, settings, extras, createdAt, updatedAt }: StoredAgent): AgentRow {
    const { open, secrets } = splitSecrets(settings);
    return {
      agentId: id,
      appId: project.appId,
      name,
      settings: { settings: open, extras },
      secrets: secrets === undefined ? "" : this.#vault(project).seal(JSON.stringify(secrets), id),
      createdAt,
      updatedAt,
    };
  }

  #vault(project: Project): Vault {
    return new Vault(this.#options.secrets.of(project, "stored agents"));
  }
}

function toOpenAgent({ agentId, name, settings: json, createdAt, updatedAt }: AgentRow): StoredAgent {
  const { settings, extras } = Settings.parse(json);
  return { id: agentId, name, settings, extras, createdAt, updatedAt };
}
