/** LLM style `local`: the embedded brain, which needs neither key nor network. */
import type { Brain, BrainMessage } from "@parley/speech";
import { z } from "zod";
import type { LlmMessage, LlmStyle } from "./vendor.ts";

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const BrainOptions = z.looseObject({
  /** IANA name for the time of day; absent: this machine's. */
  timeZone: z.string().refine(isTimeZone, "an IANA time zone is wanted, for instance Europe/Berlin").optional(),
});

/** Messages that only hold calls say nothing; the results that follow them do. */
function spoken({ role, content }: LlmMessage): BrainMessage[] {
  return content === "" ? [] : [{ role, content }];
}

export function brainStyle(brain: Brain, now: () => Date): LlmStyle {
  return {
    name: "local",
    options: BrainOptions,
    open(given) {
      const { timeZone } = BrainOptions.parse(given ?? {});
      return async function* (messages, { signal, tools = [] }) {
        const zone = timeZone === undefined ? {} : { timeZone };
        // An id is made by who carries the call out.
        for await (const output of brain.answer(messages.flatMap(spoken), { now: now(), signal, tools, ...zone }))
          yield typeof output === "string" ? output : { ...output, id: "" };
      };
    },
  };
}
