/** A room booking as a form: asks for what is missing, reads it back, and says that nothing was booked. */
import type { Exchange, Question } from "./question.ts";
import { plain, unwrap } from "./words.ts";
import { readNumber } from "./spoken-number.ts";

const fields = ["place", "day", "time", "length"] as const;
type Field = (typeof fields)[number];
type Form = Partial<Record<Field, string>>;

const starts = /\b(?:book|reserve|get|need|want|find)\b.*\b(?:room|meeting room|conference room)\b|\broom (?:booking|reservation)\b/;
const cancels = /^(?:no |please )?(?:cancel|never mind|nevermind|forget it|stop|leave it|do not book)\b/;

const weekday = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)";
const month = "(?:january|february|march|april|may|june|july|august|september|october|november|december)";
const dayPattern = new RegExp(
  `\\b(today|tonight|tomorrow|the day after tomorrow|(?:this |next |on )?${weekday}|${month} (?:the )?[\\w-]+|the [\\w-]+ of ${month}|next week)\\b`,
);
const timePattern =
  /\b(?:at |from |around )?(\d{1,2}(?:[:.]\d{2})? ?(?:a m|p m|am|pm|o'clock)|\d{1,2}[:.]\d{2}|noon|midnight|half past \w+|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: (?:thirty|fifteen|forty five|o'clock))?(?: (?:a m|p m|am|pm|o'clock|in the (?:morning|afternoon|evening)))|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) (?:thirty|fifteen|forty five)|(?:in the )?(?:morning|afternoon|evening))\b/;
const lengthPattern =
  /\b(?:for )?((?:an? |one )?half an? hour|an hour and a half|(?:an?|one|two|three|four|five|six|seven|eight|ten|fifteen|twenty|thirty|forty five|sixty|ninety|\d+) (?:and a half )?(?:hours?|minutes?|days?|nights?)|all day|the whole day)\b/;
const placePattern =
  /\b(?:in|at) (?!the (?:morning|afternoon|evening)|noon|midnight|\d|half)((?:the )?[a-z][a-z' ]{2,30}?)(?= (?:today|tonight|tomorrow|on|at|for|from|next|this)\b|$)/;

/** What a line says about the form's fields. */
function details(line: string): Form {
  const form: Form = {};
  const length = lengthPattern.exec(line)?.[1];
  const day = dayPattern.exec(line)?.[1];
  const time = timePattern.exec(length === undefined ? line : line.replace(length, ""))?.[1];
  const place = placePattern.exec(line)?.[1];
  if (length !== undefined) form.length = length;
  if (day !== undefined) form.day = day;
  if (time !== undefined) form.time = time;
  if (place !== undefined && !dayPattern.test(place)) form.place = place;
  return form;
}

function missing(form: Form): Field | undefined {
  return fields.find((field) => form[field] === undefined);
}

/** The form after one more line, or undefined if the line has nothing to do with it. */
function fill(form: Form, line: string, asks: boolean): Form | undefined {
  const wanted = missing(form);
  const found = details(line);
  const words = line.split(" ");
  if (wanted === "place" && found.place === undefined && !asks && words.length <= 5 && Object.keys(found).length === 0)
    found.place = line.replace(/^(?:in|at) /, "");
  // A bare figure answers the question that was asked.
  if (
    wanted === "time" &&
    found.time === undefined &&
    words.length <= 3 &&
    readNumber(words, 0) !== undefined &&
    found.length === undefined
  )
    found.time = line.replace(/^at /, "");
  return Object.keys(found).length === 0 ? undefined : { ...form, ...found };
}

/** The form that is open after these exchanges, if one is. */
function openForm(before: readonly Exchange[]): Form | undefined {
  let form: Form | undefined;
  for (const { said } of before) {
    const line = unwrap(plain(said));
    if (starts.test(line)) form = details(line);
    else if (form !== undefined) form = cancels.test(line) ? undefined : fill(form, line, said.includes("?"));
    if (form !== undefined && missing(form) === undefined) form = undefined;
  }
  return form;
}

const questions: Readonly<Record<Field, readonly string[]>> = {
  place: ["Sure. Where should the room be?", "Gladly. In which place would you like the room?"],
  day: ["All right. For which day?", "Got it. On which day do you need it?"],
  time: ["Good. At what time?", "Fine. What time should it start?"],
  length: ["And for how long?", "Okay. How long will you need it?"],
};

function summary(form: Form): string {
  const name = (form.place ?? "").replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
  const time = (form.time ?? "").replace(/\b([ap]) ?m\b/, (_, half: string) => `${half.toUpperCase()}M`);
  const day = (form.day ?? "").replace(/\b[a-z]/, (letter) => letter.toUpperCase());
  const at = /^(?:in |noon|midnight)/.test(time) && !/^(?:noon|midnight)/.test(time) ? time : `at ${time}`;
  return `I have a room in ${name}, ${day.toLowerCase().startsWith("to") ? day.toLowerCase() : day}, ${at}, for ${form.length ?? ""}. To be honest, I have no calendar, so nothing is booked. With a language model and a booking tool connected, this conversation would end in a reservation.`;
}

export function booking(question: Question): string | undefined {
  const { text } = question;
  const open = openForm(question.before);
  let form: Form | undefined;
  if (starts.test(text)) form = details(text);
  else if (open !== undefined && cancels.test(text)) return "All right, I have dropped the booking. What else can I do for you?";
  else if (open !== undefined) form = fill(open, text, question.raw.includes("?"));
  if (form === undefined) return undefined;
  const next = missing(form);
  return next === undefined ? summary(form) : question.pick(questions[next]);
}
