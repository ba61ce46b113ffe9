import fc from "fast-check";
import { expect, test } from "vitest";
import { type BrainMessage, openBrain } from "./brain.ts";

const now = new Date("2026-11-21T16:30:00Z");
const hotel = `You are Ava, the receptionist of the Grand Hotel. Be brief and friendly. Never talk about politics.

## Times
Breakfast is served from 7 to 10 a.m. on the ground floor. Check-out is at 11.
- The pool opens at eight and closes at nine in the evening.
- On Sundays, the pool opens at ten.

Parking costs 15 dollars a night. Dogs are welcome.
Q: Is there a shuttle to the airport?
A: Yes, it leaves every hour at the main entrance.`;

async function pieces(messages: readonly BrainMessage[], signal = new AbortController().signal): Promise<string[]> {
  const found: string[] = [];
  for await (const piece of openBrain().answer(messages, { now, timeZone: "UTC", signal })) found.push(String(piece));
  return found;
}

/** A conversation: each line is said, answered and remembered; the answers come back. */
async function talk(lines: readonly string[], briefing?: string): Promise<string[]> {
  const messages: BrainMessage[] = briefing === undefined ? [] : [{ role: "system", content: briefing }];
  const answers: string[] = [];
  for (const line of lines) {
    messages.push({ role: "user", content: line });
    const answer = (await pieces(messages)).join("");
    messages.push({ role: "assistant", content: answer });
    answers.push(answer);
  }
  return answers;
}

async function ask(line: string, briefing?: string): Promise<string> {
  return (await talk([line], briefing))[0]!;
}

const wordCount = (text: string): number => text.split(/\s+/).filter((word) => word !== "").length;

/** Seconds of speech at the 3.2 words a second that a brisk voice reaches: a lower bound. */
const seconds = (text: string): number => wordCount(text) / 3.2;

test("an answer comes in pieces of one word that make up the text", async () => {
  const words = await pieces([{ role: "user", content: "Hello" }]);
  expect(words.length).toBeGreaterThan(5);
  expect(words.every((word) => /^ ?\S+$/.test(word))).toBe(true);
  expect(words.join("")).toMatch(/^Good afternoon/);
});

test("an aborted signal ends the answer without an error", async () => {
  const stop = new AbortController();
  const heard: string[] = [];
  for await (const piece of openBrain().answer([{ role: "user", content: "Tell me a story." }], {
    now,
    timeZone: "UTC",
    signal: stop.signal,
  })) {
    heard.push(String(piece));
    if (heard.length === 3) stop.abort();
  }
  expect(heard).toHaveLength(3);
});

test.each([
  ["What is twenty three times seven?", "Twenty-three times seven is one hundred sixty-one."],
  ["What's 2+2?", "Two plus two is four."],
  ["what is 12 x 12", "Twelve times twelve is one hundred forty-four."],
  ["How much is 5 and 6?", "Five plus six is eleven."],
  ["What's fifteen percent of eighty?", "Fifteen percent of eighty is twelve."],
  ["15% of 80", "Fifteen percent of eighty is twelve."],
  ["nine minus twelve", "Nine minus twelve is minus three."],
  ["What is two plus three times four?", "Two plus three times four is fourteen."],
  ["two point five times four", "Two point five times four is ten."],
  ["What is one hundred and five plus 1,000?", "One hundred five plus one thousand is one thousand one hundred five."],
  ["Multiply six by seven, please.", "Six times seven is forty-two."],
  ["divide ten by four", "Ten divided by four is two point five."],
  ["subtract 5 from 20", "Twenty minus five is fifteen."],
  ["What is two to the power of ten?", "Two to the power of ten is one thousand twenty-four."],
  ["what's the square root of sixteen", "The square root of sixteen is four."],
  ["What is the square root of two?", "The square root of two is about one point four one four."],
  ["Could you please tell me what ten divided by three is?", "Ten divided by three is about three point three three three."],
])("sums: %s", async (line, answer) => {
  expect(await ask(line)).toBe(answer);
});

test("a division by zero has no answer", async () => {
  expect(await ask("What is ten divided by zero?")).toContain("no answer");
});

test.each([
  ["What time is it?", "It is four thirty in the afternoon."],
  ["Hello, can you tell me what time it is, please?", "It is four thirty in the afternoon."],
  ["What's the time in Tokyo?", "In Tokyo, it is one thirty in the morning."],
  ["What day is it today?", "Today is Saturday. The date is November twenty-first."],
  ["What's the date tomorrow?", "Tomorrow is Sunday, November twenty-second, twenty twenty-six."],
  ["What year is it?", "It is the year twenty twenty-six."],
  ["How many days until Christmas?", "It is thirty-four days until Christmas."],
])("time and date: %s", async (line, answer) => {
  expect(await ask(line)).toBe(answer);
});

