/** Frames waiting for their 20 ms, ducked or held if need be, and the words that were truly heard. */
import { FRAME_MS } from "./frame.ts";
import { Script, type Sound } from "./script.ts";

/** A word within a clause, in milliseconds from the clause's first sample. */
export interface ClauseWord {
  readonly text: string;
  /** No space stands before it. */
  readonly isGlued?: true;
  readonly startMs: number;
  readonly endMs: number;
}

/** A word with the time at which it is due at the transport. */
export interface DueWord {
  readonly text: string;
  /** No space stands before it. */
  readonly isGlued?: true;
  readonly startMs: number;
  readonly endMs: number;
}

/** What one tick gives: 20 ms to send, and what began or ended with them. */
export interface Taken {
  readonly pcm: Int16Array;
  /** The first sound of the reply is in this frame. */
  readonly first: boolean;
  /** Clauses whose audio begins in this frame, with the whole text of the reply up to their end. */
  readonly started: readonly Started[];
  /** This frame holds the last sound of a reply that is complete. Told once. */
  readonly finished: boolean;
  /** Samples of the reply in this frame; the rest is silence. */
  readonly samples: number;
}

export interface Started {
  readonly text: string;
  readonly words: readonly DueWord[];
  readonly isFiller: boolean;
}

export interface Heard {
  /** The words that were at the ear, as they stand in the text. */
  readonly text: string;
  /** All text that was queued, heard or not. */
  readonly all: string;
  /** Milliseconds of the reply's audio that were at the ear. */
  readonly ms: number;
  /** The same two texts without words in between, which are no part of the answer. */
  readonly answer: { readonly text: string; readonly all: string };
}

export interface PlayoutOptions {
  /** What was taken is kept for {@link Playout.rewind}, up to {@link maxPastMs}. Default: false. */
  readonly rewindable?: boolean;
  /** Nobody reports what was played: a word counts as heard when all of it was, not half of it. Default: false. */
  readonly wholeWords?: boolean;
  /** Words of the reply that were heard before this playout began, and how long they took, in milliseconds. */
  readonly before?: { readonly text: string; readonly ms: number };
}

/** What of a reply was heard, and what of its queued text was not. */
export interface Parted {
  readonly said: string;
  readonly ms: number;
  readonly unsaid: string;
}

interface Clause {
  readonly text: string;
  readonly words: readonly ClauseWord[] | undefined;
  /** Of audio that brings its text along: both grow with it. */
  readonly script?: Script;
  /** Where its audio begins within the reply, in samples. */
  readonly start: number;
  /** Where it ends, once the next clause or the end has come. */
  end: number | undefined;
  started: boolean;
  /** A word in between, while the answer was not there. */
  readonly isFiller: boolean;
}

/** A stretch of the reply that went out without a hole: from sample `from` on, at session time `due`. */
interface Run {
  readonly due: number;
  readonly from: number;
  samples: number;
}

/** Gain while someone speaks over the agent and nothing is decided: 12 dB down. */
export const DUCKED = 10 ** (-12 / 20);

/** Length of the fade at a hold, a resume or a cut, in milliseconds: long enough not to click. */
const fadeMs = 5;

/** Audio that must be queued before a reply begins, so that a voice that comes in bursts does not stutter. */
const primeMs = 40;

/** How far a reply can be rewound, in milliseconds. */
const maxPastMs = 60_000;

/** Speaking rate taken for a clause of unknown length: about 15 characters a second. */
const msPerCharacter = 65;

/**
 * The queue between the voice and the transport, for one reply. Positions count in samples at `sampleRate`. The reply
 * is over once `finished` was told or it was {@link clear}ed; {@link heard} answers afterwards, too.
 */
export class Playout {
  /** 1, or {@link DUCKED}. Changes fade over one frame. */
  gain = 1;
  /** Nothing is taken from the queue while true; nothing is lost either. */
  held = false;

  readonly #sampleRate: number;
  readonly #frameSamples: number;
  readonly #rewindable: boolean;
  readonly #wholeWords: boolean;
  /** What was taken, for {@link rewind}. */
  readonly #past: { readonly due: number; readonly pcm: Int16Array }[] = [];
  #chunks: Int16Array[] = [];
  #offset = 0;
  #queued = 0;
  /** All that ever came. */
  #pushed = 0;
  #taken = 0;
  #clauses: Clause[] = [];
  #runs: Run[] = [];
  #ended = false;
  #finished = false;
  #primed = false;
  #begun = false;
  #lastGain = 1;
  /** Milliseconds that were heard before this playout began. */
  readonly #beforeMs: number;

  constructor(sampleRate: number, { rewindable = false, wholeWords = false, before }: PlayoutOptions = {}) {
    this.#sampleRate = sampleRate;
    this.#wholeWords = wholeWords;
    this.#rewindable = rewindable;
    this.#frameSamples = (sampleRate * FRAME_MS) / 1000;
    this.#beforeMs = before?.ms ?? 0;
    if (before === undefined || before.text === "") return;
    this.#clauses.push({ text: before.text, words: undefined, start: 0, end: 0, started: true, isFiller: false });
  }

