/** Facts from the briefing: the sentence that fits the question best (BM25), said as it stands. */
import { plain, type Question, unwrap } from "./question.ts";

/** Robertson and Zaragoza's usual constants. */
const k1 = 1.2;
const b = 0.75;
/** Share of the question's information that a sentence must hold to be its answer. */
const enough = 0.5;
/** Sentences of the briefing that are searched. */
const mostSentences = 4000;

interface Passage {
  /** What is said as the answer. */
  readonly text: string;
  readonly terms: ReadonlyMap<string, number>;
  readonly length: number;
}

const emptyWords = new Set(
  "a an the of in on at to for from with by and or but if is are am was were be been being do does did done can could will would shall should may might must have has had i you he she it we they me him her us them my your his its our their this that these those what which who whom whose when where why how there here so as than then too very much many any some no not please about into over under out up down also just only get got go let us tell say know give need want like me mine anything something one bring take use offer allow allowed provide possible available sure information question hear".split(
    " ",
  ),
);

/** Words that ask for the same thing; the first stands for all. */
const families = [
  "price cost costs charge fee expensive rate rates cheap pay",
  "hour hours open opening opens close closes closing closed time schedule",
  "address located location street find directions",
  "phone telephone number call contact reach",
  "email mail contact",
  "wifi wi internet wireless wlan",
  "pet pets dog dogs cat cats animal animals",
  "child children kid kids baby",
  "refund refunds return returns money",
  "owner boss manager founder runs",
  "book reserve reservation booking reservations",
  "swim swimming pool",
  "gym fitness workout",
  "eat food restaurant dinner lunch meal menu",
  "car cars parking park garage",
  "ship shipping deliver delivery delivered",
  "doctor doctors physician",
].map((family) => family.split(" ").map(stem));

