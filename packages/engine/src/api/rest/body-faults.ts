/** What can be wrong with a body beyond its schema: fields that only make sense together, and names that this version does not know. */
import { type Fault, pathText, show } from "../../faults.ts";
import { nearest } from "../../nearest.ts";

export type Path = readonly PropertyKey[];

export function invalid(path: Path, value: unknown, message: string): Fault {
  return { kind: "invalid", message: `${pathText(path)}: ${show(value)} ${message}` };
}

export function missing(path: Path, why = ""): Fault {
  return { kind: "missing", message: `${pathText(path)} is required${why}` };
}

export function unknownName(path: Path, name: string, known: readonly string[]): Fault {
  const near = nearest(name, known);
  return invalid(
    path,
    name,
    `is not supported;${near === undefined ? "" : ` did you mean ${show(near)}?`} this version has ${known.join(", ")}`,
  );
}

/** Empty text, `null` and absence are one here. */
export function filled(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && text !== "";
}
