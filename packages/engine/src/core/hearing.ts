/** What people are understood to say: without echoes of the agent, and without what is said aside, over a reply that lets nobody in. */
import { Draft, type Heard } from "./draft.ts";
import { Echo } from "./echo.ts";
import type { People } from "./people.ts";
import type { Overlapping, TurnInput } from "./turn-contract.ts";

type Transcript = Extract<TurnInput, { type: "transcript" }>;

/** Said over a reply that lets nobody in. */
interface Aside {
  readonly startMs: number;
  /** Where its last sound ended. */
  readonly endMs: number;
  readonly remembered?: true;
}

/** Of doubtful words the text is withheld. */
export interface Understood extends Heard {
  /** The agent's own words that were taken off its beginning. */
  readonly echo: string;
  /** The first echo of this utterance. */
  readonly isNewEcho: boolean;
  /** Said aside: never answered. */
  readonly aside: Aside | undefined;
}

export class Hearing {
  readonly #people: People;
  readonly #echo = new Echo();
  /** Utterances aside whose final transcript has not come, by their speaker. */
  readonly #asides = new Map<string, Aside>();

  constructor(people: People) {
    this.#people = people;
  }

  /** The agent says this. */
  agentSays(words: Parameters<Echo["say"]>[0]): void {
    this.#echo.say(words);
  }

  /** `overlapping`: what becomes of it. */
  speechStart(uid: string, at: number, overlapping: Overlapping): void {
    if (overlapping === "append") {
      // Words aside that are still owed must not become part of what begins now.
      if (this.#asides.delete(uid)) this.#people.ignoreOwedBy(uid);
    } else if (!this.#asides.has(uid)) {
      this.#asides.set(uid, { startMs: at, endMs: at, ...(overlapping === "remember" ? { remembered: true } : {}) });
    }
  }

  speechEnd(uid: string, at: number): void {
    const aside = this.#asides.get(uid);
    if (aside !== undefined) this.#asides.set(uid, { ...aside, endMs: Math.max(aside.endMs, at) });
  }

  /** The reply is over: what somebody was saying to be remembered, and goes on saying, becomes a turn. */
  outlasting(): Draft | undefined {
    const open = [...this.#asides].filter(([uid, { remembered }]) => remembered === true && this.#people.isOpen(uid));
    for (const [uid] of open) this.#asides.delete(uid);
    const [first] = open.toSorted(([, a], [, b]) => a.startMs - b.startMs);
    return first === undefined ? undefined : new Draft(first[0], first[1].startMs);
  }

  leave(uid: string): void {
    this.#asides.delete(uid);
    this.#echo.forget(uid);
  }

  /** Undefined where nobody waits for it. */
  understand({ uid, text, final }: Transcript): Understood | undefined {
    const startMs = this.#people.transcript(uid, final);
    if (startMs === undefined) return undefined;
    const { rest, echo, isNew, isDoubtful } = this.#echo.strip(uid, startMs, text);
    const aside = this.#asides.get(uid);
    if (final && aside !== undefined) {
      this.#asides.delete(uid);
      if (this.#people.isOpen(uid)) this.speechStart(uid, aside.endMs, aside.remembered === true ? "remember" : "ignore");
    }
    // A word or two that the agent is saying, too, wait for the next: an echo has more, and a person is heard out.
    const isWithheld = isDoubtful && !final;
    return { uid, startMs, text: isWithheld ? "" : rest, isDoubtful: isWithheld, final, echo, isNewEcho: isNew, aside };
  }
}
