/** Every vendor and every style that is built, found by name; what is unknown is refused with the list of what there is. */
import { type Brain, openBrain, type Speech } from "@parley/speech";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import { brainStyle } from "./brain.ts";
import { knowsLanguage } from "./languages.ts";
import { genericHttp } from "./generic-http.ts";
import { openLocal } from "./local.ts";
import { nearest } from "../nearest.ts";
import type { Network } from "./network.ts";
import { openAiStyle } from "./openai.ts";
import { type FetchRecording, recordingAt } from "./recording.ts";
import type { OpenTools } from "./tool-source.ts";
import { toolOpener } from "./tools.ts";
import type { Asr, ChosenRecording, Llm, LlmStyle, Vendor, Voice } from "./vendor.ts";

export interface VendorsOptions {
  /** Brings the vendor `local`. */
  readonly speech?: Speech;
  /** Further vendors, which win over built-in ones of the same name. */
  readonly vendors?: readonly Vendor[];
  readonly network: Network;
  /** Absent: one is opened. */
  readonly brain?: Brain;
  /** Further styles, which win over built-in ones of the same name. */
  readonly styles?: readonly LlmStyle[];
  /** The recogniser behind the name `ares`. */
  readonly defaultAsr?: string;
  /** Wall time for the brain. */
  readonly now?: () => Date;
}

export interface Vendors {
  readonly vendors: readonly Vendor[];
  readonly styles: readonly LlmStyle[];
  /** Each checks name and options, and throws an `AppError` that names the field of the REST door. */
  openAsr(chosen: { readonly vendor: string; readonly language: string; readonly options: unknown }): Asr;
  /** `params`: in place of those in its options. */
  openTts(chosen: { readonly vendor: string; readonly options: unknown }, params?: Readonly<Record<string, unknown>>): Voice;
  /** `field`: whose options they are, for errors; default `llm`. */
  openLlm(chosen: { readonly style: string; readonly options: unknown }, field?: string): Llm;
  readonly openTools: OpenTools;
  openRecording(chosen: ChosenRecording): FetchRecording;
}

/** The recogniser's name in the REST contract for "the one that is built in". */
const builtInAsr = "ares";

function unknown(field: string, name: string, known: readonly string[]): AppError {
  const close = nearest(name, known);
  const guess = close === undefined ? "" : ` Did you mean "${close}"?`;
  return new AppError(
    "invalid-field",
    `${field}: "${name.slice(0, 64)}" is not built into this version; there is ${known.map((one) => `"${one}"`).join(", ")}.${guess}`,
  );
}

/** Our names as they are spelt on the wire. */
function wireName(path: readonly PropertyKey[]): string {
  return path.map((part) => String(part).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)).join(".");
}

function isAbsent(options: unknown, path: readonly PropertyKey[]): boolean {
  let value = options;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return true;
    value = new Map<PropertyKey, unknown>(Object.entries(value)).get(part);
  }
  return value === undefined;
}

function parse(field: string, schema: z.ZodType, given: unknown): unknown {
  const options = given ?? {};
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const { path = [], message = "not accepted" } = result.error.issues[0] ?? {};
  const name = [field, wireName(path)].filter((part) => part !== "").join(".");
  if (isAbsent(options, path)) throw new AppError("missing-field", `${name} is missing`);
  throw new AppError("invalid-field", `${name}: ${message}`);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function override<Named extends { readonly name: string }>(builtIn: readonly Named[], added: readonly Named[]): Named[] {
  return [...builtIn.filter(({ name }) => !added.some((other) => other.name === name)), ...added];
}

export function openVendors(options: VendorsOptions): Vendors {
  const { network, brain = openBrain(), now = () => new Date(), defaultAsr = "local" } = options;
  const local = options.speech === undefined ? [] : [openLocal(options.speech)];
  const vendors = override([...local, genericHttp(network)], options.vendors ?? []);
  const styles = override([openAiStyle(network), brainStyle(brain, now)], options.styles ?? []);
  const named = (part: "asr" | "tts"): Vendor[] => vendors.filter((vendor) => vendor[part] !== undefined);

  return {
    vendors,
    styles,
    openTools: toolOpener(network),
    openRecording: (chosen) => recordingAt(network, chosen),
    openAsr(chosen) {
      const name = chosen.vendor === builtInAsr ? defaultAsr : chosen.vendor;
      const asr = vendors.find((vendor) => vendor.name === name)?.asr;
      if (asr === undefined) throw unknown("asr.vendor", chosen.vendor, [builtInAsr, ...named("asr").map((vendor) => vendor.name)]);
      if (asr.languages !== undefined && !knowsLanguage(asr.languages, chosen.language)) {
        throw new AppError(
          "invalid-field",
          `asr.language: "${chosen.language.slice(0, 64)}" is not spoken by the recogniser "${name}", which knows ${asr.languages.join(", ")}. ` +
            "Name a vendor that knows it in asr.vendor or in the project's defaults.asr",
        );
      }
      return asr.open(parse("asr.params", asr.options, chosen.options));
    },
    openTts(chosen, params = {}) {
      const tts = vendors.find((vendor) => vendor.name === chosen.vendor)?.tts;
      if (tts === undefined)
        throw unknown(
          "tts.vendor",
          chosen.vendor,
          named("tts").map((vendor) => vendor.name),
        );
      const own = fieldsOf(chosen.options);
      if (tts.addressed === true) return tts.open(parse("tts", tts.options, { ...own, params: { ...fieldsOf(own["params"]), ...params } }));
      return tts.open(parse("tts.params", tts.options, { ...own, ...params }));
    },
    openLlm(chosen, field = "llm") {
      const style = styles.find((one) => one.name === chosen.style);
      if (style === undefined)
        throw unknown(
          `${field}.style`,
          chosen.style,
          styles.map((one) => one.name),
        );
      return style.open(parse(field, style.options, chosen.options), field);
    },
  };
}
