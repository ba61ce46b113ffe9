/**
 * Which sessions live in this engine, as the database knows it: lays them down while they run, finds those of engines
 * that are gone, takes them over from engines that live, and ends those that nobody comes back to.
 */
import type { Logger } from "pino";
import { AppError, toAppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import type { ProjectSecrets } from "../../projects/project-secrets.ts";
import { Vault } from "../../store/vault.ts";
import { CLAIMED, type Holding, type KeptPart, type KeptRow, type KeptRows } from "../../store/voice-agent-kept.ts";
import type { Configuration } from "./configuration.ts";
import { toEcho } from "./echo.ts";
import { type KeptSession, type KeptState, readChanges, readConfiguration, readMemory, readState, readTurn } from "./kept-state.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { sameToken } from "./resume-token.ts";
import { aboutPart, aboutState, SessionKeeper } from "./session-keeper.ts";
import type { CloseReason, SessionLog } from "./session-log.ts";

export interface KeepingOptions {
  readonly rows: KeptRows;
  readonly secrets: Pick<ProjectSecrets, "of">;
  readonly findProject: (appId: string) => Project | undefined;
  readonly store: {
    /** Resolves when the database has been opened for the first time. */
    readonly opened: Promise<void>;
    readonly waiting: number;
    listen(channel: string, onNotice: (text: string) => void): void;
  };
  readonly engineId: string;
  /** Other engines use the same database. */
  readonly shared: boolean;
  readonly keepTranscripts: boolean;
  /** How long a lost client may stay away, in milliseconds. */
  readonly graceMs: number;
  readonly sessionLog: Pick<SessionLog, "ended">;
  /** Resolves when sessions can be started here. */
  readonly ready: Promise<void>;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

export type Claimed =
  | { readonly ok: true; readonly id: string; readonly kept: KeptSession; readonly keeper: SessionKeeper; readonly custody: Custody }
  | { readonly ok: false; readonly refusal: Refusal };

/** One session's being here. */
export interface Custody {
  /** Another engine goes on with it. */
  readonly passedOn: boolean;
  /** Called once, if that happens. */
  onPassedOn: () => void;
  /** Others have ended it, though it lives. */
  onForgotten: () => void;
}

/** Between two signs of life. */
const ATTEND_EVERY_MS = 5000;
/** A session that ended with its engine was seen at most so long before. */
const SLACK_MS = ATTEND_EVERY_MS;
/** After a database was away others have so long to find it again before their sessions count as left. */
const RETURN_MS = 30_000;
/** An engine that is just starting is waited for, in milliseconds. */
const PATIENCE_MS = 8000;
/** A session that others take at the same time is tried for so often. */
const MOST_CLAIMS = 5;
/** What no engine can read any more is thrown away after so long. */
const UNREADABLE_MS = 24 * 3600 * 1000;

export class Keeping implements AsyncDisposable {
  /** When this engine ends, another one may go on with its sessions. */
  readonly othersGoOn: boolean;
  readonly #options: KeepingOptions;
  readonly #held = new Map<string, { readonly holding: Holding; readonly custody: { -readonly [Key in keyof Custody]: Custody[Key] } }>();
  /** The newest claim that was announced of sessions that are being claimed here: another's may be told before our own is answered. */
  readonly #announced = new Map<string, number>();
  readonly #abort = new AbortController();
  /** Sessions of earlier runs are known, and new ones can be started. */
  readonly #open: Promise<void>;
  readonly #work: Promise<void>;
  /** There may be sessions that live nowhere. An engine by itself leaves some only when it dies, or cannot start one. */
  #looks = true;
  /** Signs of life in a row that reached the database. */
  #signs = 0;

  constructor(options: KeepingOptions) {
    this.#options = options;
    this.othersGoOn = options.shared;
    const opened = Promise.withResolvers<void>();
    this.#open = opened.promise;
    options.store.listen(CLAIMED, (text) => this.#hear(text));
    this.#work = this.#run(opened.resolve);
  }

  /** For a session that is ready here for the first time. */
  keep(id: string, project: Project): { readonly keeper: SessionKeeper; readonly custody: Custody } {
    return this.#hold({ id, claim: 1 }, project);
  }

  /** Whose session it is, if that is its resume token; undefined: it is not, or the session is over. Throws `not-ready`. */
  async find(id: string, token: string): Promise<Project | undefined> {
    const { rows, findProject, graceMs, now } = this.#options;
    if (!(await this.#isOpen())) throw new AppError("not-ready", "the engine is starting");
    const row = await rows.find(id);
    const project = row === undefined ? undefined : findProject(row.appId);
    if (row === undefined || project === undefined || row.unseenMs > graceMs + SLACK_MS || now() >= row.endsAt) return undefined;
    const state = this.#readState(row, project);
    return state !== undefined && sameToken(token, state.resumeToken) ? project : undefined;
  }

  /** Takes over a session that does not live here, unless `refuse` finds no room for it: then it stays where it is. */
  async claim(
    id: string,
    token: string | undefined,
    project: Project,
    refuse: (configuration: Configuration) => Refusal | undefined,
  ): Promise<Claimed> {
    const { rows, now, graceMs } = this.#options;
    if (!(await this.#isOpen())) return no("at_capacity", "The engine is starting: try again in a moment", null);
    for (let time = 0; time < MOST_CLAIMS; time += 1) {
      const row = await rows.find(id);
      if (row === undefined) return await this.#ended(id, project);
      if (row.appId !== project.appId) return foreign;
      if (now() >= row.endsAt) return expired;
      if (row.unseenMs > graceMs + SLACK_MS) return unknown;
      const state = this.#readState(row, project);
      if (state === undefined) return unknown;
      if (token !== undefined && !sameToken(token, state.resumeToken)) {
        return no("session_forbidden", "The resume_token is not the one of this session", "resume_token");
      }
      const there = await this.#read(row, project);
      if (there === undefined) return unknown;
      const refused = refuse(there.configuration);
      if (refused !== undefined) return { ok: false, refusal: refused };
      const claimed = await this.#claim(row);
      if (claimed === undefined) continue;
      const held = this.#hold(claimed.row, project);
      this.#pass({ id, claim: claimed.announced });
      const kept = await this.#read(claimed.row, project);
      if (kept !== undefined) return { ok: true, id, kept, ...held };
      held.keeper.stop();
      return unknown;
    }
    if ((await rows.ending(id)) !== undefined) return await this.#ended(id, project);
    return no("session_taken_over", "Other sockets go on with this session at the same time", "session_id");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#work;
  }

  /** With the newest claim that was announced meanwhile. */
  async #claim(row: KeptRow): Promise<{ readonly row: KeptRow; readonly announced: number } | undefined> {
    this.#announced.set(row.id, 0);
    try {
      const claimed = await this.#options.rows.claim(row);
      return claimed === undefined ? undefined : { row: claimed, announced: this.#announced.get(row.id) ?? 0 };
    } finally {
      this.#announced.delete(row.id);
    }
  }

  #hold(holding: Holding, project: Project): { readonly keeper: SessionKeeper; readonly custody: Custody } {
    const { rows, store, keepTranscripts } = this.#options;
    const { id, claim } = holding;
    const custody = { passedOn: false, onPassedOn: () => {}, onForgotten: () => {} };
    const held = { holding: { id, claim }, custody };
    this.#held.set(id, held);
    const keeper = new SessionKeeper({
      holding: held.holding,
      appId: project.appId,
      rows,
      vault: this.#vault(project),
      keepWords: keepTranscripts,
      waitingWrites: () => store.waiting,
      onStop: () => {
        if (this.#held.get(id) === held) this.#held.delete(id);
        this.#looks = true;
      },
    });
    return { keeper, custody };
  }

  // Others

  /** "<session> <claim>": it has changed hands. */
  #hear(text: string): void {
    const [id = "", claim = ""] = text.split(" ");
    const announced = this.#announced.get(id);
    if (announced !== undefined) this.#announced.set(id, Math.max(announced, Number(claim)));
    this.#pass({ id, claim: Number(claim) });
  }

  #pass({ id, claim }: Holding): void {
    const held = this.#held.get(id);
    if (held === undefined || held.holding.claim >= claim) return;
    this.#held.delete(id);
    held.custody.passedOn = true;
    held.custody.onPassedOn();
  }

  async #isOpen(): Promise<boolean> {
    const over = new AbortController();
    const late = this.#options.pause(PATIENCE_MS, AbortSignal.any([over.signal, this.#abort.signal])).then(
      () => false,
      () => false,
    );
    const open = await Promise.race([this.#open.then(() => true), late]);
    over.abort();
    return open;
  }

  /** What its record says of a session that is not kept any more. */
  async #ended(id: string, project: Project): Promise<Claimed> {
    const ending = await this.#options.rows.ending(id);
    if (ending?.closeReason !== "max_duration") return unknown;
    return ending.appId === project.appId ? expired : foreign;
  }

  // Time

  async #run(opened: () => void): Promise<void> {
    const { store, rows, ready, pause, log } = this.#options;
    const { signal } = this.#abort;
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([store.opened, stopped]);
    const state = { ready: false, opened: false };
    void ready.then(() => (state.ready = true));
    while (!signal.aborted) {
      const { ready: isReady } = state;
      try {
        if (!state.opened) {
          // Others must not end what this engine is about to serve; its clients have their whole time from when it can.
          await rows.adopt();
          if (isReady) opened();
          state.opened = isReady;
        }
        await this.#attend();
      } catch (error) {
        this.#signs = 0;
        // Of a database that is away others tell.
        if (!signal.aborted && toAppError(error).code !== "not-ready")
          log.error({ err: error }, "voice agent sessions were not looked after");
      }
      await Promise.race([pause(ATTEND_EVERY_MS, signal).catch(() => {}), ...(isReady ? [] : [ready])]);
    }
  }

  async #attend(): Promise<void> {
    const { rows, graceMs, shared } = this.#options;
    const before = [...this.#held.values()].map(({ holding }) => holding);
    const { taken, gone } = await rows.touch(before);
    for (const holding of taken) this.#pass(holding);
    for (const holding of gone) await this.#keepAgain(holding);
    if (!this.#looks) return;
    this.#looks = shared;
    if (!shared && (await rows.waiting(before))) this.#looks = true;
    const unseen = await rows.unseen(graceMs + SLACK_MS);
    this.#signs += 1;
    if (shared && this.#signs * ATTEND_EVERY_MS <= RETURN_MS) return;
    for (const row of unseen) {
      if (!this.#held.has(row.id) && !this.#abort.signal.aborted) await this.#finish(row);
    }
  }

  /** It lives here, and is not kept any more. */
  async #keepAgain({ id, claim }: Holding): Promise<void> {
    const ending = await this.#options.rows.ending(id);
    const held = this.#held.get(id);
    if (held?.holding.claim !== claim) return;
    // With a client that is there it counts as failed when its engine is taken for dead; else it went on elsewhere, and ended there.
    if (ending === undefined || ending.closeReason === "error") held.custody.onForgotten();
    else this.#pass({ id, claim: claim + 1 });
  }

  /** Nobody came back to it. */
  async #finish(row: KeptRow): Promise<void> {
    const { rows, findProject, engineId, graceMs, sessionLog, now, log } = this.#options;
    const project = findProject(row.appId);
    const readable = project !== undefined && this.#vault(project).open(row.state, aboutState(row.id)) !== undefined;
    if (!readable && row.engineId !== engineId && row.unseenMs < UNREADABLE_MS) return;
    const kept = readable ? await this.#read(row, project) : undefined;
    if (!(await rows.endUnseen(row, graceMs + SLACK_MS))) return;
    if (kept !== undefined) {
      const { state, configuration, turns, changes } = kept;
      const { reason, text } = whyEnded(state, row, graceMs);
      const endedAt = Math.min(row.endsAt, row.seenAt + graceMs, now());
      const durationMs = Math.max(0, endedAt - state.createdAt);
      const session = { id: row.id, project: row.appId, agentId: configuration.agent_id ?? null };
      const times = { createdAt: state.createdAt, endedAt, durationMs, audioMs: state.audioMs };
      const config = toEcho(row.id, configuration);
      log.info({ session: row.id, reason }, "a voice agent session has ended: nobody came back to it after its engine had stopped");
      sessionLog.ended(
        { ...session, ...times, status: "completed", closeReason: reason, config },
        {
          session_id: row.id,
          started_at_unix_ms: Math.round(state.createdAt),
          turns,
          config_changes: changes,
          ended: { reason: text, public_reason: reason, duration_seconds: durationMs / 1000 },
        },
      );
    }
  }

  // Reading

  async #read(row: KeptRow, project: Project): Promise<KeptSession | undefined> {
    const state = this.#readState(row, project);
    if (state === undefined) return undefined;
    const vault = this.#vault(project);
    const texts = (await this.#options.rows.parts(row.id)).map(({ kind, number, sealed }) => ({
      kind,
      number,
      text: vault.open(sealed, aboutPart(row.id, kind, number)),
    }));
    const all = <T>(kind: KeptPart["kind"], read: (text: string) => T): T[] =>
      texts.flatMap((part) => (part.kind === kind && part.text !== undefined ? [read(part.text)] : []));
    try {
      const [configuration] = all("configuration", readConfiguration);
      if (configuration === undefined) throw new Error("its configuration is missing");
      const memories = all("memory", readMemory);
      const from = texts.find(({ kind }) => kind === "memory")?.number ?? 0;
      const changes = all("changes", readChanges).flat();
      return { state, configuration, remembered: { memories, from }, turns: all("turn", readTurn), changes };
    } catch (error) {
      this.#options.log.error({ session: row.id, err: error }, "what was kept of a voice agent session cannot be read");
      return undefined;
    }
  }

  #readState(row: KeptRow, project: Project): KeptState | undefined {
    const text = this.#vault(project).open(row.state, aboutState(row.id));
    if (text === undefined) {
      this.#options.log.warn(
        { session: row.id },
        "a voice agent session cannot go on here: another key has sealed it (see voice-agent.md)",
      );
      return undefined;
    }
    try {
      return readState(text);
    } catch (error) {
      this.#options.log.error({ session: row.id, err: error }, "what was kept of a voice agent session is of another version");
      return undefined;
    }
  }

  #vault(project: Project): Vault {
    return new Vault(this.#options.secrets.of(project, "voice agent sessions"));
  }
}

function whyEnded(state: KeptState, row: KeptRow, graceMs: number): { readonly reason: CloseReason; readonly text: string } {
  if (row.endsAt <= row.seenAt + graceMs) return { reason: "max_duration", text: "Its longest time ran out after its engine had stopped" };
  return { reason: state.ifNobodyComes, text: whyNot[state.ifNobodyComes] };
}

const whyNot: Readonly<Record<KeptState["ifNobodyComes"], string>> = {
  error: "Its engine stopped, and its client did not come back in time",
  client_disconnect: "Its client had gone before its engine stopped, and did not come back",
  server_shutdown: "Its engine was shut down, and its client did not come back in time",
};

const unknown = no("session_not_found", "Session not found or grace window has expired", "session_id");
const foreign = no("session_forbidden", "The session belongs to another account", "session_id");
const expired = no("session_expired", "The session's own time has run out in the meantime", "session_id");

function no(code: Refusal["code"], message: string, param: string | null): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: refusal(code, message, param) };
}
