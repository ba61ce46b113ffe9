/** From the body of `update` to what changes in a conversation. */
import type { rest } from "@parley/protocol";
import type { Fault } from "../../faults.ts";
import type { RunningCall, SessionChange } from "../../projects/agents.ts";
import type { LlmStyle } from "../../vendors/vendor.ts";
import { toBrainChange } from "./to-brain.ts";
import { toSystemMessages } from "./to-config.ts";
import { withParams } from "./to-vendors.ts";

export type Change = { readonly ok: true; readonly change: SessionChange } | { readonly ok: false; readonly faults: readonly Fault[] };

export function toChange(
  { properties: { llm, mllm } }: rest.UpdateBody,
  { config, notes }: Pick<RunningCall, "config" | "notes">,
  styles: readonly LlmStyle[],
): Change {
  const faults: Fault[] = [];
  const session = mllm?.params ?? undefined;
  const brain = session === undefined ? undefined : toBrainChange(session, config.brain, faults);
  const style = styles.find(({ name }) => name === config.llm.style);
  const params = llm?.params ?? undefined;
  const chosen = params === undefined || style === undefined ? undefined : withParams(config.llm, params, style, faults);
  if (faults.length > 0) return { ok: false, faults };
  const messages = llm?.system_messages ?? undefined;
  return {
    ok: true,
    change: {
      ...(brain === undefined ? {} : { brain }),
      ...(messages === undefined ? {} : { systemMessages: toSystemMessages(messages, notes.variables) }),
      ...(chosen === undefined || style === undefined ? {} : { llm: style.open(chosen.options) }),
    },
  };
}
