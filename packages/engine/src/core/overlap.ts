/** Whether words over a reply count, and why they do not. */
import type { IgnoredCause } from "./events.ts";
import { carriesMeaning, holdsPhrase } from "./phrases.ts";
import type { TurnTakingSettings } from "./turn-contract.ts";

type Rule = Pick<TurnTakingSettings, "interruption" | "keywords">;

/** These words over the agent mean an interruption. */
export function interrupts(words: string, { interruption, keywords }: Rule): boolean {
  switch (interruption) {
    case "speech":
      return words !== "";
    case "words":
      return carriesMeaning(words);
    case "keywords":
      return holdsPhrase(words, keywords);
    case "never":
      return false;
  }
}

/** Why words that do not interrupt are forgotten; undefined where any word does. */
export function whyIgnored({ interruption }: Rule): IgnoredCause | undefined {
  switch (interruption) {
    case "speech":
      return undefined;
    case "words":
      return "semantic";
    case "keywords":
      return "keywords";
    case "never":
      return "disable";
  }
}
