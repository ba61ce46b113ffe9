/** Starts an agent in a channel, and tells its clients what happens: the one way in for `join` and for the page. */
import { encodeStreamMessage, type rest } from "@parley/protocol";
import type { SessionEvent } from "../../core/events.ts";
import type { HistoryEntry } from "../../core/history.ts";
import { AppError } from "../../errors.ts";
import type { AgentRecord, Agents, CallNotes, RunningSession, Started, StartRequest } from "../../projects/agents.ts";
import type { Project } from "../../projects/project.ts";
import type { ChosenLlm } from "../../session/agent-config.ts";
import { inOwnWords } from "../../projects/own-words.ts";
import { verifyChannelToken } from "../../projects/tokens.ts";
import { TurnLog, type TurnRecord } from "../../projects/turn-log.ts";
import type { EntryRow, Past } from "../../store/call-log.ts";
import type { OpenTransport, Transport } from "../../transports/transport.ts";
import { Messages } from "./messages.ts";
import { type Recipe, withUpdate } from "./recipe.ts";
import type { AgentRequest } from "./to-config.ts";

/** `recipe`: by which the agent is started again after its engine was killed; without one it is not. */
export type StartAgent = (project: Project, request: AgentRequest, recipe?: Recipe) => Promise<Started>;

/** An agent that the engine lost when it was killed. */
export interface LostCall {
  readonly agent: AgentRecord;
  readonly project: Project;
  readonly request: AgentRequest;
  readonly recipe: Recipe;
  readonly past: Past;
  /** The newest turn that had begun; 0: none. */
  readonly turn: number;
  /** Its new conversation is there and nothing has happened in it. */
  readonly onSession: (session: RunningSession) => void;
}

/** Where an agent enters a channel. */
export interface ChannelPlace {
  readonly appId: string;
  readonly channel: string;
  readonly uid: string;
  readonly remoteUids: readonly string[];
}

export interface CallFacts {
  /** Unix milliseconds of session time 0. */
  readonly epochMs: number;
  /** Entries of memory that are told. */
  readonly maxHistory: number;
  /** What was recorded before the engine was killed. */
  readonly past?: Past;
}

export interface StartOptions {
  readonly agents: Agents;
  readonly openChannel: (place: ChannelPlace) => OpenTransport;
  /** Rejects when the language model does not answer. */
  readonly checkLlm: (chosen: ChosenLlm, signal: AbortSignal) => Promise<void>;
  /** Keeps a call's record. */
  readonly follow: (agent: AgentRecord, call: CallFacts) => (event: SessionEvent) => void;
  /** Keeps how to start the agent again. */
  readonly keepRecipe: (agentId: string, recipe: Recipe) => void;
  /** Its token ends then, Unix milliseconds. */
  readonly onToken: (agent: AgentRecord, expiresAt: number) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface AgentStarter {
  readonly start: StartAgent;
  /** Starts a lost agent again, as who it was; throws where that is not possible. False: it was let go meanwhile. */
  readonly restore: (call: LostCall) => Promise<boolean>;
}

export function agentStarter(options: StartOptions): AgentStarter {
  return {
    start: async (project, request, recipe) => await options.agents.start(toStart(options, { project, request, recipe })),
    restore: async (call) => {
      const { agent, past, turn, onSession } = call;
      if (!options.agents.holds(agent.agentId)) return false;
      const start = toStart(options, call);
      const greeted = past.turns.some(({ start: { type } }) => type === "greeting");
      const restored = { history: historyOf(past.entries, options.now()), turn, greeted };
      await options.agents.restore(agent.agentId, { ...start, restored, onSession });
      return true;
    },
  };
}

interface Wanted {
  readonly project: Project;
  readonly request: AgentRequest;
  readonly recipe: Recipe | undefined;
  readonly agent?: AgentRecord;
  readonly past?: Past | undefined;
}

function toStart(options: StartOptions, { project, request, recipe, agent: lost, past }: Wanted): StartRequest {
  const { openChannel, checkLlm, follow, now } = options;
  const { name, channel, uid, remoteUids, labels, config, graceS, optOut } = request;
  const open = openChannel({ appId: project.appId, channel, uid, remoteUids: remoteUids.filter((remote) => remote !== uid) });
  let transport: Transport | undefined;
  const notes = new Notes(options, { project, request, recipe, past });
  if (lost !== undefined) notes.begin(lost);
  let tell: ((event: SessionEvent) => void) | undefined;
  return {
    project,
    name,
    channel,
    uid,
    labels,
    config,
    graceS,
    notes,
    open: async (clock, signal) => {
      notes.epochMs = now() - clock.now();
      if (project.checkLlm === true && config.brain === undefined) await checkLlm(config.llm, signal);
      transport = await open(clock, signal);
      return transport;
    },
    onCreated: (agent) => notes.begin(agent),
    onEvent: (agent, event) => {
      const { epochMs } = notes;
      const call = { epochMs, maxHistory: config.maxHistory, ...(past === undefined ? {} : { past }) };
      tell ??= listeners([
        clientsOf(agent, request, transport, epochMs),
        optOut ? withoutWords(follow(agent, call)) : follow(agent, call),
        notes.follow(),
      ]);
      tell(event);
    },
  };
}

/** Memory as the records have it: by turns, since what was heard of a cut answer is known only after the next turn has begun. */
function historyOf(entries: readonly EntryRow[], epochMs: number): HistoryEntry[] {
  return entries
    .filter(({ content }) => content !== "")
    .toSorted((a, b) => a.turnId - b.turnId)
    .map(({ role, content, turnId, source, uid, original, at }) => ({
      role,
      content,
      turnId,
      source,
      ...(uid === "" ? {} : { uid }),
      ...(original === undefined ? {} : { original }),
      startMs: at - epochMs,
      endMs: at - epochMs,
    }));
}

/** Turns of one call that are kept at hand; older ones are forgotten. */
const TURNS_KEPT = 10_000;

/** What later requests about the agent ask for, and what it takes to start it again. */
class Notes implements CallNotes {
  readonly details: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly turns: TurnRecord[];
  epochMs: number;
  readonly #options: StartOptions;
  readonly #project: Project;
  readonly #token: string;
  readonly #past: readonly TurnRecord[];
  #recipe: Recipe | undefined;
  #agent: AgentRecord | undefined;

