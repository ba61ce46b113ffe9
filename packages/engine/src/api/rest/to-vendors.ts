/** From a `join` body to recogniser, voice and language model, each checked by its vendor's own schema. Pure. */
import type { rest } from "@parley/protocol";
import { z } from "zod";
import { type Fault, faultsOf } from "../../faults.ts";
import type { DefaultLlm, DefaultVendor, ProjectDefaults } from "../../projects/project.ts";
import type { ChosenAsr, ChosenLlm, ChosenTts } from "../../session/agent-config.ts";
import { bracketPairs } from "../../session/brackets.ts";
import { knowsLanguage } from "../../vendors/languages.ts";
import type { LlmStyle, Vendor } from "../../vendors/vendor.ts";
import { voiceOptions } from "../../vendors/voice-options.ts";
import { filled, invalid, missing, type Path, unknownName } from "./body-faults.ts";
import { parseLanguageTag } from "./language.ts";
import type { Named } from "./presets.ts";

/** What this engine has to offer to an agent. */
export interface VendorOffer {
  readonly vendors: readonly Vendor[];
  readonly styles: readonly LlmStyle[];
  readonly defaults: ProjectDefaults;
}

/** The same, with what the body's names stand for. */
type NamedOffer = VendorOffer & Named;

const DEFAULT_LANGUAGE = "en-US";

/** The hosted service's own recognisers, in its two editions: here, whatever the project uses by default. */
const ownRecognisers = ["ares", "fengming"];

const embedded: DefaultVendor = { vendor: "local", params: {} };

const Keywords = z.array(z.string()).max(500);

export function toAsr({ asr, turn_detection: detection }: rest.JoinProperties, offer: NamedOffer, faults: Fault[]): ChosenAsr {
  const asked = asr?.language ?? detection?.language ?? DEFAULT_LANGUAGE;
  const parsed = parseLanguageTag(asked);
  const preset = offer.preset.has("asr");
  const own = preset || !filled(asr?.vendor) || ownRecognisers.includes(asr?.vendor ?? "");
  const { keywords, ...params } = asr?.params ?? {};
  const listed = own ? Keywords.safeParse(keywords ?? []) : undefined;
  const keyterms = asr?.keywords ?? listed?.data ?? [];
  if (listed?.success === false) faults.push(...faultsOf(listed.error, keywords, ["properties", "asr", "params", "keywords"]));
  if ("fault" in parsed) {
    const path = filled(asr?.language) ? ["properties", "asr", "language"] : ["properties", "turn_detection", "language"];
    faults.push(invalid(path, asked, parsed.fault));
    return { vendor: "", language: DEFAULT_LANGUAGE, options: {}, keyterms };
  }
  const language = parsed.tag;
  const byDefault = offer.defaults.asr[language] ?? offer.defaults.asr["*"] ?? embedded;
  const managed = asr?.credential_mode === "managed";
  if (managed && !own) checkManaged(["properties", "asr"], asr?.vendor ?? "", byDefault.vendor, faults);
  const chosen =
    own || managed
      ? {
          vendor: byDefault.vendor,
          params: { ...byDefault.params, ...(preset ? meantFor(byDefault.vendor, asr?.vendor, params) : params) },
        }
      : { vendor: asr?.vendor ?? "", params: asr?.params ?? {} };

  const recognisers = offer.vendors.filter(({ asr: part }) => part !== undefined);
  const recogniser = recognisers.find(({ name }) => name === chosen.vendor)?.asr;
  if (recogniser === undefined) {
    faults.push(
      unknownName(
        ["properties", "asr", "vendor"],
        chosen.vendor,
        recognisers.map(({ name }) => name),
      ),
    );
    return { vendor: chosen.vendor, language, options: {}, keyterms };
  }
  if (recogniser.languages !== undefined && !knowsLanguage(recogniser.languages, language)) {
    const known = recogniser.languages.join(", ");
    const others = recognisers.map(({ name }) => name).filter((name) => name !== "local");
    const ways =
      chosen.vendor !== "local"
        ? ""
        : `. Name a vendor that knows it in properties.asr.vendor (${others.length > 0 ? others.join(", ") : "this version brings none"}) or in the project's defaults.asr`;
    faults.push(
      invalid(
        ["properties", "asr", "language"],
        language,
        `is not known to the recogniser "${chosen.vendor}", which knows ${known}${ways}`,
      ),
    );
    return { vendor: chosen.vendor, language, options: {}, keyterms };
  }
  return {
    vendor: chosen.vendor,
    language,
    options: parseOptions(recogniser, chosen.params, ["properties", "asr", "params"], faults),
    keyterms,
  };
}

