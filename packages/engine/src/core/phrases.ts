/** What short phrases mean for whose turn it is: signs of listening, and words that leave a sentence open. English. */

// Signs of listening that ask for nothing ("backchannels"); fillers count with them.
const backchannels = new Set([
  "ah",
  "aha",
  "alright",
  "cool",
  "er",
  "erm",
  "gotcha",
  "great",
  "hm",
  "hmm",
  "huh",
  "mhm",
  "mm",
  "mmhmm",
  "mmm",
  "nice",
  "oh",
  "ok",
  "okay",
  "right",
  "sure",
  "uh",
  "uhhuh",
  "uhuh",
  "um",
  "wow",
  "yeah",
  "yep",
  "yes",
  "yup",
]);
const backchannelPhrases = new Set(["got it", "i see", "of course", "go on", "makes sense", "all right", "uh huh", "mm hmm", "you know"]);

// Words after which an English sentence goes on.
const openers = new Set([
  "a",
  "an",
  "the",
  "and",
  "or",
  "but",
  "because",
  "so",
  "if",
  "when",
  "while",
  "that",
  "which",
  "who",
  "of",
  "to",
  "for",
  "with",
  "from",
  "in",
  "on",
  "at",
  "by",
  "about",
  "into",
  "than",
  "as",
  "my",
  "your",
  "his",
  "her",
  "its",
  "our",
  "their",
  "this",
  "these",
  "those",
  "is",
  "are",
  "was",
  "were",
  "am",
  "i",
  "we",
  "they",
  "um",
  "uh",
  "er",
  "like",
  "very",
  "can",
  "could",
  "would",
  "will",
  "should",
  "i'm",
  "i'd",
  "i'll",
  "let's",
  "please",
]);

function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replace(/[-–]/g, "")
      .match(/[\p{L}\p{N}']+/gu) ?? []
  );
}

/** False for silence, fillers and backchannels ("uh-huh", "okay", "I see"): they do not take the turn. */
export function carriesMeaning(text: string): boolean {
  const words = wordsOf(text);
  if (words.length === 0) return false;
  if (words.every((word) => backchannels.has(word))) return false;
  return !backchannelPhrases.has(words.join(" "));
}

/** True when the last word cannot end a sentence ("I would like to", "because"), unless punctuation says that it does. */
export function endsOpen(text: string): boolean {
  const last = wordsOf(text).at(-1);
  return last !== undefined && openers.has(last) && !/[?!]["'”’]?\s*$/u.test(text);
}

/** True when the text holds one of the phrases as whole words, in any case and with any punctuation. */
export function holdsPhrase(text: string, phrases: readonly string[]): boolean {
  const words = ` ${wordsOf(text).join(" ")} `;
  return phrases.some((phrase) => {
    const wanted = wordsOf(phrase).join(" ");
    return wanted !== "" && words.includes(` ${wanted} `);
  });
}
