/** Facts from the briefing: the sentence that fits the question best (BM25), said as it stands. */
import { contentTerms, type Passages, stem } from "./passages.ts";
import type { Question } from "./question.ts";
import { plain, unwrap } from "./words.ts";

/** Robertson and Zaragoza's usual constants. */
const k1 = 1.2;
const b = 0.75;
/** Share of the question's information that a sentence must hold to be its answer. */
const enough = 0.5;

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
function search(passages: Passages, text: string, terms: readonly string[], support: readonly string[]): Found | undefined {
  const { all, places, averageLength } = passages;
  const rarity = (term: string): number => {
    const holding = places.get(term)?.length ?? 0;
    return Math.log(1 + (all.length - holding + 0.5) / (holding + 0.5));
  };
  const wanted = terms.reduce((sum, term) => sum + rarity(term), 0);
  const found = new Map<number, { score: number; held: number }>();
  for (const [index, group] of [...weigh(terms, 1), ...weigh(support, 0.4)].entries()) {
    // Of a word and its relatives, the one counts that says most.
    const strongest = new Map<number, { score: number; weight: number }>();
    for (const [term, weight] of group) {
      for (const at of places.get(term) ?? []) {
        const passage = all[at];
        const count = passage?.terms.get(term) ?? 0;
        const score = (weight * rarity(term) * count * (k1 + 1)) / (count + k1 * (1 - b + (b * (passage?.length ?? 0)) / averageLength));
        const before = strongest.get(at) ?? { score: 0, weight: 0 };
        strongest.set(at, { score: Math.max(before.score, score), weight: Math.max(before.weight, weight) });
      }
    }
    for (const [at, { score, weight }] of strongest) {
      const sum = found.get(at) ?? { score: 0, held: 0 };
      const held = index < terms.length ? rarity(terms[index] ?? "") * Math.min(1, weight * 1.5) : 0;
      found.set(at, { score: sum.score + score, held: sum.held + held });
    }
  }
  let best: { score: number; at: number } | undefined;
  for (const [at, { score, held }] of found) {
    if (held === 0 || held / wanted < enough) continue;
    const total = score * kindBonus(text, all[at]?.text ?? "");
    if (best === undefined || total > best.score || (total === best.score && at < best.at)) best = { score: total, at };
  }
  return best === undefined ? undefined : { text: all[best.at]?.text ?? "", next: all[best.at + 1]?.text };
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
  const { passages } = question;
  if (passages.all.length === 0) return undefined;
  const whole = plain(question.raw);
  const follows = followUp.test(whole);
  if (!question.asks && !follows && question.words.length > 4) return undefined;

  if (
    /^(?:why(?: is that| so| not)?|how so|how come|really|are you sure|what else|tell me more(?: about (?:it|that|this))?|more|and|what do you mean|more about that)$/.test(
      question.text,
    )
  ) {
    const previous = earlier(question);
    const found = search(passages, previous, contentTerms(unwrap(plain(previous))), []);
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
      ? search(passages, question.text, before, [])
      : search(passages, `${question.text} ${before.join(" ")}`, terms, before);
  return found === undefined ? undefined : speakable(found.text);
}
