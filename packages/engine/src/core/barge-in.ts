/** What becomes of a reply that someone makes a sound over: softer, silent, on again, or cut. */
import type { Overlapping, ReplyRule, TurnTakingSettings } from "./turn-contract.ts";

/** Silence that a reply is held for, waiting whether speech over it goes on, in milliseconds after `interruptMs`. A cough is over by then. */
const confirmMs = 440;
/** Longer wait where what was understood so far could be an echo of the agent: three words tell, and take about so long. */
const doubtMs = 600;
/** Longest wait for words that a held reply gives to a noise without any. */
const wordsPatienceMs = 1500;

/**
 *             speech-start            interruptMs
 *   clear ─────────────────▶ ducked ──────────────▶ held ──── words that count, or it goes on ───▶ (interrupt)
 *     ▲                        │                   ▲  │ silence
 *     │◀── silence (resume) ───┘      speech-start │  ▼
 *     └◀────────────────── no words (resume) ────── checking
 */
type State =
  | { name: "clear" }
  /** `since`: onset of the speech over the agent. */
  | { name: "ducked"; since: number; until: number }
  | { name: "held"; since: number; until: number; doubted?: true }
  | { name: "checking"; since: number; until: number };

export type Verdict =
  | { type: "none" | "duck" | "hold" | "interrupt" }
  /** It was nothing: what was said from `since` on is forgotten. `ignore`: the reply was not touched by it. */
  | { type: "resume" | "ignore"; since: number }
  /** The noise goes on, and so does the reply: from now on words alone count. */
  | { type: "give-up" };

/** What is known of the speech over the reply. */
export interface Overlap {
  /** It holds words that count. */
  readonly means: boolean;
  /** It holds the agent's own words, and no others. */
  readonly isEcho: boolean;
  /** A recogniser has yet to say what it was. */
  readonly isOpen: boolean;
  /** Everybody is silent, and all is understood. */
  readonly isOver: boolean;
  /** The speech was there before the reply, or before it was taken for a noise: words alone make it count. */
  readonly wasThere: boolean;
}

type Settings = Pick<TurnTakingSettings, "interruptMs" | "interruption">;

const none: Verdict = { type: "none" };

export class BargeIn {
  readonly floor = "agent";
  /** When the reply took the floor. */
  readonly since: number;
  /** Speech may cut it. */
  interruptable: boolean;
  readonly #overlapping: Overlapping | undefined;
  #state: State = { name: "clear" };

  constructor(since: number, { interruptable, overlapping }: ReplyRule) {
    this.since = since;
    this.interruptable = interruptable;
    this.#overlapping = overlapping;
  }

  /** Nothing that people say cuts it. */
  isDeaf({ interruption }: Pick<TurnTakingSettings, "interruption">): boolean {
    return !this.interruptable || interruption === "never";
  }

  /** What becomes of speech over it: `append` also where speech may cut it. `isMarked`: who speaks has marked the start, and wants an answer. */
  overlapping(settings: Pick<TurnTakingSettings, "interruption" | "overlapping">, isMarked: boolean): Overlapping {
    const overlapping = this.isDeaf(settings) ? (this.#overlapping ?? settings.overlapping) : "append";
    return isMarked && overlapping === "remember" ? "append" : overlapping;
  }

  get deadline(): number | undefined {
    return "until" in this.#state ? this.#state.until : undefined;
  }

  /** Someone begins to speak. */
  speechStart(at: number, { interruptMs }: Settings): Verdict {
    switch (this.#state.name) {
      case "clear":
        this.#state = { name: "ducked", since: at, until: at + interruptMs };
        return { type: "duck" };
      case "checking":
        this.#state = { name: "held", since: this.#state.since, until: at + interruptMs + confirmMs };
        return none;
      case "ducked":
      case "held":
        return none;
    }
  }

  /** Everybody is silent. */
  quiet(at: number): Verdict {
    switch (this.#state.name) {
      case "ducked":
        return this.#resume(this.#state.since);
      case "held":
        this.#state = { name: "checking", since: this.#state.since, until: at + wordsPatienceMs };
        return none;
      case "clear":
      case "checking":
        return none;
    }
  }

  /** Something was understood. */
  understood({ means, isEcho, isOpen, isOver, wasThere }: Overlap): Verdict {
    switch (this.#state.name) {
      case "clear":
        if (!wasThere) return none;
        if (means) return { type: "interrupt" };
        return isOver ? { type: "ignore", since: this.since } : none;
      case "ducked":
        return isEcho ? this.#giveUp() : none;
      case "held":
        if (means) return { type: "interrupt" };
        return isEcho ? this.#giveUp() : none;
      case "checking":
        if (means) return { type: "interrupt" };
        return isOpen ? none : this.#resume(this.#state.since);
    }
  }

  /** Whoever spoke has gone. `isOpen`: a recogniser has yet to say what others said. */
  leftOpen(isOpen: boolean): Verdict {
    return this.#state.name === "checking" && !isOpen ? this.#resume(this.#state.since) : none;
  }

  /** The deadline has passed. `isDoubtful`: what was understood could be an echo of the agent. */
  late({ interruption }: Settings, isDoubtful: boolean): Verdict {
    switch (this.#state.name) {
      case "clear":
        return none;
      case "ducked": {
        const { since, until } = this.#state;
        this.#state = { name: "held", since, until: until + (interruption === "speech" ? confirmMs : wordsPatienceMs) };
        return { type: "hold" };
      }
      case "held":
        if (isDoubtful && this.#state.doubted === undefined) {
          this.#state = { ...this.#state, until: this.#state.until + doubtMs, doubted: true };
          return none;
        }
        return interruption === "speech" ? { type: "interrupt" } : this.#giveUp();
      case "checking":
        return this.#resume(this.#state.since);
    }
  }

  #resume(since: number): Verdict {
    this.#state = { name: "clear" };
    return { type: "resume", since };
  }

  #giveUp(): Verdict {
    this.#state = { name: "clear" };
    return { type: "give-up" };
  }
}
