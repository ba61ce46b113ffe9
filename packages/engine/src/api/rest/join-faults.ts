/** Everything that is wrong with a `join` body that its schema refuses: also what only shows once the rest is read. */
import { rest } from "@parley/protocol";
import { type Fault, faultsOf, LISTED, pathText } from "../../faults.ts";
import { type Offer, toConfig } from "./to-config.ts";

export function joinFaults(body: unknown, offer: Offer): readonly Fault[] {
  const parsed = rest.JoinBody.safeParse(body);
  if (parsed.success) return [];
  const faults = faultsOf(parsed.error, body);
  // Nobody would read of further ones.
  if (faults.length >= LISTED) return faults;
  const { left, removed } = readable(
    body,
    parsed.error.issues.map(({ path }) => path),
  );
  if (left === undefined) return faults;
  const translation = toConfig(left, offer);
  if (translation.ok) return faults;
  // A field that is wrong is not missing as well.
  const known = removed.map((path) => `${pathText(path)} is required`);
  return [...faults, ...translation.faults.filter(({ message }) => !known.some((start) => message.startsWith(start)))];
}

/** The body without what is wrong; what stays wrong goes with what it belongs to. */
function readable(
  body: unknown,
  wrong: readonly (readonly PropertyKey[])[],
): { readonly left?: rest.JoinBody; readonly removed: readonly (readonly PropertyKey[])[] } {
  const removed = [...wrong];
  for (let depth = Math.max(...wrong.map(({ length }) => length)); ; depth -= 1) {
    const parsed = rest.JoinBody.safeParse(without(body, removed));
    if (parsed.success) return { left: parsed.data, removed };
    // Nothing of a body is to be read without its properties.
    if (depth < 3) return { removed };
    removed.push(...parsed.error.issues.map(({ path }) => path.slice(0, depth - 1)));
  }
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
