/** What an engine holds on to, seen from inside after a collection, and whether it is more than before. */
import { z } from "zod";

export const Inspection = z.object({
  heapMb: z.number(),
  residentMb: z.number(),
  /** What keeps the event loop alive, by kind: timers, sockets, workers' ports. */
  resources: z.record(z.string(), z.int()),
  threads: z.int(),
  sockets: z.int(),
  descriptors: z.int(),
});
export type Inspection = z.output<typeof Inspection>;

/** Growth that is no leak: caches that fill, code that gets compiled, pages that the allocator keeps, files that the database opens late. */
const allowance = { heapMb: 10, residentMb: 100, threads: 0, sockets: 0, descriptors: 4 } as const;

/** What there is more of than before, in words; empty: nothing stayed. */
export function leaks(before: Inspection, after: Inspection): string[] {
  const found: string[] = [];
  for (const name of ["heapMb", "residentMb"] as const) {
    const grown = after[name] - before[name];
    if (grown > allowance[name])
      found.push(`${name} grew by ${grown.toFixed(1)} from ${before[name].toFixed(1)}, ${allowance[name]} are allowed`);
  }
  for (const name of ["threads", "sockets", "descriptors"] as const) {
    if (after[name] - before[name] > allowance[name])
      found.push(`${after[name] - before[name]} more ${name} than the ${before[name]} before`);
  }
  for (const [kind, count] of Object.entries(after.resources)) {
    const had = before.resources[kind] ?? 0;
    if (count > had) found.push(`${count - had} more ${kind} than the ${had} before`);
  }
  return found;
}
