/** The embedded brain: answers in plain speakable text with neither weights nor network, and says what it cannot do. */
import { abilities, type Ability, introduceAbilities } from "./abilities.ts";
import { arithmetic } from "./arithmetic.ts";
import { calendar } from "./calendar.ts";
import { fallback } from "./fallback.ts";
import { type BrainMessage, exchanges, openQuestion, type Question, type Skill, type Surroundings } from "./question.ts";
import { smallTalk } from "./small-talk.ts";
import { telling } from "./telling.ts";

export type { Ability } from "./abilities.ts";
export type { BrainMessage } from "./question.ts";

export interface BrainContext {
  /** What the time and the date are taken from. */
  readonly now: Date;
  /** IANA name; absent: this machine's. */
  readonly timeZone?: string;
  readonly signal: AbortSignal;
}

export interface Brain {
  readonly abilities: readonly Ability[];
  /** The same messages at the same time give the same answer, in pieces of one word. Ends early when the signal aborts. */
  answer(messages: readonly BrainMessage[], context: BrainContext): AsyncGenerator<string, void, undefined>;
}

/** First come, first served. */
const skills: readonly Skill[] = [smallTalk, introduceAbilities, telling, calendar, arithmetic];

function skilled(question: Question): string | undefined {
  for (const skill of skills) {
    const answer = skill(question);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** The whole answer to what was said last. */
function reply(raw: string, surroundings: Surroundings): string {
  const question = openQuestion(raw, surroundings);
  const whole = skilled(question);
  if (whole !== undefined) return whole;
  const sentences = raw.split(/(?<=[.!?])\s+/).filter((sentence) => sentence.trim() !== "");
  if (sentences.length > 1) {
    for (const sentence of sentences.toReversed()) {
      const answer = skilled(openQuestion(sentence, surroundings));
      if (answer !== undefined) return answer;
    }
  }
  return fallback(question);
}

export function openBrain(): Brain {
  return {
    abilities,
    async *answer(messages, { now, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone, signal }) {
      const talk = exchanges(messages);
      const last = talk.at(-1);
      const open = last !== undefined && last.heard === "" ? talk.pop() : undefined;
      const briefing = messages.filter((message) => message.role === "system").map((message) => message.content).join("\n");
      const text = reply(open?.said ?? "", { before: talk, briefing, now, timeZone });
      for (const [at, word] of text.split(" ").entries()) {
        if (signal.aborted) return;
        yield at === 0 ? word : ` ${word}`;
      }
    },
  };
}
