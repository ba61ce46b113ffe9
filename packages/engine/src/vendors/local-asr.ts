/** Decides what the embedded recogniser does for one person: what audio it decodes when, and which texts come of it. */
import { INPUT_RATE, type Frame } from "../core/frame.ts";
import type { AsrInput, Transcript } from "./vendor.ts";

export type DictationInput =
  | AsrInput
  | { readonly type: "recognised"; readonly id: number; readonly text: string; readonly complete: number }
  /** The job came to nothing; for a partial that is nothing to worry about. */
  | { readonly type: "failed"; readonly id: number };

export type DictationDecision =
  | ({ readonly type: "recognise"; readonly id: number; readonly model: "tiny" | "base" } & Take)
  /** Nobody waits for this job any more. */
  | { readonly type: "abandon"; readonly id: number }
  | { readonly type: "transcript"; readonly transcript: Omit<Transcript, "language"> }
  /** This job was needed for a final and failed twice: words are lost. */
  | { readonly type: "give-up"; readonly id: number };

/** Audio to decode. `speechMs`: how much of it is voice. `draft`: what was heard in its beginning so far. */
interface Take {
  readonly pcm: Int16Array;
  readonly speechMs: number;
  readonly draft: string;
}

/** Time between two partials; from the onset to the first. */
const PARTIAL_MS = 300;
/** The same in the first second: somebody who interrupts is to be understood soon, and little audio is soon read. */
const EARLY_PARTIAL_MS = 180;
const EARLY_MS = 1000;
/** The recogniser wants at least this much before the first sound. */
const LEAD_MS = 300;
/** And at least this much silence after the last. */
const TAIL_MS = 200;
/** How far behind the newest audio an onset may be told. */
const LATE_MS = 1000;
/** A piece this long is cut where it is quietest; the recogniser takes 15 s at most. */
const LONGEST_PIECE_MS = 12_000;
/** The cut lies after this; and from this length on a pause of a breath makes a piece of what is before it. */
const SHORTEST_PIECE_MS = 6000;
/** From this length on a shorter pause does. */
const BREATHLESS_PIECE_MS = 9000;
/** From this length on a sentence that was complete at a pause is a piece: it is not decoded again. */
const SENTENCE_PIECE_MS = 3000;
/** A pause at which people breathe, not one between two sounds. */
const BREATH_MS = 200;
/** Audio after the beginning of a pause that still belongs to the words before it. */
const RELEASE_MS = 50;
/** Width of the stretch that must be quiet at a cut. */
const QUIET_MS = 160;
/** Probability from which a sentence counts as complete. */
const COMPLETE_FROM = 0.5;
/** How often a final is tried. */
const ATTEMPTS = 2;

/** Part of an utterance that is decoded by itself. Its text is there, or a job is about to bring it. */
type Piece =
  | { readonly name: "asked"; readonly id: number; readonly take: Take; readonly attempt: number }
  | { readonly name: "heard"; readonly text: string; readonly complete: number };

interface Utterance {
  readonly startMs: number;
  endMs: number;
  /** Where the piece that still grows begins. */
  openFrom: number;
  /** Voice in the piece that still grows, up to `voiceSince` or to the pause. */
  voicedMs: number;
  /** What was heard last in the piece that still grows. */
  tail: string;
  readonly pieces: Piece[];
  state: State;
  /** The text that was given last. */
  given: string;
}

/**
 *    speech-start            speech-pause (early final)           speech-end
 *   ────────────▶ speaking ───────────────────────────▶ pausing ────────────▶ finishing ──▶ final transcript
 *                    ▲  │ partial every 300 ms            │
 *                    └──┴──────── speech-resume ──────────┘ (the early final is dropped, or becomes a piece)
 */
type State =
  | { readonly name: "speaking"; readonly voiceSince: number; partialAt: number; partial: number | undefined }
  | { readonly name: "pausing"; readonly since: number; early: Piece }
  | { readonly name: "finishing" };

