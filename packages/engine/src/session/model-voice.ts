/** The language model as a voice: where there is no other, it says fixed texts itself, word for word. */
import { AppError } from "../errors.ts";
import type { LlmOutput, TimedWord, Voice } from "../vendors/vendor.ts";

/** Of what it says, each piece tells the rate. */
const usualRate = 16_000;

/** `ask`: a request that ends with the text as the agent's own words. */
export function modelVoice(ask: (text: string, signal: AbortSignal) => AsyncIterable<LlmOutput>): Voice {
  return {
    sampleRate: usualRate,
    async *speak(clauses, { signal }) {
      // The whole text is one request, and one sound.
      let text = "";
      for await (const clause of clauses) text += text === "" || /[。！？]$/u.test(text) ? clause : ` ${clause}`;
      if (text === "" || signal.aborted) return;
      let sounds = false;
      const early: TimedWord[] = [];
      for await (const output of ask(text, signal)) {
        if (typeof output === "string" || output.type !== "speech") continue;
        if (!sounds && output.pcm.length === 0) early.push(...output.words);
        // What it is to say is known better than what it says that it says.
        else yield { ...output, text: sounds ? "" : text, words: [...early.splice(0), ...output.words] };
        sounds ||= output.pcm.length > 0;
      }
      if (!sounds && !signal.aborted)
        throw new AppError("vendor-failed", "the language model was given a text to say, and made no sound", {
          own: "the language model was given a text to say, and made no sound",
        });
    },
  };
}
