/** A voice that leaves out what stands in brackets: it is remembered and shown, but not spoken. */
import type { TimedWord, TtsOutput, Voice } from "../vendors/vendor.ts";

/** By the number of the REST contract's `skip_patterns`, less one. */
export const bracketPairs = ["（）", "【】", "()", "[]", "{}"] as const;

export type BracketPair = (typeof bracketPairs)[number];

/** Clauses that wait for a bracket to close; one that stays open is an ordinary character. */
const clausesHeld = 4;

interface Unbracketed {
  readonly spoken: string;
  /** A bracket is open at the end: what closes it may be in the next clause. */
  readonly open: boolean;
}

/** The text without the outermost of these pairs and what they hold. */
export function withoutBrackets(text: string, pairs: readonly BracketPair[]): Unbracketed {
  let spoken = "";
  let open = false;
  for (let index = 0; index < text.length; index += 1) {
    const pair = pairs.find(([opening]) => text[index] === opening);
    const end = pair === undefined ? -1 : closing(text, index, pair);
    if (end > 0) {
      index = end;
      // What stood before the bracket meets what follows it.
      if (/[\s,.;:!?]/u.test(text[end + 1] ?? "")) spoken = spoken.trimEnd();
      continue;
    }
    open ||= pair !== undefined;
    spoken += text[index] ?? "";
  }
  return { spoken: spoken.trim(), open };
}

/** Where the bracket at `start` closes, same ones inside it counted; -1: nowhere. */
function closing(text: string, start: number, pair: BracketPair): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === pair[0]) depth += 1;
    if (text[index] === pair[1]) depth -= 1;
    if (depth === 0) return index;
  }
  return -1;
}

interface Clause {
  readonly text: string;
  readonly spoken: string;
}

export function skippingBrackets(voice: Voice, pairs: readonly BracketPair[]): Voice {
  if (pairs.length === 0) return voice;
  return {
    sampleRate: voice.sampleRate,
    async *speak(clauses, context) {
      /** Given to the voice, and not yet begun by it. */
      const given: Clause[] = [];
      /** Nothing of it is spoken; it is shown with what comes next. */
      let silent: string[] = [];
      async function* spoken(): AsyncGenerator<string, void, undefined> {
        for await (const clause of unbracketed(clauses, pairs)) {
          if (!/[\p{L}\p{N}]/u.test(clause.spoken)) {
            silent.push(clause.text);
            continue;
          }
          given.push({ text: [...silent, clause.text].join(" "), spoken: clause.spoken });
          silent = [];
          yield clause.spoken;
        }
      }
      for await (const output of voice.speak(spoken(), context)) yield restored(output, given);
      if (silent.length > 0 && !context.signal.aborted) yield { type: "clause", text: silent.join(" ") };
    },
  };
}

async function* unbracketed(clauses: AsyncIterable<string>, pairs: readonly BracketPair[]): AsyncGenerator<Clause, void, undefined> {
  let held: string[] = [];
  for await (const clause of clauses) {
    held.push(clause);
    const text = held.join(" ");
    const { spoken, open } = withoutBrackets(text, pairs);
    if (open && held.length < clausesHeld) continue;
    held = [];
    yield { text, spoken };
  }
  if (held.length === 0) return;
  const text = held.join(" ");
  yield { text, spoken: withoutBrackets(text, pairs).spoken };
}

/** The whole text in place of what is spoken of it. */
function restored(output: TtsOutput, given: Clause[]): TtsOutput {
  const [next] = given;
  if (output.type !== "clause" || next === undefined || output.text !== next.spoken) return output;
  given.shift();
  const { text, spoken } = next;
  const words = output.words === undefined ? undefined : timed(text, spoken, output.words);
  return { type: "clause", text, ...(words === undefined ? {} : { words }) };
}

/** Words in brackets fall into the gap where they were left out. Without a time for each spoken word: none. */
function timed(text: string, spoken: string, words: readonly TimedWord[]): TimedWord[] | undefined {
  const left = [...words];
  if (left.map((word) => word.text).join(" ") !== spoken) return undefined;
  let at = 0;
  const all = text.split(/\s+/u).map((word): TimedWord => {
    if (word !== left[0]?.text) return { text: word, startMs: at, endMs: at };
    const [next] = left.splice(0, 1);
    at = next?.endMs ?? at;
    return next ?? { text: word, startMs: at, endMs: at };
  });
  // A word that a bracket touches differs from the one that was spoken.
  return left.length === 0 ? all : undefined;
}
