/** ARPAbet, in which the dictionary is written, to the IPA in which the voice was trained: espeak's American English. */

const consonants: Record<string, string> = {
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

const vowels: Record<string, string> = {
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

const stressMarks: Record<string, string> = { "0": "", "1": "ˈ", "2": "ˌ" };

interface Phone {
  /** Without the digit of stress. */
  name: string;
  /** `""` for a consonant. */
  stress: string;
}

/** `"HH AH0 L OW1"` to `"həlˈoʊ"`. Unknown symbols are left out. */
export function toIpa(arpabet: string): string {
  const phones = arpabet.split(" ").map(parsePhone);
  return phones.map((phone, at) => symbol(phone, phones, at)).join("");
}

function parsePhone(text: string): Phone {
  const stress = /[012]$/.exec(text)?.[0] ?? "";
  return { name: stress === "" ? text : text.slice(0, -1), stress };
}

function symbol(phone: Phone, phones: Phone[], at: number): string {
  const before = phones[at - 1];
  const after = phones[at + 1];
  if (phone.stress === "") return isFlap(phone, before, after) ? "ɾ" : (consonants[phone.name] ?? "");
  return (stressMarks[phone.stress] ?? "") + vowel(phone, before, after);
}

function vowel({ name, stress }: Phone, before: Phone | undefined, after: Phone | undefined): string {
  const unstressed = stress === "0";
  switch (name) {
    case "AH":
      if (!unstressed) return "ʌ";
      return before === undefined ? "ɐ" : "ə";
    case "ER": {
      const linking = after !== undefined && after.stress !== "" ? "ɹ" : "";
      return (unstressed ? "ɚ" : "ɜː") + linking;
    }
    case "IY":
      return unstressed && (after === undefined || after.stress !== "") ? "i" : "iː";
    default:
      return vowels[name] ?? "";
  }
}

/** American t between a vowel (or r) and an unstressed vowel: "water", "party". */
function isFlap(phone: Phone, before: Phone | undefined, after: Phone | undefined): boolean {
  if (phone.name !== "T" || before === undefined || after === undefined) return false;
  return (before.stress !== "" || before.name === "R") && after.stress === "0";
}
