/** Which languages a recogniser knows. */

/** `en` knows every `en-…`; a whole tag (BCP 47, in any case) knows itself. */
export function knowsLanguage(languages: readonly string[], language: string): boolean {
  const wanted = language.toLowerCase();
  return languages.some((known) => wanted === known.toLowerCase() || wanted.startsWith(`${known.toLowerCase()}-`));
}