  constructor(options: StartOptions, { project, request, recipe, past }: Wanted) {
    this.#options = options;
    this.#project = project;
    this.details = request.details;
    this.variables = request.variables;
    this.#past = past?.turns ?? [];
    this.turns = [...this.#past];
    this.epochMs = options.now();
    this.#recipe = recipe;
    this.#token = recipe?.update?.properties.token ?? request.token;
  }

  /** The agent has its id. */
  begin(agent: AgentRecord): void {
    this.#agent = agent;
    if (this.#recipe !== undefined) this.#options.keepRecipe(agent.agentId, this.#recipe);
    this.#watchToken(this.#token);
  }

  follow(): (event: SessionEvent) => void {
    const log = new TurnLog(this.epochMs, this.#past);
    return (event) => {
      this.turns.push(...log.handle(event));
      if (this.turns.length > TURNS_KEPT) this.turns.splice(0, this.turns.length - TURNS_KEPT);
    };
  }

  updated(change: rest.UpdateBody): void {
    if (this.#agent === undefined) return;
    if (this.#recipe !== undefined) {
      this.#recipe = withUpdate(this.#recipe, change);
      this.#options.keepRecipe(this.#agent.agentId, this.#recipe);
    }
    this.#watchToken(change.properties.token ?? "");
  }

  #watchToken(token: string): void {
    if (this.#agent === undefined || token === "" || this.#project.certificate === "") return;
    const { channel, uid } = this.#agent;
    try {
      const { expiresAt } = verifyChannelToken(token, this.#project, { channel, uid }, this.#options.now());
      this.#options.onToken(this.#agent, expiresAt);
    } catch (error) {
      // It was good when it was accepted, and has expired while the engine was away.
      if (!(error instanceof AppError)) throw error;
    }
  }
}

/** Lets through what happened, and nothing of what was said. */
function withoutWords(tell: (event: SessionEvent) => void): (event: SessionEvent) => void {
  return (event) => {
    switch (event.type) {
      case "transcript":
      case "turn-end":
      case "speech-ignored":
      case "echo-suspected":
      case "reply-end":
        return tell({ ...event, text: "" });
      case "reply-text":
        return tell({ ...event, text: "", words: [] });
      case "reply-interrupted":
        return tell({ ...event, text: "", heard: "" });
      case "tool-call":
        return tell({ ...event, arguments: {} });
      case "tool-result":
        return tell({ ...event, output: "" });
      case "picture-taken":
        return tell({ ...event, url: "" });
      case "picture-refused":
      case "user-joined":
      case "user-left":
      case "state":
      case "turn-start":
      case "turn-dropped":
      case "turn-marked":
      case "turn-overlong":
      case "reply-begin":
      case "reply-start":
      case "metric":
        return tell(event);
      case "error":
      case "closed":
        return tell(inOwnWords(event));
    }
  };
}

/** Clients in the channel read what happens as data messages. */
function clientsOf(
  { agentId }: AgentRecord,
  { config, words, metrics, errors }: AgentRequest,
  transport: Transport | undefined,
  epochMs: number,
): (event: SessionEvent) => void {
  const messages = new Messages({ agentId, language: config.asr.language, words, metrics, errors, epochMs });
  let count = 0;
  return (event) => {
    for (const message of messages.handle(event)) {
      count += 1;
      for (const packet of packetsOf(count.toString(36), message)) transport?.send("*", Buffer.from(packet));
    }
  };
}

/** A text longer than a data message holds (some 60 KB) is heard but not shown. */
function packetsOf(id: string, message: unknown): string[] {
  try {
    return encodeStreamMessage(id, message);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function listeners(all: readonly ((event: SessionEvent) => void)[]): (event: SessionEvent) => void {
  return (event) => {
    for (const listen of all) listen(event);
  };
}