export function toTts({ tts }: rest.JoinProperties, offer: NamedOffer, faults: Fault[]): ChosenTts {
  const byDefault = offer.defaults.tts ?? embedded;
  const preset = offer.preset.has("tts");
  const managed = tts?.credential_mode === "managed";
  if (managed && !preset) checkManaged(["properties", "tts"], tts?.vendor ?? "", byDefault.vendor, faults);
  const chosen =
    tts === undefined || tts === null
      ? byDefault
      : preset || managed
        ? { ...byDefault, params: { ...byDefault.params, ...(preset ? meantFor(byDefault.vendor, tts.vendor, tts.params) : tts.params) } }
        : tts;
  const trusted = tts === undefined || tts === null || preset || managed;
  const voices = offer.vendors.filter(({ tts: part }) => part !== undefined);
  const voice = voices.find(({ name }) => name === chosen.vendor)?.tts;
  if (voice === undefined) {
    faults.push(
      unknownName(
        ["properties", "tts", "vendor"],
        chosen.vendor,
        voices.map(({ name }) => name),
      ),
    );
    return { vendor: chosen.vendor, options: {} };
  }
  const params = chosen.params ?? undefined;
  if (params === undefined && chosen.vendor !== "local") faults.push(missing(["properties", "tts", "params"]));
  const skip = (tts?.skip_patterns ?? []).flatMap((number) => bracketPairs[number - 1] ?? []);
  return {
    vendor: chosen.vendor,
    options: parseOptions(
      voice,
      voiceOptions(voice, chosen, { trusted }),
      voice.addressed === true ? ["properties", "tts"] : ["properties", "tts", "params"],
      faults,
    ),
    ...(skip.length === 0 ? {} : { skip }),
  };
}

export function toLlm({ llm, tts }: rest.JoinProperties, offer: NamedOffer, faults: Fault[]): ChosenLlm {
  const ignoreEmpty = llm?.ignore_empty ?? false;
  const byDefault = defaultLlm(offer.defaults);
  const preset = offer.preset.has("llm");
  // A body that says more about a pipeline's model need not repeat its address.
  const named = preset || (offer.pipeline.has("llm") && !filled(llm?.url) && !filled(llm?.style));
  const operators = llm === undefined || llm === null || named || llm.credential_mode === "managed";
  const chosen =
    llm === undefined || llm === null
      ? byDefault
      : operators
        ? managedLlm(preset ? { params: meantFor(byDefault.style, llm.style, llm.params) } : llm, byDefault, faults)
        : {
            style: llm.style ?? "openai",
            ...(filled(llm.url) ? { url: llm.url } : {}),
            ...(filled(llm.api_key) ? { apiKey: llm.api_key } : {}),
            params: objectOf(llm.params, ["properties", "llm", "params"], faults),
            headers: headersOf(llm.headers, faults),
          };
  const style = offer.styles.find(({ name }) => name === chosen.style);
  if (style === undefined) {
    faults.push(
      unknownName(
        ["properties", "llm", "style"],
        chosen.style,
        offer.styles.map(({ name }) => name),
      ),
    );
    return { style: chosen.style, options: {} };
  }
  if (chosen.style !== "local" && !("url" in chosen)) {
    faults.push({
      kind: "missing",
      message: 'properties.llm.url is required, unless properties.llm.style is "local" (embedded) or properties.llm is left out',
    });
    return { style: chosen.style, options: {} };
  }
  const details = llm?.vendor === "custom";
  const pictures = llm?.input_modalities?.includes("image") === true ? { pictures: true } : {};
  const output = [...new Set(llm?.output_modalities ?? [])];
  const speaks = output.includes("audio");
  if (speaks && style.speaks !== true)
    faults.push(invalid(["properties", "llm", "output_modalities"], "audio", `is nothing for style "${style.name}"; allowed: ["text"]`));
  const options = { ...chosen, ...(ignoreEmpty ? { ignoreEmpty } : {}), ...(details ? { details } : {}), ...(speaks ? { output } : {}) };
  const parsed = parseOptions(style, options, ["properties", "llm"], faults);
  // Without a voice of its own the agent has none but the model's, for fixed texts, too.
  const voice = (tts !== undefined && tts !== null) || offer.preset.has("tts") || offer.pipeline.has("tts");
  const recites = speaks && !output.includes("text") && !voice;
  return {
    style: chosen.style,
    options: parsed,
    ...(operators && Object.keys(byDefault.params).length > 0 ? { operatorParams: byDefault.params } : {}),
    ...(details ? { tunes: true } : {}),
    ...pictures,
    ...(recites ? { recites } : {}),
  };
}

