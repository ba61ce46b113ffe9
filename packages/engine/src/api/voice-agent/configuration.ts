/** The configuration of a session: reading an update, laying it over what is in force, and refusing what cannot be. Pure. */
import { voiceAgent } from "@parley/protocol";
import type { z } from "zod";
import { type Refusal, refusal, refusalOf } from "./refusal.ts";
import { flattenTools, isObject, keypadField } from "./tool-settings.ts";
import { unknownPaths } from "./unknown-paths.ts";

type AudioFormat = z.output<typeof voiceAgent.AudioFormat>;

/** What is in force: only what was set; the defaults stand in `echo.ts` and `to-config.ts`. No nulls. */
export type Configuration = voiceAgent.SessionSettings;

/** What the operator allows. */
export interface ConfigurationRules {
  /** A client may bring its own language model. */
  readonly allowInlineLlm: boolean;
  /** The voice may change between replies. */
  readonly mutableVoice: boolean;
  readonly knowsVoice: (name: string) => boolean;
  readonly voiceNames: () => readonly string[];
}

export interface Update {
  /** As the schema took it: `null` resets a field. */
  readonly settings: voiceAgent.SessionSettings;
  /** Fields that mean nothing here; they are logged, and ignored. */
  readonly unknown: readonly string[];
}

export type Read = { readonly ok: true; readonly update: Update } | { readonly ok: false; readonly refusal: Refusal };
export type Merged = { readonly ok: true; readonly configuration: Configuration } | { readonly ok: false; readonly refusal: Refusal };

/** Reads `session` of an update. */
export function readUpdate(session: unknown): Read {
  if (!isObject(session)) {
    return no(refusal("invalid_format", "Invalid message format for type 'session.update': session is not an object", "session"));
  }
  const tools: unknown = session["tools"];
  const given = tools === undefined ? session : { ...session, tools: flattenTools(tools) };
  if (Array.isArray(tools)) {
    for (const [index, tool] of tools.entries()) {
      const field = keypadField(tool);
      const param = `tools[${index}].${field ?? ""}`;
      if (field !== undefined)
        return no(refusal("invalid_value", `${param}: tools that collect telephone keys are for calls by phone, a socket has none`, param));
    }
  }
  const parsed = voiceAgent.SessionSettings.safeParse(given);
  if (!parsed.success) return no(refusalOf("invalid_value", parsed.error, given));
  const fault = checkTools(parsed.data.tools ?? []);
  if (fault !== undefined) return no(fault);
  return { ok: true, update: { settings: parsed.data, unknown: unknownPaths(voiceAgent.SessionSettings, given) } };
}

/** The first update: everything is open, but what belongs to stored agents. */
export function firstConfiguration({ settings }: Update, rules: ConfigurationRules): Merged {
  const { agent_id: agentId, ...inline } = settings;
  if (typeof agentId === "string") {
    const beside = Object.entries(inline).find(([name, value]) => name !== "id" && value !== undefined && value !== null);
    return beside === undefined
      ? { ok: true, configuration: { agent_id: agentId } }
      : no(refusal("invalid_value", `agent_id and inline fields are mutually exclusive: ${beside[0]} stands beside it`, "agent_id"));
  }
  return checkInline(settings, rules) ?? lay({}, settings, rules);
}

/** A stored agent's own fields, as the configuration of a session. */
export function storedConfiguration(settings: voiceAgent.SessionSettings, rules: ConfigurationRules): Merged {
  return lay({}, settings, rules);
}

/** A later update: all of it counts, or nothing. */
export function laterConfiguration(current: Configuration, { settings }: Update, rules: ConfigurationRules): Merged {
  if (settings.agent_id !== undefined && settings.agent_id !== null && settings.agent_id !== current.agent_id) {
    return no(refusal("agent_id_not_first", "agent_id is for the first session.update of a session", "agent_id"));
  }
  const { agent_id: _same, ...inline } = settings;
  const refused = checkInline(inline, rules);
  if (refused !== undefined) return refused;
  const merged = lay(current, inline, rules);
  if (!merged.ok) return merged;
  const fixed = changedAfterReady(current, merged.configuration, rules);
  return fixed === undefined
    ? merged
    : no(refusal("immutable_field", `${fixed} cannot change once the session is ready; start another session for that`, fixed));
}

/** How audio is coded and how fast it runs, defaults filled in. */
export function formatOf(format: AudioFormat | null | undefined): { encoding: voiceAgent.AudioEncoding; sample_rate: number } {
  const encoding = format?.encoding ?? "audio/pcm";
  return { encoding, sample_rate: format?.sample_rate ?? voiceAgent.audioRates[encoding][0] };
}

function no(why: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: why };
}

