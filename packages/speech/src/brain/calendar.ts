/** The time of day and the date, where the listener is. */
import type { Question } from "./question.ts";
import { sayNumber, sayOrdinal, sayYear } from "./spoken-number.ts";

interface WallTime {
  readonly year: number;
  readonly month: string;
  readonly day: number;
  readonly weekday: string;
  readonly hour: number;
  readonly minute: number;
}

function wallTime(now: Date, timeZone: string): WallTime {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "long",
    year: "numeric",
    month: "long",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  });
  const parts = new Map(format.formatToParts(now).map((part) => [part.type, part.value]));
  const read = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? "";
  return {
    year: Number(read("year")),
    month: read("month"),
    day: Number(read("day")),
    weekday: read("weekday"),
    hour: Number(read("hour")),
    minute: Number(read("minute")),
  };
}

/** "four thirty in the afternoon": hours and minutes as figures, which are easier to hear than "half past". */
function sayTime(hour: number, minute: number): string {
  if (minute === 0 && hour === 12) return "twelve noon";
  if (minute === 0 && hour === 0) return "midnight";
  const part = hour < 12 ? "in the morning" : hour < 18 ? "in the afternoon" : "in the evening";
  const clockHour = sayNumber(hour % 12 === 0 ? 12 : hour % 12);
  if (minute === 0) return `${clockHour} o'clock ${part}`;
  return `${clockHour} ${minute < 10 ? `oh ${sayNumber(minute)}` : sayNumber(minute)} ${part}`;
}

function sayDate(time: WallTime): string {
  return `${time.weekday}, ${time.month} ${sayOrdinal(time.day)}, ${sayYear(time.year)}`;
}

/** Hour of the day where the listener is, 0 to 23. */
export function hourOf(now: Date, timeZone: string): number {
  return wallTime(now, timeZone).hour;
}

const places: Readonly<Record<string, string>> = {
  london: "Europe/London",
  paris: "Europe/Paris",
  berlin: "Europe/Berlin",
  vienna: "Europe/Vienna",
  madrid: "Europe/Madrid",
  rome: "Europe/Rome",
  moscow: "Europe/Moscow",
  istanbul: "Europe/Istanbul",
  cairo: "Africa/Cairo",
  dubai: "Asia/Dubai",
  delhi: "Asia/Kolkata",
  "new delhi": "Asia/Kolkata",
  mumbai: "Asia/Kolkata",
  india: "Asia/Kolkata",
  singapore: "Asia/Singapore",
  shanghai: "Asia/Shanghai",
  beijing: "Asia/Shanghai",
  china: "Asia/Shanghai",
  "hong kong": "Asia/Hong_Kong",
  tokyo: "Asia/Tokyo",
  japan: "Asia/Tokyo",
  seoul: "Asia/Seoul",
  sydney: "Australia/Sydney",
  auckland: "Pacific/Auckland",
  honolulu: "Pacific/Honolulu",
  hawaii: "Pacific/Honolulu",
  "los angeles": "America/Los_Angeles",
  "san francisco": "America/Los_Angeles",
  california: "America/Los_Angeles",
  seattle: "America/Los_Angeles",
  denver: "America/Denver",
  chicago: "America/Chicago",
  houston: "America/Chicago",
  "new york": "America/New_York",
  boston: "America/New_York",
  miami: "America/New_York",
  washington: "America/New_York",
  toronto: "America/Toronto",
  "mexico city": "America/Mexico_City",
  "sao paulo": "America/Sao_Paulo",
  "buenos aires": "America/Argentina/Buenos_Aires",
  lagos: "Africa/Lagos",
  nairobi: "Africa/Nairobi",
  johannesburg: "Africa/Johannesburg",
};

const dayMs = 24 * 60 * 60 * 1000;

export function calendar(question: Question): string | undefined {
  const { text, now, timeZone } = question;
  const there =
    /^(?:and )?(?:what )?(?:time is it|time it is|what is the time|is the time|the time|what is the current time) (?:now |right now )?in (?:the )?([a-z ]+?)(?: now)?$/.exec(
      text,
    )?.[1];
  if (there !== undefined) {
    const zone = places[there];
    if (zone === undefined) return undefined;
    const time = wallTime(now, zone);
    const name = there.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
    return `In ${name}, it is ${sayTime(time.hour, time.minute)}.`;
  }
  const time = wallTime(now, timeZone);
  if (
    /^(?:what time is it|what time it is|what is the (?:current |exact )?time|what is the time|have you got the time|do you have the time|time|the time|what time do you have|what time is it now|what hour is it|how late is it)(?: now| right now| currently| today| here)?$/.test(
      text,
    )
  ) {
    return `It is ${sayTime(time.hour, time.minute)}.`;
  }
  const offset = /\btomorrow\b/.test(text) ? 1 : /\byesterday\b/.test(text) ? -1 : 0;
  const day = offset === 0 ? time : wallTime(new Date(now.getTime() + offset * dayMs), timeZone);
  const name = offset === 0 ? "Today" : offset === 1 ? "Tomorrow" : "Yesterday";
  const verb = offset === -1 ? "was" : "is";
  if (
    /^(?:what|which) (?:day|weekday|day of the week) (?:is|was|will|it is) ?(?:it|today|tomorrow|yesterday|it be)(?: be)?(?: today| tomorrow| yesterday| now)?$|^(?:what is )?(?:today|tomorrow|yesterday)$/.test(
      text,
    )
  ) {
    return `${name} ${verb} ${day.weekday}. The date ${verb} ${day.month} ${sayOrdinal(day.day)}.`;
  }
  if (
    /^(?:what (?:is|was) (?:the |today is |tomorrow is |today's |tomorrow's |yesterday's )?date|what date (?:is|was|it is)|date|the date|what is the day|which date is)\b/.test(
      text,
    ) &&
    question.words.length <= 7
  ) {
    return `${name} ${verb} ${sayDate(day)}.`;
  }
  if (/^(?:what|which) year (?:is it|is this|are we in|do we have)/.test(text)) return `It is the year ${sayYear(time.year)}.`;
  if (/^(?:what|which) month (?:is it|is this|are we in|do we have)/.test(text))
    return `It is ${time.month}. The year is ${sayYear(time.year)}.`;
  const until =
    /^how (?:many days|long)(?: is it| are there| are left)? (?:until|till|to|before) (christmas|new year|halloween|new years|new year's|new years eve)/.exec(
      text,
    )?.[1];
  if (until !== undefined) {
    const [month, date] = until === "christmas" ? [11, 25] : until === "halloween" ? [9, 31] : [0, 1];
    const monthNow = new Date(`${time.month} 1, 2000 UTC`).getUTCMonth();
    const today = Date.UTC(time.year, monthNow, time.day);
    let then = Date.UTC(time.year, month, date);
    if (then < today) then = Date.UTC(time.year + 1, month, date);
    const days = Math.round((then - today) / dayMs);
    const feast = until === "christmas" ? "Christmas" : until === "halloween" ? "Halloween" : "New Year's Day";
    return days === 0 ? `It is today. Happy ${feast}!` : `It is ${sayNumber(days)} ${days === 1 ? "day" : "days"} until ${feast}.`;
  }
  return undefined;
}
