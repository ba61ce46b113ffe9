/** The engine with simulated vendors at 0 ms beside the embedded ones: what remains is the engine's own time. */
import { runEngine } from "@parley/engine";
import { simulatedVendors } from "@parley/simulators";

/** About six seconds of the simulated voice: long enough to be interrupted. */
const ANSWER = "This is an answer of some length. It goes on for a while so that there is time to interrupt it. And then it ends.";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());

const code = await runEngine({
  env: process.env,
  cwd: process.cwd(),
  out: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
  signal: stopping.signal,
  ...simulatedVendors({ transcripts: ["How old is the Brooklyn Bridge?"], answers: [ANSWER], delayMs: 0 }),
});
process.exit(code);
