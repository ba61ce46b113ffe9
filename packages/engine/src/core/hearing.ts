/** What people are understood to say: without echoes of the agent, and without what is said aside, over a reply that lets nobody in. */
import type { Heard } from "./draft.ts";
import { Echo } from "./echo.ts";
import type { People } from "./people.ts";
import type { TurnInput } from "./turn-contract.ts";

type Transcript = Extract<TurnInput, { type: "transcript" }>;

/** Of doubtful words the text is withheld. */
export interface Understood extends Heard {
  /** The agent's own words that were taken off its beginning. */
  readonly echo: string;
  /** The first echo of this utterance. */
  readonly isNewEcho: boolean;
  /** Said aside: never answered. `endMs`: where its last sound ended. */
  readonly aside: { readonly startMs: number; readonly endMs: number } | undefined;
}

export class Hearing {
  readonly #people: People;
  readonly #echo = new Echo();
  /** Utterances aside whose final transcript has not come, by their speaker. */
  readonly #asides = new Map<string, { startMs: number; endMs: number }>();

  constructor(people: People) {
    this.#people = people;
  }

  /** The agent says this. */
  agentSays(words: Parameters<Echo["say"]>[0]): void {
    this.#echo.say(words);
  }

  speechStart(uid: string, at: number, isAside: boolean): void {
    if (!isAside) {
      // Words aside that are still owed must not become part of what begins now.
      if (this.#asides.delete(uid)) this.#people.ignoreOwedBy(uid);
    } else if (!this.#asides.has(uid)) this.#asides.set(uid, { startMs: at, endMs: at });
  }

  speechEnd(uid: string, at: number): void {
    const aside = this.#asides.get(uid);
    if (aside !== undefined) aside.endMs = Math.max(aside.endMs, at);
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
      if (this.#people.isOpen(uid)) this.speechStart(uid, aside.endMs, true);
    }
    // A word or two that the agent is saying, too, wait for the next: an echo has more, and a person is heard out.
    const isWithheld = isDoubtful && !final;
    return { uid, startMs, text: isWithheld ? "" : rest, isDoubtful: isWithheld, final, echo, isNewEcho: isNew, aside };
  }
}
