/** The voices of the Voice Agent door: every name that clients of that API know, and which embedded speaker answers to it. */
import { voices as named } from "@parley/speech";
import { type Alias, aliases } from "./voice-aliases.ts";

export interface FoundVoice {
  /** As the list spells it. */
  readonly alias: string;
  /** `params.voice` of the vendor `local`. */
  readonly voice: string | number;
  /** What the name promises (BCP 47). */
  readonly locale: string;
  /** Of a speaker that is called by number it may not be known. */
  readonly gender: "female" | "male" | "unknown";
  /** An installed voice speaks that locale. */
  readonly installed: boolean;
  /** Where none does: who speaks instead, under a name that is a voice itself. */
  readonly substitute?: string;
}

/** What the embedded voice speaks. */
const LOCALE = "en-US";
/** Of the embedded voice. */
const SPEAKERS = 904;

const byName: ReadonlyMap<string, FoundVoice> = new Map([
  ...named.map(({ name, gender }): [string, FoundVoice] => [name, { alias: name, voice: name, locale: LOCALE, gender, installed: true }]),
  ...aliases.map((alias): [string, FoundVoice] => [alias.name, fromAlias(alias)]),
]);

/** In any case of letters; also `local/214`, any speaker of the embedded voice by number. Undefined: there is no such voice. */
export function findVoice(name: string): FoundVoice | undefined {
  return byName.get(name.toLowerCase()) ?? byNumber(name);
}

/** Whether it is one of the embedded voices' own names. */
export function isInstalledName(name: string): boolean {
  return named.some((voice) => voice.name === name);
}

/** Whether it is one of the names that clients of that API know; two of them are our own, too. */
export function isAlias(name: string): boolean {
  return aliases.some((alias) => alias.name === name);
}

/** Every name, the current ones first. */
export function voiceNames(): string[] {
  return [
    ...aliases.map(({ name }) => name),
    ...named.map(({ name }) => name).filter((name) => !aliases.some((alias) => alias.name === name)),
  ];
}

function fromAlias({ name, locale, gender, speaker }: Alias): FoundVoice {
  const installed = locale === LOCALE;
  return { alias: name, voice: speaker, locale, gender, installed, ...(installed ? {} : { substitute: nameOf(speaker) }) };
}

/** A speaker's own name, or its number as a name. */
function nameOf(speaker: number): string {
  return named.find((voice) => voice.speaker === speaker)?.name ?? `local/${speaker}`;
}

function byNumber(name: string): FoundVoice | undefined {
  const speaker = Number(/^local\/(\d{1,3})$/.exec(name)?.[1] ?? "NaN");
  if (!(speaker < SPEAKERS)) return undefined;
  const gender = [...named, ...aliases].find((voice) => voice.speaker === speaker)?.gender ?? "unknown";
  return { alias: `local/${speaker}`, voice: speaker, locale: LOCALE, gender, installed: true };
}
