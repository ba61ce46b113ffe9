/** Everything that is wrong with a `join` body that its schema refuses: also what only shows once the rest is read. */
import { rest } from "@parley/protocol";
import { type Fault, faultsOf, pathText } from "../../faults.ts";
import { type Offer, toConfig } from "./to-config.ts";

export function joinFaults(body: unknown, offer: Offer): readonly Fault[] {
  const parsed = rest.JoinBody.safeParse(body);
  if (parsed.success) return [];
  const faults = faultsOf(parsed.error, body);
  const wrong = parsed.error.issues.map(({ path }) => path);
  const readable = rest.JoinBody.safeParse(without(body, wrong));
  if (!readable.success) return faults;
  const translation = toConfig(readable.data, offer);
  if (translation.ok) return faults;
  // A field that is wrong is not missing as well.
  const known = wrong.map((path) => `${pathText(path)} is required`);
  return [...faults, ...translation.faults.filter(({ message }) => !known.some((start) => message.startsWith(start)))];
}

/** A copy in which the fields at these paths are absent. */
function without(body: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  const copy = structuredClone(body);
  for (const path of paths) {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined), copy);
    const name = path.at(-1);
    if (typeof parent === "object" && parent !== null && name !== undefined) Reflect.deleteProperty(parent, name);
  }
  return copy;
}
