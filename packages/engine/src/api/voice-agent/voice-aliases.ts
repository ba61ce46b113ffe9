/** Names of voices that clients of the Voice Agent API hard-code, with what each promises and the embedded speaker that answers to it. */

export interface Alias {
  readonly name: string;
  /** What the name promises (BCP 47). */
  readonly locale: string;
  readonly gender: "female" | "male";
  /** Of the embedded voice, 0 to 903. */
  readonly speaker: number;
}

function female(name: string, locale: string, speaker: number): Alias {
  return { name, locale, gender: "female", speaker };
}

function male(name: string, locale: string, speaker: number): Alias {
  return { name, locale, gender: "male", speaker };
}

/** The names of each generation are all in use: an older client asks for an older one. */
export const aliases: readonly Alias[] = [
  // Since September 2026.
  female("alba", "en-US", 234),
  female("eve", "en-US", 214),
  male("george", "en-US", 793),
  female("jane", "en-US", 234),
  male("jean", "en-US", 793),
  female("mary", "en-US", 214),
  male("michael", "en-US", 762),
  male("paul", "en-GB", 762),
  female("vera", "en-GB", 214),
  female("anna", "en-US", 47),
  male("charles", "en-US", 700),
  female("iris", "en-US", 47),
  male("reid", "en-US", 762),
  male("giovanni", "it-IT", 793),
  female("lola", "es-ES", 47),
  male("juergen", "de-DE", 700),
  male("rafael", "pt-PT", 762),
  female("estelle", "fr-FR", 234),
  // April to August 2026.
  female("ivy", "en-US", 234),
  male("james", "en-US", 793),
  male("tyler", "en-US", 700),
  female("winter", "en-US", 214),
  female("bella", "en-US", 47),
  male("david", "en-US", 762),
  male("kyle", "en-US", 793),
  female("helen", "en-US", 234),
  female("martha", "en-US", 214),
  female("river", "en-US", 47),
  female("emma", "en-US", 234),
  male("victor", "en-US", 700),
  female("eleanor", "en-US", 214),
  male("pierre", "fr-FR", 793),
  female("giulia", "it-IT", 214),
  male("luca", "it-IT", 700),
  female("lucia", "es-ES", 47),
  male("mateo", "es-ES", 762),
  male("diego", "es-MX", 793),
  male("arjun", "hi-IN", 700),
  male("dmitri", "ru-RU", 762),
  // April to June 2026; which language the second line speaks is told by the names alone.
  male("sam", "en-US", 700),
  female("mia", "en-US", 47),
  male("jack", "en-US", 762),
  female("sophie", "en-GB", 234),
  male("oliver", "en-GB", 793),
  male("lukas", "de-DE", 700),
  female("lena", "de-DE", 214),
  male("ren", "ja-JP", 762),
  female("hana", "ja-JP", 47),
  male("joon", "ko-KR", 793),
  female("mina", "ko-KR", 234),
  male("ethan", "zh-CN", 700),
  female("mei", "zh-CN", 214),
  // March 2026.
  female("claire", "en-US", 234),
  female("dawn", "en-US", 214),
  female("autumn", "en-US", 47),
  male("josh", "en-US", 793),
  female("grace", "en-US", 234),
  male("pete", "en-US", 700),
];
