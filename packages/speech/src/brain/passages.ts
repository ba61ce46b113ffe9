/** The briefing cut into sentences that can be found by their words. */
import { setImmediate as breathe } from "node:timers/promises";
import { plain } from "./words.ts";

/** Sentences of one briefing that are kept: about half a megabyte of text. */
const mostSentences = 4000;
/** Sentences that are read at a stretch, about 5 ms: calls share this thread. */
const stretch = 200;
/** Briefings that are kept ready: calls with the same agent share one. */
const mostBriefings = 32;

export interface Passage {
  /** What is said as the answer. */
  readonly text: string;
  /** How often each term stands in it, its heading or its question. */
  readonly terms: ReadonlyMap<string, number>;
  /** Terms in all. */
  readonly length: number;
}

export interface Passages {
  readonly all: readonly Passage[];
  /** Where each term stands. */
  readonly places: ReadonlyMap<string, readonly number[]>;
  /** Terms of a passage on average. */
  readonly averageLength: number;
}

const emptyWords = new Set(
  "a an the of in on at to for from with by and or but if is are am was were be been being do does did done can could will would shall should may might must have has had i you he she it we they me him her us them my your his its our their this that these those what which who whom whose when where why how there here so as than then too very much many any some no not please about into over under out up down also just only get got go let us tell say know give need want like me mine anything something one bring take use offer allow allowed provide possible available sure information question hear".split(
    " ",
  ),
);

/** Cuts the usual endings off, so that "opens", "opening" and "open" are one. */
export function stem(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  for (const ending of ["ings", "ing", "ed", "es", "s"]) {
    if (word.length - ending.length >= 3 && word.endsWith(ending) && !word.endsWith("ss"))
      return word
        .slice(0, -ending.length)
        .replace(/(.)\1$/, "$1")
        .replace(/e$/, "");
  }
  return word.length > 4 ? word.replace(/e$/, "") : word;
}

export function contentTerms(text: string): string[] {
  return plain(text)
    .split(/[\s/:.-]+/)
    .filter((word) => word !== "" && !emptyWords.has(word))
    .map(stem);
}

/** Sentences that tell the agent how to behave, and hold no facts for a caller. */
const instruction =
  /^(?:you(?:'re| are| should| must| will| can| may| need| have| speak| answer| help| work| always| never|r (?:name|role|job|task|goal|tone|personality))\b|be (?:brief|polite|friendly|concise|helpful|kind|short)|do not|don't|never|always|please|answer|respond|reply|keep|use|speak|ask|act|make sure|remember|avoid|only|help|greet|introduce|stay|say|if (?:the|a|an|someone|you|asked)|when (?:the user|a user|the caller|a caller|asked|you)|begin|end|limit|refer|follow)/i;

/** A line that goes on in the next one was wrapped, not ended. */
function unwrapLines(briefing: string): string[] {
  const lines: string[] = [];
  for (const line of briefing.split("\n")) {
    const last = lines.at(-1) ?? "";
    if (last.length >= 50 && /[^.!?:;]$/.test(last) && /^\s*[\p{Ll}\d(]/u.test(line) && !/^\s*\d+[.)]\s/.test(line))
      lines[lines.length - 1] = `${last.trimEnd()} ${line.trim()}`;
    else lines.push(line);
  }
  return lines;
}

function sentences(line: string): string[] {
  return line.split(/(?<=[.!?])(?<!\b(?:Mr|Mrs|Ms|Dr|St|No|vs|e\.g|i\.e)\.)\s+(?=["“(]?[\p{Lu}\d])/u);
}

/** Sentences, lines and list items. A heading's words count for what stands under it, a question's for its answer. */
async function readPassages(briefing: string): Promise<Passages> {
  const all: Passage[] = [];
  const places = new Map<string, number[]>();
  let heading = "";
  let headingLasts = false;
  let asked = "";
  let total = 0;

  const add = (text: string): void => {
    const terms = new Map<string, number>();
    const found = contentTerms(`${text} ${heading} ${asked}`);
    for (const term of found) terms.set(term, (terms.get(term) ?? 0) + 1);
    for (const term of terms.keys()) {
      const standing = places.get(term) ?? [];
      standing.push(all.length);
      places.set(term, standing);
    }
    total += found.length;
    all.push({ text: /[.!?]$/.test(text) ? text : `${text}.`, terms, length: found.length });
  };

  for (const line of unwrapLines(briefing)) {
    const bare = line
      .replace(/^\s*(?:[-*•]|\d+[.)])\s+/, "")
      .replace(/[*_`]+/g, "")
      .trim();
    const marked = /^#+\s*(.+)$/.exec(bare)?.[1];
    if (marked !== undefined || /^[^.!?]{2,60}:$/.test(bare)) {
      heading = marked ?? bare.slice(0, -1);
      headingLasts = marked !== undefined;
      continue;
    }
    if (bare === "" && !headingLasts) heading = "";
    for (const sentence of sentences(bare)) {
      const text = sentence.replace(/^[QA][.:]\s*/i, "").trim();
      if (text === "") continue;
      if (text.endsWith("?")) {
        asked = text;
        continue;
      }
      if (!instruction.test(text)) add(text);
      if (all.length % stretch === stretch - 1) await breathe();
      asked = "";
      if (all.length >= mostSentences) return { all, places, averageLength: total / all.length };
    }
  }
  return { all, places, averageLength: all.length === 0 ? 0 : total / all.length };
}

/** Briefings that have been read, the latest ones. */
export interface Library {
  read(briefing: string): Promise<Passages>;
}

export function openLibrary(): Library {
  const known = new Map<string, Promise<Passages>>();
  return {
    read(briefing) {
      const passages = known.get(briefing) ?? readPassages(briefing);
      // Deleted and set again, the newest stands last and the oldest first.
      known.delete(briefing);
      known.set(briefing, passages);
      const oldest = known.keys().next();
      if (known.size > mostBriefings && oldest.done !== true) known.delete(oldest.value);
      return passages;
    },
  };
}
