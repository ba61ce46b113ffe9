/** Cuts a stream of text into clauses to be spoken: the first one early, so that speech begins soon; then whole sentences. */

/** The first clause may end at a comma once it is this long, in characters: shorter ones sound chopped. */
const firstClauseMin = 12;
/** Later clauses end at commas only when they grow beyond this, in characters. */
const clauseMax = 120;
/** No clause grows beyond this, in characters, punctuation or not. */
const clauseLimit = 240;

const sentenceEnd = /[.!?…]+["'”’)\]]*$/u;
const wideSentenceEnd = /[。！？]["'”’」）]*$/u;
const clauseEnd = /[,;:—–]["'”’)\]]*$/u;
// A full stop after these belongs to the word.
const abbreviation = /(?:^|[\s("'“])(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|etc|e\.g|i\.e|no|approx|dept|inc|ltd|co|fig|[a-z])\.$/iu;

/** Takes text as it streams in, gives clauses as soon as they are known to be whole. */
export class Clauses {
  #pending = "";
  #count = 0;

  /** Adds text; returns the clauses that are complete now. Every character goes into exactly one clause, spaces at the borders aside. */
  push(text: string): string[] {
    this.#pending += text;
    const clauses: string[] = [];
    for (let cut = this.#cut(); cut > 0; cut = this.#cut()) {
      const clause = this.#pending.slice(0, cut).trim();
      this.#pending = this.#pending.slice(cut);
      if (clause !== "") {
        clauses.push(clause);
        this.#count += 1;
      }
    }
    return clauses;
  }

  /** The text has ended: returns what is left. */
  end(): string[] {
    const rest = this.#pending.trim();
    this.#pending = "";
    return rest === "" ? [] : [rest];
  }

  /** Where the first complete clause of the pending text ends; 0 if there is none yet. */
  #cut(): number {
    const text = this.#pending;
    // Borders stand before white space, or right after wide punctuation, which no space follows.
    for (const match of text.matchAll(/\s+|(?<=[。！？])(?!["'”’」）])/gu)) {
      const before = text.slice(0, match.index);
      if (before.trim() === "") continue;
      if (match[0] === "" && match.index === text.length) break;
      if (this.#isBorder(before, match[0])) return match.index + match[0].length;
    }
    if (text.length > clauseLimit) {
      const space = text.lastIndexOf(" ", clauseLimit);
      return space > 0 ? space + 1 : clauseLimit;
    }
    return 0;
  }

  #isBorder(before: string, space: string): boolean {
    if (space.includes("\n")) return true;
    if (wideSentenceEnd.test(before)) return true;
    if (sentenceEnd.test(before)) return !abbreviation.test(before) && !/^\s*\d+\.$/.test(before);
    if (!clauseEnd.test(before)) return false;
    const length = before.trim().length;
    return this.#count === 0 ? length >= firstClauseMin : length >= clauseMax;
  }
}
