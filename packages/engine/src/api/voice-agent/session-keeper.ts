/** Lays down what a session has become, sealed and off the audio path, for whoever goes on with it should this process die. */
import type { Memory } from "../../core/history.ts";
import type { Remembered } from "../../session/snapshot.ts";
import type { Cancel, Clock } from "../../session/clock.ts";
import type { Holding, KeptRows, PartKind } from "../../store/voice-agent-kept.ts";
import type { Vault } from "../../store/vault.ts";
import type { Configuration } from "./configuration.ts";
import { type KeptSession, type KeptState, memoryWithoutWords, withoutWords, writeState } from "./kept-state.ts";
import { withoutWordsOfTurn } from "./kept-sessions.ts";
import type { ConfigChange, TimelineTurn } from "./session-log.ts";

export interface KeeperParts {
  readonly holding: Holding;
  readonly appId: string;
  readonly rows: Pick<KeptRows, "open" | "save" | "savePart" | "forget" | "end">;
  readonly vault: Vault;
  /** What people and agents said may stay in the database. */
  readonly keepWords: boolean;
  /** Writes of the whole engine that wait: with many of them nothing is added before they are fewer. */
  readonly waitingWrites: () => number;
  /** It is not this process's any more, or has ended. */
  readonly onStop: () => void;
}

/** The session as it is now. */
export interface Subject {
  readonly clock: Clock;
  readonly state: () => KeptState;
  readonly configuration: () => Configuration;
  readonly remembered: () => Remembered;
  readonly changes: () => readonly ConfigChange[];
  readonly turns: () => readonly TimelineTurn[];
  /** Turns that changed since this was last called. */
  readonly takeFreshTurns: () => readonly TimelineTurn[];
}

/** How old what is laid down of a reply that sounds may be, in milliseconds: so much of it may be said twice. */
const pauseMs = 500;
const mostWaiting = 200;

export class SessionKeeper {
  readonly #parts: KeeperParts;
  #subject: Subject | undefined;
  #configuration: Configuration | undefined;
  #changes: ConfigChange | undefined;
  /** Of memories that are laid down, by their numbers: each with what may change in it. */
  #memories = new Map<number, { readonly memory: Memory; readonly mark: string }>();
  #from = 0;
  #due = false;
  #cancel: Cancel | undefined;
  #stopped = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** The session is ready; its record is written already. */
  open(subject: Subject): void {
    this.#subject = subject;
    const { holding, appId, rows } = this.#parts;
    const state = subject.state();
    rows.open({ ...holding, appId, endsAt: state.epochMs + state.life.endsAt, state: this.#sealState(state) });
    this.#saveParts(subject);
  }

  /** It is kept no more, as other engines took this one for dead; its record is open again. */
  openAgain(): void {
    if (this.#stopped || this.#subject === undefined) return;
    this.#configuration = undefined;
    this.#changes = undefined;
    this.#memories.clear();
    this.open(this.#subject);
    for (const turn of this.#subject.turns()) this.#saveTurn(turn);
  }

  /** The session goes on here; all that is kept of it lies there already. */
  goOn(subject: Subject, { configuration, remembered: { memories, from } }: KeptSession): void {
    this.#subject = subject;
    this.#configuration = configuration;
    this.#changes = subject.changes().at(-1);
    this.#from = from;
    for (const [index, memory] of memories.entries()) this.#memories.set(from + index, { memory, mark: markOf(memory) });
    this.soon();
  }

  /** Something has happened that must not be forgotten: laid down when this turn of the loop is over, unless many writes wait. */
  soon(): void {
    if (this.#due || this.#stopped) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#layDownInTurn();
    });
  }

  /** Time has passed: laid down within half a second. */
  later(): void {
    if (this.#cancel !== undefined || this.#stopped || this.#subject === undefined) return;
    const { clock } = this.#subject;
    this.#cancel = clock.at(clock.now() + pauseMs, () => {
      this.#cancel = undefined;
      this.#layDownInTurn();
    });
  }

  /** The session has ended, and is written down as that. */
  end(): void {
    if (this.#stopped) return;
    this.stop();
    this.#parts.rows.end(this.#parts.holding);
  }

  /** Somebody else goes on with it. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancel?.();
    this.#parts.onStop();
  }

  /** Now. */
  layDown(): void {
    if (this.#stopped || this.#subject === undefined) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#saveParts(this.#subject);
    this.#parts.rows.save(this.#parts.holding, this.#sealState(this.#subject.state()));
  }

  /** Behind a long queue once, and not with every step on the way. */
  #layDownInTurn(): void {
    if (this.#parts.waitingWrites() < mostWaiting) this.layDown();
    else this.later();
  }

  #sealState(state: KeptState): string {
    const { vault, keepWords, holding } = this.#parts;
    return vault.seal(writeState(keepWords ? state : withoutWords(state)), aboutState(holding.id));
  }

  /** What has changed since the last time. */
  #saveParts(subject: Subject): void {
    const configuration = subject.configuration();
    if (configuration !== this.#configuration) {
      this.#configuration = configuration;
      this.#savePart("configuration", 0, configuration);
    }
    const changes = subject.changes();
    if (changes.at(-1) !== this.#changes) {
      this.#changes = changes.at(-1);
      this.#savePart("changes", 0, changes);
    }
    for (const turn of subject.takeFreshTurns()) this.#saveTurn(turn);
    this.#saveMemories(subject.remembered());
  }

  #saveTurn(turn: TimelineTurn): void {
    this.#savePart("turn", turn.turn_id, this.#parts.keepWords ? turn : withoutWordsOfTurn(turn));
  }

  #saveMemories({ memories, from }: Remembered): void {
    const { rows, holding, keepWords } = this.#parts;
    for (const [index, memory] of memories.entries()) {
      const number = from + index;
      const mark = markOf(memory);
      const laid = this.#memories.get(number);
      if (laid?.memory === memory && laid.mark === mark) continue;
      this.#memories.set(number, { memory, mark });
      const kept = keepWords ? memory : memoryWithoutWords(memory);
      if (kept !== undefined) this.#savePart("memory", number, kept);
    }
    if (from === this.#from) return;
    for (let number = this.#from; number < from; number += 1) this.#memories.delete(number);
    this.#from = from;
    rows.forget(holding, "memory", from);
  }

  #savePart(kind: PartKind, number: number, value: unknown): void {
    const { rows, holding, vault } = this.#parts;
    rows.savePart(holding, { kind, number, sealed: vault.seal(JSON.stringify(value), aboutPart(holding.id, kind, number)) });
  }
}

/** Whose a state or a part is: it opens as the same alone. */
export function aboutState(id: string): string {
  return `${id} state`;
}
export function aboutPart(id: string, kind: PartKind, number: number): string {
  return `${id} ${kind} ${number}`;
}

/** Calls are filled in as their results come; nothing else changes. */
function markOf(memory: Memory): string {
  if (memory.type !== "tools") return "";
  return `${memory.uses.length} ${memory.uses.filter(({ output }) => output !== undefined).length}`;
}