test.each([
  ["How many feet are in a mile?", "One mile is five thousand two hundred eighty feet."],
  ["Convert 20 degrees Celsius to Fahrenheit.", "Twenty degrees Celsius is sixty-eight degrees Fahrenheit."],
  ["5 kilometers in miles", "Five kilometers are about three point one one miles."],
  ["How many seconds are in a day?", "One day is eighty-six thousand four hundred seconds."],
])("units: %s", async (line, answer) => {
  expect(await ask(line)).toBe(answer);
});

test.each([
  ["Count to ten.", "One, two, three, four, five, six, seven, eight, nine, ten."],
  ["Please count to 5.", "One, two, three, four, five."],
  ["Can you count from five to one?", "Five, four, three, two, one."],
  ["count backwards from three", "Three, two, one."],
  ["Spell giraffe.", "Giraffe is spelled: G, I, R, A, F, F, E."],
  ["How do you spell quay?", "Quay is spelled: Q, U, A, Y."],
  ["Repeat after me: hello world.", "Hello world."],
])("telling: %s", async (line, answer) => {
  expect(await ask(line)).toBe(answer);
});

test("counting has an end", async () => {
  expect(await ask("count to a million")).toContain("at most one hundred numbers");
  expect((await ask("count to one hundred")).split(", ")).toHaveLength(100);
});

test.each(["What can you do?", "Tell me a joke.", "Tell me a story.", "What can I ask you?", "help"])(
  "%s is answered for six seconds and more",
  async (line) => {
    expect(seconds(await ask(line))).toBeGreaterThan(6);
  },
);

test("another joke is another one", async () => {
  const [first, second, third] = await talk(["Tell me a joke.", "Another one.", "Tell me another joke."]);
  expect(second).not.toBe(first);
  expect(third).not.toBe(second);
});

