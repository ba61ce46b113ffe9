/** `mllm` of a `join`: an endpoint that hears, thinks and speaks, in place of `asr`, `llm` and `tts`. Pure. */
import { type rest, voiceAgent } from "@parley/protocol";
import type { Fault } from "../../faults.ts";
import type { ChosenBrain } from "../../session/agent-config.ts";
import { filled, invalid, missing } from "./body-faults.ts";
import { fillTemplate } from "./template.ts";

const vendorName = "assemblyai";
const vendorUrl = "wss://agents.assemblyai.com/v1/ws";

export function toBrain(
  { mllm, advanced_features: features }: rest.JoinProperties,
  variables: Readonly<Record<string, string>>,
  faults: Fault[],
): ChosenBrain | undefined {
  if ((mllm?.enable ?? features?.enable_mllm) !== true) return undefined;
  const path = ["properties", "mllm"];
  if (mllm === undefined || mllm === null) {
    faults.push(missing(path, " with properties.advanced_features.enable_mllm"));
    return undefined;
  }
  const { vendor, api_key: apiKey, greeting_message: greeting } = mllm;
  if (!filled(vendor)) faults.push(missing([...path, "vendor"]));
  else if (vendor !== vendorName) {
    faults.push(
      invalid(
        [...path, "vendor"],
        vendor,
        `is not built; allowed: ${vendorName}, with the url of any endpoint of the Voice Agent API. Without mllm, asr, llm and tts come one after the other`,
      ),
    );
    // What else that vendor wants is not known here.
    return { url: vendorUrl, apiKey: "", session: {}, messages: [] };
  }
  if (!filled(apiKey)) faults.push(missing([...path, "api_key"]));
  const url = filled(mllm.url) ? mllm.url : vendorUrl;
  if (!/^(?:wss?|https?):$/.test(URL.parse(url)?.protocol ?? ""))
    faults.push(invalid([...path, "url"], url, "is no address that begins with wss://"));
  const session = toSession(mllm.params ?? {}, [...path, "params"], faults);
  return {
    url,
    apiKey: apiKey ?? "",
    session: filled(greeting) ? { ...session, greeting: fillTemplate(greeting, variables) } : session,
    messages: mllm.messages ?? [],
  };
}

/** `mllm.params` of an `update`. */
export function toBrainChange(
  params: Readonly<Record<string, unknown>>,
  brain: ChosenBrain | undefined,
  faults: Fault[],
): voiceAgent.SessionSettings {
  const path = ["properties", "mllm", "params"];
  if (brain === undefined) faults.push(invalid(path, params, "is for an agent with mllm; properties.llm.params changes this one's llm"));
  if (params["tools"] !== undefined) faults.push(invalid([...path, "tools"], params["tools"], "cannot be changed while the agent runs"));
  return toSession(params, path, faults);
}

function toSession(params: Readonly<Record<string, unknown>>, path: readonly PropertyKey[], faults: Fault[]): voiceAgent.SessionSettings {
  const parsed = voiceAgent.SessionSettings.safeParse(params);
  if (!parsed.success) {
    for (const { path: inner, message } of parsed.error.issues) {
      const value = inner.reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined), params);
      faults.push(invalid([...path, ...inner], value, `is refused: ${message}`));
    }
    return {};
  }
  for (const [index, { name, http }] of (parsed.data.tools ?? []).entries()) {
    if (http === undefined || http === null)
      faults.push(invalid([...path, "tools", index], name, "has no http, and nobody else would answer its calls"));
  }
  return parsed.data;
}
