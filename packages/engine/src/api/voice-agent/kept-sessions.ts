/** Keeps what sessions tell of themselves, and finds it again: record, configuration, and what was said when. */
import { AppError } from "../../errors.ts";
import type { PageOf, Place } from "../../store/pages.ts";
import type { SessionRow, SessionRows } from "../../store/voice-agent-sessions.ts";
import type { SessionLog, SessionTimeline, TimelineTurn, VoiceSessionRecord } from "./session-log.ts";

export interface KeptSessionsOptions {
  readonly rows: SessionRows;
  /** What people and agents said may stay in the database. */
  readonly keepTranscripts: boolean;
  readonly retentionDays: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** After each is written down. */
  readonly onChange: (change: "started" | "completed", record: VoiceSessionRecord) => void;
}

export interface SessionWish {
  readonly status: "created" | "completed" | undefined;
  readonly agentId: string | undefined;
  readonly limit: number;
  readonly from: Place | undefined;
}

const DAY_MS = 24 * 3600 * 1000;

export class KeptSessions implements SessionLog {
  readonly #options: KeptSessionsOptions;
  /** Changed since they were written down: a client that changes its configuration all the time must not flood the database. */
  readonly #changed = new Map<string, VoiceSessionRecord>();

  constructor(options: KeptSessionsOptions) {
    this.#options = options;
  }

  opened(record: VoiceSessionRecord): void {
    this.#save(record, null);
    this.#options.onChange("started", record);
  }

  resumed(record: VoiceSessionRecord): void {
    this.#save(record, null);
  }

  passedOn(id: string): void {
    this.#changed.delete(id);
  }

  /** Written down when somebody asks for it, or when the session ends. */
  changed(record: VoiceSessionRecord): void {
    this.#changed.set(record.id, record);
  }

  ended(record: VoiceSessionRecord, timeline: SessionTimeline): void {
    this.#changed.delete(record.id);
    this.#save(record, this.#options.keepTranscripts ? timeline : withoutWords(timeline));
    this.#options.onChange("completed", record);
  }

  async list(appId: string, { status, ...wish }: SessionWish): Promise<PageOf<SessionRow>> {
    return await this.#options.rows.list({ appId, open: status === undefined ? undefined : status === "created", ...wish });
  }

  /** Undefined: this project has no such session, or it is too old. */
  async find(appId: string, id: string): Promise<SessionRow | undefined> {
    const changed = this.#changed.get(id);
    this.#changed.delete(id);
    if (changed !== undefined) this.#save(changed, null);
    return await this.#options.rows.find(appId, id);
  }

  /** Undefined: it is not known. */
  async timeline(appId: string, id: string): Promise<unknown> {
    return await this.#options.rows.timeline(appId, id);
  }

  /** False: this project has no such session. Throws `session-open`. */
  async delete(appId: string, id: string): Promise<boolean> {
    const deleted = await this.#options.rows.delete(appId, id);
    if (deleted === "open") throw new AppError("session-open", `session ${id} is open`);
    return deleted === "deleted";
  }

  #save(record: VoiceSessionRecord, timeline: SessionTimeline | null): void {
    const { rows, retentionDays, now } = this.#options;
    const { project, status: _status, ...row } = record;
    rows.save({ ...row, appId: project }, timeline, now() - retentionDays * DAY_MS);
  }
}

/** When everything was, and nothing of what was said; also not to tools, or by them. */
function withoutWords(timeline: SessionTimeline): SessionTimeline {
  return { ...timeline, turns: timeline.turns.map(withoutWordsOfTurn) };
}

export function withoutWordsOfTurn(turn: TimelineTurn): TimelineTurn {
  return {
    ...turn,
    requested_instructions: null,
    user_transcript: null,
    agent_text: null,
    tool_calls: turn.tool_calls.map((call) => ({ ...call, arguments: {}, result: null })),
  };
}
