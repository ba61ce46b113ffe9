/** By what an engine is known to others on the same database, and to itself after a restart: it lies in the data folder. */
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The folder belongs to one engine at a time. One that takes no file (a full disk) gives an id for this start alone. */
export function readEngineId(folder: string): string {
  const file = path.join(folder, "engine-id");
  try {
    const kept = readFileSync(file, "utf8").trim();
    if (kept !== "") return kept;
  } catch {
    // There is none yet.
  }
  const made = randomUUID();
  try {
    writeFileSync(file, `${made}\n`);
  } catch {
    // Its agents are then known as failed when the lease of this start has run out.
  }
  return made;
}
