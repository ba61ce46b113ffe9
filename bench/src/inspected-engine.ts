/** The engine as it is, and an answer to whoever started it and asks what it holds on to. */
import { runEngine } from "@parley/engine";
import type { Inspection } from "./inspection.ts";
import { usageOf } from "./process-usage.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());

process.on("message", () => {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error("Start it with --expose-gc");
  // What the first one lets go of may let go of more.
  collect();
  collect();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const { residentMb, threads, sockets, descriptors } = usageOf(process.pid);
  const inspection: Inspection = { heapMb: process.memoryUsage().heapUsed / 1e6, residentMb, resources, threads, sockets, descriptors };
  process.send?.(inspection);
});

const code = await runEngine({
  env: process.env,
  cwd: process.cwd(),
  out: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
  signal: stopping.signal,
});
process.exit(code);
