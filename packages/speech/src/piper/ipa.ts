/** ARPAbet, in which the dictionary is written, to the IPA in which the voice was trained: espeak's American English. */

const consonants: Readonly<Record<string, string>> = {
  B: "b",
  CH: "tʃ",
  D: "d",
  DH: "ð",
  F: "f",
  G: "ɡ",
  HH: "h",
  JH: "dʒ",
  K: "k",
  L: "l",
  M: "m",
  N: "n",
  NG: "ŋ",
  P: "p",
  R: "ɹ",
  S: "s",
  SH: "ʃ",
  T: "t",
  TH: "θ",
  V: "v",
  W: "w",
  Y: "j",
  Z: "z",
  ZH: "ʒ",
};

const vowels: Readonly<Record<string, string>> = {
  AA: "ɑː",
  AE: "æ",
  AH: "ʌ",
  AO: "ɔː",
  AW: "aʊ",
  AY: "aɪ",
  EH: "ɛ",
  ER: "ɜː",
  EY: "eɪ",
  IH: "ɪ",
  IY: "iː",
  OW: "oʊ",
  OY: "ɔɪ",
  UH: "ʊ",
  UW: "uː",
};

interface Phone {
  /** Without the digit of stress. */
  name: string;
  /** `""` for a consonant. */
  stress: string;
  /** The letters that spell a vowel, if that can be told. */
  letters: string;
}

/** `"HH AH0 L OW1"` to `"həlˈoʊ"`. The spelling tells apart what ARPAbet writes alike. Unknown symbols are left out. */
export function toIpa(arpabet: string, spelling: string): string {
  const phones = parse(arpabet, spelling);
  return phones.map((phone, at) => (phone.stress === "" ? consonant(phones, at) : vowel(phones, at, spelling))).join("");
}

function parse(arpabet: string, spelling: string): Phone[] {
  const phones = arpabet.split(" ").map((text) => {
    const stress = /[012]$/.exec(text)?.[0] ?? "";
    return { name: stress === "" ? text : text.slice(0, -1), stress, letters: "" };
  });
  // Each vowel has its letters where there are as many groups of vowel letters as vowels; a last e may be silent.
  const sounded = phones.filter(isVowel);
  for (const ending of [/$/u, /(?<![aeiouy])e(?=s?$|d$)/u]) {
    const groups = spelling.replace(ending, "").match(/[aeiouy]+/gu) ?? [];
    if (groups.length !== sounded.length) continue;
    for (const [at, phone] of sounded.entries()) phone.letters = groups[at] ?? "";
    break;
  }
  return phones;
}

function isVowel(phone: Phone | undefined): boolean {
  return phone !== undefined && phone.stress !== "";
}

function consonant(phones: Phone[], at: number): string {
  const [before, phone, after, next] = [phones[at - 1], phones[at], phones[at + 1], phones[at + 2]];
  if (phone?.name === "T" && after?.stress === "0" && (isVowel(before) || before?.name === "R")) {
    // American t between a vowel (or r) and a weak vowel: "water", "party"; not in "pattern", "latent" and "native".
    if (after.name === "AH" && next?.name === "N") return phones.length === at + 3 ? "ʔ" : "t";
    if (next?.name === "N" || (after.name === "IH" && next?.name === "V")) return "t";
    return "ɾ";
  }
  if (phone?.name === "N" && (after?.name === "K" || after?.name === "G")) return "ŋ";
  // "button" ends in an n that is a syllable by itself.
  if (phone?.name === "N" && after === undefined && phones[at - 2]?.name === "T" && isGlottal(phones, at - 2)) return "n̩";
  return consonants[phone?.name ?? ""] ?? "";
}

function isGlottal(phones: Phone[], at: number): boolean {
  return phones[at]?.name === "T" && consonant(phones.slice(0, at + 3), at) === "ʔ";
}

function vowel(phones: Phone[], at: number, spelling: string): string {
  const phone = phones[at];
  if (phone === undefined) return "";
  return stressMark(phones, at) + (isWeak(phones, at, spelling) ? weakVowel(phones, at, spelling) : fullVowel(phones, at, spelling));
}

