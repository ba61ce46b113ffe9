/** Things to listen to: counting, spelling, jokes, stories, and a coin to toss. Long enough to talk into. */
import type { Question } from "./question.ts";
import { capital, readNumber, sayNumber } from "./spoken-number.ts";

const jokes: readonly string[] = [
  "All right, here is one. A microphone walks into a bar. The bartender asks: what will it be? The microphone says: nothing for me, I am only here to listen. So the loudspeaker paid for everyone, because somebody has to speak up.",
  "Here is a short one. Why did the computer go to the doctor? It had caught a virus on the way to work. The doctor told it to rest, so it has been asleep ever since, and nobody dares to move the mouse.",
  "I know this one. Two echoes meet in a valley. The first one says: I have nothing new to say. The second one says: I have nothing new to say. They got along very well, and they still talk every day.",
  "Let me see. A man asks a clock for the time. The clock says: I would tell you, but I have my hands full. The man waits a whole minute. Then the clock says: see, now it is already later.",
];

const stories: readonly string[] = [
  "Gladly, here is a story. Once there was a lighthouse that wanted to see the sea from close by. Every night it called to the waves, and every night they answered. One winter the waves came up to its door. The lighthouse was not afraid. It simply went on shining, and that night three ships found their way home.",
  "Once upon a time, a small robot lived in a library. It could not read, so it listened. Children whispered the stories to each other, and the robot kept every word. Many years later the books were gone, but nobody was sad. They came to the robot, sat down, and said: please begin.",
  "Let me think. There was an old man who repaired clocks. All of his clocks showed a different time, and people laughed about it. He said that every clock belonged to someone far away. One evening they all struck twelve together, and from every corner of the world somebody knocked on his door.",
];

const poem =
  "Here is a small one. The morning hums, the kettle sings, the window gives the day its wings. A voice comes in, a voice goes out, and that is what it is all about.";

const days = "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, and Sunday.";
const months = "January, February, March, April, May, June, July, August, September, October, November, and December.";

/** Numbers said in one answer at most: half a minute of speech. */
const mostCounted = 100;

function count(question: Question): string | undefined {
  const match =
    /^(?:please )?(?:count|start counting|count for me)(?: up| down| backwards?)?(?: from (.+?))?(?: (?:up |down )?(?:to|till|until) (.+))?$/.exec(
      question.text,
    );
  if (match === null) return undefined;
  const backwards = /\b(?:down|backwards?)\b/.test(question.text);
  const read = (words: string | undefined): number | undefined =>
    words === undefined ? undefined : readNumber(words.split(" "), 0)?.value;
  const to = read(match[2]) ?? (backwards ? 1 : undefined);
  const from = read(match[1]) ?? (backwards ? 10 : 1);
  const end = to ?? from + 9;
  if (!Number.isInteger(from) || !Number.isInteger(end)) return "I can only count in whole numbers. Try, count to ten.";
  const amount = Math.abs(end - from) + 1;
  if (amount > mostCounted)
    return `That would take very long. I count at most ${sayNumber(mostCounted)} numbers at a time. Try, count to twenty.`;
  const step = end < from ? -1 : 1;
  const numbers = Array.from({ length: amount }, (_, index) => sayNumber(from + index * step));
  return `${capital(numbers.join(", "))}.`;
}

function spell(question: Question): string | undefined {
  const word = /^(?:spell|how do you spell|how is|spell out)(?: the (?:word|name))? ([\p{L}'-]+)(?: spelled| spelt| written)?$/u.exec(
    question.text,
  )?.[1];
  if (word === undefined) return undefined;
  const letters = Array.from(word.replace(/[^\p{L}]/gu, "").toUpperCase());
  return `${capital(word)} is spelled: ${letters.join(", ")}.`;
}

export function telling(question: Question): string | undefined {
  const { text } = question;
  const told = count(question) ?? spell(question);
  if (told !== undefined) return told;
  const wishes =
    /^(?:tell|say|give|make|read|recite|do you know|have you got|another|one more|i want|i would like|sing|a|some|do|know)\b/.test(text) ||
    question.words.length <= 3;
  if (wishes && /\bjokes?\b|\bsomething funny\b|\bmake me laugh\b/.test(text)) return question.pick(jokes);
  if (wishes && /\b(?:story|stories|fairy ?tale|tale|bedtime story|something interesting|long answer|something long)\b/.test(text))
    return question.pick(stories);
  if (wishes && /\b(?:poem|poetry|rhyme)\b/.test(text)) return poem;
  if (/^sing\b|\bsing (?:me )?a? ?song\b|\bsing something\b/.test(text))
    return "I cannot sing, I am afraid. My voice can only speak. But I can tell you a story or a small poem.";
  if (/^(?:another|another one|one more|tell me another(?: one)?|more)$/.test(text)) {
    const heard = question.before.at(-1)?.heard ?? "";
    if (jokes.some((joke) => joke.startsWith(heard.slice(0, 20))) && heard !== "") return question.pick(jokes);
    if (stories.some((story) => story.startsWith(heard.slice(0, 20))) && heard !== "") return question.pick(stories);
  }
  if (/^(?:say|recite|tell me|what is|sing|what are the letters of)(?: me)? the alphabet$|^the alphabet$/.test(text))
    return "A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z.";
  if (/^(?:say|name|list|what are|tell me|recite)(?: me)?(?: all)? the (?:seven )?days of the week$/.test(text)) return days;
  if (/^(?:say|name|list|what are|tell me|recite)(?: me)?(?: all)? the (?:twelve |12 )?months(?: of the year)?$/.test(text)) return months;
  if (/^(?:flip|toss|throw) a coin$|^heads or tails$/.test(text))
    return question.pick(["It is heads. Ask again for another toss.", "It is tails. Ask again for another toss."]);
  if (/^(?:roll|throw) (?:a|the) (?:die|dice)$|^roll dice$/.test(text))
    return question.pick([
      "You rolled a one.",
      "You rolled a two.",
      "You rolled a three.",
      "You rolled a four.",
      "You rolled a five.",
      "You rolled a six.",
    ]);
  const range = /^(?:pick|choose|give me|say|think of|tell me)(?: me)? a (?:random )?number(?: between (.+) and (.+))?$/.exec(text);
  if (range !== null) {
    const low = readNumber((range[1] ?? "one").split(" "), 0)?.value ?? 1;
    const high = readNumber((range[2] ?? "ten").split(" "), 0)?.value ?? 10;
    if (!Number.isInteger(low) || !Number.isInteger(high) || high < low || high - low > 1000)
      return "I pick whole numbers from a range of up to a thousand. Try between one and ten.";
    return question.pick(Array.from({ length: high - low + 1 }, (_, index) => `I pick ${sayNumber(low + index)}.`));
  }
  const repeatAfter =
    /^(?:say|repeat after me|repeat)[ ,:]+(?!that|it|this|again|something|anything|what|yourself|please|the last|your)(.{2,160})$/.exec(
      text,
    )?.[1];
  if (repeatAfter !== undefined) return `${capital(repeatAfter)}.`;
  return undefined;
}
