/** A few hundred general facts: famous structures, people, places, and things that children ask. */
import { capitals } from "./capitals.ts";
import { people, type Person, type Thing, things } from "./famous.ts";
import type { Question } from "./question.ts";
import { plain, unwrap } from "./words.ts";
import { capital, sayNumber, sayYear } from "./spoken-number.ts";

/** Single questions. The first clause is short, so that speech can begin. */
const singles: readonly (readonly [RegExp, string])[] = [
  [/\b(?:how fast is|speed of) light\b/, "Very fast. Light travels about three hundred thousand kilometers in one second."],
  [/\bspeed of sound\b|\bhow fast is sound\b/, "In air, sound travels about three hundred forty meters in one second."],
  [
    /\bhow far (?:is|away is) (?:it to )?the moon\b|\bdistance (?:to|of|from) .*\bmoon\b/,
    "On average, the moon is about three hundred eighty-four thousand kilometers away.",
  ],
  [
    /\bhow far (?:is|away is) (?:it to )?the sun\b|\bdistance (?:to|of|from) .*\bsun\b/,
    "On average, the sun is about one hundred fifty million kilometers away.",
  ],
  [
    /\bboiling point\b|\bwhen does water boil\b|\bwater boils?\b/,
    "At sea level, water boils at one hundred degrees Celsius, which is two hundred twelve degrees Fahrenheit.",
  ],
  [
    /\bfreezing point\b|\bwhen does water freeze\b|\bwater freezes?\b/,
    "Water freezes at zero degrees Celsius, which is thirty-two degrees Fahrenheit.",
  ],
  [/\bhow many planets\b/, "Eight. They are Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, and Neptune."],
  [/\b(?:largest|biggest) planet\b/, "Jupiter. It is the largest planet of our solar system."],
  [/\bsmallest planet\b/, "Mercury. It is the smallest planet of our solar system."],
  [/\bclosest (?:planet )?to the sun\b/, "Mercury. It is the planet closest to the sun."],
  [/\b(?:largest|biggest) ocean\b/, "The Pacific. It covers about a third of the earth."],
  [
    /\bhow many continents\b/,
    "Seven, as most people count. They are Africa, Antarctica, Asia, Australia, Europe, North America, and South America.",
  ],
  [/\bhow many oceans\b/, "Five. They are the Pacific, the Atlantic, the Indian, the Southern, and the Arctic Ocean."],
  [/\b(?:largest|biggest) country\b/, "Russia. It is the largest country by area."],
  [/\bsmallest country\b/, "Vatican City. It is the smallest country of the world, inside the city of Rome."],
  [/\b(?:largest|biggest) animal\b/, "The blue whale. It can grow to about thirty meters."],
  [/\bfastest (?:land )?animal\b/, "On land, the cheetah. In the air, the peregrine falcon is faster still."],
  [/\b(?:tallest|highest) animal\b/, "The giraffe. A tall one stands more than five meters high."],
  [/\bhow many (?:legs|feet) (?:does|do|has) a? ?spiders?\b/, "Eight. A spider has eight legs, and an insect has six."],
  [/\bhow many bones\b/, "Two hundred six. That is how many bones a grown person has."],
  [/\bhow many (?:days) (?:are )?(?:there )?(?:in|does) (?:a|one|the) year\b/, "Three hundred sixty-five. A leap year has one more."],
  [/\bhow many weeks (?:are )?(?:there )?in (?:a|one|the) year\b/, "Fifty-two, and one day."],
  [/\bhow many months (?:are )?(?:there )?in (?:a|one|the) year\b/, "Twelve, from January to December."],
  [/\bhow many states\b/, "Fifty. The United States has fifty states."],
  [/\bfirst president\b/, "George Washington. He was the first president of the United States."],
  [
    /\bwho (?:wrote|is the author of) (?:sense and sensibility|pride and prejudice|emma)\b/,
    "Jane Austen. She wrote it about two hundred years ago.",
  ],
  [
    /\bwho (?:wrote|is the author of) (?:hamlet|romeo and juliet|macbeth|othello|king lear)\b/,
    "William Shakespeare. He wrote it around the year sixteen hundred.",
  ],
  [/\bwho painted the mona lisa\b/, "Leonardo da Vinci. The painting hangs in the Louvre in Paris."],
  [/\bformula (?:for|of) water\b|\bwater made of\b/, "H two O. Two parts of hydrogen, one part of oxygen."],
  [/\bwhy is the sky blue\b/, "Because of the air. It scatters blue light more than red light, so blue comes to us from everywhere."],
  [
    /\bmeaning of life\b|\banswer to (?:life|everything)\b/,
    "Forty-two, as a famous book says. A better answer needs more than a small program.",
  ],
  [/\bvalue of pi\b|\bwhat is pi\b/, "Pi is about three point one four one six."],
  [/\bcolou?rs of the rainbow\b/, "Red, orange, yellow, green, blue, indigo, and violet."],
  [/\bwhat (?:is|are) the primary colou?rs\b/, "Red, yellow, and blue, if you paint. Red, green, and blue, if you mix light."],
  [
    /\bend of (?:the )?(?:second world war|world war (?:two|2|ii))\b|\b(?:second world war|world war (?:two|2|ii)) end\b/,
    "In nineteen forty-five. It had begun in nineteen thirty-nine.",
  ],
  [/\b(?:berlin wall) (?:fall|come down)\b/, "In nineteen eighty-nine, on the ninth of November."],
];

