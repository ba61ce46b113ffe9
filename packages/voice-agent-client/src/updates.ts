/** Changes of the session's settings on their way: the server answers them in order, with what it then has or with why not. */
import { VoiceAgentError } from "./errors.ts";
import { mergeSettings, type SessionConfig, type SessionSettings } from "./settings.ts";

interface Answer {
  readonly resolve: (config: SessionConfig) => void;
  readonly reject: (error: VoiceAgentError) => void;
}

interface Update {
  readonly change: SessionSettings;
  /** Who waits for it. Nobody waits for a sign of life; several may wait for the first update of a new session. */
  readonly waiting: readonly Answer[];
  readonly probe: boolean;
  sent: boolean;
}

/** What an update can be refused for, and other messages, too. */
const refusals = new Set(["invalid_value", "invalid_format", "invalid_config", "immutable_field", "agent_id_not_first"]);
/** Where a refusal's `param` begins that is about a configuration: a `call_id` is a tool result's, `content` a message's. */
const roots = new Set(["session", "config", "agent_id", "system_prompt", "greeting", "tools", "input", "output", "llm"]);

export class Updates {
  #settings: SessionSettings;
  #pending: Update[] = [];

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  /** What the server has accepted. */
  get settings(): SessionSettings {
    return this.#settings;
  }

  add(change: SessionSettings): Promise<SessionConfig> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ change, waiting: [{ resolve, reject }], probe: false, sent: false });
    });
  }

  /** Notes that an empty update goes out: its answer is a sign of life, and no news. */
  probe(): void {
    this.#pending.push({ change: {}, waiting: [], probe: true, sent: true });
  }

  /** The settings for the first message of a session: those that are accepted, and those that wait to be; with its greeting, or without. */
  start(greets: boolean): SessionSettings {
    const { greeting, ...settings } = this.#pending.reduce((merged, update) => mergeSettings(merged, update.change), this.#settings);
    const change = greets && greeting !== undefined ? { ...settings, greeting } : settings;
    this.#pending = [{ change, waiting: this.#pending.flatMap(({ waiting }) => waiting), probe: false, sent: true }];
    return change;
  }

  /** What has to go out now. On a new socket of the same session (`again`), also what was sent before and never answered. */
  take(again: boolean): SessionSettings[] {
    if (again) this.#pending = this.#pending.filter(({ probe }) => !probe);
    const taken = this.#pending.filter(({ sent }) => again || !sent);
    for (const update of taken) update.sent = true;
    return taken.map(({ change }) => change);
  }

  /** Returns whether it is news: the answer to a sign of life is none. */
  accepted(config: SessionConfig): boolean {
    const update = this.#shift();
    if (update === undefined) return true;
    this.#settings = mergeSettings(this.#settings, update.change);
    for (const { resolve } of update.waiting) resolve(config);
    return !update.probe;
  }

  /** A message of the server's about something that was refused: an update, perhaps. */
  refused(code: string, message: string, param: string | null): void {
    const root = param?.split(/[.[]/, 1)[0];
    const change = this.#pending[0]?.change ?? {};
    if (!refusals.has(code) || (root !== undefined && !roots.has(root) && !Object.hasOwn(change, root))) return;
    const update = this.#shift();
    for (const { reject } of update?.waiting ?? []) reject(new VoiceAgentError(code, message));
  }

  /** The session is over: nobody will answer. */
  fail(error: VoiceAgentError): void {
    for (const { waiting } of this.#pending) for (const { reject } of waiting) reject(error);
    this.#pending = [];
  }

  #shift(): Update | undefined {
    return this.#pending[0]?.sent === true ? this.#pending.shift() : undefined;
  }
}
