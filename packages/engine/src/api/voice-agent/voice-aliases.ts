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

/**
 * The names of each generation are all in use: an older client asks for an older one. The speakers are those of some 150
 * that Moonshine base understood best (at most 5 % of 121 words wrong) and whose pitch, brightness and pace lie
 * furthest apart; men's pitch is below 150 Hz, women's above 160.
 */
export const aliases: readonly Alias[] = [
  // Since September 2026.
  female("alba", "en-US", 234),
  female("eve", "en-US", 214),
  male("george", "en-US", 793),
  female("jane", "en-US", 457),
  male("jean", "en-US", 805),
  female("mary", "en-US", 649),
  male("michael", "en-US", 762),
  male("paul", "en-GB", 673),
  female("vera", "en-GB", 355),
  female("anna", "en-US", 517),
  male("charles", "en-US", 655),
  female("iris", "en-US", 47),
  male("reid", "en-US", 181),
  male("giovanni", "it-IT", 97),
  female("lola", "es-ES", 451),
  male("juergen", "de-DE", 559),
  male("rafael", "pt-PT", 697),
  female("estelle", "fr-FR", 565),
  // April to August 2026.
  female("ivy", "en-US", 661),
  male("james", "en-US", 361),
  male("tyler", "en-US", 121),
  female("winter", "en-US", 691),
  female("bella", "en-US", 1),
  male("david", "en-US", 67),
  male("kyle", "en-US", 31),
  female("helen", "en-US", 727),
  female("martha", "en-US", 265),
  female("river", "en-US", 373),
  female("emma", "en-US", 823),
  male("victor", "en-US", 769),
  female("eleanor", "en-US", 865),
  male("pierre", "fr-FR", 49),
  female("giulia", "it-IT", 433),
  male("luca", "it-IT", 787),
  female("lucia", "es-ES", 319),
  male("mateo", "es-ES", 889),
  male("diego", "es-MX", 631),
  male("arjun", "hi-IN", 739),
  male("dmitri", "ru-RU", 409),
  // April to June 2026; which language the second line speaks is told by the names alone.
  male("sam", "en-US", 700),
  female("mia", "en-US", 13),
  male("jack", "en-US", 367),
  female("sophie", "en-GB", 877),
  male("oliver", "en-GB", 295),
  male("lukas", "de-DE", 613),
  female("lena", "de-DE", 247),
  male("ren", "ja-JP", 187),
  female("hana", "ja-JP", 343),
  male("joon", "ko-KR", 643),
  female("mina", "ko-KR", 127),
  male("ethan", "zh-CN", 289),
  female("mei", "zh-CN", 733),
  // March 2026.
  female("claire", "en-US", 133),
  female("dawn", "en-US", 553),
  female("autumn", "en-US", 193),
  male("josh", "en-US", 607),
  female("grace", "en-US", 109),
  male("pete", "en-US", 709),
];
