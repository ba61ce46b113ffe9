/** When a person's turn is over: after a silence, after the longer one that an unfinished sentence gets, or when a mark says so. */
import type { TurnTakingSettings } from "./turn-contract.ts";

/** A turn is ended when it has grown this long: a noise that never ends must not make the agent deaf. */
export const maxTurnMs = 60_000;
/** Longest wait for a recogniser's final transcript. */
const finalPatienceMs = 2000;
/** Typed text waits this long for a person who is speaking at the same time. */
const textPatienceMs = 3000;
/** A mark overtakes the sound before it: a word that is being said may end within this time. */
const releaseMs = 200;

/**
 *   speaking ── silence ──▶ pausing ── time ──▶ finishing (waits for the last words)
 *      │ ◀──── speech ────────┘                    ▲
 *      └── mark ──▶ releasing ── silence, time ────┘
 */
type State =
  | { name: "speaking"; until: number }
  | { name: "pausing"; until: number; extended: boolean }
  /** A mark has ended the turn, and the last word still sounds. */
  | { name: "releasing"; until: number }
  | { name: "finishing"; until: number };

/** `overlong`: finish, though the mark has not come. `cut`: the turn goes on, what was said until now is one utterance. */
export type EndVerdict = "none" | "cut" | "finish" | "overlong" | "end";

type Settings = Pick<TurnTakingSettings, "endpointing" | "endpointingMs" | "maxWaitMs">;

export class Endpointing {
  readonly floor = "people";
  readonly #startMs: number;
  #state: State;

  /** Someone speaks, or is about to. */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#state = { name: "speaking", until: startMs + maxTurnMs };
  }

  get deadline(): number {
    return this.#state.until;
  }

  /** What is said now is part of the turn. */
  get isOpen(): boolean {
    return this.#state.name === "speaking" || this.#state.name === "pausing";
  }

  get isSpeaking(): boolean {
    return this.#state.name === "speaking";
  }

  speak(): void {
    this.#state = { name: "speaking", until: this.#startMs + maxTurnMs };
  }

  /** The silence began at `since`. */
  pause(at: number, since: number, { endpointingMs }: Settings): void {
    this.#state = { name: "pausing", until: Math.max(at, since + endpointingMs), extended: false };
  }

  /** Someone has typed: who speaks is not waited for much longer. */
  hurry(at: number): void {
    const until = at + textPatienceMs;
    this.#state = { name: "speaking", until: this.isSpeaking ? Math.min(until, this.#state.until) : until };
  }

  /** A mark ends the turn while someone speaks. */
  release(at: number): void {
    this.#state = { name: "releasing", until: at + releaseMs };
  }

  /** Its last words are waited for. */
  finish(at: number): void {
    this.#state = { name: "finishing", until: at + finalPatienceMs };
  }

  /** Someone speaks again. */
  speechStart({ endpointing }: Settings): void {
    // What comes after a mark belongs to what comes next.
    if (this.#state.name === "pausing" || (this.#state.name === "finishing" && endpointing !== "manual")) this.speak();
  }

  /** Everybody is silent. */
  quiet(at: number, settings: Settings): EndVerdict {
    if (this.#state.name === "releasing") return "finish";
    if (this.#state.name === "speaking") this.pause(at, at, settings);
    return "none";
  }

  /** Something was understood, or nobody will understand it any more. `isOwed`: a recogniser has yet to give its final. */
  understood({ isComplete, isOwed }: { readonly isComplete: boolean; readonly isOwed: boolean }): EndVerdict {
    if (this.#state.name === "pausing" && this.#state.extended && isComplete) return "finish";
    return this.#state.name === "finishing" && !isOwed ? "end" : "none";
  }

  /** The deadline has passed. */
  late({ endpointing, endpointingMs, maxWaitMs }: Settings, isComplete: boolean): EndVerdict {
    switch (this.#state.name) {
      case "speaking":
        return endpointing === "manual" ? "overlong" : "finish";
      case "pausing": {
        if (endpointing === "manual") {
          this.speak();
          return "cut";
        }
        const patience = maxWaitMs - endpointingMs;
        if (endpointing === "silence" || this.#state.extended || isComplete || patience <= 0) return "finish";
        this.#state = { name: "pausing", until: this.#state.until + patience, extended: true };
        return "none";
      }
      case "releasing":
        return "finish";
      case "finishing":
        return "end";
    }
  }
}
