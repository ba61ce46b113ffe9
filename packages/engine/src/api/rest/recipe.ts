/** How a door asks for an agent again after its engine was killed: what it was asked for, and what was changed since. */
import { rest } from "@parley/protocol";
import { z } from "zod";
import { toError } from "../../faults.ts";
import { AppError } from "../../errors.ts";
import type { Project } from "../../projects/project.ts";
import { type AgentRequest, type Offer, toConfig } from "./to-config.ts";

export interface Recipe {
  /** Which reader understands the body. */
  readonly door: string;
  /** JSON. */
  readonly body: unknown;
  /** The newest value of each field that `update` has set. */
  readonly update?: rest.UpdateBody;
}

/** Makes the same agent of a recipe's body; throws where this engine cannot have it any more. */
export type ReadRecipe = (body: unknown, project: Project) => AgentRequest;

const Stored = z.object({ door: z.string(), body: z.unknown(), update: rest.UpdateBody.optional() });

/** Throws where the recipe was written by another version of the engine, or not by an engine. */
export function readRecipe(
  recipe: unknown,
  project: Project,
  readers: Readonly<Record<string, ReadRecipe>>,
): { readonly recipe: Recipe; readonly request: AgentRequest } {
  const parsed = Stored.safeParse(recipe);
  const read = parsed.success ? readers[parsed.data.door] : undefined;
  if (!parsed.success || read === undefined) throw new AppError("invalid-body", "what it was asked to be cannot be read");
  const { door, body, update } = parsed.data;
  return { recipe: { door, body, ...(update === undefined ? {} : { update }) }, request: read(body, project) };
}

/** Of each field the newest value. Within one nothing is merged, but in `mllm.params`: an endpoint leaves as it is what it is not told. */
export function withUpdate(recipe: Recipe, { properties }: rest.UpdateBody): Recipe {
  const before = recipe.update?.properties ?? {};
  const filled = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined && value !== null));
  const llm = { ...before.llm, ...properties.llm };
  const params = withFields(before.mllm?.params ?? {}, properties.mllm?.params ?? {});
  const merged = {
    ...(Object.keys(llm).length === 0 ? {} : { llm }),
    ...(Object.keys(params).length === 0 ? {} : { mllm: { params } }),
  };
  return { ...recipe, update: { properties: { ...before, ...filled, ...merged } } };
}

type Fields = Readonly<Record<string, unknown>>;

/** Objects field by field; a list, or null, takes the place of what was there. */
function withFields(before: Fields, change: Fields): Record<string, unknown> {
  const entries = Object.entries(change).map(([name, value]) => {
    const old = before[name];
    return [name, isFields(old) && isFields(value) ? withFields(old, value) : value] as const;
  });
  return { ...before, ...Object.fromEntries(entries) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const JoinRecipe = z.object({ uid: z.string(), body: rest.JoinBody });

/** `uid`: the one that the agent got. */
export function joinRecipe(body: rest.JoinBody, { uid }: Pick<AgentRequest, "uid">): Recipe {
  return { door: "join", body: { uid, body } satisfies z.output<typeof JoinRecipe> };
}

export function readJoin(offer: Omit<Offer, "defaults">): ReadRecipe {
  return (stored, { defaults }) => {
    const { uid, body } = JoinRecipe.parse(stored);
    const translation = toConfig(body, { ...offer, defaults });
    if (!translation.ok) throw toError(translation.faults);
    return { ...translation.request, uid };
  };
}
