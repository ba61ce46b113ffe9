/** From `filler_words` to what the agent says while an answer is on its way. Pure. */
import type { rest } from "@parley/protocol";
import { z } from "zod";
import { type MadeFillers, mostFillerWords } from "../../core/fillers.ts";
import { type Fault, faultsOf } from "../../faults.ts";
import type { AgentConfig, ChosenLlm } from "../../session/agent-config.ts";
import type { LlmStyle } from "../../vendors/vendor.ts";
import { filled, invalid, missing } from "./body-faults.ts";

/** Of the contract. */
const WAIT_MS = 1500;

/** Not published. */
const ENTRIES = 6;
const CHARACTERS = 2000;

const PROMPT =
  "You speak for a voice assistant while its answer is being prepared. Say one short sentence, in the language of the conversation, " +
  "that fits what the person has just said and bridges the wait, such as that you are looking into it. " +
  "Do not answer, promise nothing, ask nothing, and say nothing else.";

const path = ["properties", "filler_words", "content"] as const;

type Content = NonNullable<NonNullable<rest.JoinProperties["filler_words"]>["content"]>;

/** What an agent's own language model is asked with, of the style `openai`. */
const OwnOptions = z.looseObject({ output: z.array(z.string()), params: z.record(z.string(), z.unknown()) });

/** `own`: the agent's language model, which makes the words where no other one is named. */
export function toFillers(
  { filler_words: fillers }: rest.JoinProperties,
  styles: readonly LlmStyle[],
  own: ChosenLlm,
  faults: Fault[],
): Pick<AgentConfig, "fillers"> {
  if (fillers?.enable !== true) return {};
  const content = fillers.content ?? {};
  const { mode, static_config: config } = content;
  const phrases = config?.phrases ?? [];
  const generated = mode === "generated";
  if (phrases.length === 0 && (!generated || content.generated_config?.fallback_strategy === "static")) {
    const why = generated ? 'generated_config.fallback_strategy is "static"' : "properties.filler_words.enable is true";
    faults.push(missing([...path, "static_config", "phrases"], ` where ${why}`));
  }
  for (const [index, phrase] of phrases.entries()) {
    const words = phrase.trim().split(/\s+/u).length;
    if (words > mostFillerWords)
      faults.push(
        invalid([...path, "static_config", "phrases", index], phrase.slice(0, 40), `has ${words} words; ${mostFillerWords} at most`),
      );
  }
  const waitMs = fillers.trigger?.fixed_time_config?.response_wait_ms ?? WAIT_MS;
  return {
    fillers: { waitMs, phrases, rule: config?.selection_rule ?? "shuffle", ...(generated ? toMade(content, styles, own, faults) : {}) },
  };
}

function toMade(
  { generated_config: config }: Content,
  styles: readonly LlmStyle[],
  own: ChosenLlm,
  faults: Fault[],
): { readonly made: MadeFillers; readonly llm: ChosenLlm } {
  return {
    made: {
      prompt: filled(config?.prompt) ? config.prompt : PROMPT,
      entries: config?.context_message_limit ?? ENTRIES,
      characters: config?.history_character_limit ?? CHARACTERS,
    },
    llm: toLlm(config?.llm_provider ?? {}, styles, own, faults),
  };
}

type Provider = NonNullable<NonNullable<Content["generated_config"]>["llm_provider"]>;

function toLlm({ url, api_key: apiKey, params }: Provider, styles: readonly LlmStyle[], own: ChosenLlm, faults: Fault[]): ChosenLlm {
  const style = "openai";
  const place = [...path, "generated_config", "llm_provider"];
  if (!filled(url)) {
    const options = OwnOptions.safeParse(own.options).data;
    if (own.style !== style || options?.output.includes("audio") === true) {
      faults.push(missing([...place, "url"], " where properties.llm is no model that answers in text by chat completions"));
    }
    // What is wrong with the agent's own model has been told.
    return { style, options: { ...options, details: false, params: { ...options?.params, ...params } } };
  }
  const options = { url: completionsUrl(url), apiKey: apiKey ?? "", params: params ?? {} };
  const parsed = styles.find(({ name }) => name === style)?.options.safeParse(options);
  if (parsed?.success === true) return { style, options: parsed.data };
  if (parsed === undefined) faults.push(invalid([...path, "mode"], "generated", `needs language models of the style ${style}`));
  else faults.push(...faultsOf(parsed.error, options, place, (name) => (name === "apiKey" ? "api_key" : name)));
  return { style, options: {} };
}

/** Of the contract, for this address alone: the endpoint may be left out of it. */
function completionsUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.pathname.endsWith("/chat/completions")) return text;
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/chat/completions`;
  return url.href;
}