  /** All was taken, or the rest was dropped. */
  get over(): boolean {
    return this.#finished;
  }

  /** Milliseconds of audio that wait. */
  get queuedMs(): number {
    return this.#ms(this.#queued);
  }

  /** The audio that follows speaks `text`. `isFiller`: it bridges the wait for the answer. */
  clause(text: string, words?: readonly ClauseWord[], isFiller = false): void {
    if (this.#ended) return;
    this.#closeClause();
    this.#clauses.push({ text, words, start: this.#taken + this.#queued, end: undefined, started: false, isFiller });
  }

  /** The audio that follows brings its own text: it is told to what this returns. */
  scripted(isFiller = false): Script {
    const script = new Script();
    if (this.#ended) return script;
    this.#closeClause();
    const clause = { script, words: undefined, start: this.#taken + this.#queued, end: undefined, started: false, isFiller };
    this.#clauses.push({
      ...clause,
      get text() {
        return script.text;
      },
    });
    return script;
  }

  push(pcm: Int16Array): void {
    if (this.#ended || pcm.length === 0) return;
    this.#chunks.push(pcm);
    this.#queued += pcm.length;
    this.#pushed += pcm.length;
  }

  /** No more audio will come for this reply. */
  end(): void {
    if (this.#ended) return;
    this.#closeClause();
    this.#ended = true;
  }

  /** Fade in and go on where the hold cut in. */
  resume(): void {
    this.held = false;
    this.gain = 1;
  }

  /** The next 20 ms, due at session time `due`; silence when nothing waits or the reply is held. */
  take(due: number): Taken {
    const pcm = new Int16Array(this.#frameSamples);
    if (this.#finished || !this.#ready()) return { pcm, first: false, started: [], finished: false, samples: 0 };
    if (this.held) {
      this.#fadeOut(pcm);
      return { pcm, first: false, started: [], finished: false, samples: 0 };
    }
    const from = this.#taken;
    const samples = this.#dequeue(pcm);
    if (this.#rewindable && samples > 0) this.#keep(due, pcm.slice(0, samples));
    this.#applyGain(pcm, this.gain);
    const finished = this.#ended && this.#queued === 0;
    this.#finished = finished;
    if (samples === 0) return { pcm, first: false, started: [], finished, samples };
    this.#remember(due, from, samples);
    const first = !this.#begun;
    this.#begun = true;
    return { pcm, first, started: this.#start(due, from), finished, samples };
  }

  /** Frames that were due at `until` or later have not arrived: they are taken again, from the next {@link take} on. */
  rewind(until: number): void {
    let back = 0;
    const again: Int16Array[] = [];
    for (let last = this.#past.at(-1); last !== undefined && last.due >= until; last = this.#past.at(-1)) {
      this.#past.pop();
      again.unshift(last.pcm);
      back += last.pcm.length;
    }
    if (back === 0) return;
    const rest = this.#chunks[0]?.subarray(this.#offset);
    this.#chunks = [...again, ...(rest === undefined ? [] : [rest, ...this.#chunks.slice(1)])];
    this.#offset = 0;
    this.#queued += back;
    this.#taken -= back;
    this.#finished = false;
    for (let run = this.#runs.at(-1); run !== undefined && back > 0; run = this.#runs.at(-1)) {
      const samples = Math.min(back, run.samples);
      run.samples -= samples;
      back -= samples;
      if (run.samples === 0) this.#runs.pop();
    }
  }

  /** What of the reply was at the ear, if everything due before `until` has been there. */
  heard(until: number): Heard {
    const ms = this.#heardMs(until);
    const wordsIn = (clauses: readonly Clause[]): string =>
      clauses
        .flatMap((clause) => {
          const start = this.#ms(clause.start);
          const { script } = clause;
          if (script !== undefined) return [script.heard(ms - start, this.#soundOf(clause), (word) => this.#countsFrom(word))];
          return this.#wordsOf(clause)
            .filter((word) => start + this.#countsFrom(word) <= ms)
            .map((word) => word.text);
        })
        .filter((text) => text !== "")
        .join(" ");
    const answer = this.#clauses.filter(({ isFiller }) => !isFiller);
    return {
      text: wordsIn(this.#clauses),
      all: textOf(this.#clauses),
      ms: this.#beforeMs + ms,
      answer: { text: wordsIn(answer), all: textOf(answer) },
    };
  }

  /** The text as it was queued, cut behind the last word that was at the ear, if everything due before `until` has been there. */
  parted(until: number): Parted {
    const ms = this.#heardMs(until);
    const said: string[] = [];
    const unsaid: string[] = [];
    for (const clause of this.#clauses) {
      const start = this.#ms(clause.start);
      const spoken = this.#wordsOf(clause);
      const over = clause.end !== undefined && this.#ms(clause.end) <= ms;
      const heard = over ? spoken.length : spoken.filter(({ endMs }) => start + endMs <= ms).length;
      const words = clause.text.split(/\s+/).filter((word) => word !== "");
      // A voice may count words in its own way.
      const count = spoken.length === 0 ? 0 : Math.floor((heard * words.length) / spoken.length);
      said.push(...words.slice(0, count));
      unsaid.push(...words.slice(count));
    }
    return { said: said.join(" "), ms: this.#beforeMs + ms, unsaid: unsaid.join(" ") };
  }

  /** Drops what waits, and whatever may still come. */
  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#queued = 0;
    this.#ended = true;
    this.#finished = true;
  }

  #heardMs(until: number): number {
    let samples = 0;
    for (const run of this.#runs) {
      samples += Math.min(run.samples, Math.max(0, Math.floor(((until - run.due) * this.#sampleRate) / 1000)));
    }
    return this.#ms(samples);
  }

  /** From where on the word counts as heard, in milliseconds from the clause's first sample: less than half is rarely understood. */
  #countsFrom({ startMs, endMs }: ClauseWord): number {
    return this.#wholeWords ? endMs : (startMs + endMs) / 2;
  }

  #keep(due: number, pcm: Int16Array): void {
    this.#past.push({ due, pcm });
    if (due - (this.#past[0]?.due ?? due) > maxPastMs) this.#past.shift();
  }

  #ready(): boolean {
    this.#primed ||= this.#ended || this.queuedMs >= primeMs;
    // Run dry in the middle: collect again before going on.
    if (this.#queued === 0 && !this.#ended) this.#primed = false;
    return this.#primed;
  }

  #dequeue(into: Int16Array): number {
    let filled = 0;
    while (filled < into.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(this.#offset, this.#offset + into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#queued -= filled;
    this.#taken += filled;
    return filled;
  }

  /** At a hold: 5 ms of what comes next, fading, without taking it; silence from then on. */
  #fadeOut(into: Int16Array): void {
    if (this.#lastGain === 0 || !this.#begun) return;
    const samples = (this.#sampleRate * fadeMs) / 1000;
    let filled = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      if (filled >= samples) break;
      const from = index === 0 ? this.#offset : 0;
      for (const sample of chunk.subarray(from, from + samples - filled)) {
        into[filled] = sample * this.#lastGain * (1 - filled / samples);
        filled += 1;
      }
    }
    this.#lastGain = 0;
  }

  #applyGain(pcm: Int16Array, gain: number): void {
    const from = this.#lastGain;
    this.#lastGain = gain;
    if (from === 1 && gain === 1) return;
    // Down over the whole frame, up from a hold within the fade.
    const samples = from === 0 ? (this.#sampleRate * fadeMs) / 1000 : pcm.length;
    pcm.forEach((sample, index) => {
      pcm[index] = sample * (from + (gain - from) * Math.min(1, index / samples));
    });
  }

  #remember(due: number, from: number, samples: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.due + this.#ms(last.samples) === due) last.samples += samples;
    else this.#runs.push({ due, from, samples });
  }

  #start(due: number, from: number): Taken["started"] {
    const started: Started[] = [];
    this.#clauses.forEach((clause, index) => {
      const { script, isFiller } = clause;
      if ((clause.started && script === undefined) || clause.start >= this.#taken) return;
      clause.started = true;
      const told =
        script === undefined
          ? { text: clause.text, words: this.#wordsOf(clause) }
          : script.due(this.#ms(this.#taken - clause.start), this.#soundOf(clause));
      if (told === undefined) return;
      const at = due + this.#ms(clause.start - from);
      const words = told.words.map((word) => ({ ...word, startMs: at + word.startMs, endMs: at + word.endMs }));
      started.push({ text: textOf([...this.#clauses.slice(0, index), told]), words, isFiller });
    });
    return started;
  }

  #closeClause(): void {
    const last = this.#clauses.at(-1);
    if (last === undefined) return;
    last.end ??= this.#taken + this.#queued;
    last.script?.end();
  }

  /** A clause's words with times: the voice's own, else spread over its audio by their length. */
  #wordsOf(clause: Clause): readonly ClauseWord[] {
    if (clause.words !== undefined) return clause.words;
    if (clause.script !== undefined) return clause.script.words(this.#soundOf(clause));
    const words = clause.text.split(/\s+/).filter((word) => word !== "");
    const characters = words.reduce((sum, word) => sum + word.length + 1, 0);
    const { ms, isWhole } = this.#soundOf(clause);
    const totalMs = isWhole ? ms : Math.max(ms, characters * msPerCharacter);
    let passed = 0;
    return words.map((text) => {
      const startMs = (passed / characters) * totalMs;
      passed += text.length + 1;
      return { text, startMs, endMs: (passed / characters) * totalMs };
    });
  }

  #soundOf({ start, end }: Clause): Sound {
    return { ms: this.#ms((end ?? this.#pushed) - start), isWhole: end !== undefined };
  }

  #ms(samples: number): number {
    return (samples * 1000) / this.#sampleRate;
  }
}

function textOf(clauses: readonly Pick<Clause, "text">[]): string {
  return clauses
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join(" ");
}
