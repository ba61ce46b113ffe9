/** The end of the line: what people state is acknowledged, what needs a language model is said to need one. */
import type { Question } from "./question.ts";

const commonWords = new Set(
  "a about after again all also am an and any are as at be been before being but by can could did do does each even ever every few for from get go got had has have having he her here him his how i if in into is it its just know let like made make many may me might more most much must my no not nothing now of off on one only or other our out over own power put rather said say see shall she should so some such than that the their them then there these they thing things this those though through to too unless up upon us very was we were what when where which while who whom why will with would yes you your young something someone really want think".split(
    " ",
  ),
);

/** What a statement is about: its names, else its longest rare words; at most two. */
function topics(raw: string): string[] {
  const found: string[] = [];
  const bare = raw
    .replace(/[^\p{L}\p{N}' -]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (bare.split(/\s+/).length <= 3 && /\p{L}{3}/u.test(bare)) return [bare];
  const name =
    /(?:(?<=[\p{L},;:] )|\b(?=(?:Mr|Mrs|Ms|Dr|Mister|Miss|President|Professor)\b))(?:(?:Mr|Mrs|Ms|Dr)\.? )?\p{Lu}[\p{Ll}'-]+(?: \p{Lu}[\p{Ll}'-]+)*/gu;
  for (const [match] of raw.matchAll(name)) if (!commonWords.has(match.toLowerCase()) && !match.startsWith("I'")) found.push(match);
  if (found.length === 0) {
    const words = (raw.match(/[\p{L}'-]+/gu) ?? []).filter((word) => word.length > 3 && !commonWords.has(word.toLowerCase()));
    const longest = words.toSorted((one, other) => other.length - one.length)[0];
    if (longest !== undefined) found.push(longest);
  }
  return [...new Set(found)].slice(0, 2);
}

const turned: Readonly<Record<string, string>> = {
  i: "you",
  me: "you",
  my: "your",
  mine: "yours",
  myself: "yourself",
  "i'm": "you're",
  "i've": "you've",
  "i'll": "you'll",
  "i'd": "you'd",
  am: "are",
  your: "my",
  yours: "mine",
  yourself: "myself",
  we: "you",
  our: "your",
  us: "you",
};

/** People's words turned to the other side: "I like my dog" becomes "you like your dog". */
function reflect(text: string): string {
  const words = text
    .replace(/[’‘]/g, "'")
    .replace(/[.!?…]+$/, "")
    .split(/\s+/);
  return words
    .map((word, at) => {
      const lower = word.toLowerCase();
      const before = words[at - 1]?.toLowerCase() ?? "";
      if (lower === "you")
        return at === 0 || /^(?:that|and|if|when|because|but|so|think|know|hope|are|do|did|can|will)$/.test(before) ? "I" : "me";
      if (lower === "are" && before === "you") return "am";
      if (lower === "was" && before === "i") return "were";
      return turned[lower] ?? word;
    })
    .join(" ");
}

function acknowledge(question: Question): string {
  const personal =
    /^(?:i|my|we|our)\b/i.test(question.raw.trim()) &&
    !/[.!?]\s/.test(question.raw.trim()) &&
    question.words.length >= 3 &&
    question.words.length <= 14;
  if (personal) {
    const echo = reflect(question.raw.trim());
    return question.pick([
      `I see, ${echo}. Tell me more about it, or ask me a question.`,
      `You say that ${echo}. I hear you, and I am listening.`,
      `So ${echo}. Thank you for telling me. What comes next?`,
    ]);
  }
  const about = topics(question.raw).join(" and ");
  if (about === "") {
    return question.pick([
      "I heard you, but I am not sure what to do with it. Ask me a question, or ask what I can do.",
      "I am listening. Please say a little more, or put it as a question.",
      "Understood, as far as I can. What would you like me to do?",
    ]);
  }
  return question.pick([
    `I heard you speak about ${about}. I can listen and quote, but to discuss it I would need a language model.`,
    `Thank you, I have heard that. It was about ${about}, if I followed you. What would you like to know?`,
    `You mentioned ${about}. I have no opinion of my own on that, but please go on, I am listening.`,
    `That is noted: ${about}. If there is a question in it for me, please ask it directly.`,
  ]);
}

/** How to connect a model, in words that can be spoken. */
const connecting = "Start Ollama on this computer, or set the address of a model in the settings.";

function needsModel(question: Question): string {
  if (/^(?:why|how come|how so)(?: is that| so| not)?$/.test(question.text)) {
    return question.pick([
      "I cannot give you reasons. I only match what you say with what I know. Reasons need a language model.",
      "To say why, I would have to understand it. I am a small program, and that takes a language model.",
    ]);
  }
  const open = [
    `I do not know that. A question like this needs a language model, and none is connected here. ${connecting}`,
    `That is beyond me, I am afraid. I am only a small program without a language model. ${connecting}`,
    "Good question, but I have no answer. I can chat a little, tell the time, do arithmetic, and quote from my instructions. For the rest, connect a language model.",
    "I would have to guess, and I would rather not. With a language model connected, this same voice could answer you. The page shows how.",
  ];
  const briefed = [
    "I cannot find that. What I was given does not speak of it. Try other words, or connect a language model.",
    `Sorry, nothing I was given speaks of that. For open questions, connect a language model. ${connecting}`,
    "My text has no answer to that. I only quote what is written in my instructions. A language model could say more.",
  ];
  return question.pick(question.briefing.trim() === "" ? open : briefed);
}

export function fallback(question: Question): string {
  if (question.words.length === 0)
    return question.pick([
      "I did not catch any words. Could you say that again?",
      "Sorry, that was too unclear for me. Please try once more.",
    ]);
  return question.asks ? needsModel(question) : acknowledge(question);
}
