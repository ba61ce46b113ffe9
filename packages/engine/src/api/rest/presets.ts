/** What `preset` and `pipeline_id` stand for: recognisers, voices and language models to which the operator has given a name. Pure. */
import type { rest } from "@parley/protocol";
import { type Fault, show } from "../../faults.ts";
import type { Preset, ProjectDefaults } from "../../projects/project.ts";
import { filled } from "./body-faults.ts";

export type Part = "asr" | "tts" | "llm";

/** What holds where the body says nothing, once its names are looked up. */
export interface Named {
  readonly defaults: ProjectDefaults;
  /** Parts that a preset chooses, whatever vendor the body names beside it. */
  readonly preset: ReadonlySet<Part>;
  /** Parts that `pipeline_id` brings where the body has none. */
  readonly pipeline: ReadonlySet<Part>;
}

export function lookUp({ preset, pipeline_id: pipeline }: rest.JoinBody, defaults: ProjectDefaults, faults: Fault[]): Named {
  const find = (field: string, name: string, way: string): Preset => {
    const found = Object.hasOwn(defaults.presets ?? {}, name) ? defaults.presets?.[name] : undefined;
    if (found !== undefined) return found;
    const known = Object.keys(defaults.presets ?? {});
    const have = known.length === 0 ? "the project has none" : `the project has ${known.join(", ")}`;
    faults.push({ kind: "invalid", message: `${field}: ${show(name)} is not in defaults.presets (${have}); ${way}` });
    return {};
  };
  const base = filled(pipeline)
    ? find("pipeline_id", pipeline, "send the properties themselves; what they leave out is the project's default")
    : {};
  const names = (preset ?? "").split(",").map((name) => name.trim());
  const chosen = names
    .filter(filled)
    .map((name) => find("preset", name, "choose asr, tts and llm by vendor, url and key, or leave them out for the project's defaults"));
  return {
    defaults: [base, ...chosen].reduce(withParts, defaults),
    preset: new Set(chosen.flatMap(partsOf)),
    pipeline: new Set(partsOf(base)),
  };
}

function withParts(defaults: ProjectDefaults, { asr, tts, llm }: Preset): ProjectDefaults {
  return {
    ...defaults,
    // One recogniser, whatever the language.
    ...(asr === undefined ? {} : { asr: { "*": asr } }),
    ...(tts === undefined ? {} : { tts }),
    ...(llm === undefined ? {} : { llm }),
  };
}

function partsOf({ asr, tts, llm }: Preset): Part[] {
  return [
    asr === undefined ? [] : ["asr" as const],
    tts === undefined ? [] : ["tts" as const],
    llm === undefined ? [] : ["llm" as const],
  ].flat();
}
