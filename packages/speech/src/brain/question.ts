/** What a person said, prepared for the brain's skills: plain words, the conversation before it, the time, and a fair die. */

export interface BrainMessage {
  readonly role: "system" | "user" | "assistant";
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

const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bwon't\b/g, "will not"],
  [/\bcan't\b/g, "can not"],
  [/\bcannot\b/g, "can not"],
  [/\blet's\b/g, "let us"],
  [/\b(what|who|where|when|how|why|that|it|there|here|he|she)'s\b/g, "$1 is"],
  [/\bwhats\b/g, "what is"],
  [/n't\b/g, " not"],
  [/'re\b/g, " are"],
  [/'m\b/g, " am"],
  [/'ll\b/g, " will"],
  [/'ve\b/g, " have"],
  [/'d\b/g, " would"],
];

/** Lower case, contractions spelt out, punctuation gone; decimal points and the colon of a time stay. */
export function plain(raw: string): string {
  let text = raw.normalize("NFKC").toLowerCase().replace(/[’‘`]/g, "'");
  for (const [pattern, replacement] of contractions) text = text.replace(pattern, replacement);
  return text
    .replace(/(?<=\d),(?=\d{3}\b)/g, "")
    .replace(/(?<!\d)[.:]|[.:](?!\d)/g, " ")
    .replace(/[^\p{L}\p{N}'.:%+*/=×÷°$€£-]+/gu, " ")
    .replace(/(?<!\d)-|-(?!\d)/g, (dash, at: number, whole: string) => (/\s/.test(whole[at + 1] ?? " ") ? " " : dash === "-" ? " " : dash))
    .replace(/(^|\s)'+|'+(?=\s|$)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}

const lead =
  /^(?:(?:um+|uh+|er+|ah|oh|so|well|okay|ok|now|and|but|please|hey|alright|all right|right|actually|look|listen|parley)\s+)+(?=\S)/;
const politeness =
  /^(?:(?:please|kindly) )?(?:(?:can|could|would|will|may|might) (?:you|i|we) (?:please |kindly |just |maybe |possibly )*(?:tell me|explain to me|let me know|say to me)(?: about)? |do you (?:happen to )?know |i (?:would like|want|wish|need) (?:you )?to (?:know |ask (?:you )?|tell me )|i (?:was )?wonder(?:ing)? |(?:please )?tell me (?!a |an |another |something |about |more |your |some |the story|one )|(?:can|could) i ask (?:you )?)(?:if |whether )?/;
const request =
  /^(?:can|could|would|will) you (?:please |kindly |just |maybe )*(?=\w)|^(?:please|kindly) |^i (?:would like|want|need) you to /;
const tail = /(?:\s+(?:please|thanks|thank you|for me|parley|right now|again please|then))+$/;
const courtesy = /^(?:hello|hi|hey|good (?:morning|afternoon|evening)|excuse me|sorry|thanks|thank you)(?: (?:there|parley))? (?=\S+ \S)/;

/** Takes fillers, greetings before a question and polite wrapping off a plain text. */
export function unwrap(text: string): string {
  let bare = text.replace(lead, "").replace(tail, "");
  const afterCourtesy = bare.replace(courtesy, "").replace(lead, "");
  if (looksAsking(afterCourtesy)) bare = afterCourtesy;
  bare = bare.replace(politeness, "");
  const asked = bare.replace(request, "");
  return asked === "" ? text : asked;
}

const askingStart =
  /^(?:what|who|whom|whose|where|when|why|which|how|is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|have|has|had)\b/;
const commandStart =
  /^(?:please|tell|say|repeat|count|spell|sing|play|book|reserve|show|give|find|call|set|turn|open|close|start|stop|add|calculate|compute|convert|explain|describe|list|name|read|write|translate|remind|wake|order|buy|send|search|look|define|help|let us|go|continue|make|recite|flip|roll|speak|slow|talk|guess|pick|choose|recommend|summarize|summarise)\b/;

/** Begins like a question or a command. */
export function looksAsking(text: string): boolean {
  return askingStart.test(text) || commandStart.test(text) || /^(?:can|could|would|will) you\b/.test(text);
}

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
  readonly now: Date;
  readonly timeZone: string;
  /** The answer that was given to an exchange, worked out again from what was known then. */
  readonly answered: (at: number) => string;
}

export function openQuestion(raw: string, surroundings: Surroundings): Question {
  const { before, briefing, now, timeZone, answered } = surroundings;
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
