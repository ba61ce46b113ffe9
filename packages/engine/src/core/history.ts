/** Short-term memory: what was said by whom, with of the agent's words only those that were heard, and what tools gave. */
import type { ReplySource } from "./events.ts";

export type EntrySource = "asr" | "message" | ReplySource;

export interface HistoryEntry {
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly turnId: number;
  /** Who spoke; the agent's own uid is not noted. */
  readonly uid?: string;
  readonly source: EntrySource;
  /** Session time at which the speech began and ended, in milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** From the end of the speech until the turn was over, where there was speech, in milliseconds. */
  readonly delayMs?: number;
  /** What the agent would have said, if it was interrupted. `content` then holds the words that were heard. */
  readonly original?: string;
}

/** A call of a tool, and what it gave as soon as that is known. */
export interface ToolUse {
  readonly callId: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  output?: string;
  isError?: boolean;
}

/** What is remembered, in order: words, a note of the operator's, or the calls of one reply with what they gave. */
export type Memory =
  | { readonly type: "said"; readonly entry: HistoryEntry }
  | { readonly type: "note"; readonly content: string }
  | { readonly type: "tools"; readonly uses: readonly ToolUse[] };

/** Entries kept for records and requests; older ones are forgotten. */
const maxEntries = 2048;

export class History {
  #memories: Memory[] = [];
  #forgotten = 0;

  /** Everything that is remembered, in order. */
  get memories(): readonly Memory[] {
    return this.#memories;
  }

  /** How many memories came before the first of these. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Remembers what another history did; `forgotten`: how many came before. */
  takeUp(memories: readonly Memory[], forgotten: number): void {
    this.#forgotten = forgotten;
    for (const memory of memories) this.#remember(memory);
  }

  /** `before`: what is remembered already, but came after this. */
  add(entry: HistoryEntry, before?: Memory): void {
    this.#remember({ type: "said", entry }, before);
  }

  /** Words of a person that nothing answers; what comes next is said knowing them. */
  overhear({ uid, text, startMs, endMs }: Pick<HistoryEntry, "startMs" | "endMs"> & { uid: string; text: string }, turnId: number): void {
    this.add({ role: "user", content: text, turnId, uid, source: "asr", startMs, endMs });
  }

  /** Something that nobody said. */
  note(content: string): void {
    this.#remember({ type: "note", content });
  }

  /** Calls that the model has made; their outputs are filled in as they come. */
  useTools(uses: readonly ToolUse[]): Memory {
    const memory: Memory = { type: "tools", uses };
    this.#remember(memory);
    return memory;
  }

  /** Puts `entry` where `old` stands: what was heard is known better now. */
  replace(old: HistoryEntry, entry: HistoryEntry): void {
    const index = this.#memories.findLastIndex((memory) => memory.type === "said" && memory.entry === old);
    if (index >= 0) this.#memories[index] = { type: "said", entry };
  }

  /** What was said. */
  get entries(): readonly HistoryEntry[] {
    return this.#memories.flatMap((memory) => (memory.type === "said" ? [memory.entry] : []));
  }

  /**
   * The newest memories for a request, at most `limit`, each counted as one. What is not answered yet, from the newest
   * words of a person on, comes on top: without it there would be nothing to answer. Entries without words are left out.
   */
  recall(limit: number): readonly Memory[] {
    const kept = this.#memories.filter((memory) => memory.type !== "said" || memory.entry.content !== "");
    return kept.slice(Math.max(0, openFrom(kept) - limit));
  }

  #remember(memory: Memory, before?: Memory): void {
    const index = before === undefined ? -1 : this.#memories.lastIndexOf(before);
    if (index >= 0) this.#memories.splice(index, 0, memory);
    else this.#memories.push(memory);
    if (this.#memories.length <= maxEntries) return;
    this.#memories.shift();
    this.#forgotten += 1;
  }
}

/** Where the part begins that is not answered yet. */
function openFrom(memories: readonly Memory[]): number {
  const last = memories.at(-1);
  const isSaid = (memory: Memory, role: HistoryEntry["role"]): boolean => memory.type === "said" && memory.entry.role === role;
  if (last === undefined || isSaid(last, "assistant")) return memories.length;
  const asked = memories.findLastIndex((memory) => isSaid(memory, "user"));
  const answered = memories.findLastIndex((memory) => isSaid(memory, "assistant"));
  // A note after an answer stands alone; calls belong to the words that led to them.
  return asked < 0 || (last.type === "note" && answered > asked) ? memories.length - 1 : asked;
}
