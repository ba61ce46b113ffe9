/** From a `join` body to what an agent should be: pure, and the only reader of that body's spelling. */
import { rest } from "@parley/protocol";
import type { DefaultLlm, ProjectDefaults } from "../../projects/project.ts";
import {
  type AgentConfig,
  type ChosenAsr,
  type ChosenLlm,
  type ChosenTts,
  defaultTurns,
  type TurnSettings,
} from "../../session/agent-config.ts";
import type { LlmStyle, Vendor } from "../../vendors/vendor.ts";
import { type Fault, faultsOf, pathText, show } from "../../faults.ts";
import { nearest } from "../../nearest.ts";
import { parseLanguageTag } from "./language.ts";

/** What this engine has to offer to an agent. */
export interface Offer {
  readonly vendors: readonly Vendor[];
  readonly styles: readonly LlmStyle[];
  readonly defaults: ProjectDefaults;
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
  readonly config: AgentConfig;
}

export type Translation = { readonly ok: true; readonly request: AgentRequest } | { readonly ok: false; readonly faults: readonly Fault[] };

const DEFAULT_LANGUAGE = "en-US";

/** `ares` is the hosted service's own recogniser: here, whatever the project uses by default. */
const OWN_RECOGNISER = "ares";

export function toConfig(body: rest.JoinBody, offer: Offer): Translation {
  const faults: Fault[] = [];
  const { name, properties } = body;
  if (properties.enable_string_uid !== true) checkNumericUids(properties, faults);

  const config: AgentConfig = {
    asr: toAsr(properties, offer, faults),
    tts: toTts(properties, offer, faults),
    llm: toLlm(properties, offer, faults),
    systemMessages: (properties.llm?.system_messages ?? []).map(({ role, content, ...raw }) => ({
      role,
      content,
      ...(Object.keys(raw).length > 0 ? { raw } : {}),
    })),
    maxHistory: properties.llm?.max_history ?? offer.defaults.maxHistory,
    ...toGreeting(properties),
    ...(filled(properties.llm?.failure_message) ? { failureMessage: properties.llm?.failure_message ?? "" } : {}),
    idleTimeoutS: properties.idle_timeout ?? 30,
    firstUserTimeoutS: offer.firstUserTimeoutS,
    turns: toTurns(properties),
  };
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    request: {
      name,
      channel: properties.channel,
      uid: properties.agent_rtc_uid,
      remoteUids: properties.remote_rtc_uids.includes("*") ? ["*"] : [...new Set(properties.remote_rtc_uids)],
      token: properties.token,
      labels: properties.labels ?? {},
      words: properties.parameters?.transcript?.enable_words ?? false,
      metrics: properties.parameters?.enable_metrics ?? false,
      errors: properties.parameters?.enable_error_message ?? false,
      config,
    },
  };
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

function toAsr({ asr }: rest.JoinProperties, offer: Offer, faults: Fault[]): ChosenAsr {
  const parsed = parseLanguageTag(asr?.language ?? DEFAULT_LANGUAGE);
  const keyterms = asr?.keywords ?? [];
  if ("fault" in parsed) {
    faults.push(invalid(["properties", "asr", "language"], asr?.language, parsed.fault));
    return { vendor: "", language: DEFAULT_LANGUAGE, options: {}, keyterms };
  }
  const language = parsed.tag;
  const named = asr?.vendor === OWN_RECOGNISER ? undefined : (asr?.vendor ?? undefined);
  const byDefault = offer.defaults.asr[language] ?? offer.defaults.asr["*"] ?? { vendor: "local", params: {} };
  const vendorName = named ?? byDefault.vendor;
  const params = named === undefined ? { ...byDefault.params, ...asr?.params } : (asr?.params ?? {});

  const recognisers = offer.vendors.filter(({ asr: part }) => part !== undefined);
  const recogniser = recognisers.find((vendor) => vendor.name === vendorName)?.asr;
  if (recogniser === undefined) {
    faults.push(unknownVendor(["properties", "asr", "vendor"], vendorName, recognisers));
    return { vendor: vendorName, language, options: {}, keyterms };
  }
  if (recogniser.languages !== undefined && !knows(recogniser.languages, language)) {
    const known = recogniser.languages.join(", ");
    const others = recognisers.map(({ name }) => name).filter((name) => name !== "local");
    const ways =
      vendorName !== "local"
        ? ""
        : `. Two ways out: a vendor's key in properties.asr (${others.length > 0 ? others.join(", ") : "none is built into this version"}) or in the project's defaults.asr, or more languages by \`npx parley models pull\``;
    faults.push(
      invalid(["properties", "asr", "language"], language, `is not known to the recogniser "${vendorName}", which knows ${known}${ways}`),
    );
    return { vendor: vendorName, language, options: {}, keyterms };
  }
  return { vendor: vendorName, language, options: parseOptions(recogniser, params, ["properties", "asr", "params"], faults), keyterms };
}

