/** Language tags as people write them, made canonical, with a suggestion where a region is missing. */
import { nearest } from "../../nearest.ts";

/** Languages of the REST contract; the first of each language is what a bare `es` probably means. */
const languageTags = [
  "en-US",
  "en-IN",
  "es-ES",
  "ja-JP",
  "ko-KR",
  "ar-AE",
  "ar-EG",
  "ar-JO",
  "ar-SA",
  "hi-IN",
  "bn-IN",
  "zh-CN",
  "zh-HK",
  "zh-TW",
  "nl-NL",
  "fil-PH",
  "fr-FR",
  "de-DE",
  "gu-IN",
  "he-IL",
  "id-ID",
  "it-IT",
  "kn-IN",
  "ms-MY",
  "fa-IR",
  "pt-PT",
  "ru-RU",
  "ta-IN",
  "te-IN",
  "th-TH",
  "tr-TR",
  "vi-VN",
] as const;

export type ParsedTag = { readonly tag: string } | { readonly fault: string };

/** `en_us` and `EN-US` become `en-US`; a tag without a region is refused with the one that was probably meant. */
export function parseLanguageTag(text: string): ParsedTag {
  const tag = canonical(text);
  if (tag !== undefined && /^[a-z]{2,3}(-[A-Z][a-z]{3})?-([A-Z]{2}|\d{3})$/.test(tag)) return { tag };
  const meant =
    languageTags.find((known) => known.startsWith(`${tag ?? text.toLowerCase()}-`)) ?? likely(tag) ?? nearest(text, languageTags);
  return {
    fault: `is not supported; ${meant === undefined ? 'write language and region, for instance "en-US"' : `did you mean "${meant}"?`}`,
  };
}

function canonical(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

/** `sv` becomes `sv-SE`, by the likely subtags of CLDR. */
function likely(tag: string | undefined): string | undefined {
  if (tag === undefined || !/^[a-z]{2}$/.test(tag)) return undefined;
  const { language, region } = new Intl.Locale(tag).maximize();
  return region === undefined ? undefined : `${language}-${region}`;
}
