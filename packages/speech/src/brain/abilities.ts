/** What the brain can do: for the listener who asks, and for the documentation. */
import type { Question } from "./question.ts";

export interface Ability {
  readonly name: string;
  readonly description: string;
  /** Something to say that shows it. */
  readonly examples: readonly string[];
}

export const abilities: readonly Ability[] = [
  {
    name: "small talk",
    description: "Greetings, thanks, goodbyes, and who is speaking.",
    examples: ["Hello, how are you?", "Who are you?"],
  },
  {
    name: "conversation",
    description: "Says the last answer again, more slowly, or from where it was interrupted.",
    examples: ["Repeat that.", "Slower, please.", "Go on."],
  },
  {
    name: "telling",
    description: "Counts, spells, tells jokes and stories, tosses a coin.",
    examples: ["Count to ten.", "Tell me a story.", "Spell giraffe."],
  },
  {
    name: "time and date",
    description: "The time, the date and the day, here and in large cities.",
    examples: ["What time is it?", "What day is tomorrow?", "What time is it in Tokyo?"],
  },
  {
    name: "arithmetic",
    description: "Sums, percentages, powers and roots, with numbers in words or digits.",
    examples: ["What is twenty three times seven?", "What is fifteen percent of eighty?"],
  },
  {
    name: "units",
    description: "Lengths, weights, volumes, temperatures and times from one unit to another.",
    examples: ["How many feet are in a mile?", "Convert 20 degrees Celsius to Fahrenheit."],
  },
  {
    name: "knowledge",
    description: "Answers with the fitting sentence of the system messages.",
    examples: ["When do you open?", "And what about Sunday?"],
  },
  {
    name: "general facts",
    description: "A few hundred facts: capitals, famous buildings, nature.",
    examples: ["How old is the Brooklyn Bridge?", "What is the capital of Portugal?"],
  },
  {
    name: "tools",
    description: "Calls a tool whose name and description fit the words, asks for what it needs, and says what it gave.",
    examples: ["What is the weather in Oslo?", "Cancel order 7."],
  },
  {
    name: "booking",
    description: "Asks for what a room booking needs and reads it back; it books nothing, and says so.",
    examples: ["Book a room."],
  },
];

export function introduceAbilities(question: Question): string | undefined {
  if (
    !/^(?:what (?:all |else |things |kind of things )?(?:can|could|do) (?:you|i) (?:do|ask|say|know|help|offer)(?: you)?(?: for me| me with| with| about| now| here)?|what are (?:you able to do|your (?:abilities|skills|features|functions|capabilities))|how (?:can|do) you help(?: me)?|help|help me|what (?:should|can|could) (?:i|we) (?:ask|say|do|talk about|try)(?: to you| you| here| now)?|what are you (?:good|useful) (?:for|at)|what do you know|list your (?:abilities|skills)|what is possible|how does this work|how do (?:i|you) (?:use|work)(?: this| you)?|show me what you can do)$/.test(
      question.text,
    )
  )
    return undefined;
  return question.pick([
    "Quite a few small things. I can chat with you, tell you the time and the date, and do arithmetic. I can count, spell a word, or tell you a joke or a story. I can also answer from the text that I was given. For open questions, connect a language model, and it will speak with this same voice.",
    "Let me give you some examples. Ask me what time it is, or what twenty three times seven is. Ask me to count to ten, or to tell you a story. If my instructions hold facts, I can quote them. And if you talk while I am speaking, I stop and listen to you. Everything else needs a language model, which you can connect at any time.",
  ]);
}
