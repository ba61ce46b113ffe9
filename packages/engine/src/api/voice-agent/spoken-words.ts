/** The words of one reply on their way to the client: each is told when it is due to be heard, never before. Pure. */
import { FRAME_MS } from "../../core/frame.ts";

/** A word with its place in the reply, in milliseconds from its first sample. */
export interface PlacedWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

interface Waiting extends PlacedWord {
  /** Session time at which it is heard; undefined until its audio is on its way. */
  dueAt: number | undefined;
}

/** What became of a reply that another process had begun. */
export interface PastWords {
  /** The words whose sound its client has. */
  readonly heard: readonly string[];
  readonly heardMs: number;
  /** How many of its words the client was told. */
  readonly told: number;
}

/** Frames that may be written again after a lost socket, half a minute, and the words in them. */
const maxFrames = 1500;
const maxTold = 200;

/**
 * A word's place counts in audio, its due time in session time. They part where a reply pauses (held, a slow voice, a
 * lost socket), so each frame that is written says anew when the words in it are due.
 */
export class SpokenWords {
  /** Session time of each frame that was written, the newest last. */
  #frames: number[] = [];
  #writtenMs = 0;
  #sounded = false;
  #waiting: Waiting[] = [];
  #told: PlacedWord[] = [];
  /** Words that were told, lost ones that came again counted once. */
  #count = 0;
  /** Words that are added next and were told before. */
  #known = 0;

  /** `past`: the reply was begun by another process. */
  constructor(past?: PastWords) {
    if (past === undefined) return;
    const { heard, heardMs, told } = past;
    this.#writtenMs = heardMs;
    this.#sounded = heardMs > 0;
    this.#count = told;
    this.#known = Math.max(0, told - heard.length);
    // They were heard, and nobody was there to be told so.
    for (const text of heard.slice(told)) this.#waiting.push({ text, startMs: heardMs, endMs: heardMs, dueAt: 0 });
  }

  /** How many words were told. */
  get count(): number {
    return this.#count;
  }

  /** A frame was written, whatever became of it. */
  get sounded(): boolean {
    return this.#sounded;
  }

  /** When the next word is due. */
  get deadline(): number | undefined {
    return this.#waiting[0]?.dueAt;
  }

  /** Words of a clause whose first frame, due at `at`, is written next. */
  add(words: readonly PlacedWord[], at: number): void {
    for (const { text, startMs, endMs } of words) {
      // One word at a time, whatever the voice calls a word.
      for (const part of text.split(/\s+/u)) {
        if (part === "") continue;
        if (this.#known > 0) {
          this.#known -= 1;
          continue;
        }
        const place = this.#writtenMs - at;
        this.#waiting.push({ text: part, startMs: Math.max(0, startMs + place), endMs: Math.max(0, endMs + place), dueAt: undefined });
      }
    }
  }

  /** The next frame is written; it is due at `at`. */
  write(at: number): void {
    const until = this.#writtenMs + FRAME_MS;
    for (const word of this.#waiting) {
      if (word.startMs >= until) break;
      word.dueAt ??= at + Math.max(0, word.startMs - this.#writtenMs);
    }
    this.#writtenMs = until;
    this.#sounded = true;
    this.#frames.push(at);
    if (this.#frames.length > maxFrames) this.#frames.shift();
  }

  /** Frames due at `until` and later have not arrived, and are written again; so are the words in them. */
  rewind(until: number): void {
    while ((this.#frames.at(-1) ?? -Infinity) >= until) {
      this.#frames.pop();
      this.#writtenMs -= FRAME_MS;
    }
    for (const word of this.#waiting) if (word.startMs >= this.#writtenMs) word.dueAt = undefined;
    const lost = this.#told.filter((word) => word.startMs >= this.#writtenMs);
    this.#told = this.#told.filter((word) => word.startMs < this.#writtenMs);
    this.#count -= lost.length;
    this.#waiting.unshift(...lost.map((word) => ({ ...word, dueAt: undefined })));
  }

  /** Words that are due by now. */
  due(now: number): PlacedWord[] {
    const first = this.#waiting.findIndex(({ dueAt }) => dueAt === undefined || dueAt > now);
    const due = this.#waiting.splice(0, first === -1 ? this.#waiting.length : first);
    this.#told = [...this.#told, ...due].slice(-maxTold);
    this.#count += due.length;
    return due;
  }

  /** All words that are left: the reply has been heard. */
  rest(): PlacedWord[] {
    return this.#waiting.splice(0);
  }
}