function checkTools(tools: readonly voiceAgent.ToolSettings[]): Refusal | undefined {
  const names = tools.map(({ name }) => name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice === -1) return undefined;
  const param = `tools[${twice}].name`;
  return refusal("invalid_value", `${param}: "${names[twice] ?? ""}" is the name of an earlier tool, and names are unique`, param);
}

function checkInline(settings: voiceAgent.SessionSettings, { allowInlineLlm }: ConfigurationRules): Merged | undefined {
  const http = (settings.tools ?? []).findIndex((tool) => tool.http !== undefined && tool.http !== null);
  if (http !== -1) {
    const param = `tools[${http}].http`;
    return no(refusal("invalid_value", `${param}: tools that the engine calls itself belong to stored agents (agent_id)`, param));
  }
  if ((settings.llm?.length ?? 0) > 0 && !allowInlineLlm) {
    return no(
      refusal("invalid_value", "llm: belongs to stored agents (agent_id), unless the operator has set voice_agent.allow_inline_llm", "llm"),
    );
  }
  return undefined;
}

/** Lays an update over what is in force, and looks at the whole. */
function lay(current: Configuration, update: voiceAgent.SessionSettings, rules: ConfigurationRules): Merged {
  const configuration = merge(withoutStaleRates(current, update), update);
  const fault = checkWhole(configuration, update, rules);
  return fault === undefined ? { ok: true, configuration } : no(fault);
}

function merge(current: Configuration, update: voiceAgent.SessionSettings): Configuration {
  return voiceAgent.SessionSettings.parse(mergeObjects(current, update));
}

/** Objects merge key by key, lists replace as a whole, `null` resets. */
export function mergeObjects(current: unknown, update: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged: Record<string, unknown> = isObject(current) ? { ...current } : {};
  for (const [key, value] of Object.entries(update)) {
    if (value === null) delete merged[key];
    else if (value !== undefined) merged[key] = isObject(value) ? mergeObjects(merged[key], value) : value;
  }
  return merged;
}

/** A new encoding brings its own rate along. */
function withoutStaleRates(current: Configuration, update: voiceAgent.SessionSettings): Configuration {
  const stale: voiceAgent.SessionSettings = {};
  for (const side of ["input", "output"] as const) {
    const encoding = update[side]?.format?.encoding ?? undefined;
    if (encoding !== undefined && encoding !== formatOf(current[side]?.format).encoding) stale[side] = { format: { sample_rate: null } };
  }
  return merge(current, stale);
}

function checkWhole(whole: Configuration, update: voiceAgent.SessionSettings, rules: ConfigurationRules): Refusal | undefined {
  for (const side of ["input", "output"] as const) {
    const { encoding, sample_rate: rate } = formatOf(whole[side]?.format);
    const rates: readonly number[] = voiceAgent.audioRates[encoding];
    const param = `${side}.format.sample_rate`;
    if (!rates.includes(rate)) {
      return refusal("invalid_value", `${param}: ${rate} is no rate of ${encoding}, which has ${rates.join(", ")}`, param);
    }
  }
  const voice = whole.output?.voice ?? undefined;
  if (voice !== undefined && !rules.knowsVoice(voice)) {
    const names = rules.voiceNames().join(", ");
    return refusal("invalid_value", `output.voice: "${voice.slice(0, 64)}" is no voice; there is ${names}`, "output.voice");
  }
  return checkSilence(whole, update);
}

function checkSilence(whole: Configuration, update: voiceAgent.SessionSettings): Refusal | undefined {
  const { min_silence: min, max_silence: max } = whole.input?.turn_detection ?? {};
  if (typeof min !== "number" || typeof max !== "number" || min <= max) return undefined;
  const text = `max_silence (${max}) is less than min_silence (${min})`;
  return typeof update.input?.turn_detection?.max_silence === "number"
    ? refusal("invalid_value", `input.turn_detection.max_silence: ${text}`, "input.turn_detection.max_silence")
    : refusal("invalid_config", `input.turn_detection: ${text}, which is in force; send both`, "input.turn_detection.min_silence");
}

/** The field that an update would change though it is fixed. */
function changedAfterReady(before: Configuration, after: Configuration, { mutableVoice }: ConfigurationRules): string | undefined {
  if ((before.greeting ?? "") !== (after.greeting ?? "")) return "greeting";
  if (!mutableVoice && before.output?.voice !== after.output?.voice) return "output.voice";
  const [old, young] = [formatOf(before.output?.format), formatOf(after.output?.format)];
  return old.encoding === young.encoding && old.sample_rate === young.sample_rate ? undefined : "output.format";
}

/** Nothing is asked for. */
export function isEmpty({ settings }: Update): boolean {
  return Object.keys(settings).length === 0;
}
