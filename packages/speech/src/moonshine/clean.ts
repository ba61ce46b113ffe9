/** Takes out of a recogniser's text what nobody said: loops of words, and words heard in noise. */

interface Heard {
  readonly text: string;
  readonly confidence: number;
}

/** The longest loop that is looked for, in words. */
const LONGEST = 8;
/** People say "no, no, no"; more of the same in a row is the decoder going in circles. */
const MOST = 3;

/** True if the whole text is one stretch of words said twice or more. */
export function isRepeated(text: string): boolean {
  const words = bare(text);
  for (let size = 1; size <= words.length / 2; size++) {
    if (words.length % size === 0 && words.every((word, index) => word === words[index % size])) return true;
  }
  return false;
}

/** Leaves one of each stretch of words that comes more than three times in a row. */
export function collapseRepetition(text: string): string {
  const spoken = text.split(/\s+/u).filter((word) => word !== "");
  const words = spoken.map(plain);
  for (let at = 0; at < words.length; at++) {
    for (let size = 1; size <= LONGEST; size++) {
      let end = at + size;
      while (end < words.length && words[end] === words[end - size]) end++;
      const times = Math.floor((end - at) / size);
      if (times <= MOST) continue;
      // The last time is kept: it carries the punctuation.
      const surplus = (times - 1) * size;
      spoken.splice(at, surplus);
      words.splice(at, surplus);
    }
  }
  return spoken.join(" ");
}

/** What recognisers trained on subtitles write down where there is no speech. */
const subtitles = new Set([
  "you",
  "thank you",
  "thanks for watching",
  "thank you for watching",
  "bye",
  "so",
  "oh",
  "hmm",
  "mm",
  "uh",
  "the",
]);
/** Mean log probability below which such words are not believed. Clear speech has −0.1, a short command −0.5. */
const UNSURE = -0.7;
/** Voice shorter than this holds no word that the model is unsure of, in milliseconds. */
const SHORT_MS = 250;

/** True for text without words, and for a doubtful word or two in next to no voice. */
export function isNoise({ text, confidence }: Heard, speechMs: number): boolean {
  const words = bare(text);
  if (words.length === 0) return true;
  if (confidence >= UNSURE || words.length > 4) return false;
  return speechMs < SHORT_MS || subtitles.has(words.join(" "));
}

function bare(text: string): string[] {
  return text
    .split(/\s+/u)
    .map(plain)
    .filter((word) => word !== "");
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{Letter}\p{Number}']/gu, "");
}
