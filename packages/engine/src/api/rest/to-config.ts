/** From a `join` body to what an agent should be: pure, and with the files that it calls the only reader of that body's spelling. */
import { rest } from "@parley/protocol";
import type { z } from "zod";
import type { Fault } from "../../faults.ts";
import type { AgentConfig, SystemMessage } from "../../session/agent-config.ts";
import { filled, invalid, missing } from "./body-faults.ts";
import { checkBuilt } from "./not-built.ts";
import { lookUp } from "./presets.ts";
import type { ChosenRecording } from "../../vendors/vendor.ts";
import { fillTemplate } from "./template.ts";
import { toBrain } from "./to-brain.ts";
import { toToolPlan } from "./to-tools.ts";
import { toFillers } from "./to-fillers.ts";
import { toTurns } from "./to-turns.ts";
import { toAsr, toLlm, toTts, type VendorOffer } from "./to-vendors.ts";

/** What this engine has to offer to an agent. */
export interface Offer extends VendorOffer {
  /** Seconds that an agent waits for the first person; 0: for good. */
  readonly firstUserTimeoutS: number;
}

/** An agent as `join` asks for it, before it has an id. */
export interface AgentRequest {
  readonly name: string;
  readonly channel: string;
  /** The agent's own; `0`: one is to be assigned. */
  readonly uid: string;
  /** Whom it hears; `["*"]`: everybody. */
  readonly remoteUids: readonly string[];
  readonly token: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Captions carry words with their times. */
  readonly words: boolean;
  /** Clients are told latencies, and errors. */
  readonly metrics: boolean;
  readonly errors: boolean;
  /** `history` tells turn, time and source of each entry. */
  readonly details: boolean;
  /** What is said is not kept in the database. */
  readonly optOut: boolean;
  /** Seconds that `leave` gives the agent to finish what it is saying; 0: none. */
  readonly graceS: number;
  /** Texts put in place of `{{name}}`, in later changes, too. */
  readonly variables: Readonly<Record<string, string>>;
  readonly config: AgentConfig;
}

export type Translation = { readonly ok: true; readonly request: AgentRequest } | { readonly ok: false; readonly faults: readonly Fault[] };

/** The recording of a greeting is waited for so long, in milliseconds. */
const DOWNLOAD_MS = 5000;

/** Its rate in hertz where it is raw PCM and nobody says: that of the contract's own samples. */
const PCM_RATE = 16_000;

/** `leave` waits so long for the last words, in seconds, where grace is asked for without a number. */
const GRACE_S = 30;

export function toConfig(body: rest.JoinBody, offered: Offer): Translation {
  const faults: Fault[] = [];
  const { name, properties } = body;
  const { llm, parameters } = properties;
  const variables = llm?.template_variables ?? {};
  const offer = { ...offered, ...lookUp(body, offered.defaults, faults) };
  if (properties.enable_string_uid !== true) checkNumericUids(properties, faults);
  checkBuilt(properties, faults);

  const brain = toBrain(properties, variables, faults);
  // What a brain of its own takes the place of is not asked for.
  const replaced: Fault[] = brain === undefined ? faults : [];
  const asr = toAsr(properties, offer, replaced);
  const toolPlan = toToolPlan(properties, variables, faults);
  const tts = toTts(properties, offer, replaced);
  const model = toLlm(properties, offer, replaced);
  const config: AgentConfig = {
    asr,
    tts,
    llm: model,
    ...(brain === undefined ? {} : { brain }),
    systemMessages: toSystemMessages(llm?.system_messages ?? [], variables),
    ...(toolPlan === undefined ? {} : { toolPlan }),
    maxHistory: llm?.max_history ?? offer.defaults.maxHistory,
    ...toGreeting(properties, variables, faults),
    ...toSilence(properties, variables, faults),
    ...toFillers(properties, offer.styles, model, faults),
    ...(filled(llm?.failure_message) ? { failureMessage: fillTemplate(llm?.failure_message ?? "", variables) } : {}),
    idleTimeoutS: properties.idle_timeout ?? 30,
    firstUserTimeoutS: offer.firstUserTimeoutS,
    turns: toTurns(properties, asr.language, faults),
  };
  if (faults.length > 0) return { ok: false, faults };
  const farewell = parameters?.farewell_config;
  return {
    ok: true,
    request: {
      name,
      channel: properties.channel,
      uid: properties.agent_rtc_uid,
      remoteUids: properties.remote_rtc_uids.includes("*") ? ["*"] : [...new Set(properties.remote_rtc_uids)],
      token: properties.token,
      labels: properties.labels ?? {},
      words: parameters?.transcript?.enable_words ?? false,
      metrics: parameters?.enable_metrics ?? false,
      errors: parameters?.enable_error_message ?? false,
      details: llm?.vendor === "custom",
      optOut: parameters?.opt_out ?? false,
      graceS: farewell?.graceful_enabled === true ? (farewell.graceful_timeout_seconds ?? GRACE_S) : 0,
      variables,
      config,
    },
  };
}

