/** How one written word is said, given its neighbours: the first rule that knows it decides. */
import { abbreviations, acronyms, attachedUnits, emphasised, scales, spelled, symbols, units } from "./abbreviations.ts";
import { cardinal, clockTime, currencyName, date, digits, fraction, money, months, number, ordinal, plural, year } from "./numbers.ts";

export interface Context {
  /** The written words before and after, without their punctuation; `""` at the ends. */
  before: string;
  after: string;
  first: boolean;
  /** The whole text is in capitals. */
  shouting: boolean;
  isWord(word: string): boolean;
}

type Say = (match: RegExpExecArray, context: Context) => string[] | undefined;

const isNumber = /^[-−+~≈±<>]?[$€£¥₹]?\d[\d,]*(?:\.\d+)?$/u;
const halfDay = /^[ap]\.?m\b/i;
const scaleWord = /^(?:thousand|million|billion|trillion)$/i;
const monthName = new RegExp(`^(?:${months.join("|")}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)$`, "i");
const amount = String.raw`(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)`;
const signs = "[$€£¥₹₩₽]";

const rules: [RegExp, Say][] = [
  // Addresses on the net.
  [
    /^(?:mailto:)?([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)$/u,
    ([, user = "", host = ""], context) => [...address(user, context), "at", ...address(host, context)],
  ],
  [/^(?:https?|wss?|ftp):\/\/(?:[^@/\s]*@)?(.+)$/iu, ([, rest = ""], context) => webAddress(rest, context)],
  [/^www\.(.+)$/iu, ([, rest = ""], context) => webAddress(rest, context)],
  [/^[a-z0-9-]*[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,6}(?:[/?#].*)?$/u, ([all], context) => webAddress(all, context)],
  [/^[A-Z][a-z]+\.(?:js|ts|py|md|com|org|net|io|ai)$/u, ([all], context) => webAddress(all, context)],

  // Dates and times.
  [
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d).*)?$/u,
    ([, y = "", m = "", d = "", time], context) => {
      const day = date(m, d, y);
      return day && time !== undefined ? [...day, "at", ...sayCore(time, context)] : day;
    },
  ],
  [
    /^(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d\d)$/u,
    ([, a = "", b = "", y = ""]) => {
      const full = y.length === 2 ? `20${y}` : y;
      return date(a, b, full) ?? date(b, a, full);
    },
  ],
  [
    /^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?(?:([ap])\.?m\.?)?$/iu,
    ([, h = "", m = "", s, half], { after }) => {
      if (Number(h) > 24) return undefined;
      const time = clockTime(String(Number(h)), m, half !== undefined || halfDay.test(after) || s !== undefined);
      const seconds = s === undefined ? [] : ["and", ...cardinal(s), "seconds"];
      return [...time, ...seconds, ...(half === undefined ? [] : [`${half.toLowerCase()}.`, "m."])];
    },
  ],
  [/^(\d{1,2})([ap])\.?m\.?$/iu, ([, h = "", half = ""]) => [...cardinal(h), `${half.toLowerCase()}.`, "m."]],
  [
    /^([ap])\.?m$/iu,
    ([all, half = ""], { before }) =>
      all.includes(".") || /\d$/.test(before) || all === "PM" ? [`${half.toLowerCase()}.`, "m."] : undefined,
  ],
  [
    /^([1-9]|[12]\d|3[01])$/u,
    ([all], { before, after }) => {
      if (monthName.test(before)) return ordinal(all);
      return monthName.test(after) && /^\p{Lu}/u.test(after) ? [...ordinal(all), "of"] : undefined;
    },
  ],
  [/^(1[1-9]\d\d|20\d\d)$/u, ([all], { before, after }) => (isUnit(after) || before === "#" ? undefined : year(all))],
  [/^'?(\d\d|\d{3}0)'?s$/u, ([, all = ""]) => plural(all.length === 4 ? year(all) : cardinal(all))],

  [/^(\d{1,3}):(\d{1,3})$/u, ([, a = "", b = ""]) => [...cardinal(a), "to", ...cardinal(b)]],
  [/^(\d{1,2})'(\d{1,2})"?$/u, ([, feet = "", inches = ""]) => [...cardinal(feet), feet === "1" ? "foot" : "feet", ...cardinal(inches)]],

  // Telephone numbers and other strings of digits.
  [/^(?:911|112|999)$/u, ([all], { before }) => (all === "911" || /^(?:call|dial)$/i.test(before) ? digits(all) : undefined)],
  [/^\d{3}$/u, ([all], { after }) => (/^\d{3}-\d{4}$/.test(after) ? digits(all) : undefined)],
  [/^\+(\d{1,3})$/u, ([, all = ""]) => ["plus", ...digits(all)]],
  [
    /^\+?(?:\d{1,3}[-. ])?\(?\d{3}\)?[-.]\d{3}[-.]\d{4}$|^\d{3}-\d{4}$|^\d+(?:-\d+){2,}$|^\+\d{7,}$/u,
    ([all]) => [
      ...(all.startsWith("+") ? ["plus"] : []),
      ...joined(
        (all.match(/\d+/gu) ?? []).map((group) => digits(group)),
        ",",
      ),
    ],
  ],
  [
    /^\d+(?:\.\d+){2,}$/u,
    ([all]) =>
      joined(
        all.split(".").map((part) => cardinal(part)),
        "point",
      ),
  ],

  // Money.
  [
    new RegExp(String.raw`^([-−])?(?:US|CA|AU|A|C)?(${signs})(${amount})(k|K|m|M|b|B|bn|T)?$`, "u"),
    ([, minus, sign = "", sum = "", scale], { after }) => {
      const sense = minus === undefined ? [] : ["minus"];
      if (scale === undefined && scaleWord.test(after)) return [...sense, ...number(sum)];
      return [...sense, ...money(sign, sum, scale === undefined ? undefined : scales[scale])];
    },
  ],
  [new RegExp(String.raw`^(${amount})(${signs})$`, "u"), ([, sum = "", sign = ""]) => money(sign, sum, undefined)],
  [
    /^(?:thousand|million|billion|trillion)$/iu,
    ([all], { before }) => {
      const sign = /^[-−]?(?:US|CA|AU|A|C)?([$€£¥₹₩₽])\d/u.exec(before)?.[1];
      return sign === undefined ? undefined : [all.toLowerCase(), currencyName(sign)];
    },
  ],

  // Numbers.
  [/^(\d[\d,]*)(?:st|nd|rd|th)$/iu, ([, all = ""]) => ordinal(all.replaceAll(",", ""))],
  [/^24\/7$/u, () => ["twenty", "four", "seven"]],
  [
    /^(\d{1,3})[/⁄](\d{1,3})$/u,
    ([, above = "", below = ""], { before }) => {
      if (Number(below) === 0) return undefined;
      return [...(/^\d+$/.test(before) ? ["and"] : []), ...fraction(above, below)];
    },
  ],
  [
    new RegExp(String.raw`^([~≈><+±−-])(${amount})(\S*)$`, "u"),
    ([, sign = "", rest = "", tail = ""], context) => [
      ...({ "~": ["about"], "≈": ["about"], "-": ["minus"], "−": ["minus"] }[sign] ?? words(symbols[sign])),
      ...sayCore(rest + tail, { ...context, before: "" }),
    ],
  ],
  [
    new RegExp(String.raw`^(${signs}?)(${amount}%?)(?:-|–|—|−|\.\.)(${signs}?)(${amount}[^-–—\d]*)$`, "u"),
    ([, sign = "", from = "", again = "", to = ""], context) => [
      ...sayCore((again === "" ? "" : sign) + from, { ...context, after: "" }),
      "to",
      ...sayCore((again === "" ? sign : again) + to, context),
    ],
  ],
  [
    /^(\d{1,2}(?::\d\d)?(?:[ap]m)?)[-–—](\d{1,2}(?::\d\d)?(?:[ap]m)?)$/iu,
    ([, from = "", to = ""], context) => [...sayCore(from, context), "to", ...sayCore(to, context)],
  ],
  [new RegExp(String.raw`^${amount}$`, "u"), ([all]) => number(all)],
  [
    new RegExp(String.raw`^(${amount})-?(\D{1,5})$`, "u"),
    ([, sum = "", unit = ""], context) => {
      const said = Object.hasOwn(units, unit) ? units[unit] : Object.hasOwn(attachedUnits, unit) ? attachedUnits[unit] : undefined;
      // "4K" is a resolution, "7B" a room or a model.
      const letter = (unit === "K" && /^[248]$/.test(sum)) || /^[bBT]$/.test(unit);
      if (unit === "x" && /^[-+=*/^]/.test(context.after)) return [...number(sum), "x."];
      if (said !== undefined && !(unit === "m" && scaleWord.test(context.after)))
        return [...number(sum), ...words(said[sum === "1" ? 0 : 1])];
      return !letter && Object.hasOwn(scales, unit) ? [...number(sum), ...words(scales[unit])] : undefined;
    },
  ],
  [
    /^\S{1,5}$/u,
    ([unit], { before }) => {
      if (!isNumber.test(before) || !Object.hasOwn(units, unit)) return undefined;
      return words(units[unit]?.[before === "1" ? 0 : 1]);
    },
  ],
  [/^#(\d+)$/u, ([, all = ""]) => ["number", ...number(all)]],
  [
    /^v(\d+(?:\.\d+)*)$/iu,
    ([, all = ""], { before }) => [
      ...(/^version$/i.test(before) ? [] : ["version"]),
      ...joined(
        all.split(".").map((part) => cardinal(part)),
        "point",
      ),
    ],
  ],

  // Parts that are said one by one.
  [/^(\d+(?:st|nd|rd|th))[-–/](.+)$/iu, ([, first = "", rest = ""], context) => [...sayCore(first, context), ...sayCore(rest, context)]],
  [
    /^(\p{L}{2,})[-–](\d.*)$/u,
    ([, first = "", rest = ""], context) => [...sayCore(first, context), ...sayCore(rest, { ...context, before: first })],
  ],
  [
    /^(mon|tue|wed|thu|fri|sat|sun)[-–](mon|tue|wed|thu|fri|sat|sun)$/iu,
    ([, from = "", to = ""]) => [...words(abbreviations[from.toLowerCase()]), "to", ...words(abbreviations[to.toLowerCase()])],
  ],
  [/^e-?mail(s?)$/iu, ([, many = ""]) => [`email${many}`]],
  [/^wi-?fi$/iu, () => ["wifi"]],
  [/^ctrl$/iu, () => ["control"]],

  // Signs that stand alone.
  [
    /^[-−–—*/x]$/u,
    ([sign], { before, after }) => {
      if (!isNumber.test(before) || !isNumber.test(after)) return sign === "x" ? ["x."] : [];
      return words({ "-": "minus", "−": "minus", "–": "minus", "—": "minus", "/": "divided by" }[sign] ?? "times");
    },
  ],
  [/^#+$|^[|~•·▪◦‣>-]+$/u, () => []],
  [/^#(\p{L}[\p{L}\p{N}_]*)$/u, ([, tag = ""], context) => ["hashtag", ...sayCore(tag, context)]],
  [/^@([\w.-]+)$/u, ([, name = ""], context) => ["at", ...address(name, context)]],
  [
    /^\p{Lu}{1,3}(?:&\p{Lu}{1,3})+$/u,
    ([all]) =>
      joined(
        all.split("&").map((run) => letters(latin(run))),
        "and",
      ),
  ],
  [/^c\+\+$/iu, () => ["c.", "plus", "plus"]],
  [/^([cf])#$/iu, ([, letter = ""]) => [`${letter.toLowerCase()}.`, "sharp"]],
  [/^w\/o$/iu, () => ["without"]],
  [/^w\/$/iu, () => ["with"]],
  [/^n\/a$/iu, () => ["not", "applicable"]],

  // Letters.
  [/^(?:\p{L}\.)+\p{L}$/u, ([all], context) => (Object.hasOwn(acronyms, all) ? undefined : dotted(all, context))],
  [/^ph\.?d$/iu, () => ["p.", "h.", "d."]],
  [
    /^\p{L}$/u,
    ([letter], { first, before }) => {
      const plain = latin(letter);
      if (!/^[a-z]$/u.test(plain)) return undefined;
      if (plain === "i" || (plain === "a" && (letter === "a" || first || before === ""))) return [plain];
      return [`${plain}.`];
    },
  ],
];

/** The words and marks that are said for one written word without its outer punctuation. */
export function sayCore(core: string, context: Context): string[] {
  for (const [pattern, say] of rules) {
    const match = pattern.exec(core);
    const said = match === null ? undefined : say(match, context);
    if (said !== undefined) return said;
  }
  return sayPieces(core, context);
}

const piece = /[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)*'?|'\p{L}+|\d+(?:,\d{3})*(?:\.\d+)?|[^\s]/gu;

/** Runs of letters, of digits and of signs, one after the other. */
function sayPieces(core: string, context: Context): string[] {
  const pieces = core.match(piece) ?? [];
  return pieces.flatMap((text, at) => {
    if (/^['\p{L}]/u.test(text)) return sayLetters(text, context);
    if (/^\d/.test(text)) return number(text);
    if (/^[—–]$/u.test(text) && at > 0 && at < pieces.length - 1) return [","];
    if (text === "/" && at > 0 && at < pieces.length - 1) return pieces.length === 3 ? [] : ["slash"];
    return Object.hasOwn(symbols, text) ? words(symbols[text]) : [];
  });
}

/** A word, an acronym or a run of letters. */
function sayLetters(text: string, context: Context): string[] {
  if (/^\p{L}$/u.test(text) && text !== "a") return letters(latin(text));
  const known = acronyms[text.toUpperCase()];
  if (known !== undefined && Object.hasOwn(acronyms, text.toUpperCase()) && /\p{Lu}.*\p{Lu}/u.test(text)) return words(known);
  const quoted = latin(text).replaceAll(/[^a-z']/gu, "");
  const word = context.isWord(quoted) ? quoted : quoted.replaceAll(/^'+|'+$/gu, "");
  if (!/[a-z]/u.test(word)) return [];
  const capitals = /^(\p{Lu}{2,})('?s)?$/u.exec(text);
  if (capitals !== null) return sayCapitals(capitals[1] ?? "", capitals[2] !== undefined, word, context);
  if (context.isWord(word)) return [word];
  const parts = text.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}[\p{Ll}\p{M}']*/gu) ?? [];
  if (parts.length > 1 && /^[\p{L}\p{M}']+$/u.test(text) && parts.join("").length === text.length) {
    return parts.flatMap((part) => (part.length === 1 ? letters(latin(part)) : sayLetters(part, context)));
  }
  return word.length <= 5 && !/[aeiouy']/u.test(word) ? letters(word) : [word];
}

function sayCapitals(base: string, many: boolean, word: string, context: Context): string[] {
  const lower = latin(base);
  const short = base.length <= 3;
  const asWord = emphasised.has(lower) && !spelled.has(base);
  if (context.shouting && context.isWord(lower) && !(spelled.has(base) && base !== "IT" && base !== "US")) return [word];
  if (!spelled.has(base) && (short ? asWord : context.isWord(lower) || isPronounceable(lower))) return [word];
  return many ? [...letters(lower).slice(0, -1), `${lower.at(-1) ?? ""}.'s`] : letters(lower);
}

/** Consonants and vowels take turns, as in "NAVER" and not in "HTTPS". */
function isPronounceable(word: string): boolean {
  return word.length >= 5 && !/[^aeiouy]{3}|[aeiouy]{3}|^[^aeiouylrhw]{2}|q(?!u)|[^aeiouyrlnst]{2}$/u.test(word);
}

function letters(word: string): string[] {
  return Array.from(word.replaceAll(/[^a-z]/gu, ""), (letter) => `${letter}.`);
}

/** "U.S.", "p.m": letters; "end.Next" never comes here. */
function dotted(text: string, { before }: Context): string[] | undefined {
  if (/^[ap]\.m$/iu.test(text) && before === "") return undefined;
  return letters(latin(text));
}

/** Lower case, without accents, in the 26 letters where that is possible. */
function latin(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[ßæœøłđðþı]/gu, (letter) => plainLetters[letter] ?? "");
}

const plainLetters: Record<string, string> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "th",
  þ: "th",
  ı: "i",
};

/** A host with its path: "example dot com slash docs". What follows a question mark or hash is left out. */
function webAddress(text: string, context: Context): string[] {
  const [host = "", ...path] = text
    .replace(/[?#].*$/u, "")
    .replace(/^www\./iu, "")
    .replace(/\/+$/u, "")
    .split("/");
  return [...address(host, context), ...path.flatMap((part) => ["slash", ...address(part, context)])];
}

function address(text: string, context: Context): string[] {
  return joined(
    text.split(".").map((part) => (part.match(/[\p{L}']+|\d+|[-_+]/gu) ?? []).flatMap((run) => addressRun(run, context))),
    "dot",
  );
}

function addressRun(run: string, context: Context): string[] {
  if (/^\d/.test(run)) return run.length <= 2 ? number(run) : digits(run);
  const sign = { "-": "dash", _: "underscore", "+": "plus" }[run];
  if (sign !== undefined) return [sign];
  const word = latin(run);
  return (word.length > 2 && context.isWord(word)) || word.length > 3 ? sayLetters(run, context) : letters(word);
}

function isUnit(text: string): boolean {
  return Object.hasOwn(units, text);
}

function words(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(" ");
}

function joined(groups: string[][], between: string): string[] {
  return groups.flatMap((group, at) => (at === 0 ? group : [between, ...group]));
}