/** Famous lines, said rather than asked. */
const quotes: readonly (readonly [RegExp, string])[] = [
  [
    /ask not what your country/,
    "That is John F. Kennedy, from his inaugural address in nineteen sixty-one. It is one of the best known lines of any president.",
  ],
  [/to be or not to be/, "That is Hamlet, by William Shakespeare. It is perhaps the most famous question in English."],
  [/one small step for (?:a )?man/, "That is Neil Armstrong, on the moon, in nineteen sixty-nine. The whole world was listening."],
  [/i have a dream/, "That is Martin Luther King, in Washington, in nineteen sixty-three. His dream is still remembered."],
  [/truth universally acknowledged/, "That is how Pride and Prejudice begins, the novel by Jane Austen. Few openings are better known."],
  [/nothing to fear but fear itself/, "That is Franklin Roosevelt, from his first inaugural address in nineteen thirty-three."],
  [
    /(?:not an ill disposed young man|mr john dashwood|mister john dashwood|rather cold hearted and rather selfish)/,
    "That sounds like Sense and Sensibility, the first novel of Jane Austen. Mr. John Dashwood is not kindly drawn there.",
  ],
];

function sayLength(metres: number): string {
  if (metres >= 10_000) return `about ${sayNumber(Math.round(metres / 1000))} kilometers`;
  return `about ${sayNumber(Math.round(metres))} meters`;
}

function about(thing: Thing, text: string, year: number): string | undefined {
  const name = capital(thing.name);
  const began = thing.began ?? "opened";
  if (/\b(?:how old|age)\b/.test(text)) {
    if (thing.year === undefined) return undefined;
    const age = year - thing.year;
    return `${name} is about ${sayNumber(age)} years old. It was ${began} in ${sayYear(thing.year)}.`;
  }
  if (/\b(?:who|whom)\b/.test(text))
    return thing.by === undefined
      ? undefined
      : `It was ${thing.by}. The year was ${thing.year === undefined ? "long ago" : sayYear(thing.year)}.`;
  if (/\b(?:when|what year|which year|since)\b/.test(text))
    return thing.year === undefined ? undefined : `In ${sayYear(thing.year)}. That is when ${thing.name} was ${began}.`;
  if (/\b(?:how (?:tall|high)|height)\b/.test(text))
    return thing.height === undefined ? undefined : `${name} is ${sayLength(thing.height)} high.`;
  if (/\b(?:how (?:long|wide|big|far)|length)\b/.test(text))
    return thing.length === undefined
      ? thing.height === undefined
        ? undefined
        : `${name} is ${sayLength(thing.height)} high.`
      : `${name} is ${sayLength(thing.length)} long.`;
  if (/\b(?:where|which (?:city|country|state))\b/.test(text)) return thing.place === undefined ? undefined : `${name} is ${thing.place}.`;
  if (/^(?:what|which|explain|describe|define|tell)\b/.test(text)) {
    const place = thing.place === undefined ? "" : ` It is ${thing.place}.`;
    return `${name} is ${thing.what}.${place}`;
  }
  return undefined;
}