export class Dictation {
  readonly #prefixMs: number;
  /** The newest audio, in order and without holes; older audio than is needed is let go. */
  #frames: Frame[] = [];
  #current: Utterance | undefined;
  /** Utterances that are over and wait for their last words, oldest first. */
  #finishing: Utterance[] = [];
  #decisions: DictationDecision[] = [];
  #nextId = 1;

  constructor(prefixMs: number) {
    this.#prefixMs = Math.max(LEAD_MS, prefixMs);
  }

  /** True while a final transcript is still to come. */
  get busy(): boolean {
    return this.#current !== undefined || this.#finishing.length > 0;
  }

  handle(input: DictationInput): DictationDecision[] {
    switch (input.type) {
      case "audio":
        this.#hear(input.frame);
        break;
      case "speech-start":
        this.#start(input.at, input.after);
        break;
      case "speech-pause":
        this.#pause(input.at);
        break;
      case "speech-resume":
        this.#resume(input.at);
        break;
      case "speech-end":
        this.#end(input.at);
        break;
      case "recognised":
        this.#learn(input.id, { name: "heard", text: input.text, complete: input.complete });
        break;
      case "failed":
        this.#retry(input.id);
        break;
    }
    const decisions = this.#decisions;
    this.#decisions = [];
    return decisions;
  }

