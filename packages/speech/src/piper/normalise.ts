/** Written text to the words that are said for it, each written word with its own. */

/** One word as written, with its punctuation, and what is said for it: words in lower case and, between or after them, marks of pause. */
export interface WrittenWord {
  text: string;
  /** `"hello"`, `"b."` for a spelled letter, or one of `, ; : . ? !`. Empty when nothing is said. */
  spoken: string[];
}

const trailing = /[^\p{L}\p{N}]+$/u;

export function isPause(spoken: string): boolean {
  return spoken.length === 1 && ",;:.?!".includes(spoken);
}

export function normalise(text: string): WrittenWord[] {
  return (text.match(/\S+/gu) ?? []).map((written) => {
    const spoken =
      written
        .toLowerCase()
        .replaceAll("’", "'")
        .match(/[a-z']*[a-z][a-z']*|\d/gu) ?? [];
    const pause = /[,;:.?!]/.exec(trailing.exec(written)?.[0] ?? "")?.[0];
    return { text: written, spoken: pause === undefined ? [...spoken] : [...spoken, pause] };
  });
}