function isWeak(phones: Phone[], at: number, spelling: string): boolean {
  const stress = phones[at]?.stress;
  return stress === "0" || isFinalY(phones, at) || (stress === "2" && stressMark(phones, at) === "" && isPrefix(phones, at, spelling));
}

/** A second stress right before the main one, or right behind it, is not marked. */
function stressMark(phones: Phone[], at: number): string {
  const stress = phones[at]?.stress;
  if (stress === "1") return "ˈ";
  if (stress !== "2") return "";
  const sounded = phones.filter(isVowel);
  const place = sounded.findIndex((phone) => phone === phones[at]);
  const beforeMain = sounded[place + 1]?.stress === "1";
  const behindMain = sounded[place - 1]?.stress === "1" && place === sounded.length - 1;
  return beforeMain || behindMain || isFinalY(phones, at) ? "" : "ˌ";
}

/** The dictionary gives the last sound of "ability" a second stress. */
function isFinalY(phones: Phone[], at: number): boolean {
  return at === phones.length - 1 && phones[at]?.name === "IY" && phones[at].stress === "2";
}

function isPrefix(phones: Phone[], at: number, spelling: string): boolean {
  return at > 0 && !phones.slice(0, at).some(isVowel) && /^(?:re|de|pre|se)[^aeiou]/u.test(spelling);
}

function fullVowel(phones: Phone[], at: number, spelling: string): string {
  const [phone, after, next] = [phones[at], phones[at + 1], phones[at + 2]];
  if (phone === undefined) return "";
  const beforeR = after?.name === "R";
  switch (phone.name) {
    case "IY":
      return beforeR ? (isVowel(next) ? "iə" : "ɪ") : "iː";
    case "AA":
      return !beforeR && /au|aw|ough|al[kl]/u.test(spelling) ? "ɔː" : "ɑː";
    case "EH":
      return beforeR && spelling.includes("arr") ? "æ" : "ɛ";
    case "ER":
      return isVowel(after) ? "ɜːɹ" : "ɜː";
    case "IH":
      if (beforeR && isVowel(next) && /er[io]/u.test(spelling)) return "iə";
      return at === 0 && startsWithE.test(spelling) ? "ɛ" : "ɪ";
    default:
      return vowels[phone.name] ?? "";
  }
}

const startsWithE = /^(?:ex|e[nms][^aeiou])/u;

function weakVowel(phones: Phone[], at: number, spelling: string): string {
  const [before, phone, after, next] = [phones[at - 1], phones[at], phones[at + 1], phones[at + 2]];
  if (phone === undefined) return "";
  const last = next === undefined && (after?.name === "D" || after?.name === "Z");
  const prefix = isPrefix(phones, at, spelling);
  switch (phone.name) {
    case "AH":
      if (last && /(?:[^aeiou]e[ds]|'s)$/u.test(spelling)) return "ᵻ";
      if (prefix && after?.stress === "") return "ᵻ";
      if (before === undefined) return { a: "ɐ", u: "ʌ" }[spelling[0] ?? ""] ?? "ə";
      if (before.name === "T" && after?.name === "N" && next === undefined && isGlottal(phones, at - 1)) return "";
      if (phone.letters === "i") return after?.name !== "K" && isVowel(next) ? "ᵻ" : "ɪ";
      if (phone.letters === "a" && after?.stress === "" && isVowel(next) && next?.stress !== "0") return "ɐ";
      if (phone.letters === "u" && before.name === "Y") return "ʊ";
      if (phone.letters === "u" && ["K", "P", "B"].includes(after?.name ?? "")) return "ʌ";
      return "ə";
    case "IH":
      if (prefix || (last && /e[ds]$|'s$/u.test(spelling))) return "ᵻ";
      return before === undefined && startsWithE.test(spelling) ? "ɛ" : "ɪ";
    case "IY":
      if (prefix && after?.stress === "") return "ᵻ";
      if (isVowel(after)) return after?.name === "AH" && next === undefined ? "iː" : "ɪ";
      return "i";
    case "ER":
      return isVowel(after) ? "ɚɹ" : "ɚ";
    case "AE":
      return before === undefined ? "ɐ" : "æ";
    default:
      return vowels[phone.name] ?? "";
  }
}