type WireMessage = z.output<typeof rest.SystemMessage>;

/** Roles and contents that not every model knows are passed on as they are, beside what every model understands. */
export function toSystemMessages(messages: readonly WireMessage[], variables: Readonly<Record<string, string>>): SystemMessage[] {
  return messages.map(({ role, content, ...others }) => {
    const known = role === "developer" ? "system" : role;
    const named = role === "developer" ? { ...others, role } : others;
    if (typeof content === "string") {
      const filled = fillTemplate(content, variables);
      return { role: known, content: filled, ...(Object.keys(named).length > 0 ? { raw: named } : {}) };
    }
    const parts = fillParts(content, variables);
    return { role: known, content: textOf(parts), raw: { ...named, content: parts } };
  });
}

type Part = Exclude<WireMessage["content"], string>[number];

function fillParts(parts: readonly Part[], variables: Readonly<Record<string, string>>): Part[] {
  return parts.map((part) => (typeof part.text === "string" ? { ...part, text: fillTemplate(part.text, variables) } : part));
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap(({ text }) => (typeof text === "string" ? [text] : [])).join("\n");
}

function checkNumericUids(properties: rest.JoinProperties, faults: Fault[]): void {
  const uids: [PropertyKey[], string][] = [
    [["properties", "agent_rtc_uid"], properties.agent_rtc_uid],
    ...properties.remote_rtc_uids.map((uid, index): [PropertyKey[], string] => [["properties", "remote_rtc_uids", index], uid]),
  ];
  for (const [path, uid] of uids) {
    if (uid === "*" || rest.isNumericUid(uid)) continue;
    faults.push(invalid(path, uid, "is not a whole number from 0 to 4294967295; to use text, set properties.enable_string_uid to true"));
  }
}

function toGreeting(
  { llm }: rest.JoinProperties,
  variables: Readonly<Record<string, string>>,
  faults: Fault[],
): Pick<AgentConfig, "greeting"> {
  const text = llm?.greeting_message ?? "";
  const recording = toRecording(llm, faults);
  if (text === "" && recording === undefined) return {};
  const { mode, delay_ms: delayMs, interruptable, uninterruptible_asr_policy: policy } = llm?.greeting_configs ?? {};
  const overlapping = policy === "context" ? "remember" : policy === "merge_reply" ? "append" : undefined;
  return {
    greeting: {
      text: fillTemplate(text, variables),
      interruptable: interruptable ?? true,
      mode: mode === "single_first" ? "first" : "every",
      delayMs: delayMs ?? 0,
      ...(overlapping === undefined ? {} : { overlapping }),
      ...(recording === undefined ? {} : { recording }),
    },
  };
}

function toRecording(llm: rest.JoinProperties["llm"], faults: Fault[]): ChosenRecording | undefined {
  const url = llm?.greeting_audio_url;
  const { audio_download_timeout_ms: timeoutMs, audio_pcm_sample_rate: sampleRate } = llm?.greeting_configs ?? {};
  if (!filled(url)) return undefined;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    faults.push(invalid(["properties", "llm", "greeting_audio_url"], url, "is not an http:// or https:// URL"));
  return { url, timeoutMs: timeoutMs ?? DOWNLOAD_MS, sampleRate: sampleRate ?? PCM_RATE };
}

function toSilence(
  { parameters }: rest.JoinProperties,
  variables: Readonly<Record<string, string>>,
  faults: Fault[],
): Pick<AgentConfig, "silence"> {
  const { timeout_ms: timeoutMs, action, content } = parameters?.silence_config ?? {};
  if (timeoutMs === undefined || timeoutMs === null || timeoutMs === 0) return {};
  if (!filled(content)) {
    faults.push(missing(["properties", "parameters", "silence_config", "content"], " with a timeout_ms other than 0"));
    return {};
  }
  return { silence: { timeoutMs, action: action ?? "speak", content: fillTemplate(content, variables) } };
}
