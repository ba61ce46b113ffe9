/** From `filler_words` to what the agent says while an answer is on its way. Pure. */
import type { rest } from "@parley/protocol";
import type { FillerSettings } from "../../core/fillers.ts";
import type { Fault } from "../../faults.ts";
import { invalid, missing } from "./body-faults.ts";

/** Of the contract. */
const WAIT_MS = 1500;
const WORDS_IN_PHRASE = 50;

export function toFillers({ filler_words: fillers }: rest.JoinProperties, faults: Fault[]): { readonly fillers?: FillerSettings } {
  if (fillers?.enable !== true) return {};
  const path = ["properties", "filler_words", "content"] as const;
  if (fillers.content?.mode === "generated") {
    faults.push(invalid([...path, "mode"], "generated", "is not built; allowed: static, with phrases in static_config"));
    return {};
  }
  const config = fillers.content?.static_config;
  const phrases = config?.phrases ?? [];
  if (phrases.length === 0) faults.push(missing([...path, "static_config", "phrases"], " where properties.filler_words.enable is true"));
  for (const [index, phrase] of phrases.entries()) {
    const words = phrase.trim().split(/\s+/u).length;
    if (words > WORDS_IN_PHRASE)
      faults.push(
        invalid([...path, "static_config", "phrases", index], phrase.slice(0, 40), `has ${words} words; ${WORDS_IN_PHRASE} at most`),
      );
  }
  const waitMs = fillers.trigger?.fixed_time_config?.response_wait_ms ?? WAIT_MS;
  return { fillers: { waitMs, phrases, rule: config?.selection_rule ?? "shuffle" } };
}
