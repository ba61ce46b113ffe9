/** Short-term memory: what was said by whom, with of the agent's words only those that were heard. */
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
  /** What the agent would have said, if it was interrupted. `content` then holds the words that were heard. */
  readonly original?: string;
}

/** Entries kept for records and requests; older ones are forgotten. */
const maxEntries = 2048;

export class History {
  #entries: HistoryEntry[] = [];

  add(entry: HistoryEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > maxEntries) this.#entries.shift();
  }

  /** Puts `entry` where `old` stands: what was heard is known better now. */
  replace(old: HistoryEntry, entry: HistoryEntry): void {
    const index = this.#entries.lastIndexOf(old);
    if (index >= 0) this.#entries[index] = entry;
  }

  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /**
   * The newest entries for a request, at most `limit`. People's and the agent's count each; 0 gives none but the
   * newest words of a person, without which there would be nothing to answer. Entries without words are left out.
   */
  recall(limit: number): readonly HistoryEntry[] {
    const said = this.#entries.filter((entry) => entry.content !== "");
    const newest = said.at(-1);
    if (newest?.role !== "user") return limit === 0 ? [] : said.slice(-limit);
    // Memory comes before the question: `limit` does not count the question itself.
    return said.slice(-(limit + 1));
  }
}