  /** End of the newest audio. */
  get #now(): number {
    const newest = this.#frames.at(-1);
    return newest === undefined ? 0 : newest.at + toMs(newest.pcm.length);
  }

  #hear(frame: Frame): void {
    this.#frames.push(frame);
    const needed = this.#current?.openFrom ?? this.#now - this.#prefixMs - LATE_MS;
    const first = this.#frames.findIndex(({ at, pcm }) => at + toMs(pcm.length) > needed);
    if (first > 0) this.#frames.splice(0, first);

    const utterance = this.#current;
    if (utterance?.state.name !== "speaking") return;
    if (this.#now - utterance.openFrom >= LONGEST_PIECE_MS) this.#cut(utterance, utterance.state);
    if (this.#now >= utterance.state.partialAt && utterance.state.partial === undefined) this.#askPartial(utterance, utterance.state);
  }

  #start(at: number, after: number | undefined): void {
    if (this.#current !== undefined) return;
    // All that was needed of it has been copied. Silence takes its place: the recogniser wants some before the first sound.
    if (after !== undefined) this.#frames = this.#frames.filter((frame) => frame.at >= after);
    const earliest = this.#frames[0]?.at ?? at;
    const openFrom = Math.max(at - this.#prefixMs, after === undefined ? earliest : Math.min(at, earliest) - LEAD_MS);
    this.#current = { startMs: at, endMs: at, openFrom, voicedMs: 0, tail: "", pieces: [], state: speaking(at, this.#now), given: "" };
  }

  #pause(at: number): void {
    const utterance = this.#current;
    if (utterance?.state.name !== "speaking") return;
    const { partial, voiceSince } = utterance.state;
    if (partial !== undefined) this.#abandon(partial);
    utterance.voicedMs += Math.max(0, at - voiceSince);
    utterance.state = { name: "pausing", since: at, early: this.#askPiece(utterance, this.#now, at + TAIL_MS, utterance.voicedMs) };
  }

  #resume(at: number): void {
    const utterance = this.#current;
    if (utterance?.state.name !== "pausing") return;
    const { early, since } = utterance.state;
    const length = at - utterance.openFrom;
    const isSentence = early.name === "heard" && early.complete >= COMPLETE_FROM;
    const enough = isSentence ? SENTENCE_PIECE_MS : at - since >= BREATH_MS ? SHORTEST_PIECE_MS : BREATHLESS_PIECE_MS;
    if (length >= enough) {
      utterance.pieces.push(early);
      utterance.openFrom = Math.max(since + RELEASE_MS, at - this.#prefixMs);
      utterance.voicedMs = 0;
      utterance.tail = "";
    } else if (early.name === "asked") this.#abandon(early.id);
    utterance.state = speaking(at, this.#now);
  }

  #end(at: number): void {
    const utterance = this.#current;
    if (utterance === undefined) return;
    if (utterance.state.name === "speaking") this.#pause(at);
    if (utterance.state.name !== "pausing") return;
    utterance.pieces.push(utterance.state.early);
    utterance.state = { name: "finishing" };
    utterance.endMs = at;
    this.#current = undefined;
    this.#finishing.push(utterance);
    this.#finish();
  }

  /** Gives the texts of utterances that are complete, in order. */
  #finish(): void {
    for (let first = this.#finishing[0]; first?.pieces.every(({ name }) => name === "heard"); first = this.#finishing[0]) {
      this.#finishing.shift();
      this.#give(first, true);
    }
  }

  #learn(id: number, piece: Piece & { name: "heard" }): void {
    const utterance = this.#current;
    if (utterance?.state.name === "speaking" && utterance.state.partial === id) {
      utterance.state.partial = undefined;
      utterance.tail = piece.text;
      this.#give(utterance, false);
    } else if (utterance?.state.name === "pausing" && isAsked(utterance.state.early, id)) {
      utterance.state.early = piece;
      utterance.tail = piece.text;
      this.#give(utterance, false);
    } else {
      for (const { pieces } of [...this.#finishing, ...(utterance === undefined ? [] : [utterance])]) {
        const index = pieces.findIndex((asked) => isAsked(asked, id));
        if (index !== -1) pieces[index] = piece;
      }
      this.#finish();
    }
  }

  /** Asks once more for what a final needs. */
  #retry(id: number): void {
    const utterance = this.#current;
    if (utterance?.state.name === "speaking" && utterance.state.partial === id) {
      utterance.state.partial = undefined;
      return;
    }
    const again = (piece: Piece): Piece => {
      if (piece.name === "heard" || piece.id !== id) return piece;
      if (piece.attempt === ATTEMPTS) {
        this.#decisions.push({ type: "give-up", id });
        return { name: "heard", text: "", complete: 0 };
      }
      return this.#ask(piece.take, piece.attempt + 1);
    };
    if (utterance?.state.name === "pausing") utterance.state.early = again(utterance.state.early);
    for (const { pieces } of [...this.#finishing, ...(utterance === undefined ? [] : [utterance])]) {
      for (const [index, piece] of pieces.entries()) pieces[index] = again(piece);
    }
    this.#finish();
  }

  /** Makes a piece of what is there up to the quietest moment, since the recogniser takes no more at once. */
  #cut(utterance: Utterance, state: State & { name: "speaking" }): void {
    const at = this.#quietest(utterance.openFrom + SHORTEST_PIECE_MS, this.#now - LEAD_MS);
    if (state.partial !== undefined) this.#abandon(state.partial);
    utterance.pieces.push(this.#askPiece(utterance, at, at + TAIL_MS, utterance.voicedMs + at - Math.min(at, state.voiceSince)));
    utterance.openFrom = at;
    utterance.voicedMs = 0;
    utterance.tail = "";
    utterance.state = { ...speaking(at, this.#now), partialAt: state.partialAt };
  }

  #quietest(from: number, to: number): number {
    const frames = this.#frames.filter(({ at }) => at >= from && at < to);
    const energies = frames.map(({ pcm }) => pcm.reduce((sum, sample) => sum + sample * sample, 0));
    const width = Math.max(1, Math.round(QUIET_MS / toMs(frames[0]?.pcm.length ?? 1)));
    let best = { at: to, energy: Infinity };
    for (let index = 0; index + width <= frames.length; index++) {
      const energy = energies.slice(index, index + width).reduce((sum, value) => sum + value, 0);
      const middle = frames[index + Math.floor(width / 2)];
      if (energy < best.energy && middle !== undefined) best = { at: middle.at, energy };
    }
    return best.at;
  }

  #askPartial(utterance: Utterance, state: State & { name: "speaking" }): void {
    const speechMs = utterance.voicedMs + this.#now - state.voiceSince;
    state.partial = this.#nextId++;
    state.partialAt = this.#now + (speechMs < EARLY_MS ? EARLY_PARTIAL_MS : PARTIAL_MS);
    const pcm = this.#audio(utterance.openFrom, this.#now, this.#now);
    this.#decisions.push({ type: "recognise", id: state.partial, model: "tiny", pcm, speechMs, draft: utterance.tail });
  }

  #askPiece({ openFrom, tail }: Utterance, to: number, until: number, speechMs: number): Piece {
    return this.#ask({ pcm: this.#audio(openFrom, to, until), speechMs, draft: tail }, 1);
  }

  #ask(take: Take, attempt: number): Piece {
    const id = this.#nextId++;
    this.#decisions.push({ type: "recognise", id, model: "base", ...take });
    return { name: "asked", id, take, attempt };
  }

  #abandon(id: number): void {
    this.#decisions.push({ type: "abandon", id });
  }

  /** The audio between two times, with silence after it up to `until` if that is later. */
  #audio(from: number, to: number, until: number): Int16Array {
    const pcm = new Int16Array(toSamples(Math.max(to, until) - from));
    const end = toSamples(to - from);
    for (const frame of this.#frames) {
      const offset = toSamples(frame.at - from);
      if (offset >= end) break;
      pcm.set(frame.pcm.subarray(Math.max(0, -offset), end - offset), Math.max(0, offset));
    }
    return pcm;
  }

  #give(utterance: Utterance, final: boolean): void {
    const { pieces, state, startMs, tail } = utterance;
    const growing: Piece[] =
      state.name === "finishing" ? [] : [state.name === "pausing" ? state.early : { name: "heard", text: tail, complete: 0 }];
    const heard = [...pieces, ...growing].filter((piece) => piece.name === "heard");
    const text = join(heard);
    if (!final && (text === "" || (text === utterance.given && state.name === "speaking"))) return;
    utterance.given = text;
    const last = heard.at(-1);
    const complete = state.name === "speaking" || last === undefined || text === "" ? {} : { complete: last.complete };
    const endMs = state.name === "speaking" ? this.#now : state.name === "pausing" ? state.since : utterance.endMs;
    this.#decisions.push({ type: "transcript", transcript: { text, final, startMs, endMs, ...complete } });
  }
}

