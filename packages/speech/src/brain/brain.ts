/** The embedded brain: answers in plain speakable text with neither weights nor network, and says what it cannot do. */
import { abilities, type Ability, introduceAbilities } from "./abilities.ts";
import { again } from "./again.ts";
import { arithmetic } from "./arithmetic.ts";
import { booking } from "./booking.ts";
import { calendar } from "./calendar.ts";
import { declines } from "./declines.ts";
import { fallback } from "./fallback.ts";
import { general } from "./general.ts";
import { knowledge } from "./knowledge.ts";
import { openLibrary, type Passages } from "./passages.ts";
import { type BrainMessage, exchanges, type Exchange, openQuestion, type Question, type Skill, type Surroundings } from "./question.ts";
import { smallTalk } from "./small-talk.ts";
import { telling } from "./telling.ts";
import { sayResult } from "./tool-result.ts";
import { type BrainTool, useTools } from "./tools.ts";
import { units } from "./units.ts";

export type { Ability } from "./abilities.ts";
export type { BrainMessage } from "./question.ts";
export type { BrainTool } from "./tools.ts";

/** A tool is to be called; what it gives is to come back as a message. */
export interface BrainCall {
  readonly type: "tool-call";
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface BrainContext {
  /** What the time and the date are taken from. */
  readonly now: Date;
  /** IANA name; absent: this machine's. */
  readonly timeZone?: string;
  readonly signal: AbortSignal;
  /** What may be called; absent: nothing. */
  readonly tools?: readonly BrainTool[];
}

export interface Brain {
  readonly abilities: readonly Ability[];
  /**
   * The same messages at the same time give the same answer, in pieces of one word, or one call and no words. Ends early
   * when the signal aborts.
   */
  answer(messages: readonly BrainMessage[], context: BrainContext): AsyncGenerator<string | BrainCall, void, undefined>;
}

/** Exchanges that are looked back on. */
const memory = 40;
/** Characters of one utterance that are read, its last ones: two minutes of speech. */
const mostSaid = 2000;

/** First come, first served: an open form takes its answers, then talk and commands, then what is known, then excuses. */
const skills: readonly Skill[] = [
  again,
  booking,
  smallTalk,
  introduceAbilities,
  telling,
  calendar,
  arithmetic,
  units,
  knowledge,
  general,
  declines,
];

function skilled(question: Question): string | undefined {
  for (const skill of skills) {
    const answer = skill(question);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** The whole answer to what was said. */
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

/** Each earlier answer is worked out once, however often later ones refer to it. */
function surround(talk: readonly Exchange[], briefing: string, passages: Passages, now: Date, timeZone: string): Surroundings {
  const known = new Map<number, string>();
  const upTo = (end: number): Surroundings => ({
    before: talk.slice(0, end),
    briefing,
    passages,
    now,
    timeZone,
    answered(at) {
      const answer = known.get(at) ?? reply(talk[at]?.said ?? "", upTo(at));
      known.set(at, answer);
      return answer;
    },
  });
  return upTo(talk.length);
}

export function openBrain(): Brain {
  const library = openLibrary();
  return {
    abilities,
    async *answer(messages, { now, timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone, signal, tools = [] }) {
      const results = messages.slice(messages.findLastIndex(({ role }) => role !== "tool") + 1);
      if (results.length > 0) {
        yield* pieces(results.map(({ content }) => sayResult(content)).join(" "), signal);
        return;
      }
      const talk = exchanges(messages)
        .slice(-memory)
        .map(({ said, heard }) => ({ said: said.slice(-mostSaid), heard }));
      const open = talk.at(-1)?.heard === "" ? talk.pop() : undefined;
      const move = useTools(open?.said ?? "", talk, tools);
      if (move?.type === "call") {
        if (!signal.aborted) yield { type: "tool-call", name: move.name, arguments: move.arguments };
        return;
      }
      if (move !== undefined) {
        yield* pieces(move.text, signal);
        return;
      }
      const briefing = messages
        .filter(({ role }) => role === "system")
        .map(({ content }) => content)
        .join("\n\n");
      const passages = await library.read(briefing);
      const text = reply(open?.said ?? "", surround(talk, briefing, passages, now, timeZone));
      yield* pieces(text, signal);
    },
  };
}

function* pieces(text: string, signal: AbortSignal): Generator<string, void, undefined> {
  for (const [at, word] of text.split(" ").entries()) {
    if (signal.aborted) return;
    yield at === 0 ? word : ` ${word}`;
  }
}
