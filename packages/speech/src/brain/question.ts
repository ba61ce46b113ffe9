/** What a person said, prepared for the brain's skills: plain words, the conversation before it, the time, and a fair die. */

import type { Passages } from "./passages.ts";
import { looksAsking, plain, unwrap } from "./words.ts";

export interface BrainMessage {
  /** `tool`: what a tool gave that was called. */
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
}

/** One thing that a person said and what was heard of the answer; `heard` is empty if there was none. */
export interface Exchange {
  readonly said: string;
  readonly heard: string;
}

export interface Question {
  /** As it was said. */
  readonly raw: string;
  /** Lower case, contractions spelt out, no punctuation, no politeness around it: "what is the time". */
  readonly text: string;
  readonly words: readonly string[];
  /** It asks or commands; a statement does neither. */
  readonly asks: boolean;
  /** What was said before, oldest first, without this question. */
  readonly before: readonly Exchange[];
  /** The system messages' text. */
  readonly briefing: string;
  /** The same, to be searched. */
  readonly passages: Passages;
  readonly now: Date;
  /** IANA name, for instance `Europe/Berlin`. */
  readonly timeZone: string;
  /** One of the variants, chosen by what has been said so far; never the one that was heard last. */
  pick(variants: readonly string[]): string;
  /** The whole answer to an earlier exchange, of which perhaps only the beginning was heard. */
  full(at: number): string;
}

/** Answers what it knows about, and leaves the rest to the next one. */
export type Skill = (question: Question) => string | undefined;

/** A 32-bit FNV-1a hash: the same talk gives the same choice. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

/** Pairs what people said with what they heard; several messages of one side in a row become one. */
export function exchanges(messages: readonly BrainMessage[]): Exchange[] {
  const pairs: { said: string; heard: string }[] = [];
  for (const message of messages) {
    const last = pairs.at(-1);
    if (message.role === "user") {
      if (last !== undefined && last.heard === "" && last.said !== "") last.said += ` ${message.content}`;
      else pairs.push({ said: message.content, heard: "" });
    } else if (message.role === "assistant") {
      if (last === undefined) pairs.push({ said: "", heard: message.content });
      else last.heard = last.heard === "" ? message.content : `${last.heard} ${message.content}`;
    }
  }
  return pairs;
}

export interface Surroundings {
  readonly before: readonly Exchange[];
  readonly briefing: string;
  readonly passages: Passages;
  readonly now: Date;
  readonly timeZone: string;
  /** The answer that was given to an exchange, worked out again from what was known then. */
  readonly answered: (at: number) => string;
}

export function openQuestion(raw: string, surroundings: Surroundings): Question {
  const { before, briefing, passages, now, timeZone, answered } = surroundings;
  const text = unwrap(plain(raw));
  const lastHeard = before.at(-1)?.heard ?? "";
  const seed = hash(`${before.length}|${lastHeard}|${text}`);
  return {
    raw,
    text,
    words: text === "" ? [] : text.split(" "),
    asks: raw.includes("?") || looksAsking(text),
    before,
    briefing,
    passages,
    now,
    timeZone,
    full(at) {
      const { said = "", heard = "" } = before[at] ?? {};
      const answer = said === "" ? heard : answered(at);
      return sounds(heard, answer) ? answer : heard;
    },
    pick(variants) {
      const start = seed % variants.length;
      for (let step = 0; step < variants.length; step += 1) {
        const variant = variants[(start + step) % variants.length] ?? "";
        if (!sounds(lastHeard, variant)) return variant;
      }
      return variants[start] ?? "";
    },
  };
}

/** What was heard is this answer or, if it was interrupted, its beginning. */
function sounds(heard: string, answer: string): boolean {
  const ear = heard.trim().replace(/[.…\s]+$/, "");
  return ear !== "" && answer.startsWith(ear);
}