function speaking(voiceSince: number, now: number): State & { name: "speaking" } {
  return { name: "speaking", voiceSince, partialAt: Math.max(now, voiceSince + PARTIAL_MS), partial: undefined };
}

function isAsked(piece: Piece, id: number): boolean {
  return piece.name === "asked" && piece.id === id;
}

/** Words that are written small unless they begin a sentence. */
const small = new Set(
  "a an and are as at because but by for from he her his if in is it its my of on or our she so than that the their then they to was we were when where which while who with you your unless until".split(
    " ",
  ),
);

/** Puts pieces together; where a piece broke off in mid-sentence, the marks of a sentence's end and beginning go. */
function join(pieces: readonly (Piece & { name: "heard" })[]): string {
  const spoken = pieces.filter(({ text }) => text !== "");
  return spoken
    .map(({ text, complete }, index) => {
      const before = spoken[index - 1];
      const goesOn = before !== undefined && before.complete < COMPLETE_FROM;
      const [first = ""] = text.split(/[\s,]/u, 1);
      const begun = goesOn && small.has(first.toLowerCase()) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
      if (index === spoken.length - 1) return begun;
      return complete < COMPLETE_FROM ? begun.replace(/\.$/u, "") : begun.replace(/(?<![.?!])$/u, ".");
    })
    .join(" ");
}

function toMs(samples: number): number {
  return (samples * 1000) / INPUT_RATE;
}

function toSamples(ms: number): number {
  return Math.round((ms * INPUT_RATE) / 1000);
}