function toTts({ tts }: rest.JoinProperties, offer: Offer, faults: Fault[]): ChosenTts {
  const chosen = tts ?? offer.defaults.tts ?? { vendor: "local", params: {} };
  const voices = offer.vendors.filter(({ tts: part }) => part !== undefined);
  const voice = voices.find(({ name }) => name === chosen.vendor)?.tts;
  if (voice === undefined) {
    faults.push(unknownVendor(["properties", "tts", "vendor"], chosen.vendor, voices));
    return { vendor: chosen.vendor, options: {} };
  }
  const params = chosen.params ?? undefined;
  if (params === undefined && chosen.vendor !== "local") faults.push(missing(["properties", "tts", "params"]));
  return { vendor: chosen.vendor, options: parseOptions(voice, params ?? {}, ["properties", "tts", "params"], faults) };
}

function toLlm({ llm }: rest.JoinProperties, offer: Offer, faults: Fault[]): ChosenLlm {
  const audio = llm?.output_modalities?.includes("audio") ?? false;
  if (audio)
    faults.push(
      invalid(
        ["properties", "llm", "output_modalities"],
        '["audio"]',
        'is not built yet; leave it out or send ["text"], the answer is then spoken by properties.tts',
      ),
    );

  const chosen =
    llm === undefined || llm === null
      ? defaultLlm(offer.defaults)
      : {
          style: llm.style ?? "openai",
          ...(filled(llm.url) ? { url: llm.url } : {}),
          ...(filled(llm.api_key) ? { apiKey: llm.api_key } : {}),
          params: llm.params ?? {},
          headers: llm.headers ?? {},
        };
  const style = offer.styles.find(({ name }) => name === chosen.style);
  if (style === undefined) {
    faults.push(unknownStyle(chosen.style, offer.styles));
    return { style: chosen.style, options: {} };
  }
  if (chosen.style !== "local" && !("url" in chosen)) {
    faults.push({
      kind: "missing",
      message: 'properties.llm.url is required, unless properties.llm.style is "local" (embedded) or properties.llm is left out',
    });
    return { style: chosen.style, options: {} };
  }
  return { style: chosen.style, options: parseOptions(style, chosen, ["properties", "llm"], faults) };
}

/** The operator's own choice may lie in any network. */
function defaultLlm({ llm }: ProjectDefaults): DefaultLlm & { readonly trusted?: boolean } {
  return llm === undefined ? { style: "local", params: {}, headers: {} } : { ...llm, trusted: true };
}

function toGreeting({ llm }: rest.JoinProperties): Pick<AgentConfig, "greeting"> {
  const text = llm?.greeting_message;
  if (!filled(text)) return {};
  return { greeting: { text, interruptable: llm?.greeting_configs?.interruptable ?? true } };
}

/** `enable_aivad` chooses between judging by words and by silence alone; `vad` sets the times. */
function toTurns({ vad, advanced_features: features }: rest.JoinProperties): TurnSettings {
  const semantic = features?.enable_aivad ?? false;
  return {
    ...defaultTurns,
    endpointingMs: vad?.silence_duration_ms ?? defaultTurns.endpointingMs,
    endpointing: semantic ? "semantic" : "silence",
    maxWaitMs: defaultTurns.maxWaitMs,
    interruptMs: vad?.interrupt_duration_ms ?? defaultTurns.interruptMs,
    interruption: semantic ? "words" : "speech",
    prefixMs: vad?.prefix_padding_ms ?? defaultTurns.prefixMs,
    threshold: vad?.threshold ?? defaultTurns.threshold,
  };
}

/** `en` knows every `en-…`; a whole tag knows itself. */
function knows(languages: readonly string[], language: string): boolean {
  return languages.some((known) => language === known || language.startsWith(`${known}-`));
}

/** A vendor's own schema checks its part of the body. */
function parseOptions(part: Pick<LlmStyle, "options">, params: unknown, path: readonly PropertyKey[], faults: Fault[]): unknown {
  const parsed = part.options.safeParse(params);
  if (parsed.success) return parsed.data;
  faults.push(...faultsOf(parsed.error, params, path, (name) => (name === "apiKey" ? "api_key" : name)));
  return {};
}

function unknownVendor(path: readonly PropertyKey[], name: string, vendors: readonly Vendor[]): Fault {
  return unknownName(
    path,
    name,
    vendors.map((vendor) => vendor.name),
    "this version has",
  );
}

function unknownStyle(name: string, styles: readonly LlmStyle[]): Fault {
  return unknownName(
    ["properties", "llm", "style"],
    name,
    styles.map((style) => style.name),
    "this version has",
  );
}

function unknownName(path: readonly PropertyKey[], name: string, known: readonly string[], offer: string): Fault {
  const near = nearest(name, known);
  return invalid(path, name, `is not supported;${near === undefined ? "" : ` did you mean ${show(near)}?`} ${offer} ${known.join(", ")}`);
}

function invalid(path: readonly PropertyKey[], value: unknown, message: string): Fault {
  return { kind: "invalid", message: `${pathText(path)}: ${show(value)} ${message}` };
}

function missing(path: readonly PropertyKey[]): Fault {
  return { kind: "missing", message: `${pathText(path)} is required` };
}

function filled(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && text !== "";
}