function aboutPerson(person: Person, text: string, year: number): string | undefined {
  const { name, born, died } = person;
  if (/\b(?:how old|age)\b/.test(text))
    return died === undefined
      ? `${name} is about ${sayNumber(year - born)} years old.`
      : `${name} lived to the age of about ${sayNumber(died - born)}. The years were ${sayYear(born)} to ${sayYear(died)}.`;
  if (/\b(?:die|died|death)\b/.test(text))
    return died === undefined ? `${name} is alive, as far as I know.` : `In ${sayYear(died)}. ${name} was born in ${sayYear(born)}.`;
  if (/\b(?:when|what year)\b|\bborn\b/.test(text)) return `${name} was born in ${sayYear(born)}.`;
  if (/^(?:who|what|tell|describe|do you know)\b/.test(text))
    return `${name} was ${person.what}. The years were ${sayYear(born)} to ${died === undefined ? "today" : sayYear(died)}.`;
  return undefined;
}

function capitalCity(text: string): string | undefined {
  const country =
    /\bcapital(?: city)? of (?:the )?([a-z ]+?)(?: called)?$/.exec(text)?.[1] ??
    /^(?:what is )?([a-z ]+?)(?:'s)? capital(?: city)?$/.exec(text)?.[1];
  if (country !== undefined) {
    const entry = capitals.find(([name]) => name.toLowerCase() === country.replace(/^the /, "").replace(/'s$/, ""));
    return entry === undefined ? undefined : `${entry[1].replace(/\.$/, "")}. It is the capital of ${entry[2] ?? ""}${entry[0]}.`;
  }
  const city =
    /\b([a-z' ]+?) (?:is )?the capital of (?:which|what) country$|^(?:which|what) country(?:'s)? (?:has the )?capital (?:is )?([a-z' ]+)$/.exec(
      text,
    );
  const entry = capitals.find(([, name]) => name.toLowerCase() === (city?.[1] ?? city?.[2] ?? "").trim());
  return entry === undefined ? undefined : `${entry[1]} is the capital of ${entry[2] ?? ""}${entry[0]}.`;
}

const refersBack = /\b(?:it|he|she|that one|this one|they|its|his|her)\b/;

/** What a text names, or undefined. */
function named(text: string): { thing: Thing | undefined; person: Person | undefined } | undefined {
  const thing = things.find(({ names }) => names.test(text));
  const person = people.find(({ names }) => names.test(text));
  return thing === undefined && person === undefined ? undefined : { thing, person };
}

/** Whom or what a question is about: what it names, else the last that was spoken of. */
function subject(question: Question): { thing: Thing | undefined; person: Person | undefined } | undefined {
  const here = named(question.text);
  if (here !== undefined || question.words.length > 8 || !refersBack.test(question.text)) return here;
  for (const { said } of question.before.toReversed()) {
    const there = named(plain(said));
    if (there !== undefined) return there;
  }
  return undefined;
}

export function general(question: Question): string | undefined {
  const { text } = question;
  const follows = /^(?:(?:what|how) about|and)\b/.test(plain(question.raw));
  if (!question.asks) {
    const quote = quotes.find(([pattern]) => pattern.test(text))?.[1];
    if (quote !== undefined || !follows) return quote;
  }
  const single = singles.find(([pattern]) => pattern.test(text))?.[1] ?? capitalCity(text);
  if (single !== undefined) return single;
  const found = subject(question);
  if (found === undefined) return undefined;
  const year = question.now.getUTCFullYear();
  // "And the Eiffel Tower?" asks of it what was asked before.
  const whole = follows && !/\b(?:who|when|where|why|how (?!about)|old)\b/.test(text);
  const asked = whole ? unwrap(plain(question.before.at(-1)?.said ?? "")) : text;
  const { thing, person } = found;
  return (
    (person === undefined ? undefined : aboutPerson(person, asked, year)) ?? (thing === undefined ? undefined : about(thing, asked, year))
  );
}
