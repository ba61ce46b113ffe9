/** Written text to the words that are said for it, each written word with its own. */
import { abbreviations, stopless } from "./abbreviations.ts";
import { sayCore } from "./saying.ts";

/** One word as written, with its punctuation, and what is said for it. */
export interface WrittenWord {
  text: string;
  /**
   * Words in lower case (`"b."` is a spelled letter) and, before, between or after them, one of the marks `, ; : . ? !`.
   * Empty when nothing is said, as for an emoji.
   */
  spoken: string[];
}

/** Of what is written without a space, no more is looked at; a link may be longer, and nobody wants to hear it. */
const LONGEST_WORD = 200;
/** No word is said with more words. */
const MOST_SPOKEN = 40;
/** The longest word in dictionaries, "pneumonoultramicroscopicsilicovolcanoconiosis". */
const MOST_LETTERS = 45;

const marks = ["?", "!", ".", ";", ":", ","] as const;

const emoji = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\p{Variation_Selector}|\p{Me}/gu;
const emoticon = /^[:;=]['-]?[)(DPpO|/\\*]+$/;
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
/** A written word, and the line break before it if there is one. */
const wordWithGap = /(\s*)(\S+)/gu;

/** A mark of pause among the spoken words. */
export function isPause(spoken: string): boolean {
  return spoken.length === 1 && ",;:.?!".includes(spoken);
}

/** `isWord` says whether the pronouncing dictionary has a word (in lower case): it decides how capitals are read. */
export function normalise(text: string, isWord: (word: string) => boolean): WrittenWord[] {
  const found = [...text.matchAll(wordWithGap)];
  const parts = found.map(([, , written = ""]) => takeApart(written));
  const shouting = isShouted(text);
  const words: WrittenWord[] = [];

  for (const [at, part] of parts.entries()) {
    const [, gap = "", written = ""] = found[at] ?? [];
    const before = words.findLast(({ spoken }) => spoken.length > 0);
    if (gap.includes("\n") || part.opens) addPause(before, part.opens ? "," : ".");
    const context = {
      before: parts[at - 1]?.core ?? "",
      after: parts[at + 1]?.core ?? "",
      first: at === 0,
      shouting,
      isWord,
    };
    const stop = part.closing.startsWith(".");
    const short = abbreviation(part, parts[at + 1]?.core ?? "", context.before);
    const said = (short ?? sayCore(part.core, context)).slice(0, MOST_SPOKEN).map((spoken) => spoken.slice(0, MOST_LETTERS));
    const word: WrittenWord = { text: written, spoken: said };
    // A dash between words stands for a pause after the word before it.
    if (said.length === 0) addPause(before, /^[-–—|]+$/.test(written) ? "," : undefined);
    const isLast = at === parts.length - 1;
    const closing = stop && (short !== undefined || dotted.test(part.core)) ? afterStop(part, parts[at + 1]) : part.closing;
    addPause(said.length === 0 ? before : word, pauseOf(closing, isLast));
    words.push(word);
  }
  return words;
}

/** "U.S", "p.m": letters with stops between them. */
const dotted = /^(?:\p{L}\.)+\p{L}$|^ph\.d$|^\d+[ap]\.m$/iu;

/** An abbreviation's stop ends the sentence only if nothing follows, or after "etc." and "p.m." something with a capital. */
function afterStop({ core, closing }: Part, next: Part | undefined): string {
  const ends = next === undefined || (/^etc$|[ap]\.m$/i.test(core) && /^\p{Lu}\p{Ll}/u.test(next.core));
  return ends ? closing : closing.slice(1);
}

interface Part {
  core: string;
  /** What follows the core: full stops, quotes, brackets. */
  closing: string;
  /** It begins with a bracket or a quotation mark that calls for a pause before it. */
  opens: boolean;
}

function takeApart(written: string): Part {
  const text = written
    .slice(0, LONGEST_WORD)
    .replaceAll(/[₀-₉]/gu, (digit) => digit.normalize("NFKC"))
    .replace(emoji, "")
    .replace(invisible, "")
    .replaceAll(/[’‘`´ʼ]/gu, (quote) => (quote === "`" ? "" : "'"))
    .replaceAll(/[“”„«»]/gu, '"')
    .replaceAll(/<\/?[a-z][a-z0-9-]*\/?>/giu, "")
    // A Markdown link: its text is said, its target is not, though they may be different words here.
    .replace(/^!?\[([^\]]*)\]\([^)]*\)/u, "$1")
    .replace(/\]\((?:https?:|mailto:|\/|#)[^)]*\)?/u, "")
    .replaceAll(/\*{2,}|_{2,}|~~/gu, "")
    .replaceAll(/(?<![\p{L}\p{N}])[*_]+|[*_]+(?![\p{L}\p{N}])/gu, (stars, offset: number, all: string) =>
      /^[*]$/.test(all) && offset === 0 ? stars : "",
    );
  if (emoticon.test(text)) return { core: "", closing: "", opens: false };
  const opening = /^(?:[([{<"¿¡]|'(?!\d0s|[a-z]{1,5}\b(?!.*'$)))+/iu.exec(text)?.[0] ?? "";
  const inner = text.slice(opening.length);
  if (/^\d{1,2}'\d{1,2}"?$/.test(text)) return { core: text, closing: "", opens: false };
  const closing = /(?:[)\]}>"'.,;:?!…。、，！？]|(?<=\p{L})[-–—])+$/u.exec(inner)?.[0] ?? "";
  return { core: inner.slice(0, inner.length - closing.length), closing, opens: opening.includes("(") };
}

/** What is said for an abbreviation; undefined if it is none. */
function abbreviation({ core, closing }: Part, after: string, before: string): string[] | undefined {
  const key = core.toLowerCase();
  const stopped = closing.startsWith(".");
  const capitalised = /^\p{Lu}/u.test(core);
  if (stopped && key === "dr") return [/^\p{Lu}/u.test(before) && !/^\p{Lu}/u.test(after) ? "drive" : "doctor"];
  if (key === "dr" && capitalised && /^\p{Lu}/u.test(after)) return ["doctor"];
  if (stopped && key === "st" && capitalised) {
    return [/^\p{Lu}/u.test(after) && !(/^\p{Lu}|\dth$/u.test(before) && sentenceStart.test(after)) ? "saint" : "street"];
  }
  if (titles.has(key) && !capitalised) return undefined;
  if (stopped && key === "no" && /^\d/.test(after)) return ["number"];
  if (stopped && key === "min" && !/^\d/.test(before)) return ["minimum"];
  if (key === "ms" && capitalised && core !== "MS") return ["ms."];
  const said = abbreviations[key];
  if (said === undefined || !Object.hasOwn(abbreviations, key)) return undefined;
  if (stopped && isMonthOrDay(key) && !capitalised) return undefined;
  const nearNumber = /^\d/.test(after) || /^\d/.test(before);
  if (stopped ? !isSentenceEnd(key, after) : stopless.has(key) || (capitalised && isMonth(said) && nearNumber)) {
    return said.split(" ");
  }
  return undefined;
}

/** What seldom is part of a name, so that "Main St. The house" is a street and "Mount St. Helens" a saint. */
const sentenceStart = /^(?:the|it|its|we|he|she|they|i|you|there|then|and|but|in|on|at|that|this|if|is|are|turn|take)$/i;

/** "Do one rep." has no title in it. */
const titles = new Set(["gen", "rep", "sen", "gov", "mt", "lt", "hon", "rev", "capt", "sgt"]);

/** "The sun." and "I sat." end sentences; "Sat. 5" and "Gen. Lee" do not. */
function isSentenceEnd(key: string, after: string): boolean {
  return after === "" && ["sat", "sun", "mar", "wed", "fig", "min", "max", "gen", "rep", "mon"].includes(key);
}

function isMonthOrDay(key: string): boolean {
  const said = abbreviations[key] ?? "";
  return isMonth(said) || said.endsWith("day");
}

function isMonth(said: string): boolean {
  return /^(?:january|february|march|april|june|july|august|september|october|november|december)$/.test(said);
}

function isShouted(text: string): boolean {
  const words = text.match(/\p{L}{2,}/gu) ?? [];
  return words.length >= 3 && words.filter((word) => word === word.toUpperCase()).length > words.length * 0.7;
}

/** The strongest mark wins: `?!` asks, `).` ends. */
function pauseOf(closing: string, isLast: boolean): string | undefined {
  if (/…|\.\.|。/u.test(closing) && !/[?!]/.test(closing)) return isLast ? "." : ",";
  const found = marks.find((mark) => closing.includes(mark));
  if (found !== undefined) return found;
  if (/[？]/u.test(closing)) return "?";
  if (/[！]/u.test(closing)) return "!";
  return /[)\]、，–—]/u.test(closing) ? "," : undefined;
}

/** Adds a mark after a word that is said and has none yet. */
function addPause(word: WrittenWord | undefined, mark: string | undefined): void {
  const last = word?.spoken.at(-1);
  if (mark !== undefined && last !== undefined && !isPause(last)) word?.spoken.push(mark);
}