/** Cuts the usual endings off, so that "opens", "opening" and "open" are one. */
function stem(word: string): string {
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

/** Sentences, lines and list items; a heading's words count for what stands under it. */
function passages(briefing: string): Passage[] {
  const found: Passage[] = [];
  for (const block of briefing.split(/\n\s*\n/)) {
    let heading = "";
    let asked = "";
    for (const line of block.split("\n")) {
      const bare = line
        .replace(/^\s*(?:[-*•]|\d+[.)])\s+/, "")
        .replace(/[*_`]+/g, "")
        .trim();
      const title = /^#+\s*(.+)$/.exec(bare)?.[1] ?? (/^[^.!?]{2,60}:$/.test(bare) ? bare.slice(0, -1) : undefined);
      if (title !== undefined) {
        heading = title;
        continue;
      }
      for (const sentence of bare.split(/(?<=[.!?])(?<!\b(?:Mr|Mrs|Ms|Dr|St|No|vs|e\.g|i\.e)\.)\s+(?=["“(]?[\p{Lu}\d])/u)) {
        const text = sentence.replace(/^[QA][.:]\s*/i, "").trim();
        if (text === "" || found.length >= mostSentences) continue;
        if (text.endsWith("?")) {
          asked = text;
          continue;
        }
        if (!instruction.test(text)) {
          const terms = contentTerms(`${text} ${heading} ${asked}`);
          const counts = new Map<string, number>();
          for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
          found.push({ text: /[.!?]$/.test(text) ? text : `${text}.`, terms: counts, length: terms.length });
        }
        asked = "";
      }
    }
  }
  return found;
}

/** A question's terms with their weights; relatives of a word count for less than the word itself. */
function weigh(terms: readonly string[], weight: number): Map<string, number>[] {
  return terms.map((term) => {
    const weights = new Map<string, number>();
    for (const family of families) if (family.includes(term)) for (const relative of family) weights.set(relative, 0.6 * weight);
    weights.set(term, weight);
    return weights;
  });
}

/** What kind of thing is asked for, as a sentence that has it looks. */
function kindBonus(text: string, sentence: string): number {
  if (
    /\b(?:when|what time|hours?|how late|until when)\b/.test(text) &&
    /\d|\b(?:noon|midnight|daily|monday|tuesday|wednesday|thursday|friday|saturday|sunday|morning|evening)\b/i.test(sentence)
  )
    return 1.25;
  if (/\b(?:how much|price|costs?)\b/.test(text) && /[$€£]|\b(?:dollars?|euros?|pounds?|cents?|free)\b/i.test(sentence)) return 1.25;
  if (
    /\b(?:where|address|located)\b/.test(text) &&
    /\b(?:street|road|avenue|floor|square|lane|next to|opposite|behind|address|located|city)\b/i.test(sentence)
  )
    return 1.25;
  return 1;
}

interface Found {
  readonly text: string;
  readonly next: string | undefined;
}

/** The best sentence for these terms if it holds enough of them; `support` helps to choose, but does not count as an answer. */
function search(briefing: string, text: string, terms: readonly string[], support: readonly string[]): Found | undefined {
  const all = passages(briefing);
  if (all.length === 0 || terms.length === 0) return undefined;
  const average = all.reduce((sum, passage) => sum + passage.length, 0) / all.length;
  const rarity = (term: string): number => {
    const holding = all.filter((passage) => passage.terms.has(term)).length;
    return Math.log(1 + (all.length - holding + 0.5) / (holding + 0.5));
  };
  const groups = [...weigh(terms, 1), ...weigh(support, 0.4)];
  let best: { score: number; at: number } | undefined;
  for (const [at, passage] of all.entries()) {
    let score = 0;
    let held = 0;
    let wanted = 0;
    for (const [index, group] of groups.entries()) {
      let strongest = 0;
      let strongestHeld = 0;
      for (const [term, weight] of group) {
        const count = passage.terms.get(term) ?? 0;
        const value =
          count === 0 ? 0 : (weight * rarity(term) * count * (k1 + 1)) / (count + k1 * (1 - b + (b * passage.length) / average));
        if (value > strongest) strongest = value;
        if (count > 0 && weight > strongestHeld) strongestHeld = weight;
      }
      score += strongest;
      if (index < terms.length) {
        const information = rarity(terms[index] ?? "");
        wanted += information;
        held += information * Math.min(1, strongestHeld * 1.5);
      }
    }
    score *= kindBonus(text, passage.text);
    if (held / wanted >= enough && (best === undefined || score > best.score)) best = { score, at };
  }
  if (best === undefined) return undefined;
  return { text: all[best.at]?.text ?? "", next: all[best.at + 1]?.text };
}

const followUp = /^(?:(?:and|but|also|ok|okay|so) )*(?:what about|how about|and)\b/;
const refersBack = /\b(?:it|that|this|they|them|there|those|he|she)\b/;

/** At most this many words are said for one answer: half a minute. */
const mostWords = 75;

function speakable(text: string): string {
  const words = text.replace(/\s+/g, " ").split(" ");
  return words.length <= mostWords ? words.join(" ") : `${words.slice(0, mostWords).join(" ")}, and so on.`;
}

/** The question before this one, for "and on Sunday?". */
function earlier(question: Question): string {
  return question.before.findLast(({ said }) => said !== "")?.said ?? "";
}

export function knowledge(question: Question): string | undefined {
  if (question.briefing.trim() === "") return undefined;
  const whole = plain(question.raw);
  const follows = followUp.test(whole);
  if (!question.asks && !follows && question.words.length > 4) return undefined;

  if (
    /^(?:why(?: is that| so| not)?|how so|how come|really|are you sure|what else|tell me more(?: about (?:it|that|this))?|more|and|what do you mean|more about that)$/.test(
      question.text,
    )
  ) {
    const previous = earlier(question);
    const found = search(question.briefing, previous, contentTerms(unwrap(plain(previous))), []);
    if (found === undefined) return undefined;
    if (/^(?:what else|tell me more|more|and)/.test(question.text) && found.next !== undefined) return speakable(found.next);
    return found.next === undefined
      ? "That is all that my text says about it. The reason is not written there."
      : speakable(`My text does not give a reason, but it goes on: ${found.next}`);
  }

  const terms = contentTerms(question.text);
  const before = follows || (refersBack.test(question.text) && terms.length <= 2) ? contentTerms(unwrap(plain(earlier(question)))) : [];
  const found =
    terms.length === 0
      ? search(question.briefing, question.text, before, [])
      : search(question.briefing, `${question.text} ${before.join(" ")}`, terms, before);
  return found === undefined ? undefined : speakable(found.text);
}