/** The same language model with other params, which take the place of all that it had from a body. */
export function withParams(
  chosen: ChosenLlm,
  params: string | Record<string, unknown>,
  style: LlmStyle,
  faults: Fault[],
): Pick<ChosenLlm, "options"> {
  const path = ["properties", "llm", "params"];
  const before = z.record(z.string(), z.unknown()).safeParse(chosen.options);
  return {
    options: parseOptions(
      style,
      { ...before.data, params: { ...chosen.operatorParams, ...objectOf(params, path, faults) } },
      ["properties", "llm"],
      faults,
    ),
  };
}

/** Parameters for a preset's vendor, or style: those that a body spells for another one are not. */
function meantFor<Params>(used: string, named: string | null | undefined, params: Params): Params | Record<string, never> {
  return !filled(named) || named === used ? params : {};
}

/** The operator's own choice may lie in any network. */
function defaultLlm({ llm }: ProjectDefaults): DefaultLlm & { readonly trusted?: boolean } {
  return llm === undefined ? { style: "local", params: {}, headers: {} } : { ...llm, trusted: true };
}

type LlmWish = Pick<NonNullable<rest.JoinProperties["llm"]>, "style" | "params">;

function managedLlm({ style, params: given }: LlmWish, byDefault: DefaultLlm, faults: Fault[]): DefaultLlm {
  if (filled(style)) checkManaged(["properties", "llm"], style, byDefault.style, faults, "style");
  const params = objectOf(given, ["properties", "llm", "params"], faults);
  return { ...byDefault, params: { ...byDefault.params, ...params } };
}

function checkManaged(path: Path, named: string, operators: string, faults: Fault[], field = "vendor"): void {
  if (named === operators) return;
  faults.push(
    invalid(
      [...path, "credential_mode"],
      "managed",
      `has keys for the operator's default alone, whose ${field} is "${operators}"; leave credential_mode out and send the key for "${named.slice(0, 64)}"`,
    ),
  );
}

/** An object, or JSON text of one. */
function objectOf(given: string | Record<string, unknown> | null | undefined, path: Path, faults: Fault[]): Record<string, unknown> {
  if (given === undefined || given === null || given === "") return {};
  if (typeof given !== "string") return given;
  const parsed = z.record(z.string(), z.unknown()).safeParse(parseJson(given));
  if (parsed.success) return parsed.data;
  faults.push({ kind: "invalid", message: `${path.join(".")}: the text is not JSON of an object; send the object itself` });
  return {};
}

function headersOf(given: string | Record<string, unknown> | null | undefined, faults: Fault[]): Record<string, string> {
  const path = ["properties", "llm", "headers"];
  const object = objectOf(given, path, faults);
  const parsed = z.record(z.string(), z.string()).safeParse(object);
  if (parsed.success) return parsed.data;
  faults.push(...faultsOf(parsed.error, object, path));
  return {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A vendor's own schema checks its part of the body. */
function parseOptions(part: Pick<LlmStyle, "options">, params: unknown, path: Path, faults: Fault[]): unknown {
  const parsed = part.options.safeParse(params);
  if (parsed.success) return parsed.data;
  faults.push(...faultsOf(parsed.error, params, path, (name) => (name === "apiKey" ? "api_key" : name)));
  return {};
}