test("it says what it is, under whatever name it was given", async () => {
  expect(await ask("Who are you?")).toMatch(/Parley's embedded brain.*without a language model/);
  const named = await ask("Who are you?", hotel);
  expect(named).toMatch(/^My name here is Ava, the receptionist of the Grand Hotel\./);
  expect(named).toContain("without a language model");
  expect(await ask("What's your name?", hotel)).toContain("Ava");
  expect(await ask("Are you a real person?")).toMatch(/program|No human/);
});

test("it remembers a name while the call lasts", async () => {
  expect((await talk(["My name is Anna.", "What time is it?", "What's my name?"]))[2]).toBe("Your name is Anna. You told me a moment ago.");
  expect(await ask("What is my name?")).toContain("not told me");
});

test("what was said is repeated, also when only its beginning was heard", async () => {
  const story = await ask("Tell me a story.");
  const cut: BrainMessage[] = [
    { role: "user", content: "Tell me a story." },
    { role: "assistant", content: story.split(" ").slice(0, 9).join(" ") },
    { role: "user", content: "Repeat that." },
  ];
  expect((await pieces(cut)).join("")).toBe(story);
});

test("an interrupted answer goes on where it was cut, also after a stop", async () => {
  const story = await ask("Tell me a story.");
  const heard = story.split(" ").slice(0, 9).join(" ");
  const cut: BrainMessage[] = [
    { role: "user", content: "Tell me a story." },
    { role: "assistant", content: heard },
    { role: "user", content: "Stop." },
    { role: "assistant", content: "Okay, I am quiet. Speak when you are ready." },
    { role: "user", content: "Go on." },
  ];
  const rest = (await pieces(cut)).join("");
  expect(story.endsWith(rest)).toBe(true);
  expect(wordCount(rest)).toBeGreaterThanOrEqual(wordCount(story) - 10);
});

test("a greeting that the agent spoke can be repeated", async () => {
  const messages: BrainMessage[] = [
    { role: "assistant", content: "Welcome to the Grand Hotel." },
    { role: "user", content: "Say that again, please." },
  ];
  expect((await pieces(messages)).join("")).toBe("Welcome to the Grand Hotel.");
});

test("slower means the same words with more pauses", async () => {
  const [first, slow] = await talk(["Tell me a story.", "Slower, please."]);
  const letters = (text: string | undefined): string =>
    (text ?? "")
      .toLowerCase()
      .replace(/[^a-z ]/g, "")
      .replace(/ +/g, " ");
  expect(letters(slow)).toBe(letters(first));
  expect(slow!.match(/[.,]/g)!.length).toBeGreaterThan(first!.match(/[.,]/g)!.length);
});

test.each([
  ["When is breakfast?", "Breakfast is served from 7 to 10 a.m. on the ground floor."],
  ["How much is parking?", "Parking costs 15 dollars a night."],
  ["What time does the pool close?", "The pool opens at eight and closes at nine in the evening."],
  ["Can I bring my dog?", "Dogs are welcome."],
  ["When do I have to check out?", "Check-out is at 11."],
  ["Is there a shuttle to the airport?", "Yes, it leaves every hour at the main entrance."],
])("the briefing answers: %s", async (line, answer) => {
  expect(await ask(line, hotel)).toBe(answer);
});

test("instructions to the agent are not facts for a caller", async () => {
  expect(await ask("What about politics?", hotel)).not.toContain("Never talk");
  expect(await ask("Are you brief and friendly?", hotel)).not.toContain("Be brief");
});

test("a follow-up is understood with the question before it", async () => {
  const answers = await talk(["When does the pool open?", "And on Sundays?", "What about parking?", "Why?"], hotel);
  expect(answers[0]).toContain("The pool opens at eight");
  expect(answers[1]).toBe("On Sundays, the pool opens at ten.");
  expect(answers[2]).toBe("Parking costs 15 dollars a night.");
  expect(answers[3]).toMatch(/reason/);
});

test("what the briefing does not say is not made up", async () => {
  const answer = await ask("Do you have a sauna with a view of the sea?", hotel);
  expect(answer).toMatch(/language model/);
});

test("a heading counts for what stands under it, and a wrapped line goes on", async () => {
  const text = `# Sauna

It is on the third floor and is open to all guests of the house who bring
their own towel.

# Gym
It is in the basement.`;
  expect(await ask("Where is the gym?", text)).toBe("It is in the basement.");
  expect(await ask("Where is the sauna?", text)).toBe(
    "It is on the third floor and is open to all guests of the house who bring their own towel.",
  );
});

test("a large briefing is read once, and searched in an instant", async () => {
  const large = Array.from(
    { length: 12_000 },
    (_, index) => `Item ${index} of the catalogue weighs ${index} grams and ships from warehouse number ${index % 7}.`,
  ).join("\n");
  const brain = openBrain();
  const say = async (content: string): Promise<string> => {
    let text = "";
    const messages: BrainMessage[] = [
      { role: "system", content: large },
      { role: "user", content },
    ];
    for await (const piece of brain.answer(messages, { now, timeZone: "UTC", signal: new AbortController().signal })) text += piece;
    return text;
  };
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns += 1;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  await say("What does item 17 weigh?");
  reading = false;
  // Other calls on this thread had their turns meanwhile.
  expect(turns).toBeGreaterThan(10);
  const before = performance.now();
  expect(await say("What does item 3012 weigh?")).toBe("Item 3012 of the catalogue weighs 3012 grams and ships from warehouse number 2.");
  expect(performance.now() - before).toBeLessThan(1000);
});

test.each([
  "hello ",
  "please ",
  "a ",
  "what is ",
  "one ",
  "count ",
  "testing ",
  "no. ",
  "and ",
  "very ",
  "i am ",
  "book a room ",
  "two hundred ",
  "''",
  "- ",
  "1.",
  "how many ",
])("a flood of %j is answered at once", async (word) => {
  const before = performance.now();
  await talk([word.repeat(2000), `what is ${word.repeat(2000)}`], hotel);
  expect(performance.now() - before).toBeLessThan(2000);
});

test.each([
  [
    "How old is the Brooklyn Bridge?",
    "The Brooklyn Bridge is about one hundred forty-three years old. It was opened in eighteen eighty-three.",
  ],
  ["How tall is the Eiffel Tower?", "The Eiffel Tower is about three hundred thirty meters high."],
  ["What's the capital of Portugal?", "Lisbon. It is the capital of Portugal."],
  ["What is the capital of the United States?", "Washington, D.C. It is the capital of the United States."],
  ["How many planets are there?", "Eight. They are Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, and Neptune."],
  [
    "Who was Jane Austen?",
    "Jane Austen was the English author of Pride and Prejudice. The years were seventeen seventy-five to eighteen seventeen.",
  ],
])("general facts: %s", async (line, answer) => {
  expect(await ask(line)).toBe(answer);
});

test("it and the next one refer to what was asked before", async () => {
  const answers = await talk(["How old is the Brooklyn Bridge?", "And how long is it?", "What about the Eiffel Tower?", "Who built it?"]);
  expect(answers[1]).toContain("meters long");
  expect(answers[2]).toContain("three hundred thirty meters");
  expect(answers[3]).toContain("Gustave Eiffel");
});

test.each([
  "What's the weather like?",
  "Will it rain tomorrow?",
  "Play some music.",
  "Set a timer for five minutes.",
  "Turn on the lights.",
  "What are the news today?",
])("%s is declined at once and honestly", async (line) => {
  expect(await ask(line)).toMatch(/cannot|no news|no weather/);
});

test("a room is asked for field by field, and nothing is said to be booked", async () => {
  const answers = await talk(["Book a room.", "Mountain View.", "Today.", "2:30 p.m.", "Half an hour."]);
  expect(answers[0]).toMatch(/where|place/i);
  expect(answers[1]).toMatch(/day/);
  expect(answers[2]).toMatch(/time/);
  expect(answers[3]).toMatch(/how long/i);
  expect(answers[4]).toMatch(/room in Mountain View, today, at 2:30 PM, for half an hour\. .*nothing is booked/);
});

test("a booking takes what it is told at once, in any order, and can be dropped", async () => {
  expect(await ask("Book me a meeting room in Berlin tomorrow at 3 p.m. for an hour.")).toMatch(
    /Berlin, tomorrow, at 3 PM, for an hour.*nothing is booked/,
  );
  const answers = await talk(["I need a room on Friday.", "Never mind.", "today"]);
  expect(answers[1]).toContain("dropped the booking");
  expect(answers[2]).toContain("Saturday");
});

test.each([
  "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.",
  "And Mister John Dashwood had then leisure to consider how much there might be prudently in his power to do for them.",
  "He was not an ill disposed young man,",
  "unless to be rather cold hearted and rather selfish is to be ill disposed.",
  "He might even have been made amiable himself.",
  "Mr. Quilter is the apostle of the middle classes and we are glad to welcome his gospel.",
  "mountain view",
  "half an hour",
  "I like my dog.",
  "The quick brown fox jumps over the lazy dog.",
])("a statement is acknowledged in eight words or more: %s", async (line) => {
  expect(wordCount(await ask(line))).toBeGreaterThanOrEqual(8);
});

test("every ability that is listed is there: its examples are answered", async () => {
  for (const { name, examples } of openBrain().abilities) {
    for (const example of examples) {
      const answers = await talk(["Tell me a story.", example], `${hotel}\nWe open at nine. We close on Sunday.`);
      expect(answers[1], `${name}: ${example}`).not.toMatch(/connect a language model|cannot find|What I was given/);
    }
  }
});

test("a statement's names are taken up, with their titles", async () => {
  expect(await ask("And Mr. John Dashwood had then leisure to consider it.")).toContain("Mr. John Dashwood");
  expect(await ask("Mr. Quilter is the apostle of the middle classes.")).toContain("Mr. Quilter");
  expect(await ask("And so my fellow Americans, ask not what your country can do for you.")).toContain("John F. Kennedy");
});

test("an open question is said to need a language model, with the way to connect one", async () => {
  const answers = await talk(["How do I build a boat?", "How do I build a plane?", "Which philosopher is right?", "How do I knit a sock?"]);
  expect(answers.every((answer) => answer.includes("language model"))).toBe(true);
  expect(answers.some((answer) => answer.includes("Ollama"))).toBe(true);
});

test("the last sentence that makes sense is answered", async () => {
  expect(await ask("I had a long day at work. What is two plus two?")).toBe("Two plus two is four.");
  expect(await ask("What time is it? I forgot my watch.")).toContain("four thirty");
});

test("silence and noise are met with a request to speak again", async () => {
  expect(await ask("")).toMatch(/again|once more/);
  expect(await ask("...")).toMatch(/again|once more/);
  expect((await pieces([])).join("")).not.toBe("");
});

test("whatever is said, the answer is plain speakable text, the same each time, and never twice the same fallback", async () => {
  const lines = fc.array(
    fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.lorem({ maxCount: 12 }),
      fc.constantFrom("why?", "go on", "repeat that", "and?", "how do I knit?", "it", "book a room", "what about it?", "slower"),
    ),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(lines, fc.constantFrom(undefined, hotel), async (said, briefing) => {
      const answers = await talk(said, briefing);
      expect(await talk(said, briefing)).toEqual(answers);
      for (const answer of answers) {
        expect(answer.trim()).not.toBe("");
        expect(answer).not.toMatch(/undefined|NaN|\[object|[*_#`<>{}|\\]{2}|\n/);
      }
      for (const [at, answer] of answers.entries()) {
        if (/language model/.test(answer) && at > 0 && !/repeat|slower|go on|again/i.test(said[at]!))
          expect(answer).not.toBe(answers[at - 1]);
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});
